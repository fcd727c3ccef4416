"""The edge of the command line: every error ends in a sentence and a documented exit code.

This holds for every command, because all of them belong to the group ``Edge``. An error that people
can fix carries its own sentence. An error of the operating system is reported with the path. Any
other error is a fault of the kit: its traceback goes into a file. A command finishes its work even
if nobody reads its output.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TextIO, cast

import typer
from typer.core import TyperGroup

from kit.course import CourseError
from kit.exit_codes import FAULT_OF_THE_KIT, INTERRUPTED, STOPPED
from kit.nbgrader.gradebook import GradebookError
from kit.sandbox.faults import KitFault, RunStopped
from kit.skeleton import ReleaseError

_LONGEST = 4000
"""Characters of a sentence that are printed; a path may be as long."""
_BY_PARSER: tuple[type[Exception], ...] = (
    typer.Exit,
    typer.Abort,
    # the errors that typer itself reports; only subclasses of this one have a public name
    next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException"),
)


class Edge(TyperGroup):
    """The group of all commands."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Carry out a command line and exit; if standard output fails, exit code 0 becomes 1."""
        with _output() as output:
            try:
                return super().main(*args, **extra)
            except SystemExit as end:
                output.flush()
                if output.failure is None or output.failure.errno == errno.EPIPE:
                    raise  # a reader that closes the pipe has read enough
                _tell(
                    f"Standard output could not be written ({output.failure.strerror}), so some of "
                    "it is missing. Files that the command writes are not affected."
                )
                raise SystemExit(end.code or 1) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a whole command line; reject empty values, which nobody gives on purpose."""
        for before, word in zip(["", *args], args, strict=False):
            name, given, value = word.partition("=")
            if not word or (name.startswith("--") and given and not value):
                option = before if before.startswith("--") else name or "an argument"
                raise typer.BadParameter(
                    f"{option} has an empty value. Give a value, or leave it out.", ctx=ctx
                )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Carry out the requested command."""
        try:
            return super().invoke(ctx)
        except _BY_PARSER:
            raise
        except KeyboardInterrupt:
            # plain print: the Ctrl-C may have stopped the loading of anything better
            print(STOPPED, file=sys.stderr)
            code = INTERRUPTED
        except (Exception, SystemExit) as error:  # typer has an exception of its own to exit
            grades_one = ctx.invoked_subcommand == "check"  # its exit code 1 means a failed task
            said, code = _sentence(error, 3 if grades_one else 1)
            _tell(said)
        raise typer.Exit(code)


def _sentence(error: BaseException, fault: int) -> tuple[str, int]:
    """The sentence for an error and its exit code; ``fault`` is the code unless usage is wrong."""
    if isinstance(error, ReleaseError | GradebookError):
        return str(error), 1
    if isinstance(error, CourseError):
        return str(error), 2
    if isinstance(error, RunStopped):
        return str(error), fault
    if isinstance(error, KitFault):
        return f"Nothing was graded. {error}", fault
    if isinstance(error, OSError):
        return refusal(error), fault
    if isinstance(error, UnicodeEncodeError):  # a name from a file or an archive
        return (
            f"The name {error.object:.200} can't be written in this system's encoding "
            f"({error.encoding}). Set LC_ALL=C.UTF-8 and run the command again."
        ), fault
    return _of_ours(error), FAULT_OF_THE_KIT


def refusal(error: OSError) -> str:
    """A sentence about an error of the operating system, with the paths."""
    reason = error.strerror or str(error) or type(error).__name__
    paths = [name for name in (error.filename, error.filename2) if name is not None]
    if not paths:
        return f"The operating system reported an error: {reason}."
    shown = " and ".join(os.fsdecode(path) if path != "" else "''" for path in paths)
    return f"{shown} can't be used: {reason}."


def _of_ours(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f", {Path(frame.filename).name} line {frame.lineno}" for frame in last)
    return (
        f"This is a fault of the kit, not of your command ({type(error).__name__}: {error}"
        f"{where}). {_kept(error)}"
    )


def _kept(error: BaseException) -> str:
    """Keep the traceback in a file, as the fault may never come again; a sentence says where."""
    try:
        handle, name = tempfile.mkstemp(prefix="kit-fault-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.argv}\n{''.join(traceback.format_exception(error))}")
    except OSError:
        return "Please report it to the people who gave you the kit."
    return f"Please send the file {name}, which says more, to the people who gave you the kit."


def _tell(text: str, style: str = "red") -> None:
    """Print a sentence to standard error, even if it holds markup or control characters."""
    from rich.console import Console  # noqa: PLC0415 (only needed for an error)

    from kit.display import plain  # noqa: PLC0415 (as above)
    from kit.results import printable  # noqa: PLC0415 (as above)

    shown = plain(printable(text, _LONGEST), style)
    Console(stderr=True, highlight=False).print(shown, soft_wrap=True)


# -- output that may fail before the work ends -----------------------------------------------------


@contextmanager
def _output() -> Iterator[_Stream]:
    """Make standard output and standard error fail silently; yields standard output."""
    output, errors = _Stream(sys.stdout or _nowhere()), _Stream(sys.stderr or _nowhere())
    with (
        redirect_stdout(cast(TextIO, output)),  # it has every method that is used
        redirect_stderr(cast(TextIO, errors)),
    ):
        yield output


def _nowhere() -> TextIO:
    """A stream in place of one that was closed before we began."""
    return open(os.devnull, "w", encoding="utf-8")


class _Stream:
    """A stream that keeps its first failure and writes nothing after it.

    Characters that its encoding can't hold are written as escapes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            if self.failure is None:
                self._write(text)
        except OSError as error:
            self._fail(error)
        return len(text)

    def flush(self) -> None:
        try:
            if self.failure is None:
                self._stream.flush()
        except OSError as error:
            self._fail(error)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def _fail(self, error: OSError) -> None:
        self.failure = error
        # the bytes it still buffers would fail again when the program ends
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, self._stream.fileno())
            finally:
                os.close(nowhere)
