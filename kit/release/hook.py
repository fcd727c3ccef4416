"""The hook that has ``nbgrader generate_assignment`` leave the release that ``kit release`` makes.

nbgrader copies what is in ``source/`` and knows nothing of ``solutions/``, from which the skeletons
are made, nor of the proofs that a release holds no answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from kit.course import Assignment, CourseError
from kit.release import proofs


def publish(notebooks: Sequence[str], **_: object) -> None:
    """Replace what nbgrader just wrote into ``release/``; called with the notebooks in ``source/``.

    nbgrader passes over an exception of a hook, so a failure ends the command, with exit code 1.
    What nbgrader wrote is removed then: it has no skeletons, and nothing was proved of it.
    """
    folder = Path(notebooks[0]).parent  # <course>/source/<assignment>
    assignment = Assignment(folder.parents[1], folder.name)
    try:
        proofs.publish(assignment)
    except Exception as error:
        shutil.rmtree(assignment.release, ignore_errors=True)
        what = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        raise SystemExit(
            f"{what}\nrelease/{assignment.name} was removed, since nbgrader alone can't make it. "
            "Fix this, then run the command again."
        ) from error
