"""The arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

AssignmentName = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="name of a folder in source/")
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="grade even if required isolation is missing; recorded in results"
    ),
]
Seed = Annotated[
    int | None, typer.Option(help="seed of an earlier result, to repeat its unseen inputs", min=0)
]
