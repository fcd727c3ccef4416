"""Runs nbgrader's own ``generate_assignment``: it makes the students' notebook of an assignment,
and enters the assignment into a gradebook.

Nothing else of the kit starts it. nbgrader takes seconds to import, so that happens in functions.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

from kit.course import Assignment, of_course
from kit.provided import content
from kit.skeleton import ReleaseError

_STRIPPED_BY = ("ClearSolutions", "ClearHiddenTests", "ClearMarkScheme", "LockCells")
"""The sections of the configuration that say how a notebook is stripped."""


class RefusedError(Exception):
    """nbgrader refused; the text is what it said."""


def load_config(root: Path) -> Any:
    """What ``nbgrader_config.py`` of the course in ``root`` says; nothing where there is none."""
    from traitlets.config import Config  # noqa: PLC0415 (slow, as nbgrader)
    from traitlets.config.loader import PyFileConfigLoader  # noqa: PLC0415 (slow, as nbgrader)

    if not (root / "nbgrader_config.py").is_file():
        return Config()
    with of_course(root / "nbgrader_config.py"):
        return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def run(folders: Any, config: Any) -> None:
    """Generate the assignment that ``folders``, nbgrader's notion of the course, names.

    Raises RefusedError.
    """
    from nbgrader.converters import GenerateAssignment, NbGraderException  # noqa: PLC0415 (slow)

    said = io.StringIO()
    log = logging.Logger("nbgrader", logging.WARNING)
    log.addHandler(logging.StreamHandler(said))
    folders.log = log
    try:
        GenerateAssignment(coursedir=folders, config=config, log=log).start()
    except NbGraderException as error:
        raise RefusedError(said.getvalue()) from error


def student_version(assignment: Assignment, course: Path) -> Path:
    """The folder with what nbgrader makes of the given files.

    ``course`` is an empty folder for a throw-away course, which has no gradebook. Raises
    ReleaseError where nbgrader refuses, CourseError where it breaks.
    """
    from nbgrader.coursedir import CourseDirectory  # noqa: PLC0415 (slow)
    from traitlets.config import Config  # noqa: PLC0415 (slow, as nbgrader)

    for name in assignment.given:
        copy = course / "source" / assignment.name / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content(assignment, name))
    config = Config(GenerateAssignment={"no_database": True}, SaveCells={"enabled": False})
    theirs = load_config(assignment.root)
    for section in _STRIPPED_BY:
        config[section] = theirs[section]
    folders = CourseDirectory(root=str(course.resolve()), assignment_id=assignment.name)
    with of_course(assignment.notebook, "made into the student version by nbgrader"):
        try:
            run(folders, config)
        except RefusedError as error:
            raise ReleaseError(
                f"nbgrader could not make the student version of {assignment.notebook.name}. "
                f"It said:\n{error}"
            ) from error
    return course / "release" / assignment.name
