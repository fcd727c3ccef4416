"""A bookkeeper in this process, for tests that are about what it writes.

The kit starts a process for it, which loads nbgrader: that takes two seconds of a processor.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, nullcontext, redirect_stdout
from typing import Any
from unittest.mock import patch

from kit.course import Assignment
from kit.nbgrader import bookkeeping


class Here(bookkeeping.Bookkeeper):
    """Writes as the process does, with the same program."""

    def __init__(self, assignment: Assignment) -> None:
        self._complaints: Any = nullcontext()
        self._process: Any = _Program([str(assignment.root), assignment.name])


class _Input(io.StringIO):
    """Keeps what was written to it until it was closed."""

    text = ""

    def close(self) -> None:
        self.text = self.text or self.getvalue()
        super().close()


class _Program:
    """What is used of a process; the program runs once its output is read."""

    def __init__(self, arguments: list[str]) -> None:
        self.stdin = _Input()
        self.stdout = self
        self._arguments = arguments

    def __iter__(self) -> Iterator[str]:
        said = io.StringIO()
        with (
            patch.multiple(
                sys,
                argv=["bookkeeping", *self._arguments],
                stdin=io.StringIO(self.stdin.text),
                path=list(sys.path),
            ),
            patch.dict(os.environ),
            chdir("."),  # nbgrader goes elsewhere
            redirect_stdout(said),
        ):
            bookkeeping.main()
        return iter(said.getvalue().splitlines())

    def kill(self) -> None:
        """There is nothing to kill."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def bookkeeper_here() -> Iterator[None]:
    """``kit grade``, called in this process, starts none for the gradebook meanwhile."""
    with patch.object(bookkeeping, "Bookkeeper", Here):
        yield
