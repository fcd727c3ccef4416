"""Makes the results of a class that nobody taught: every kind of submission, in known numbers.

The same number of students gives the same results. They have the form of docs/results.schema.json.
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

Result = dict[str, Any]

SCRIPT = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
HOSTILE = '<b>Bobby</b> & "Co" <script>alert(1)</script> {{ 7*7 }} ../x'

# task, title, points, checks: name, points, whether it is documented, rule
TASKS: list[tuple[str, str, float, list[tuple[str, float, bool, str]]]] = [
    (
        "affine_forward",
        "Affine layer, forward",
        4,
        [
            ("test_documented", 1, True, "`out = x·w + b`, with the numbers of the notebook."),
            ("test_vectors", 1, False, "`out = x·w + b`: (N, D)·(D, M) + (M,) gives (N, M)."),
            ("test_images", 2, False, "Each example is flattened to one row of D numbers first."),
        ],
    ),
    (
        "affine_backward",
        "Affine layer, backward",
        6,
        [
            ("test_dx", 2, False, "`dx = dout·wᵀ`, in the shape of x."),
            ("test_dw", 2, False, "`dw = xᵀ·dout`, with each example of x flattened to one row."),
            ("test_db", 2, False, "`db = Σₙ dout`: the sum over the examples, of shape (M,)."),
        ],
    ),
    (
        "fc_net",
        "Fully connected network",
        15,
        [
            ("test_names_and_shapes", 3, False, "`params` holds W1, b1, ..., WL, bL."),
            ("test_scores", 4, False, "`net.loss(X)` without y: affine and ReLU in turn."),
            ("test_regularized_loss", 3, False, "`loss += reg/2 · Σ W²` over the weights."),
            ("test_gradients", 5, False, "`grads` holds the derivative by each W and b."),
        ],
    ),
    (
        "sgd_momentum",
        "SGD with momentum",
        10,
        [
            ("test_documented", 3, True, "`v ← μv - ηg;  w ← w + v`, with the notebook's numbers."),
            ("test_steps", 4, False, "`v ← μv - ηg;  w ← w + v`: the new v is stored."),
            ("test_defaults", 3, False, "What config lacks has a default: `η = 1e-2, μ = 0.9`."),
        ],
    ),
    (
        "adam",
        "Adam",
        15,
        [
            ("test_documented", 4, True, "`w ← w - η·v̂ / (√â + ε)`, as in the notebook."),
            ("test_steps", 6, False, "`t ← t+1; v ← β₁v + (1-β₁)g; a ← β₂a + (1-β₂)g²`."),
            ("test_epsilon", 5, False, "ε is added to the root: `√â + ε`, not `√(â + ε)`."),
        ],
    ),
    ("comparison", "What the comparison shows", 10, []),
    (
        "cifar10",
        "50% on CIFAR-10",
        10,
        [("test_reaches_half", 10, False, "Your net reaches 50% of the validation images.")],
    ),
]
MISTAKES = {
    "adam": [
        (
            "adam_uncorrected",
            "The step uses v and a as they are stored. Divide them by `1 - β₁ᵗ` and `1 - β₂ᵗ` "
            "first: at the beginning both are still near zero, and without the correction the "
            "first steps are far too small.",
        ),
        (
            "epsilon_inside",
            "ε stands inside the square root. Add it to the root instead: `√â + ε`.",
        ),
    ],
    "sgd_momentum": [
        (
            "momentum_sign",
            "The velocity is subtracted. It already holds the minus of the gradient: `w ← w + v`.",
        )
    ],
    "affine_forward": [
        ("bias_forgotten", "The bias is not added: `out = x·w + b`."),
    ],
}
GIVEN = "Ada Alan Barbara Claude Donald Edsger Frances Grace John Katherine Leslie Margaret".split()
FAMILY = "Lovelace Turing Liskov Shannon Knuth Dijkstra Allen Hopper Backus Johnson".split()


def names(count: int) -> list[str]:
    """So many different names; the first ones are odd."""
    odd = [HOSTILE, "a name with # and % and ?", "Zoë Ångström", "x" * 100]
    made = [
        f"{FAMILY[n % len(FAMILY)]}_{GIVEN[n // len(FAMILY) % len(GIVEN)]}_{n}".lower()
        for n in range(count)
    ]
    return [*odd, *made][:count]


def class_of(count: int) -> list[Result]:
    """The results of ``count`` students, of which the first are of every kind there is."""
    return [_result(name, place, random.Random(place)) for place, name in enumerate(names(count))]


def write_all(results: list[Result], folder: Path) -> Path:
    """Results as files, named as safely as ``kit grade`` does; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, result in enumerate(results):
        (folder / f"{place}.json").write_text(json.dumps(result))
    return folder


