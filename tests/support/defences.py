"""Takes each defence of docs/security.md out, and sees whether a test notices.

``python -m tests.support.defences [WORDS]`` takes out one defence of ``defences.toml`` after the
other, runs its test and puts the defence back. It prints which tests failed, as one must each time,
and exits with 1 if none did. It needs a checkout without changes, and about ten minutes for all;
WORDS choose the defences whose names contain them.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
"""How long a test may take. A test that hangs without a defence has noticed that it is gone."""


class Defence(NamedTuple):
    """``there``, in ``file``, defends what docs/security.md promises; ``gone`` takes it out."""

    promise: str
    """The first words of the promise."""
    name: str
    file: str
    there: str
    gone: str
    test: str
    """What pytest is told: the test that fails if the defence is gone."""


LIST = Path(__file__).with_suffix(".toml")
DEFENCES = [Defence(**each) for each in tomllib.loads(LIST.read_text("utf-8"))["defence"]]


def outcome(defence: Defence) -> str:
    """Take the defence out, run its test, put the defence back; what came of it."""
    file = ROOT / defence.file
    text = file.read_text("utf-8")
    command = [sys.executable, *"-m pytest -q -x -p no:cacheprovider --tb=line --no-header".split()]
    command += ["-m", "not cifar10", *shlex.split(defence.test)]
    try:
        file.write_text(text.replace(defence.there, defence.gone), "utf-8")
        ran = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "it hung"
    finally:
        file.write_text(text, "utf-8")
    if ran.returncode != 1:
        return f"NOT NOTICED (exit code {ran.returncode})"
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition(" - ")[0]


def main(words: list[str]) -> int:
    """Take out the defences whose names contain one of ``words``, or all; returns the exit code."""
    unnoticed = 0
    for defence in DEFENCES:
        if words and not any(word in defence.name for word in words):
            continue
        began = time.monotonic()
        came = outcome(defence)
        unnoticed += came.startswith("NOT")
        print(f"{defence.name}: {came} ({time.monotonic() - began:.0f} s)", flush=True)
    return min(unnoticed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
