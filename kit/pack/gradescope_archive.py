"""The autograder archive of Gradescope: what an instructor uploads to a programming assignment.

Gradescope unpacks it to ``/autograder/source``, runs ``setup.sh`` once, while it builds the image,
and ``run_autograder`` for every submission.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from kit import files
from kit.course import Assignment
from kit.pack.contents import grader_files, released_files, template

MARK = b"Made by kit pack gradescope."
"""The comment of each archive, at its very end, which tells ours from others."""
PROGRAMS = ("run_autograder", "setup.sh")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that the format can name


def pack(assignment: Assignment, out: Path | None = None) -> Path:
    """Write the archive of ``assignment`` to ``out`` and return where it is.

    The same course gives the same bytes. Raises ReleaseError where the release is not as it must
    be, CourseError where ``kit`` runs apart from its repository, and where ``out`` can't be written
    or is there and was not made here.
    """
    out = out or assignment.root / "build" / f"{assignment.name}-gradescope.zip"
    files.require_file(out, _is_ours)
    packed = grader_files(assignment, released_files(assignment))
    packed |= {name: template(f"gradescope/{name}", assignment) for name in PROGRAMS}
    files.write_to(out, _zipped(packed))
    return out


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(MARK)))
        return file.read() == MARK


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files``; stored, since compressed bytes differ between versions of zlib."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system = 3  # Unix, whatever we run on: its modes are what follows
            mode = 0o755 if name in PROGRAMS else 0o644
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, content)
        archive.comment = MARK
    return buffer.getvalue()
