"""What the workflow runs on GitHub: grades the checked-out submission and sets the step's output.

The exit code is that of ``kit check``: 0 every automatic task passed, 1 one did not, 3 nothing was
graded by a fault that is not the submission's. Then the output says ``error`` and counts no points;
so it says from the beginning, for a grader that is killed says nothing more.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console

from kit import feedback
from kit.batch.run import grade_one
from kit.course import find_assignment
from kit.display import plain, show_result
from kit.export import github
from kit.pack import crash
from kit.results import Result


def run(name: str, folder: Path) -> int:
    """Grade the submission in ``folder`` and return the exit code."""
    try:
        _set_output("result", github.without_score("The grader did not come to its end."))
        result = grade_one(find_assignment(name), folder)
        if feedback.failed_us(result):
            return _not_graded(feedback.why_no_grade(result))
        _set_output("result", github.export(result))
    except (Exception, SystemExit) as error:
        return _not_graded(crash.sentence(error))
    show_result(Console(highlight=False), result)
    _notify(result)
    return feedback.exit_code(result)


def _set_output(name: str, value: str) -> None:
    """Set an output of the step, in place of an earlier one; ``value`` is one line."""
    file = os.environ.get("GITHUB_OUTPUT")
    if file is None:
        print(f"{name}={value}")
        return
    with open(file, "a", encoding="utf-8") as outputs:
        outputs.write(f"{name}={value}\n")


def _notify(result: Result) -> None:
    """Show the points beside the job, in the two notes of GitHub Classroom's own reporter."""
    score, most = feedback.points(result.score), feedback.points(result.max_score)
    print(f"::notice title=Autograding complete::Points {score}/{most}")
    report = f'{{"totalPoints":{score},"maxPoints":{most}}}'
    print(f"::notice title=Autograding report::{report}")


def _not_graded(why: str) -> int:
    said = (
        f"{feedback.no_grade(why)} There is no score. Run the job again; if that does not help, "
        "tell the instructor."
    )
    Console(highlight=False).print(plain(said))
    try:
        _set_output("result", github.without_score(why))
    except OSError as error:
        print(f"The output of the step could not be set ({error.strerror}).")
    return 3


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], Path(sys.argv[2])))
