"""The documentation builds, says what the commands do, and its worked example works as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import jsonschema
import pytest
import typer
from nbgrader.api import Gradebook

from kit.cli import app
from tests.support.bookkeeper import bookkeeper_here
from tests.support.command_line import kit
from tests.support.course import ROOT
from tests.support.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("warm")

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
EXAMPLE = DOCS / "new-assignment.md"
COURSE = "/home/you/course"
BIN = Path(sys.executable).parent
COMMANDS = typer.main.get_command(app)

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STEP = re.compile(
    r"^(?:`([\w./]+)`(, (?:cells )?at the end:)?\n\n)?```(\w*)\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
"""A file of the page on assignments, a part of one, or commands: path, where, kind, text."""
INLINE = re.compile(r"(?<!`)`(kit [^`]+)`(?!`)")
OURS = re.compile(r"`((?:tests|kit|docs|benchmarks|autograder/optimization)/[\w./-]+)`")
MAKE = re.compile(r"(?:`|^)make ([a-z-]+)", re.MULTILINE)
INDENTED = re.compile(r"^ {4,}(?:\.venv/bin/)?(kit(?: [^\s#]+)+)(?: +#.*)?$", re.MULTILINE)


def sessions(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, and what is printed according to it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, said = part.partition("\n")
        yield command, said


class Loads(HTMLParser):
    """Collects the addresses that a browser fetches to show a page."""

    ATTRIBUTES: ClassVar = {"link": "href", "object": "data", "use": "href"}  # all others: src
    ADVICE: ClassVar = {"canonical", "prev", "next"}
    """Links of these kinds are not fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(self.ATTRIBUTES.get(tag, "src"))
        if address and given.get("rel") not in self.ADVICE:
            self.addresses.append(address)


class TestSite:
    def test_it_builds_without_a_warning(self, site: Path) -> None:
        assert (site / "index.html").is_file()

    def test_every_page_is_there(self, site: Path) -> None:
        wanted = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
        wanted = {Path(str(path).replace("README", "index")) for path in wanted}
        assert {path for path in wanted if not (site / path).is_file()} == set()

    def test_a_page_loads_nothing_from_elsewhere(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            loads = Loads()
            loads.feed(page.read_text())
            assert loads.addresses, page
            for address in loads.addresses:
                assert not re.match(r"(\w+:)?//", address), (page, address)
                # the page for lost addresses names all from the root, as it must
                if page.name != "404.html":
                    assert (page.parent / address.partition("?")[0]).is_file(), (page, address)
        for sheet in site.rglob("*.css"):
            assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text()), sheet

    def test_every_decision_is_in_the_list(self) -> None:
        listed = (DOCS / "decisions/README.md").read_text()
        names = [path.name for path in (DOCS / "decisions").glob("0*.md")]
        assert [name for name in names if f"({name})" not in listed] == []


