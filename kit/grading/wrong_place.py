"""Finds work that was not written where it is graded: in the notebook, in another file, or under
a near name.

Such work earns nothing, because only the files are graded. But the student reads what to move, and
the instructor reads what the work would earn there. A worker like any other tries that once.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from kit.checks.student import Student
from kit.course import Assignment
from kit.grading.verdicts import Verdict
from kit.intake import elsewhere
from kit.intake.elsewhere import Text, Wanted
from kit.intake.submission import Submission, sources_of
from kit.results import WrongPlace
from kit.sandbox import worker
from kit.sandbox.faults import IsolationMissing, KitFault, StudentFault
from kit.sandbox.tester.process import WarmParent
from kit.sandbox.tester.session import Session
from kit.skeleton import strip

SEARCH = Path(worker.__file__).parent / "search.py"
Run = Callable[[Mapping[str, bytes], list[str]], Sequence[Verdict]]
"""Runs checks by their names on sources."""


@dataclass(frozen=True)
class Place:
    """Where something ``wanted`` stands: in ``line`` of a text, as ``name``.

    ``code`` is the code to try in place of the text itself; empty if nothing can be tried.
    """

    wanted: Wanted
    text: Text
    name: str
    line: int
    code: str

    @property
    def sentence(self) -> str:
        """The sentence for the student."""
        name, file = self.wanted.name, self.wanted.file
        lacking = f"`{name}` is not written in {file}"
        where = f"{self.text.where}, line {self.line}"
        if self.text.where == file:
            return f"{lacking}, but `{self.name}` in line {self.line} may be it: call it `{name}`."
        if self.name == name:
            return f"{lacking}, but it stands in {where}: move it to {file}."
        return (
            f"{lacking}, but `{self.name}` in {where} may be it: move it to {file} and call it "
            f"`{name}`."
        )


def look(
    assignment: Assignment,
    submission: Submission,
    verdicts: Sequence[Verdict],
    parent: WarmParent,
    run: Run,
) -> dict[str, WrongPlace]:
    """Where the work of tasks stands, by id, for tasks all of whose checks failed for lack of it.

    The mapping is empty if that can't be found out; no grade depends on it.
    """
    failed = {verdict.check.task for verdict in verdicts}
    failed -= {verdict.check.task for verdict in verdicts if verdict.status != "failed"}
    if not failed:
        return {}
    lacking = [e for e in elsewhere.unwritten(submission.files, assignment) if e.task in failed]
    if not lacking:
        return {}
    try:
        places = _places(assignment, submission, lacking, parent)
    except IsolationMissing:
        raise
    except (KitFault, StudentFault):
        return {}
    if not places:
        return {}
    by_task = defaultdict(list)
    for place in places:
        by_task[place.wanted.task].append(place)
    tried = {task for task, found in by_task.items() if all(place.code for place in found)}
    worth = _worth(_moved(assignment, submission, places), tried, verdicts, run)
    points = {task.id: task.points for task in assignment.tasks}
    return {
        task: WrongPlace(
            " ".join(place.sentence for place in found),
            None if task not in worth else min(worth[task], points[task]),
        )
        for task, found in by_task.items()
    }


def _places(
    assignment: Assignment, submission: Submission, lacking: Sequence[Wanted], parent: WarmParent
) -> list[Place]:
    """Where ``lacking`` names stand; a worker that holds only the search finds them."""
    own = [Text(name, content) for name, content in submission.files.items()]
    texts = [*own, *sorted(submission.elsewhere, key=lambda text: text.cell)]
    number = {text.where: at for at, text in enumerate(own)}
    wanted = [
        {"name": each.name, "home": number.get(each.file), "least": each.least, "most": each.most}
        for each in lacking
    ]
    with closing(Session({SEARCH.name: SEARCH.read_bytes()}, parent)) as session:
        reply = Student(session).search.find(
            wanted,
            [np.frombuffer(text.content, np.uint8) for text in texts],
            sum(text.cell for text in texts),
            _given(assignment),
        )
    first = len(texts) - sum(text.cell for text in texts)
    return [
        Place(
            lacking[each["wanted"]],
            texts[each["text"]],
            each["name"],
            each["line"],
            reply["code"][str(min(each["text"], first))],
        )
        for each in reply["found"]
    ]


def _given(assignment: Assignment) -> list[str]:
    """The top-level names of all modules of the assignment, given or to be written."""
    texts = [assignment.given[name] for name in assignment.provided_modules]
    texts += assignment.written.values()
    return [
        node.name
        for path in texts
        if path.suffix == ".py"
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]


def _moved(
    assignment: Assignment, submission: Submission, places: Iterable[Place]
) -> dict[str, bytes]:
    """The sources of a submission with everything moved to its place."""
    sources = sources_of(assignment, submission)
    added: dict[str, dict[str, None]] = defaultdict(dict)  # each line once, in order
    for place in places:
        file, name = place.wanted.file, place.wanted.name
        where = place.text.where
        if where in submission.files and where != file:
            module = ".".join(PurePosixPath(where).with_suffix("").parts)
            added[file][f"from {module} import {place.name} as {name}"] = None
            continue
        if where != file:
            added[file][place.code] = None
        if place.name != name:
            added[file][f"{name} = {place.name}"] = None
    for file, lines in added.items():
        content = submission.files.get(file)
        if content is None:
            content = strip(assignment.written[file].read_text("utf-8"), file).encode()
        sources[file] = content + "\n\n".join(["", *lines, ""]).encode()
    return sources


def _worth(
    sources: Mapping[str, bytes],
    tasks: Collection[str],
    verdicts: Sequence[Verdict],
    run: Run,
) -> dict[str, float]:
    """The points of each task in its place, without tasks that can't be judged there."""
    names = [verdict.check.name for verdict in verdicts if verdict.check.task in tasks]
    try:
        again = run(sources, names)
    except IsolationMissing:
        raise
    except KitFault:
        return {}
    unknown = {verdict.check.task for verdict in again if verdict.status == "error"}
    return {
        task: sum(v.check.points for v in again if v.check.task == task and v.status == "passed")
        for task in tasks
        if task not in unknown
    }
