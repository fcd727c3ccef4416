"""The site, which tests of its files and of its pages in a browser share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.course import ROOT
from tests.support.processes import PATIENCE


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors."""
    built = tmp_path_factory.mktemp("site")
    # not --quiet: that would silence the warnings before they are counted
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", built]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return built
