"""`kit new`: starts an assignment."""

from __future__ import annotations

from typing import Annotated

import typer

from kit.commands.consoles import console
from kit.course import find_root


def new(
    assignment: Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="a name that is free")],
) -> None:
    """Write a small complete assignment into source/, solutions/ and autograder/, to start from."""
    from kit.release.new import write

    for name in write(find_root(), assignment):
        console.print(name, markup=False, soft_wrap=True)
    console.print(f"Next: kit release {assignment}", markup=False)
