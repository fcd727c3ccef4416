"""What ``run_autograder`` runs on Gradescope: grades the one submission, writes ``results.json``.

Where grading fails by a fault that is not the submission's, there is no ``results.json``:
Gradescope then tells the instructor that the autograder failed, and the student gets no score
rather than a zero. The reason is in what was printed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from kit import results
from kit.classroom import grade_one
from kit.course import CourseError, find_assignment
from kit.export import gradescope
from kit.pack.fault import reason
from kit.tester.faults import KitFault


def run(name: str, root: Path) -> int:
    """Grade ``submission`` in the folder ``root`` and return the exit code."""
    target = root / "results" / "results.json"
    target.unlink(missing_ok=True)  # never let what an earlier run left pass for this one's
    try:
        result = grade_one(find_assignment(name, root / "source"), root / "submission")
    except (CourseError, KitFault) as error:
        return _not_graded(str(error))
    if result["status"] == "error":
        return _not_graded(reason(result))
    result["student"] = student_of(root / "submission_metadata.json") or result["student"]
    results.write(gradescope.export(result), target)
    print(f"{result['student']}: {result['score']:g} of {result['max_score']:g} points.")
    return 0


def student_of(metadata: Path) -> str | None:
    """Who handed in, if Gradescope says it; no grade depends on it."""
    try:
        users: Any = json.loads(metadata.read_text(encoding="utf-8"))["users"]
        return results.printable(", ".join(user["email"] for user in users)) or None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _not_graded(why: str) -> int:
    print(
        f"Nothing was graded, by a fault that is not the submission's: {why} "
        "There is no results.json, so the student gets no score. Mend it and rerun the autograder."
    )
    return 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], Path(sys.argv[2])))
