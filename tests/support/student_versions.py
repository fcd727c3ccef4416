"""Runs the students' check of every release with many versions of Python and NumPy.

`make versions` takes each Python from 3.10 to 3.14 that is on the path. It makes a virtual
environment for each NumPy in `NUMPYS` that has a wheel for it, and runs ``python -m utils.check``
of each homework. With the solution laid over the release every task must work, and without it none
may. The packages come from the usual package index.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from kit.course import Assignment, assignment_names
from tests.support.processes import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = [f"python3.{minor}" for minor in range(10, 15)]
NUMPYS = ["1.26", "2.0", "2.1", "2.2", "2.3", "2.4"]


def pythons() -> Iterator[str]:
    """The interpreters on the path that students may have, and that start."""
    for found in filter(None, map(shutil.which, PYTHONS)):
        if (
            subprocess.run(
                [found, "-c", ""], check=False, capture_output=True, timeout=PATIENCE
            ).returncode
            == 0
        ):
            yield found


def environment(python: str, numpy: str, folder: Path) -> Path | None:
    """The interpreter of a new environment with that NumPy; None if there is no wheel for it."""
    subprocess.run([python, "-m", "venv", folder], check=True, timeout=PATIENCE)
    inside = folder / "bin" / "python"
    install = [inside, "-m", "pip", "install", "-q", "--only-binary=:all:", f"numpy=={numpy}.*"]
    ran = subprocess.run(install, check=False, capture_output=True, timeout=PATIENCE)
    return None if ran.returncode else inside


def solved(assignment: Assignment, into: Path) -> Path:
    """A copy of the release, with the reference in place of what is to write."""
    shutil.copytree(assignment.release, into)
    for file, path in assignment.written.items():
        shutil.copyfile(path, into / file)
    return into


def signs(python: Path, folder: Path) -> set[str]:
    """The signs before the unit tasks in the table of ``utils.check``."""
    ran = subprocess.run(
        [python, "-X", "utf8", "-m", "utils.check"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    lines = [line.split() for line in ran.stdout.splitlines() if line[:1] in "✓✗·"]
    return {line[0] for line in lines if line} or {ran.stderr.strip()}


def problems(python: Path, folder: Path, names: Sequence[str] = ()) -> list[str]:
    """What is not as it should be with this interpreter; of these homeworks, or else of all."""
    found = []
    for name in names or assignment_names(ROOT):
        assignment = Assignment(ROOT, name)
        untouched = shutil.copytree(assignment.release, folder / name)
        for copy, right in ((solved(assignment, folder / f"{name} solved"), "✓"), (untouched, "·")):
            if (seen := signs(python, copy)) != {right}:
                found.append(f"{copy.name}: {' '.join(seen)}")
    return found


def main() -> int:
    """Try every pair of versions; returns the exit code."""
    wrong = 0
    for python in pythons():
        for numpy in NUMPYS:
            with tempfile.TemporaryDirectory() as folder:
                inside = environment(python, numpy, Path(folder) / "venv")
                found = problems(inside, Path(folder)) if inside else ["no wheel"]
            wrong += bool(inside and found)
            print(f"{Path(python).name}, NumPy {numpy}: {'; '.join(found) or 'right'}", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
