"""The course as a foreign machine needs it to grade one assignment: without any answer.

Grading needs the names of the files that a student writes, not their solutions: in their place lie
the skeletons that students have. Of the notebook, too, there is the version that students have, for
the authored one holds model answers. So what is packed can grade, but not make a release.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import kit
from kit import provided
from kit.course import Assignment, CourseError, files_below
from kit.release import build
from kit.release.leaks import leaks
from kit.skeleton import ReleaseError

PROJECT_FILES = ("LICENSE", "README.md", "pyproject.toml", "requirements.lock")
"""What installing ``kit`` from its sources takes beside ``kit/``."""
TEMPLATES = Path(__file__).with_name("templates")


def template(name: str, assignment: Assignment) -> bytes:
    """The text called ``name`` in ``templates/``, made for ``assignment``."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return text.replace("@ASSIGNMENT@", assignment.name).encode()


def released_files(assignment: Assignment) -> dict[str, bytes]:
    """What students receive, built anew: ``{"nndl/losses.py": b"..."}``.

    Raises ReleaseError, naming every problem, where the release can't be built or would leak.
    """
    with tempfile.TemporaryDirectory(prefix="kit-pack-") as folder:
        built = Path(folder, "release")
        build.build(assignment, built)
        if found := leaks(assignment, built):
            raise ReleaseError(
                "Nothing was packed:\n" + "\n".join(f"- {problem}" for problem in found)
            )
        return {name: (built / name).read_bytes() for name in files_below(built)}


def grader_files(assignment: Assignment, released: dict[str, bytes]) -> dict[str, bytes]:
    """Everything that grades ``assignment``, by its path in a course of its own.

    ``released`` is what ``released_files`` gave.
    """
    files = {f"kit/{name}": content for name, content in _below(Path(kit.__file__).parent).items()}
    files |= {name: _project_file(name) for name in PROJECT_FILES}
    wiring = assignment.root / "nbgrader_config.py"
    if wiring.is_file():
        files[wiring.name] = wiring.read_bytes()
    for path, content in provided.for_grading(assignment).items():
        name = str(path.relative_to(assignment.root))
        files |= {} if _is_hidden(name) else {name: content}
    places = {**assignment.given, **assignment.written}
    for name, content in released.items():
        path = places.get(name, assignment.source / name)
        files[str(path.relative_to(assignment.root))] = content
    notebook = assignment.notebook.name
    # a submission's notebook is compared with the released one
    files[f"release/{assignment.name}/{notebook}"] = released[notebook]
    document = json.loads(released[notebook])
    document["metadata"] |= json.loads(assignment.stub)["metadata"]
    files[f"source/{assignment.name}/{notebook}"] = json.dumps(document).encode()
    return files


def _below(folder: Path) -> dict[str, bytes]:
    """The authored files below ``folder``; none that a tool or an editor hides there."""
    return {
        name: (folder / name).read_bytes() for name in files_below(folder) if not _is_hidden(name)
    }


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _project_file(name: str) -> bytes:
    path = Path(kit.__file__).parents[1] / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CourseError(
            f"{name} is missing beside the folder kit/, and packing needs it. Run kit from a "
            "checkout of its repository, installed with `make setup`."
        ) from None
