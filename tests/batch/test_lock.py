"""One command at a time writes results or the gradebook, and the next one is told who does."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.batch import lock
from kit.batch.lock import HeldError, held
from tests.support.processes import PATIENCE

HOLDER = """\
import sys
from pathlib import Path
from kit.batch.lock import held
with held(Path(sys.argv[1]), "It"):
    print("held", flush=True)
    sys.stdin.read()
"""

Hold = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts a process that holds a lock until its standard input ends."""
    started = []

    def start(file: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, file], stdin=-1, stdout=-1, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has nobody wait long for a lock."""
    monkeypatch.setattr(lock, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.2)


class TestHeld:
    def test_who_waits_is_told_for_whom_and_then_goes_on(self, hold: Hold, tmp_path: Path) -> None:
        holder = hold(tmp_path / "lock")
        said: list[str] = []

        def say(text: str) -> None:
            said.append(text)
            holder.communicate("", timeout=PATIENCE)  # it ends while we wait

        with held(tmp_path / "lock", "The folder", say=say) as alone:
            assert alone
        (told,) = said
        assert f"The folder is in use by process {holder.pid} since 20" in told
        assert f"(-c {tmp_path / 'lock'})" in told
        assert "up to 10 minutes" in told

    def test_who_has_waited_in_vain_leaves_and_is_told_what_to_do(
        self, hold: Hold, tmp_path: Path, impatient: None
    ) -> None:
        holder = hold(tmp_path / "lock")
        refused = pytest.raises(HeldError, match=rf"process {holder.pid} .* Run the same command")
        with refused, held(tmp_path / "lock", "It", say=lambda _: None):
            pass

    def test_a_killed_holder_holds_nothing(self, hold: Hold, tmp_path: Path) -> None:
        holder = hold(tmp_path / "lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=PATIENCE)
        with held(tmp_path / "lock", "It", seconds=0) as alone:
            assert alone

    def test_it_is_free_again_after_an_exception(self, tmp_path: Path) -> None:
        with pytest.raises(KeyError), held(tmp_path / "lock", "It"):
            raise KeyError
        with held(tmp_path / "lock", "It", seconds=0):
            pass

    @pytest.mark.parametrize("word", [b"", b"\xff{", b"[" * 100_000, b"{}", b"[]", b'{"pid": 1}'])
    def test_a_holder_who_left_no_word_is_another_process(
        self, hold: Hold, tmp_path: Path, impatient: None, word: bytes
    ) -> None:
        hold(tmp_path / "lock")
        (tmp_path / "lock").write_bytes(word)
        with pytest.raises(HeldError, match="by another process"), held(tmp_path / "lock", "It"):
            pass

    def test_what_a_word_says_can_not_command_a_terminal(
        self, hold: Hold, tmp_path: Path, impatient: None
    ) -> None:
        hold(tmp_path / "lock")
        (tmp_path / "lock").write_text(
            '{"pid": 1, "host": "\\u001b[2J", "since": "", "command": ""}'
        )
        with pytest.raises(HeldError) as error, held(tmp_path / "lock", "It"):
            pass
        assert "\x1b" not in str(error.value)


class TestFileSystems:
    """Where a lock can't be had, that is said in a sentence."""

    def test_one_without_locks_is_worked_on_with_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):

            def refuse(*_: Any, number: int = number) -> None:
                raise OSError(number, os.strerror(number))

            monkeypatch.setattr(fcntl, "flock", refuse)
            said: list[str] = []
            with held(tmp_path / "lock", "The folder", say=said.append) as alone:
                assert not alone
            assert "The folder can't be locked" in said[0]
            assert "no other command" in said[0]

    @pytest.mark.parametrize("kind", ["no folder", "a link", "a folder"])
    def test_a_file_that_can_not_be_made_is_told(self, tmp_path: Path, kind: str) -> None:
        file = tmp_path / "lock"
        if kind == "no folder":
            file = tmp_path / "none/lock"
        elif kind == "a link":
            file.symlink_to(tmp_path / "elsewhere")
        else:
            file.mkdir()
        with pytest.raises(lock.CourseError, match="It can't be locked"), held(file, "It"):
            pass
        assert not (tmp_path / "elsewhere").exists()

    @pytest.mark.parametrize(("folder", "file"), [(0o770, 0o660), (0o755, 0o644), (0o700, 0o600)])
    def test_who_may_write_in_the_folder_may_lock_it(
        self, tmp_path: Path, folder: int, file: int
    ) -> None:
        tmp_path.chmod(folder)
        with held(tmp_path / "lock", "It"):
            assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == file
