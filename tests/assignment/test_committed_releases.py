"""The committed releases are right, and the notebooks run with the solutions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kit.course import Assignment, assignment_names
from kit.release import notebook
from tests.support.command_line import kit
from tests.support.course import ROOT

pytestmark = pytest.mark.usefixtures("warm")


@pytest.mark.cifar10
@pytest.mark.slow
@pytest.mark.one_in(2, 0)  # what trains takes minutes; the training itself has other tests
@pytest.mark.parametrize(
    ("name", "options"),
    [(name, more) for name in assignment_names(ROOT) for more in ("--quick", "")],
)
def test_it_is_proved(
    name: str, options: str, cifar10: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NNDL_DATA", str(cifar10))
    # on a busy machine two threads of BLAS wait for each other, for minutes
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    if options == "--quick":
        monkeypatch.setattr(notebook, "_laid_out", shortened(notebook._laid_out))
    code, output = kit("release", name, "--check", *options.split())
    assert code == 0, output
    assert "running cell" in output


def shortened(laid_out: Any) -> Any:
    """Lays out a notebook that compares after one epoch: each cell runs, and that is shown here."""

    def lay_out(assignment: Assignment, release: Path, course: Path) -> Path:
        folder: Path = laid_out(assignment, release, course)
        path = folder / assignment.notebook.name
        text, count = re.subn(r"\bnum_epochs=\d+", "num_epochs=1", path.read_text("utf-8"))
        assert count
        path.write_text(text, "utf-8")
        return folder

    return lay_out
