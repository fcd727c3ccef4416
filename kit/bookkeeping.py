"""Keeps the gradebook in a process beside the one that grades.

Loading nbgrader and making a gradebook take seconds, and nbgrader changes the working directory of
its process. So a process of its own gets ready while submissions are graded, and writes when it is
told all results: as one transaction, or nothing where it is told none.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kit import gradebook
from kit.course import Assignment, CourseError
from kit.gradebook import GradebookError


class Bookkeeper:
    """Writes one batch of results; a context manager, which ends the process."""

    def __init__(self, assignment: Assignment) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, "-m", "kit.bookkeeping", str(assignment.root), assignment.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # a Ctrl-C is for the process that grades
        )

    def __enter__(self) -> Bookkeeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._process.kill()  # what it writes is one transaction
        if self._process.returncode is None:
            self._process.communicate("")

    def write(self, results: Sequence[dict[str, Any]], timestamps: Mapping[str, str]) -> int:
        """Write the results, as ``kit.gradebook.write`` does; raises GradebookError."""
        told = json.dumps({"results": results, "timestamps": timestamps})
        answer, complaint = self._process.communicate(told)
        try:
            said = json.loads(answer)
        except ValueError as error:
            raise GradebookError(
                f"The process that writes the gradebook failed. It said:\n{complaint.strip()}"
            ) from error
        if "error" in said:
            raise GradebookError(said["error"])
        return int(said["written"])


def main() -> None:
    """Get ready, then write what comes by standard input; the answer goes to standard output."""
    assignment = Assignment(Path(sys.argv[1]), sys.argv[2])
    try:
        gradebook.prepare(assignment)
        told = sys.stdin.read()
        batch = json.loads(told) if told else {"results": [], "timestamps": {}}
        answer: dict[str, Any] = {"written": gradebook.write(assignment, **batch)}
    except (CourseError, GradebookError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
