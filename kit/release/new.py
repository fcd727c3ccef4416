"""Writes a small complete assignment to start from; its files are in ``templates/assignment``."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import sys
from pathlib import Path

from kit import files
from kit.course import CourseError, files_below

TEMPLATE = Path(__file__).with_name("templates") / "assignment"
PLACEHOLDER = "ASSIGNMENT"
"""Stands for the name, in the texts of the template and in its paths."""
FOLDERS = ("source", "solutions", "autograder", "release")


def write(root: Path, name: str) -> list[str]:
    """Write the assignment ``name`` into the course in ``root``; the files, relative to ``root``.

    Raises CourseError, before anything is written, if the name can't be used or something of that
    name is there.
    """
    if reason := _unusable(name):
        raise CourseError(f"An assignment can't be called {name!r}: {reason}.")
    for folder in FOLDERS:
        if os.path.lexists(root / folder / name):
            raise CourseError(
                f"{folder}/{name} exists, so nothing was written. Choose another name."
            )
    written = []
    for template in files_below(TEMPLATE):
        text = (TEMPLATE / template).read_text("utf-8").replace(PLACEHOLDER, name)
        written.append(template.replace(PLACEHOLDER, name))
        files.write_to(root / written[-1], text.encode())
    return written


def _unusable(name: str) -> str:
    """Why an assignment can't have the name: suites of a later one import its suites by it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return "the name is a lower-case letter, then lower-case letters, digits and _"
    if keyword.iskeyword(name):
        return "it is a word of Python"
    if name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        return "there is a Python module of that name, which its suites would hide"
    return ""