def _result(student: str, place: int, rng: random.Random) -> Result:
    if place % 15 == 5:
        return _ungraded(student, "rejected", "None of the files to hand in was found.", 0.0)
    if place % 30 == 6:
        return _ungraded(student, "error", "It could not be read (Input/output error).", None)
    if place == 0:
        tasks = [_hostile(task) for task in TASKS]
    elif place % 15 == 7:
        tasks = [_skeleton(task) for task in TASKS]
    elif place == 8:
        tasks = [_half_checked(task) for task in TASKS]
    else:
        skill = rng.choice([0.75, 0.9, 0.97, 1.0])
        tasks = [_task(task, skill, rng) for task in TASKS]
        _follow(tasks)
    error = any(task["status"] == "error" for task in tasks)
    return {
        **_head(student, "error" if error else "graded"),
        "score": None if error else sum(task["score"] for task in tasks),
        "max_score": sum(task["max_score"] for task in tasks if not task["manual"]),
        "seed": rng.randrange(2**48),
        "seconds": round(rng.uniform(9, 40), 3),
        "submission_sha256": hashlib.sha256(student.encode()).hexdigest(),
        "sandbox": ["rlimits", "seccomp"],
        "notes": _notes(student, place),
        "output": SCRIPT + "\n" if place == 0 else "epoch 1\nepoch 2\n" * (place % 3),
        "tasks": tasks,
    }


def _notes(student: str, place: int) -> list[str]:
    if place == 0:
        return [f"{SCRIPT}.py was left out."]
    return [f"hw_{student}.zip: Canvas marks it as late."] if place % 20 == 9 else []


def _head(student: str, status: str) -> Result:
    return {
        "schema_version": 1,
        "assignment": "optimization",
        "student": student,
        "status": status,
        "versions": {"kit": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "course": "b5b6b007"},
        "trusted": False,
    }


def _ungraded(student: str, status: str, message: str, score: float | None) -> Result:
    return {
        **_head(student, status),
        "score": score,
        "max_score": 60.0,
        "seed": None,
        "seconds": 0.0,
        "submission_sha256": None,
        "sandbox": [],
        "message": message,
        "notes": [],
        "output": "",
        "tasks": [_entry(task, []) for task in TASKS],
    }


def _entry(task: Any, checks: list[dict[str, Any]]) -> dict[str, Any]:
    """A task with its checks, scored as ``kit.results`` does."""
    task_id, title, points, _ = task
    statuses = {check["status"] for check in checks}
    status = next((s for s in ("error", "failed", "passed") if s in statuses), "not_graded")
    earned = float(sum(check["points"] for check in checks if check["status"] == "passed"))
    return {
        "id": task_id,
        "title": title,
        "score": None if status == "error" else earned,
        "max_score": float(points),
        "manual": not task[3],
        "status": status,
        "checks": checks,
    }


def _check(task: Any, number: int, status: str = "passed", **fields: Any) -> dict[str, Any]:
    name, points, documented, hint = task[3][number]
    module = "".join(part.capitalize() for part in task[0].split("_"))
    return {
        "name": f"test_{task[0]}.py::Test{module}::{name}",
        "status": status,
        "points": float(points),
        "message": "Passed.",
        "hint": hint,
        "documented": documented,
    } | fields


