"""How often a known mistake is named when it is handed in with an unrelated, unknown one.

    .venv/bin/python benchmarks/diagnosis.py [--jobs 2]

Each known mistake of `optimization` is handed in with each of two mistakes in the same task that
the catalogue does not know: a wrong default (or what a task without defaults has in its place) and
wrong numbers for arrays of one shape. Printed is for how many the known mistake was named, for how
many something else was, and for how many nothing was.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kit.batch import pool
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.intake.submission import Submission
from kit.limits import Limits
from kit.release import coverage
from kit.results import Result
from kit.sandbox import host
from kit.skeleton import regions

ROOT = Path(__file__).resolve().parents[1]
RULE = {
    "default": """
def {name}(w, dw, config=None, _known={name}):
    config = {{}} if config is None else config
    config.setdefault("learning_rate", 0.03)
    return _known(w, dw, config)
""",
    "shape": """
def {name}(w, dw, config=None, _known={name}):
    next_w, config = _known(w, dw, config)
    return (next_w + 0.01 if w.ndim == 1 else next_w), config
""",
}
FORWARD = """
def {name}(x, *others, _known={name}):
    out, cache = _known(x, *others)
    return (out + 0.01 if x.ndim == {dimensions} else out), cache
"""
BACKWARD = """
def {name}(dout, cache, _known={name}):
    dx, dw, db = _known(dout, cache)
    return dx, dw, db{what}
"""
UNKNOWN: dict[str, dict[str, str]] = {
    **{
        rule: {kind: text.format(name=rule) for kind, text in RULE.items()}
        for rule in ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")
    },
    "affine_forward": {
        "default": FORWARD.format(name="affine_forward", dimensions=2),
        "shape": FORWARD.format(name="affine_forward", dimensions=4),
    },
    "affine_backward": {
        "default": BACKWARD.format(name="affine_backward", what=" + 0.01"),
        "shape": BACKWARD.format(name="affine_backward", what="").replace(
            "dw, db\n", "1.1 * dw, db\n"
        ),
    },
    "relu_forward": {
        "default": FORWARD.format(name="relu_forward", dimensions=1),
        "shape": FORWARD.format(name="relu_forward", dimensions=2),
    },
    "relu_backward": {
        "default": """
def relu_backward(dout, cache, _known=relu_backward):
    dx = _known(dout, cache)
    return dx + 0.01 if cache.ndim == 1 else dx
""",
        "shape": """
def relu_backward(dout, cache, _known=relu_backward):
    dx = _known(dout, cache)
    return dx + 0.01 if cache.ndim == 2 else dx
""",
    },
    "affine_relu": {
        "default": FORWARD.format(name="affine_relu_forward", dimensions=2),
        "shape": BACKWARD.format(name="affine_relu_backward", what=" + 0.01"),
    },
    "fc_net": {
        "default": """
class FullyConnectedNet(FullyConnectedNet):
    def __init__(self, hidden_dims, *others, **named):
        super().__init__(hidden_dims, *others, **named)
        if "weight_scale" not in named:
            self.params["b1"] = self.params["b1"][None]
""",
        "shape": """
class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        answer = super().loss(X, y)
        if y is None or self.num_layers != 3:
            return answer
        return answer[0] + 0.01, answer[1]
""",
    },
}
"""By task and kind, what is put after the module that holds the known mistake."""


def main() -> None:
    """Grade them all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=len(host.cores()), help="processes that grade")
    jobs = parser.parse_args().jobs
    assignment = Assignment(ROOT, "optimization")
    known = catalogue.load(assignment)
    tasks = tuple(task.id for task in assignment.tasks if task.id in UNKNOWN)
    settings = pool.Settings(assignment, Limits(), tasks)
    counted: dict[str, Counter[str]] = {task: Counter() for task in tasks}
    for result in pool.grade_all(settings, _handed_in(assignment, known), jobs):
        name, _, _ = result.student.partition("+")
        counted[known.tasks[name]][_outcome(result, known.tasks[name], name)] += 1
    for task, outcomes in [*counted.items(), ("all", sum(counted.values(), Counter()))]:
        print(task, *(f"{what} {count}" for what, count in sorted(outcomes.items())), sep="  ")


def _handed_in(assignment: Assignment, known: catalogue.Catalogue) -> Iterator[Submission]:
    for name, task in known.tasks.items():
        for kind, text in UNKNOWN[task].items():
            made = coverage.made(assignment, known, name)
            files = dict(made.files)
            for path in assignment.student_files:  # beside them lies what the catalogue imports
                solved = (assignment.solutions / path).read_text("utf-8")
                if task in {region.task for region in regions(solved, path)}:
                    files[path] += text.encode()
            yield Submission(f"{name}+{kind}", files)


def _outcome(result: Result, task: str, name: str) -> str:
    """What became of the known mistake ``name``."""
    (entry,) = (each for each in result.tasks if each.id == task)
    named = [] if entry.diagnosis is None else list(entry.diagnosis.mistakes)
    if not named:
        return "not named"
    if named == [name]:
        return "named"
    return "named with another" if name in named else "another named"


if __name__ == "__main__":
    main()
