"""What every host must offer to confine a worker, and what some lack."""

from __future__ import annotations

import shutil

import pytest

FLOOR = {"rlimits", "seccomp"}
needs_bwrap = pytest.mark.skipif(
    not shutil.which("bwrap"), reason="bubblewrap is not installed (Debian: bubblewrap)"
)