class TestLinks:
    @pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
    def test_they_lead_somewhere(self, name: str) -> None:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / name).read_text())
        assert [link for link in links if not (ROOT / link).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_files_that_are_named_exist(self, page: Path) -> None:
        named = OURS.findall(page.read_text())
        assert [name for name in named if not (ROOT / name).exists()] == []

    def test_tests_that_are_named_exist(self) -> None:
        """A promise that names its test would be worth nothing without it."""
        for page in (DOCS / "security.md", ROOT / "README.md"):
            named = re.findall(r"`(tests/[\w/]+\.py)` \(`(Test\w+)`", page.read_text())
            missing = [
                (file, name)
                for file, name in named
                if f"class {name}" not in (ROOT / file).read_text()
            ]
            assert missing == []


class TestCommands:
    def test_the_reference_is_what_the_commands_say_of_themselves(self) -> None:
        command = [sys.executable, "-m", "typer", "kit.cli", "utils", "docs", "--name", "kit"]
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        committed = (DOCS / "commands.md").read_text()
        assert committed.strip() == run.stdout.strip(), "Run `make commands` and commit the page."

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_those_in_the_text_exist(self, page: Path) -> None:
        wrong = [what_is_wrong(said) for said in kit_commands(page)]
        wrong += [what_is_wrong_in_a_sentence(said) for said in kit_mentions(page)]
        assert [each for each in wrong if each] == []

    @pytest.mark.parametrize(
        "said",
        [
            "kit regrade optimization",
            "kit grade optimization submitted --bulk",
            "kit export excel optimization",
            "kit check --seed many",
            "kit release optimization more",
        ],
    )
    def test_a_wrong_one_would_be_noticed(self, said: str) -> None:
        assert what_is_wrong(said)
        assert what_is_wrong_in_a_sentence(said)

    def test_in_a_block_none_may_be_cut_short(self) -> None:
        assert what_is_wrong("kit grade optimization")
        assert not what_is_wrong_in_a_sentence("kit grade optimization")

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_a_prompt_stands_only_in_a_block_that_shows_output(self, page: Path) -> None:
        """A block of commands alone is copied as it is."""
        if page.name != "commands.md":  # generated
            for kind, block in FENCED.findall(page.read_text()):
                assert kind in {"console", "text"} or not re.search(r"^\$ ", block, re.MULTILINE)

    def test_all_are_shown(self) -> None:
        """And found: a pattern that finds nothing would have nothing to complain of."""
        said = {command.split()[1] for page in PAGES for command in kit_commands(page)}
        assert said == set(COMMANDS.commands)

    def test_make_has_the_targets_that_are_named(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        said = {name for page in PAGES for name in MAKE.findall(page.read_text())}
        assert said
        assert said <= targets


def kit_commands(page: Path) -> Iterator[str]:
    """Every command of the kit that a page shows in a block, whole."""
    text = page.read_text()
    if page.name != "commands.md":  # generated: it shows no calls
        for kind, block in FENCED.findall(text):
            prompt = "" if kind == "sh" else r"\$ "
            yield from re.findall(rf"^{prompt}(kit .*)$", block, re.MULTILINE)
        yield from INDENTED.findall(text)


def kit_mentions(page: Path) -> Iterator[str]:
    """Every command of the kit that is named in a sentence, where arguments may be left out."""
    text = FENCED.sub("", page.read_text())
    yield from (" ".join(said.split()) for said in INLINE.findall(text))


def what_is_wrong(said: str, *more: str) -> str:
    """Why a command can't be given as it is said, with ``more``; nothing where it can."""
    words = shlex.split(re.split(r" (?:\|\||>)", said)[0], comments=True)[1:] + list(more)
    command = COMMANDS.commands.get(words[0])
    if command is None:
        return f"{said}: there is no such command"
    try:
        command.make_context(words[0], words[1:])
    except typer.Exit:  # --help
        return ""
    except Exception as error:  # the parser's own errors have no public base
        return f"{said}: {error}"
    return ""


def what_is_wrong_in_a_sentence(said: str) -> str:
    """As ``what_is_wrong``, but arguments at the end may be missing."""
    if len(said.split()) == 2 and said.split()[1] in COMMANDS.commands:
        return ""
    found = [what_is_wrong(said, *["1"] * number) for number in range(3)]
    return found[0] if all(found) else ""


class TestResults:
    schema: ClassVar[dict[str, Any]] = json.loads((DOCS / "results.schema.json").read_text())
    page = (DOCS / "results.md").read_text()

    def test_the_example_is_one(self) -> None:
        (example,) = [json.loads(block) for kind, block in FENCED.findall(self.page) if kind]
        jsonschema.validate(example, self.schema)

    @pytest.mark.parametrize(
        ("heading", "part"), [("The submission", None), ("A task", "task"), ("A check", "check")]
    )
    def test_every_field_is_explained_and_no_other(self, heading: str, part: str | None) -> None:
        table = self.page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        first = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
        explained = [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
        fields = (self.schema["$defs"][part] if part else self.schema)["properties"]
        assert sorted(explained) == sorted(fields)


class TestExample:
    """The page on writing an assignment, followed to the letter in an empty course."""

    page = EXAMPLE.read_text()
    commands: ClassVar = [
        command for _, _, _, block in STEP.findall(page) for command, _ in sessions(block)
    ]

    def test_it_needs_no_change_of_the_kit(self) -> None:
        written = {Path(name).parts[0] for name, _, _, _ in STEP.findall(self.page) if name}
        assert written == {"source", "solutions", "autograder"}

    def test_it_shows_the_whole_way(self) -> None:
        shown = " ".join(self.commands)
        for command in ("new", "release", "preview", "suite", "grade", "check"):
            assert f"kit {command}" in shown
        assert "kit release losses --check" in shown

    @pytest.mark.slow
    def test_its_commands_print_what_the_page_says(self, tmp_path: Path) -> None:
        course = empty_course(tmp_path)
        shutil.copy(ROOT / "nbgrader_config.py", course)
        for command, said in followed(self.page, course):
            assert like(printed(command, course)) == like(said), command
        assert {
            path.stem: json.loads(path.read_text())["score"]
            for path in (course / "results/losses").glob("*.json")
        } == {"ada": 6, "bob": 0, "cyn": 2}

    def test_it_is_formatted_as_all_code_is(self, tmp_path: Path) -> None:
        course = self._written(tmp_path)
        command = [BIN / "ruff", "format", "--check", "--config", ROOT / "pyproject.toml", course]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert run.returncode == 0, run.stdout

    @pytest.mark.slow
    def test_late_work_costs_what_the_guide_says(self, tmp_path: Path) -> None:
        """The rule, the due date and the extension of the guide, in the course of the example."""
        course = self._written(tmp_path / "course")
        guide = (DOCS / "instructors.md").read_text().partition("\n## Late work\n")[2]
        _, plugin, rule, extension = (
            code for kind, code in FENCED.findall(guide) if kind == "python"
        )
        (due,) = re.findall(r"^nbgrader db .*$", guide, re.MULTILINE)
        (course / "late.py").write_text(plugin)
        config = (ROOT / "nbgrader_config.py").read_text()
        (course / "nbgrader_config.py").write_text(f"{config}\n{rule}")
        handed_in = course / "submitted/ada/losses"
        shutil.copytree(course / "solutions/losses", handed_in)
        (handed_in / "timestamp.txt").write_text("2026-10-05 10:00:00 UTC")
        printed(due.replace("optimization", "losses"), course)
        assert penalty(course) == 2.4  # the fourth day has begun, and the score is 6
        (course / "extend.py").write_text(extension.replace("optimization", "losses"))
        printed("python extend.py", course)
        assert penalty(course) == 1.2
        del sys.modules["late"]  # it is this course's own

    def _written(self, folder: Path) -> Path:
        """A course with the assignment of the page, without its commands but the first."""
        course = empty_course(folder)
        first, *_ = [command for command, _ in followed(self.page, course, first="kit new losses")]
        assert first == "kit new losses"
        return course


def empty_course(folder: Path) -> Path:
    """A course without assignments, below ``folder``."""
    course = folder / "course"
    for name in ("source", "autograder"):
        (course / name).mkdir(parents=True)
    return course


def followed(page: str, course: Path, first: str = "") -> Iterator[tuple[str, str]]:
    """The commands of a page and what they print; before each, the files above it are written.

    The command ``first`` is run here.
    """
    for name, where, kind, block in STEP.findall(page):
        if kind == "console":
            for command, said in sessions(block):
                if command == first:
                    printed(command, course)
                yield command, said
        elif name:
            write_step(course / name, where, block)


def write_step(path: Path, where: str, block: str) -> None:
    """Write what a page shows of a file: all of it, what comes at the end, or cells."""
    if "cells" in where:
        notebook = json.loads(path.read_text())
        notebook["cells"] += json.loads(block)
        block = json.dumps(notebook)
    elif where:
        block = f"{path.read_text()}\n\n{block}"
    path.write_text(block)


def penalty(course: Path) -> float:
    """What the gradebook says of the only student, after grading."""
    printed("kit grade losses submitted --jobs 1", course)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return float(book.find_submission("losses", "ada").late_submission_penalty)


def printed(command: str, course: Path) -> str:
    """What a command prints, in the folder of the course and on a terminal of 80 columns.

    One that is all ``kit`` is called in this process, which has loaded already what it needs.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUTF8": "1",
        "COLUMNS": "80",
    }
    environment.pop("FORCE_COLOR", None)
    if re.fullmatch(r"kit [\w /-]+", command):
        with patch.dict(os.environ, environment, clear=True), chdir(course), bookkeeper_here():
            code, said = kit(*shlex.split(command)[1:])
        assert code == 0, (command, said)
        return said.replace(str(course), COURSE)
    run = subprocess.run(
        ["bash", "-c", command],
        cwd=course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, (command, run.stdout)
    return run.stdout.replace(str(course), COURSE)


def like(text: str) -> list[str]:
    """The lines of ``text`` without times, in an order that doesn't depend on which came first."""
    untimed = re.sub(r"\(\d+\.\d s\)|in \d+\.\d+s", "(a moment)", text)
    return sorted(line.rstrip() for line in untimed.splitlines())
