"""Reads the programs in tests/submissions/hostile/ and knows all that they must leave as it is."""

from __future__ import annotations

import gc
import os
import platform
import re
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kit.course import Assignment, files_below
from kit.display import show_result
from kit.intake.submission import Submission
from kit.results import Result
from tests.support.course import ROOT

FOLDER = ROOT / "tests/submissions/hostile"
TOOLS = FOLDER / "_tools.py"
KEYS = {"idea", "module", "needs", "fails", "passes", "says", "prints", "xfail"}
WATCHED = ("source", "solutions", "autograder", "kit", "release")
SECRET_NAME = "KIT_HOSTILE_SECRET"
CI_COMMAND = re.compile(r"^\s*::|##\w*\[")
"""What GitHub's runner (the first only at the beginning of a line), Azure and TeamCity obey."""


@dataclass(frozen=True)
class Program:
    """One hostile program and what its header says of it (see ``read_programs``)."""

    path: Path
    header: dict[str, str]

    @property
    def name(self) -> str:
        """``group_idea``."""
        return self.path.stem

    @property
    def group(self) -> str:
        """What kind of attack it is."""
        return self.name.partition("_")[0]

    def names(self, key: str) -> set[str]:
        """The names that the header lists under ``key``; none where it says ``none``."""
        return {word.strip() for word in self.header.get(key, "").split(",")} - {"", "none"}

    def as_parameter(self) -> Any:
        """The program as a parameter of a test, marked as its header says."""
        marks = []
        if "xfail" in self.header:
            marks.append(pytest.mark.xfail(strict=True, reason=self.header["xfail"]))
        needed = self.header.get("needs", platform.machine())
        if needed != platform.machine():
            marks.append(pytest.mark.skip(reason=f"this attack is one on {needed}"))
        return pytest.param(self, id=self.name, marks=marks)


def read_programs() -> list[Program]:
    """All programs. The header of each is made of lines ``# key: value``:

    - idea: the attack, in one sentence.
    - module: of the student's modules the one that the program is appended to; default optim.
    - fails: the tasks that it must cost, with commas; ``none`` where it gains and costs nothing.
    - passes: the checks of those tasks that it must pass, where that is known.
    - says: a phrase in the message of a check that failed.
    - prints: a phrase in the output, which proves that the attack was carried out.
    - needs: the processor that the attack is written for.
    - xfail: the weakness of the kit, not yet mended, by which the attack still works.
    """
    return [_read(path) for path in sorted(FOLDER.glob("[!_]*.py"))]


def _read(path: Path) -> Program:
    header = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        key, _, value = line[2:].partition(": ")
        header[key] = value
    return Program(path, header)


class Surroundings:
    """What is worth attacking around a grader, and its state before and after.

    A context manager. There are a secret in the environment, one in a file that everybody may read
    and write, a server that waits for calls, and the course itself.
    """

    def __enter__(self) -> Surroundings:
        self.secret = secrets.token_hex(16)
        self._folder = Path(tempfile.mkdtemp(prefix="kit-hostile-"))
        self._folder.chmod(0o777)
        self._file = self._folder / "secret"
        self._file.write_text(self.secret)
        self._file.chmod(0o666)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setblocking(False)
        os.environ[SECRET_NAME] = self.secret
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ[SECRET_NAME]
        self._server.close()
        shutil.rmtree(self._folder)

    def tools(self) -> str:
        """The code that all programs share, told where everything is."""
        text = TOOLS.read_text(encoding="utf-8")
        for mark, value in {
            "@ROOT@": ROOT,
            "@TESTER@": os.getpid(),
            "@PORT@": self._server.getsockname()[1],
            "@SECRET_FILE@": self._file,
            "@FLAG_FILE@": self._folder / "flag",
        }.items():
            text = text.replace(mark, str(value))
        return text

    def state(self) -> dict[str, object]:
        """Everything that no submission may change, of the course and of this process."""
        return {
            **{str(path): _fingerprint(path) for path in self._watched()},
            "processor mask": os.sched_getaffinity(0),
            "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
            "folder": Path.cwd(),
            "open files": sorted(_open_files()),
            "threads": threading.active_count(),
        }

    def was_called(self) -> bool:
        """Whether anybody connected to the server."""
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def _watched(self) -> Iterator[Path]:
        for folder in (*(ROOT / name for name in WATCHED), self._folder):
            yield folder
            yield from (folder / name for name in files_below(folder))


def _open_files() -> Iterator[str]:
    """What this process has open, but for the data set, which it maps itself."""
    gc.collect()
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own
            target = os.readlink(f"/proc/self/fd/{number}")
            if not target.endswith(".npy"):
                yield target


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two states."""
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _fingerprint(path: Path) -> tuple[object, ...]:
    status = path.stat()
    if path.is_dir():  # the interpreter writes its caches into folders
        return (status.st_mode, status.st_uid)
    # nobody can set the time of a change back: what is written to has another
    return (status.st_ino, status.st_size, status.st_mode, status.st_uid, status.st_ctime_ns)


def reference(assignment: Assignment) -> Submission:
    """Everything solved."""
    files = {name: (assignment.solutions / name).read_bytes() for name in assignment.student_files}
    return Submission("reference", files)


def submission_of(program: Program, assignment: Assignment, tools: str) -> Submission:
    """Everything solved, and the program at the end of its module."""
    files = dict(reference(assignment).files)
    module = f"nndl/{program.header.get('module', 'optim')}.py"
    attack = program.path.read_bytes()
    files[module] = b"\n\n".join([files[module], tools.encode(), attack])
    return Submission(program.name, files)


def members(session: int) -> set[int]:
    """The processes of a session: a warm parent's are all that descend from it."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            found.add(int(entry.parent.name))
    return found


def texts(value: Any) -> Iterator[str]:
    """Every string in a result."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.items() for text in texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in texts(part))


def shown(result: dict[str, Any], width: int) -> str:
    """What people and CI jobs see of a result."""
    console = Console(file=StringIO(), width=width, highlight=False)
    show_result(console, Result.from_dict(result))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def unprintable(text: str) -> set[str]:
    """The characters of ``text`` that do something to a terminal or hide from the eye.

    The display itself puts a zero-width space into what a CI job would obey.
    """
    return {char for char in text if not char.isprintable()} - {"\n", "\t", "\u200b"}


def commands(text: str) -> list[str]:
    """The lines of ``text`` that a CI job would obey."""
    return [line for line in text.splitlines() if CI_COMMAND.search(line)]
