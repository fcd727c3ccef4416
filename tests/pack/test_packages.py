"""What is installed to grade is what grading needs, and none of what the project is made with."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

import pytest
from packaging.requirements import Requirement

from tests.support.course import ROOT

OPTIONAL = {"distributed", "_typeshed"}
"""What `kit` imports only for a cluster, which is an extra, or for mypy."""
BESIDE = ("autograder", "kit/grading/diagnosis")
"""Where files are that others import by their bare names, as a suite or in a worker."""
OURS = {"kit", "nndl", "utils"} | {p.stem for at in BESIDE for p in (ROOT / at).rglob("*.py")}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, str]:
    """The version of each package in a lock."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {normal(name): version for name, version in found}


@cache
def packages() -> dict[str, str]:
    """The package that each importable module is of."""
    return {module: normal(names[0]) for module, names in packages_distributions().items()}


def imported(folder: str) -> set[str]:
    """The packages that Python files below ``folder`` import."""
    modules = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    suites = {path.name for path in (ROOT / "autograder").iterdir()}  # they import each other
    foreign = modules - sys.stdlib_module_names - OURS - OPTIONAL - suites
    return {packages()[module] for module in foreign}


def listed(*extras: str) -> set[str]:
    """The packages that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {normal(re.split(r"[\[<>=;]", line)[0]) for line in lines} - {"nndl-kit"}


def required(*extras: str) -> set[str]:
    """The packages that the kit requires here, and those that these require themselves."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    waiting = [Requirement(line) for line in lines if not line.startswith("nndl-kit")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        for extra in {"", *one.extras} - {e for name, e in seen if name == normal(one.name)}:
            seen.add((normal(one.name), extra))
            with suppress(PackageNotFoundError):  # what is left out of the lock is not here
                for line in distribution(one.name).requires or []:
                    further = Requirement(line)
                    if further.marker is None or further.marker.evaluate({"extra": extra}):
                        waiting.append(further)
    return {name for name, _ in seen}


@pytest.mark.parametrize("folder", ["kit", "autograder", "source", "solutions"])
def test_what_grading_imports_is_locked(folder: str) -> None:
    assert imported(folder) <= locked("requirements.lock").keys()


def test_the_kit_lists_only_what_it_imports() -> None:
    assert listed() - imported("kit") == set()


def test_what_the_project_is_made_with_is_locked_apart() -> None:
    tools = listed("dev", "cluster", "postgresql") - listed()
    assert {"mypy", "playwright", "distributed", "hypothesis"} <= tools
    assert tools <= locked("requirements-dev.lock").keys()
    # nbgrader needs these two itself; the former also installs the kit where no other build may be
    assert tools & locked("requirements.lock").keys() == {"setuptools", "jsonschema"}


def test_both_locks_agree() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", []), ("requirements-dev.lock", ["dev", "cluster", "postgresql"])],
)
def test_a_lock_has_all_that_its_packages_require(lock: str, extras: list[str]) -> None:
    """A lock is installed with --no-deps, so a package that it lacks would not be there at all."""
    missing = required(*extras) - locked(lock).keys()
    assert missing == {"rfc3987-syntax"}  # left out on purpose: see pyproject.toml


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert [entry for entry in re.split(r"\n(?=\w)", text) if "--hash=sha256:" not in entry] == []
