"""Writes the gradebook in a process of its own, beside the process that grades.

Loading nbgrader and making a gradebook take seconds, and nbgrader changes the working directory of
its process. So a separate process gets ready while submissions are graded. It writes all results in
one transaction when they come, or nothing if none come.

Its output is lines of JSON: ``{"said": ...}`` for the person who waits, then ``{"written": ...,
"absent": [...]}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from kit import feedback
from kit.batch import lock
from kit.course import Assignment, CourseError
from kit.nbgrader import finals, generate, gradebook
from kit.nbgrader.gradebook import GradebookError
from kit.results import Result, printable

_NOTHING: dict[str, Any] = {"results": [], "timestamps": {}, "paths": [], "changed": []}


class Bookkeeper:
    """Writes one batch of results; a context manager that ends the process."""

    absent: tuple[str, ...] = ()
    """The students of the gradebook who have not handed in; known once the results are written."""

    def __init__(self, assignment: Assignment) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 (our own program)
            [
                sys.executable,
                "-m",
                "kit.nbgrader.bookkeeping",
                str(assignment.root),
                assignment.name,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            process_group=0,  # a Ctrl-C is for the process that grades
        )

    def __enter__(self) -> Bookkeeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()  # uncommitted changes are undone
        with self._complaints, self._process:
            pass  # the process ends once its input is closed

    def write(
        self,
        results: Sequence[Result],
        timestamps: Mapping[str, str],
        paths: Sequence[Path] = (),
        changed: Sequence[str] = (),
    ) -> int:
        """Write the results, as ``kit.nbgrader.gradebook.write`` does; raises GradebookError.

        ``paths`` are what was graded, ``changed`` the students whose result is new: copies of their
        hand-ins are made for formgrader where nbgrader makes none (``kit.nbgrader.copies``).
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        needed = [gradebook.needed(result).as_dict() for result in results]
        batch = {
            "results": needed,
            "timestamps": timestamps,
            "paths": [str(path.resolve()) for path in paths],
            "changed": changed,
        }
        # a broken pipe means that the process has died; the error below says why
        with suppress(BrokenPipeError), self._process.stdin as told:
            told.write(json.dumps(batch))
        for line in self._process.stdout:
            answer = json.loads(line)
            if "written" in answer:
                self.absent = tuple(answer["absent"])
                return int(answer["written"])
            if "error" in answer:
                raise GradebookError(answer["error"])
            lock.tell(answer["said"])
        raise GradebookError(
            f"The process that writes the gradebook ended too early: {self._reason()}. It writes "
            "all scores or none, and the results are safe. Run the same command again."
        )

    def _reason(self) -> str:
        """Why the process ended: its exit code or signal, and its last message."""
        code = self._process.wait()
        ended = f"exit code {code}"
        if code < 0:
            ended = f"signal {-code}, {signal.strsignal(-code)}"
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f"{ended}, {printable(last.strip())}" if last else f"{ended}, without a message"


def main() -> None:
    """Get ready, then write the results from standard input; the answer goes to standard output."""
    assignment = Assignment(Path(sys.argv[1]), sys.argv[2])
    with suppress(GradebookError):  # it is in use or can't be made; the next call reports it
        gradebook.prepare(assignment, seconds=0)
    try:
        told = sys.stdin.read()
        batch = json.loads(told) if told else _NOTHING
        results = [Result.from_dict(result) for result in batch["results"]]
        written = gradebook.write(
            assignment, results, batch["timestamps"], say=lambda text: _answer("said", text)
        )
        _copy(assignment, batch, results)
        missing = finals.absent(assignment) if results else ()
    except (CourseError, GradebookError) as error:
        _answer("error", str(error))
    else:
        _answer("written", written, absent=missing)


def _copy(assignment: Assignment, batch: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Make the copies that formgrader needs; what goes wrong there costs no score."""
    if not batch["paths"]:
        return
    from kit.nbgrader import copies  # noqa: PLC0415 (slow: it loads nbgrader)

    folders = gradebook.course_directory(assignment, generate.load_config(assignment.root), None)
    students = [result.student for result in results if not feedback.failed_us(result)]
    try:
        with chdir(assignment.root):
            copies.write(assignment, folders, map(Path, batch["paths"]), batch["changed"], students)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _answer("said", f"formgrader does not show all that was graded: {error}.")


def _answer(kind: str, value: Any, **more: Any) -> None:
    print(json.dumps({kind: value, **more}), flush=True)


if __name__ == "__main__":
    main()
