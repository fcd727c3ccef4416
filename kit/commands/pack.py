"""`kit pack`: what Gradescope and GitHub need."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kit.commands.consoles import console
from kit.commands.options import AssignmentName
from kit.course import find_assignment


class Platform(StrEnum):
    """The platforms that `kit pack` supports."""

    GRADESCOPE = "gradescope"
    GITHUB = "github"


def pack(
    platform: Annotated[Platform, typer.Argument(help="the platform")],
    assignment: AssignmentName,
    out: Annotated[Path | None, typer.Option(help="the file or folder to write")] = None,
) -> None:
    """Write the files that a platform needs to grade an assignment; they hold no solution."""
    from kit.pack import github_repositories, gradescope_archive

    found = find_assignment(assignment)
    packer = {Platform.GRADESCOPE: gradescope_archive, Platform.GITHUB: github_repositories}
    written = packer[platform].pack(found, out)
    console.print(f"Written: {written}", markup=False, soft_wrap=True)
