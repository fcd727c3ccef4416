"""The command line in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import typer
from typer.testing import CliRunner

from kit.cli import app

COMMAND: Any = typer.main.get_command(app)
"""Made once: that takes longer than many a command, and Typer's runner would do it each time."""


def run(arguments: Sequence[str]) -> Any:
    """How a command ended: exit code, output, exception."""
    with patch("typer.testing._get_command", lambda _: COMMAND):
        return CliRunner().invoke(app, arguments)


def kit(*arguments: object) -> tuple[int, str]:
    """The exit code and output of a command."""
    ended = run([str(argument) for argument in arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.output