def wrong(name: str, expected: str, got: str) -> dict[str, Any]:
    """What a check says that found another number."""
    return {
        "status": "failed",
        "message": f"`{name}` after step 1 of 5 is wrong at [2, 0].",
        "expected": expected,
        "got": got,
    }


def _task(task: Any, skill: float, rng: random.Random) -> dict[str, Any]:
    if task[0] == "cifar10":
        return _training(task, rng)
    known = rng.choice(MISTAKES[task[0]]) if task[0] in MISTAKES else None
    fails = bool(task[3]) and rng.random() > skill
    checks = []
    for number in range(len(task[3])):
        bad = fails and (number > 0 or rng.random() < 0.5)
        fields = wrong("next_w", f"{rng.gauss(0, 1):.9f}", f"{rng.gauss(0, 1):.9f}") if bad else {}
        checks.append(_check(task, number, **fields))
        if bad and known:
            checks[-1]["diagnosis"] = known[0]
    entry = _entry(task, checks)
    if fails and known:
        entry["diagnosis"] = {"mistakes": [known[0]], "text": known[1]}
    return entry


def _training(task: Any, rng: random.Random) -> dict[str, Any]:
    last = rng.gauss(51, 3)
    curve = [round(last - 14 / (n + 1) + 14 / 6 + rng.gauss(0, 0.5), 1) for n in range(6)]
    measured = {
        "needed_percent": 50.0,
        "validation_accuracy_percent_by_epoch": curve,
        "validation_accuracy_percent": max(curve),
        "training_seconds": round(rng.uniform(8, 35), 1),
    }
    fields: dict[str, Any] = {"measured": measured}
    if max(curve) < 50:
        said = f"After 6 epochs the net classifies at most {max(curve)}% of the images, 50% needed."
        fields |= {"status": "failed", "message": said}
    return _entry(task, [_check(task, 0, **fields)])


def _follow(tasks: list[dict[str, Any]]) -> None:
    """Where only the forward pass is wrong, what follows differs too and has its points."""
    first, second = tasks[0], tasks[1]
    if first["status"] == "failed":
        said = "Passed: what differs here follows from the mistake in `affine_forward` alone."
        second["checks"] = [_check(TASKS[1], n, message=said) for n in range(len(TASKS[1][3]))]
        second |= {"status": "passed", "score": second["max_score"]}
        second["follows_from"] = ["affine_forward"]


def _raised(kind: str, message: str, file: str, line: int, text: str) -> dict[str, Any]:
    frame = {"file": file, "line": line, "function": "adam", "text": text}
    return {
        "status": "failed",
        "message": f"Your `adam` raised {kind}: {message}",
        "error": {"type": kind, "message": message, "trace": [frame]},
    }


def _hostile(task: Any) -> dict[str, Any]:
    """Everything that a submission can put into a result is markup."""
    raised = _raised(SCRIPT, SCRIPT, SCRIPT, 1, f"raise ValueError({SCRIPT!r})")
    long = wrong(SCRIPT, SCRIPT, "y" * 900) | {"message": f"`{SCRIPT}` " + "z" * 1500}
    checks = [_check(task, n, **(raised if n % 2 else long)) for n in range(len(task[3]))]
    return _entry(task, checks)


def _skeleton(task: Any) -> dict[str, Any]:
    say = f"task {task[0]}: write `{task[0]}` in nndl/optim.py."
    raised = _raised("NotImplementedError", say, "nndl/optim.py", 28, "raise NotImplementedError")
    raised["message"] = f"Your `{task[0]}` is not implemented yet: {say}"
    return _entry(task, [_check(task, number, **raised) for number in range(len(task[3]))])


def _half_checked(task: Any) -> dict[str, Any]:
    """A fault of ours in one task, and the rest passed."""
    fault = (
        "This check could not be carried out, by a fault of the grader and not of the submission."
    )
    fields = {"status": "error", "message": fault} if task[0] == "adam" else {}
    return _entry(task, [_check(task, number, **fields) for number in range(len(task[3]))])
