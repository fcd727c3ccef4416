"""Makes submissions to the real assignment in which one module is not the reference's."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kit.course import Assignment
from kit.grading.diagnosis.catalogue import PLUMBING, Catalogue
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from tests.support.course import ROOT

SUBMISSIONS = ROOT / "tests/submissions"
CATALOGUE = ROOT / "autograder/optimization/mistakes.py"


def load_catalogue() -> Any:
    """The module of known mistakes, under a name that no suite uses."""
    spec = importlib.util.spec_from_file_location("catalogue_under_test", CATALOGUE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_in(kind: str) -> dict[str, Path]:
    """The files of tests/submissions/<kind>, under "<module>/<name>"."""
    found = sorted((SUBMISSIONS / kind).glob("*/*.py"))
    return {f"{path.parent.name}/{path.stem}": path for path in found}


def rewritten(assignment: Assignment, path: Path) -> Submission:
    """The solution, but for what the file ``path`` defines anew in the module of its folder."""
    name = f"nndl/{path.parent.name}.py"
    solved = assignment.written[name].read_bytes()
    return _handed_in(assignment, path.stem, name, solved + b"\n\n" + path.read_bytes())


def altered(assignment: Assignment, **changes: tuple[str, str]) -> Submission:
    """The solution with one replacement (old, new) in each module named."""
    files = {name: path.read_bytes() for name, path in assignment.written.items()}
    for module, (old, new) in changes.items():
        name = f"nndl/{module}.py"
        assert old.encode() in files[name]
        files[name] = files[name].replace(old.encode(), new.encode())
    return Submission("ada", files)


def forget_modules() -> None:
    """Forget the modules of a student's folder."""
    for name in list(sys.modules):
        if name.partition(".")[0] in {"nndl", "utils"}:
            del sys.modules[name]


def catalogued(assignment: Assignment, module: str, changes: dict[str, Any]) -> Submission:
    """The solution, but for ``module``: that is the catalogue's implementation of ``changes``."""
    lines = [
        CATALOGUE.read_text(encoding="utf-8"),
        f"for _name, _function in implementation({changes!r}).items():",
        f"    if _name.startswith({module + '.'!r}):",
        "        globals()[_name.partition('.')[2]] = _function",
        "softmax_loss = _softmax_loss",  # provided, and used by fc_net
    ]
    made = "\n".join(lines).encode()
    return _handed_in(assignment, "catalogue", f"nndl/{module}.py", made, PLUMBING)


def _handed_in(
    assignment: Assignment,
    student: str,
    name: str,
    content: bytes,
    besides: Mapping[str, bytes] = MappingProxyType({}),
) -> Submission:
    files = {each: path.read_bytes() for each, path in assignment.written.items()}
    return Submission(student, {**files, name: content, **besides})


@contextmanager
def graders(assignment: Assignment) -> Iterator[Callable[..., Grader]]:
    """``graders(*tasks)``: a grader of these tasks alone, made once, for what is graded often."""
    with ExitStack() as kept:
        yield cache(lambda *tasks: kept.enter_context(Grader(assignment, tasks)))


@contextmanager
def unit_tasks_grader(assignment: Assignment, *, diagnosing: bool = True) -> Iterator[Grader]:
    """Grades every automatic task but the training.

    Without ``diagnosing`` it knows no mistakes, and what fails costs a quarter of the time.
    """
    tasks = [task.id for task in assignment.tasks if not task.manual and task.id != "cifar10"]
    with Grader(assignment, tasks) as grader:
        if not diagnosing:
            grader._catalogue = Catalogue()
        yield grader


def lost(result: dict[str, Any]) -> dict[str, list[str]]:
    """Of every task without full marks: what its checks that didn't pass say."""
    return {
        task["id"]: [
            f"{check['name']}: {check['message']}"
            for check in task["checks"]
            if check["status"] != "passed"
        ]
        for task in result["tasks"]
        if task["status"] not in {"passed", "not_graded"}
        or (task["status"] == "passed" and task["score"] != task["max_score"])
    }
