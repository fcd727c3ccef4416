"""The command line in this process."""

from __future__ import annotations

from typer.testing import CliRunner

from kit.cli import app


def kit(*arguments: object) -> tuple[int, str]:
    """The exit code and output of a command."""
    run = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if run.exception and not isinstance(run.exception, SystemExit):
        raise run.exception
    return run.exit_code, run.output
