"""Grades for ``nbgrader autograde``: stands where nbgrader would run the student's notebook.

Scores come from the confined worker, as those of ``kit grade``, and are kept in ``results/`` as
well: what is there and still right is not graded again.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from nbformat.notebooknode import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from kit import feedback
from kit.batch import pool, run
from kit.batch.lock import HeldError
from kit.batch.pool import Settings
from kit.course import Assignment
from kit.grading.versions import course_version
from kit.intake.downloads import Found, safe
from kit.intake.submission import open_tree
from kit.nbgrader import gradebook
from kit.nbgrader.cells import tell
from kit.results import Result

_runs: WeakKeyDictionary[Any, Settings] = WeakKeyDictionary()
"""What the submissions of one command share, by nbgrader's converter."""
_waited: WeakSet[Any] = WeakSet()
"""Those whose command has waited for the results once, in vain: it does not for each student."""


class Grade(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """Writes the scores of a submission, and what the checks said into its notebook."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """The notebook with verdicts; raises NbGraderException where a fault of ours left none."""
        about = resources["nbgrader"]
        settings = _settings(self.parent.parent, about["assignment"])
        out = settings.assignment.root / "results" / settings.assignment.name
        try:
            with _sole_writer(self.parent.parent, out):
                result, files = _result(self.parent.parent, settings, about["student"], out)
                gradebook.write(settings.assignment, [result], db_url=about["db_url"], review=True)
        except Exception:
            # nbgrader has entered the submission already, and counts a missing score as 0
            gradebook.flag(settings.assignment, about["student"], about["db_url"])
            raise
        tell(nb, result, files)
        return nb, resources


def _settings(converter: Any, assignment: str) -> Settings:
    """How a command grades; the first call of each begins anew, for the suites may have changed."""
    if converter not in _runs:
        pool.close()
        course_version.cache_clear()
        found = Assignment(Path(converter.coursedir.root), assignment)
        _runs[converter] = Settings(found, found.limits)
    return _runs[converter]


@contextmanager
def _sole_writer(converter: Any, out: Path) -> Iterator[None]:
    with ExitStack() as kept:
        try:
            seconds = 0 if converter in _waited else None
            kept.enter_context(run.sole_writer(out, seconds))
        except HeldError:
            _waited.add(converter)
            raise
        yield


def _result(
    converter: Any, settings: Settings, student: str, out: Path
) -> tuple[Result, Mapping[str, bytes]]:
    """What ``student`` handed in: the result, under nbgrader's name for them, and the files."""
    assignment, folders = settings.assignment, converter.coursedir
    path = Path(folders.format_path(folders.submitted_directory, student, assignment.name))
    found = Found(safe(student), str(path), lambda: open_tree(path, settings.limits))
    kept, files = run.grade_kept(settings, found, out)
    result = replace(kept, student=student)
    if feedback.failed_us(result):
        raise NbGraderException(
            f"{student} has no new score. {feedback.GRADER_FAILED} "
            f"{feedback.why_no_grade(result)} Fix that, then run the command again."
        )
    return result, files


atexit.register(pool.close)
