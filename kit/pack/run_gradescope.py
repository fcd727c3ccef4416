"""What ``run_autograder`` runs on Gradescope: grades the one submission, writes ``results.json``.

There is a ``results.json`` whatever happens. ``run_autograder`` begins with one that says that
nothing was graded, for a program that is killed writes none; here the grade takes its place, or the
reason why there is none. That one has no score at all: a 0 would be a grade.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kit import feedback, files
from kit.batch.run import grade_one
from kit.course import find_assignment
from kit.export import gradescope
from kit.pack import crash
from kit.results import printable


def run(name: str, root: Path) -> int:
    """Grade ``submission`` in the folder ``root`` and return the exit code."""
    target = root / "results" / "results.json"
    try:
        # before all else: what an earlier run left must not pass for this one's
        _write(gradescope.without_score("The grader did not come to its end."), target)
        result = grade_one(find_assignment(name, root / "source"), root / "submission")
        if feedback.failed_us(result):
            return _not_graded(feedback.why_no_grade(result), target)
        student = student_of(root / "submission_metadata.json") or result.student
        _write(gradescope.export(result), target)
    except (Exception, SystemExit) as error:
        return _not_graded(crash.sentence(error), target)
    score, most = feedback.points(result.score), feedback.points(result.max_score)
    print(f"{student}: {score} of {most} points.")
    return 0


def student_of(metadata: Path) -> str | None:
    """Who handed in, if Gradescope says it; no grade depends on it."""
    try:
        users: Any = json.loads(metadata.read_text(encoding="utf-8"))["users"]
        return printable(", ".join(user["email"] for user in users)) or None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(content: dict[str, Any], target: Path) -> None:
    """Write ``results.json``, whole. Raises OSError, and ValueError for what JSON can't hold."""
    files.write_whole(target, json.dumps(content, indent=2, allow_nan=False).encode())


def _not_graded(why: str, target: Path) -> int:
    print(f"{feedback.no_grade(why)} The student gets no score. Fix that and rerun the autograder.")
    try:
        _write(gradescope.without_score(why), target)
    except (OSError, ValueError) as error:
        print(f"results.json could not be written ({error}).")
    return 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], Path(sys.argv[2])))
