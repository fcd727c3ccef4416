"""Writes the examples with which students see what works, from the suites' data files.

They go to assignments that give students ``utils/check.py``, as ``utils/examples.json`` beside it.
A task's documented call (``kit.checks.documented``) is its first example. More are in
``examples.json`` beside the suites::

    "adder": [
     {"says": "two steps in a row",
      "given": {"x": {"draw": [2, 3], "seed": 1}, "state": {}},
      "do": ["a, state = sums.add(x, state)", "b, state = sums.add(x, state)"],
      "unchanged": ["x"],
      "right": ["a", "b", "state.total"]}
    ]

- ``do``: calls, one after another.
- ``right``: names of values; the right functions of the catalogue of mistakes say what they are.
- ``unchanged``: arguments that no call may change.
- ``same``: pairs of names that must be equal.
- ``shapes``: values of which only the shape is looked at.
- ``types``: the type of numbers of a value, as ``{"y": "float32"}``; ``spread``: the standard
  deviation of random numbers around 0.
- ``"dropped": {"out": {"share": 0.3, "within": 0.1, "of": "x"}}``: a value whose entries are 0 with
  a probability, and x / (1 - share) elsewhere.

``{"draw": [2, 3], "seed": 1}`` stands for numbers from 0.2 to 1.2 of either sign, drawn once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kit.checks import documented
from kit.course import Assignment, Task, of_course
from kit.grading import earlier
from kit.grading.diagnosis import catalogue
from kit.provided import load_beside

CHECK = "utils/check.py"
DIGITS = 9
"""Significant digits of what is right: more than the students' check looks at."""
NOTHING = 1e-12
"""What is smaller is 0: rounding differs from machine to machine."""


def write(assignment: Assignment, release: Path) -> None:
    """Write the examples into ``release``, if what is given there can read them.

    Raises CourseError where that file, or one beside the suites, can't be used.
    """
    if not (release / CHECK).is_file():
        return
    made = json.dumps(content(assignment, release), ensure_ascii=False)
    # a line for each task: a change of one is seen as that
    text = made.replace('{"id": ', '\n{"id": ') + "\n"
    (release / CHECK).with_name("examples.json").write_text(text, encoding="utf-8", newline="\n")


def content(assignment: Assignment, release: Path) -> dict[str, Any]:
    """What the file says: the assignment's files, and the examples of each task."""
    check: Any = load_beside(release, "utils.check")
    builds_on = earlier.load(assignment).tasks
    own = [task.id for task in assignment.tasks]
    examples = _examples(assignment, check)
    return {
        "assignment": assignment.name,
        "notebook": assignment.notebook.name,
        "files": list(assignment.student_files),
        "given": list(assignment.provided_modules),
        "tasks": [
            {
                "id": task.id,
                "kind": _kind(task, examples.get(task.id, [])),
                "calls": [each for each in builds_on.get(task.id, ()) if each in own],
                "examples": examples.get(task.id, []),
            }
            for task in assignment.tasks
        ],
    }


def _kind(task: Task, examples: list[dict[str, Any]]) -> str:
    if task.manual:
        return "answer"
    return "examples" if examples else "training"


def _examples(assignment: Assignment, check: Any) -> dict[str, list[dict[str, Any]]]:
    """The examples by task."""
    found: dict[str, list[dict[str, Any]]] = {}
    for task, entry in documented.entries(assignment.suites / "documented.json").items():
        found.setdefault(task, []).append(of_documented(entry))
    path = assignment.suites / "examples.json"
    authored = documented.entries(path)
    if authored:
        assignment.require(authored)
        with of_course(path, "used"):
            right = catalogue.module(assignment).implementation({})
            for task, examples in authored.items():
                found.setdefault(task, []).extend(_filled(each, check, right) for each in examples)
    return found


def of_documented(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The example that a documented call is."""
    inputs, returns = entry["inputs"], entry["returns"]
    arguments = ", ".join(f"{name}={name}" for name in inputs)
    dicts = [name for name, value in inputs.items() if documented.whole(value).__class__ is dict]
    holder = next((name for name in dicts if name in returns), dicts[0] if dicts else "")
    return {
        "says": "the notebook's example",
        "documented": True,
        "given": inputs,
        "do": [f"{', '.join(returns)} = {entry['function']}({arguments})"],
        "right": {
            name if name in returns else f"{holder}.{name}": value
            for name, value in entry["expected"].items()
        },
    }


def _filled(example: Mapping[str, Any], check: Any, right: Mapping[str, Any]) -> dict[str, Any]:
    """An authored example, with its numbers drawn and what is right."""
    filled = {**example, "given": {k: _drawn(value) for k, value in example["given"].items()}}
    values, _ = check.carried_out(filled, right.__getitem__)
    if "right" in example:
        filled["right"] = {
            path: _rounded(check.named(path, values)[path.rpartition(".")[2]])
            for path in example["right"]
        }
    if "shapes" in example:
        filled["shapes"] = {
            path: list(check.named(path, values)[path.rpartition(".")[2]].shape)
            for path in example["shapes"]
        }
    for name, rule in example.get("dropped", {}).items():
        kept = values[rule["of"]] / (1 - rule["share"])
        limits = {"share": rule["share"], "within": rule["within"]}
        filled["dropped"] = {name: {**limits, "kept": _rounded(kept)}}
    return filled


def _drawn(entry: Any) -> Any:
    """The entry with what it draws in it."""
    if not isinstance(entry, dict):
        return entry
    if entry.keys() != {"draw", "seed"}:
        return {name: _drawn(value) for name, value in entry.items()}
    rng = np.random.default_rng(entry["seed"])
    sizes, signs = rng.uniform(0.2, 1.2, entry["draw"]), rng.choice([-1.0, 1.0], entry["draw"])
    return (sizes * signs).round(2).tolist()


def _rounded(value: Any) -> Any:
    """Numbers as the file keeps them."""
    if isinstance(value, int):
        return value
    numbers = np.asarray(value, np.float64)
    rounded = [
        0.0 if abs(number) < NOTHING else float(f"{number:.{DIGITS}g}") for number in numbers.flat
    ]
    return np.reshape(rounded, numbers.shape).tolist()
