"""The two repositories that grade an assignment on GitHub: the template and the grader.

Students' repositories are made from the template; its workflow fetches the grader, which holds no
answer and may therefore be public.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kit.course import Assignment, CourseError
from kit.pack.contents import grader_files, released_files, template

WORKFLOW = ".github/workflows/classroom.yml"


def pack(assignment: Assignment, out: Path | None = None) -> Path:
    """Write ``template/``, ``grader/`` and a README into the folder ``out``; return where it is.

    Raises ReleaseError where the release is not as it must be, CourseError where ``out`` holds
    something already or can't be made, or ``kit`` runs apart from its repository.
    """
    out = out or assignment.root / "build" / f"{assignment.name}-github"
    try:
        out = Path(os.path.realpath(out))
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise CourseError(
                f"{out} is there already, and nothing is written over it. Remove it, or name "
                "another folder with --out."
            )
        _write(_files(assignment), out)
    except OSError as error:
        raise CourseError(f"{out} can't be written ({error.strerror}).") from error
    return out


def _files(assignment: Assignment) -> dict[str, bytes]:
    released = released_files(assignment)
    files = {f"template/{name}": content for name, content in released.items()}
    files[f"template/{WORKFLOW}"] = template("github/classroom.yml", assignment)
    files["README.md"] = template("github/README.md", assignment)
    for name, content in grader_files(assignment, released).items():
        files[f"grader/{name}"] = content
    return files


def _write(files: dict[str, bytes], out: Path) -> None:
    """Make the folder ``out``, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kit-pack-", dir=out.parent) as folder:
        made = Path(folder, "made")
        for name, content in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(content)
        made.rename(out)
