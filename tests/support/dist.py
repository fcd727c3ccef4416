"""Builds sdist and wheel, and proves that the wheel grades without this folder (`make dist`).

The wheel is built from the sdist, so both are proven. It is installed into a fresh environment,
with the versions and hashes of the lock, and grades one hand-in of the demo in a copy of the course
that has no `kit/`.

    python tests/support/dist.py FOLDER
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))
PATIENCE = 600
"""Seconds: how long one step may take."""
import demo  # noqa: E402 - it is found by the line above

from kit.course import Assignment  # noqa: E402 - sorted behind it

STUDENT, TASK = "oscar", "affine_backward"
"""This hand-in has one known mistake, in this task."""


def main() -> None:
    """Build, install, grade, and say where the files are."""
    out = Path(sys.argv[1]).resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    wheel = build(out)
    with tempfile.TemporaryDirectory() as folder:
        python = install(wheel, Path(folder) / "venv")
        grade(python, Path(folder) / "course")
    print(f"The wheel installs and grades. It is in {out}.")


def build(out: Path) -> Path:
    """Write the sdist and, built from it alone, the wheel into ``out``; return the wheel."""
    run = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"
    quietly(sys.executable, "-c", run.format("sdist"), out, within=ROOT)
    (sdist,) = out.glob("*.tar.gz")
    shutil.unpack_archive(sdist, out / "unpacked")
    (unpacked,) = (out / "unpacked").iterdir()
    quietly(sys.executable, "-c", run.format("wheel"), out, within=unpacked)
    shutil.rmtree(out / "unpacked")
    (wheel,) = out.glob("*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """Install ``wheel`` and what the lock has into a new environment; return its Python."""
    command(sys.executable, "-m", "venv", environment, within=ROOT)
    python = environment / "bin/python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    command(*pip, "--no-deps", "--require-hashes", "-r", ROOT / "requirements.lock", within=ROOT)
    command(*pip, "--no-deps", wheel, within=ROOT)
    return python


def grade(python: Path, course: Path) -> None:
    """Grade one hand-in in the folder ``course``. Raises SystemExit if its result is wrong."""
    for folder in ("source", "solutions", "autograder", "release"):
        shutil.copytree(ROOT / folder, course / folder)
    demo.hand_in(Assignment(ROOT, demo.NAME), course / "all")
    shutil.copytree(course / "all" / STUDENT, course / "submitted" / STUDENT)
    options = ("--tasks", TASK, "--out", "results")
    kit = python.with_name("kit")
    command(kit, "grade", demo.NAME, "submitted", *options, within=course)
    command(kit, "new", "mine", within=course)  # its template is in the wheel
    result = json.loads((course / "results" / f"{STUDENT}.json").read_text("utf-8"))
    (task,) = (task for task in result["tasks"] if task["id"] == TASK)
    if "diagnosis" not in task or not 0 < task["score"] < task["max_score"]:
        sys.exit(f"The wheel grades wrongly: {task}")


def command(*words: str | Path, within: Path) -> None:
    """Run a command in the folder ``within``. Raises CalledProcessError if it fails."""
    subprocess.run(words, cwd=within, check=True, timeout=PATIENCE)


def quietly(*words: str | Path, within: Path) -> None:
    """Run a command as `command` does; show what it prints only if it fails."""
    run = subprocess.run(
        words, cwd=within, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)


if __name__ == "__main__":
    main()
