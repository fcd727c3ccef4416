"""The gradebook on a PostgreSQL server, as nbgrader's own ``db_url`` names it."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from nbgrader.api import Gradebook

from kit.course import Assignment
from kit.nbgrader import gradebook
from kit.results import read_all
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import SOLUTION, STUB, hand_in, write_course

pytestmark = pytest.mark.usefixtures("warm")

psycopg = pytest.importorskip("psycopg", reason="psycopg, an extra, is not installed")

PASSWORD = "a p@ss/word"
SECONDS = 60


def programs() -> Path | None:
    """The folder of the newest server's programs; Debian leaves them out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))])
    return newest[-1].parent if newest else None


def account() -> str | None:
    """Who runs the server: it refuses root; None is whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that listens on a socket in a folder alone, but for its scheme."""
    folder_of_programs = programs()
    if folder_of_programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user = account()
    with tempfile.TemporaryDirectory(prefix="kit-pg-") as name:  # a socket's path must be short
        folder = Path(name)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user is not None:
            for path in (folder, secret):
                shutil.chown(path, user)

        def run(program: str, *options: object) -> None:
            done = subprocess.run(
                [folder_of_programs / program, "--pgdata", folder / "data", *map(str, options)],
                user=user, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                check=False, timeout=SECONDS,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout

        run("initdb", "--username=course", f"--pwfile={secret}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--no-locale", "--no-sync")  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
        try:
            host = quote(str(folder), safe="")
            yield f"://course:{quote(PASSWORD, safe='')}@/postgres?host={host}"
        finally:
            run("pg_ctl", "stop", "--mode=immediate")


@pytest.fixture
def db_url(server: str) -> str:
    """nbgrader's address of a new, empty database."""
    name = f"course_{secrets.token_hex(4)}"
    with psycopg.connect(f"postgresql{server}", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return "postgresql+psycopg" + server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def course(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """A course whose configuration names the server, and where lateness costs everything."""
    course = write_course(tmp_path / "course")
    configure(course, db_url)
    monkeypatch.chdir(course.root)
    for student, work in {"ada": SOLUTION, "bob": STUB}.items():
        hand_in(tmp_path / "submitted" / student, work)
    return course


def configure(course: Assignment, db_url: str) -> None:
    """Write nbgrader_config.py. Without a name of the course PostgreSQL, unlike SQLite, refuses."""
    (course.root / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.course_id = 'deep'\n"
        f"c.CourseDirectory.db_url = {db_url!r}\n"
        "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )


def grade(course: Assignment) -> None:
    """Have the class graded and put into the gradebook, by whole commands."""
    with bookkeeper_here():
        code, output = kit("grade", "tiny", course.root.parent / "submitted", "--jobs", 1)
    assert code == 0, output
    code, output = kit("export", "gradebook", "tiny")
    assert code == 0, output
    assert PASSWORD not in output


def state(book: Gradebook, student: str, task: str) -> tuple[float | None, float | None, bool]:
    """Automatic score, manual score, and whether a person must look."""
    found = book.find_grade(task, "tiny", "tiny", student)
    return found.auto_score, found.manual_score, found.needs_manual_grade


def test_a_class_is_graded_twice_and_a_manual_score_stays(course: Assignment, db_url: str) -> None:
    grade(course)
    with Gradebook(db_url, "deep") as book:
        assert {s.student_id: s.score for s in _submissions(book)} == {
            "ada": 6,
            "bob": 2,
        }
        for student in ("ada", "bob"):
            assert state(book, student, "essay") == (None, None, True)
            essay = book.find_grade("essay", "tiny", "tiny", student)
            essay.manual_score, essay.needs_manual_grade = 0.5, False
        book.db.commit()
    hand_in(course.root.parent / "submitted/bob", SOLUTION)
    grade(course)
    with Gradebook(db_url, "deep") as book:
        assert {s.student_id: s.score for s in _submissions(book)} == {
            "ada": 6.5,
            "bob": 6.5,
        }
        assert state(book, "ada", "essay") == (None, 0.5, False)
        assert state(book, "bob", "essay") == (None, 0.5, True)
        assert state(book, "bob", "double") == (4, None, False)


def test_a_late_submission_is_penalized(course: Assignment, db_url: str) -> None:
    grade(course)
    due = datetime(2026, 1, 1)
    with Gradebook(db_url, "deep") as book:
        book.update_or_create_assignment("tiny", duedate=due)
    results = read_all(course.root / "results/tiny", "tiny")
    times = {"ada": due + timedelta(seconds=1), "bob": due - timedelta(seconds=1)}
    gradebook.write(course, results, times)
    with Gradebook(db_url, "deep") as book:
        penalties = {s.student_id: s.late_submission_penalty for s in _submissions(book)}
    assert penalties == {"ada": 6, "bob": 0}


def test_a_password_is_not_told_when_the_server_refuses(course: Assignment, db_url: str) -> None:
    kit("grade", "tiny", course.root.parent / "submitted", "--out", "results/tiny", "--jobs", 1)
    configure(course, db_url.replace(quote(PASSWORD, safe=""), "quite%20wrong"))
    code, output = kit("export", "gradebook", "tiny")
    assert code != 0
    assert "could not be written" in output
    assert "authentication failed" in output
    assert "wrong" not in output


def _submissions(book: Gradebook) -> list[Any]:
    return list(book.assignment_submissions("tiny"))
