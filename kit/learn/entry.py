"""Writes the entry of the catalogue that an instructor fills in, in the catalogue's own form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from textwrap import indent

import numpy as np

from kit.course import Assignment
from kit.learn import functions
from kit.learn.groups import Group
from kit.skeleton import places

HEAD = """\
# Entries to fill in for autograder/{assignment}/mistakes.py. `kit learn {assignment}` writes this
# file anew each time, so copy what you use. Replace each TODO, then let `kit suite {assignment}`
# prove that the suites catch the mistake and name it.
#
# Nobody is named: comments, docstrings and prints are left out, TEXT and NUMBER stand for texts and
# numbers of a student's own, and name1, name2, ... for such names.
"""
_TO_FILL_IN = """\

# -- {number}. {task}: {hand_ins} {alike} --

# Right:
{right}
# Wrong, as one of them writes it:
{wrong}
# 1. {switch}
{own_switch}
# 2. In implementation(), do what is wrong if on["{task}"]["TODO_switch"] is "TODO_wrong".
# 3. {place}
{own_entry}
"""
_ENTRY = """\
(
    "TODO_name",
    {"TODO_switch": "TODO_wrong"},
    "TODO: what the code does. What the rule says, in formulas.",
),
"""


def head(assignment: str) -> str:
    """What stands above all entries."""
    return HEAD.format(assignment=assignment)


def entry(group: Group, number: int, right: Sequence[str], *, has_others: bool) -> str:
    """The entry to fill in for a ``group``.

    ``right`` are the solution's functions; ``has_others`` says whether the catalogue has a mistake
    of the same task.
    """
    switch, own = '"TODO_switch": "right",  # "TODO_wrong"', _ENTRY
    what = f"Add to the switches of {group.task} in SWITCHES, with the right value:"
    place = f"Add to the mistakes of {group.task} in MISTAKES:"
    if not has_others:
        switch = f'"{group.task}": {{"TODO_switch": "right"}},  # "TODO_wrong"'
        own = f'*SWITCHES.mistakes(\n    "{group.task}",\n{indent(own, "    ")}),\n'
        what, place = "Add to SWITCHES, with the right value:", "Add to MISTAKES:"
    wrong = group.examples[0] if group.examples else ("(their functions were not found)",)
    return _TO_FILL_IN.format(
        number=number,
        task=group.task,
        hand_ins=f"{group.size} hand-in{'s' * (group.size > 1)}",
        alike="that fail alike" if group.size > 1 else "that fails like no other",
        right=_comment(right),
        wrong=_comment(wrong),
        switch=what,
        own_switch=indent(switch, "            " if has_others else "        "),
        place=place,
        own_entry=indent(own, "        " if has_others else "    ").rstrip("\n"),
    )


def _comment(texts: Sequence[str]) -> str:
    return "\n".join(f"#     {line}".rstrip() for line in "\n\n".join(texts).split("\n"))


def right_functions(assignment: Assignment, task: str, known: str) -> list[str]:
    """The solution's functions of a task, told in the same way as those of hand-ins."""
    solved = {n: p.read_bytes() for n, p in assignment.written.items() if n.endswith(".py")}
    wanted = [
        (file, name)
        for file, text in solved.items()
        for each, name in places(text.decode(), file)
        if each == task
    ]
    files = {PurePosixPath(n).as_posix(): np.frombuffer(t, np.uint8) for n, t in solved.items()}
    ours = [name.rpartition(".")[2] for _, name in wanted]
    return functions.take(files, list(dict.fromkeys(wanted)), ours, known)
