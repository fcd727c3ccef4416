"""The arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
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
Tasks = Annotated[
    str | None, typer.Option(help="grade only these tasks (ids, separated by commas)")
]
Jobs = Annotated[
    int | None, typer.Option(help="number of processes (default: one per core)", min=1)
]
ResultsFolder = Annotated[
    Path | None, typer.Option(help="folder of the results (default: results/ASSIGNMENT)")
]
