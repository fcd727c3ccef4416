"""Makes the hand-ins of a class, and runs commands on its course."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from kit.course import Assignment, files_below

KIT = [sys.executable, "-m", "kit"]
SECONDS = 300


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


def archive(files: Mapping[str, bytes], ends: Mapping[str, bytes] | None = None) -> bytes:
    """A student's zip of the files, some with something at their end."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(f"hw3/{name}", text + (ends or {}).get(name, b""))
    return content.getvalue()


def without(module: bytes, task: str, body: str) -> bytes:
    """The module with ``body`` in the place of the answer."""
    region = rf"    # YOUR CODE HERE: {task}\n.*?    # END YOUR CODE HERE\n"
    changed, count = re.subn(region.encode(), f"    {body}\n".encode(), module, flags=re.DOTALL)
    assert count == 1
    return changed


def start(course: Assignment, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*KIT, *command], cwd=course.root, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def run(course: Assignment, *command: str) -> str:
    """What a command printed, which went well."""
    process = start(course, *command)
    output = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, output
    return output
