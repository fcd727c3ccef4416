"""The command line: parses, calls, prints, and chooses the exit code.

Exit codes: 0 success (``check``: every automatic task passed); 1 failure (``check``: a task failed;
``grade``: some submissions could not be graded by our fault; ``release --check``: a proof failed;
``preview``: a cell failed; ``suite``: a known mistake is not caught, or not named, or with
``--mutants`` an aim is missed; ``learn``: a hand-in could not be run again by our fault); 2 wrong
usage; 3 ``check`` could not grade, by our fault. ``kit.edge`` reports errors and knows their codes.
"""

from __future__ import annotations

import typer

from kit.commands.check import check
from kit.commands.data import data
from kit.commands.doctor import doctor
from kit.commands.export import export
from kit.commands.grade import grade
from kit.commands.learn import learn
from kit.commands.new import new
from kit.commands.pack import pack
from kit.commands.preview import preview
from kit.commands.release import release
from kit.commands.report import report
from kit.commands.suite import suite
from kit.edge import Edge

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Release assignments and grade what comes back, without trusting it.",
)
for command in (
    *(data, new, release, preview),
    *(check, grade, export, report, pack),
    *(suite, learn, doctor),
):
    app.command()(command)
