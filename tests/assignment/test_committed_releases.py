"""The committed releases are right, and the notebooks run with the solutions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.course import assignment_names
from tests.support.course import ROOT
from tests.support.processes import PATIENCE


@pytest.mark.cifar10
@pytest.mark.slow
@pytest.mark.one_in(2, 0)  # what trains takes minutes; the training itself has other tests
@pytest.mark.parametrize(
    ("name", "options"),
    [(name, more) for name in assignment_names(ROOT) for more in ("--quick", "")],
)
def test_it_is_proved(name: str, options: str, cifar10: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "kit", "release", name, "--check", *options.split()],
        cwd=ROOT,
        # on a busy machine two threads of BLAS wait for each other, for minutes
        env={**os.environ, "NNDL_DATA": str(cifar10), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "running cell" in run.stdout
