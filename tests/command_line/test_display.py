"""What `kit check` shows of a result on a terminal and in a log."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from kit.display import show_result
from kit.results import Result


def check(name: str, status: str = "passed", **more: Any) -> dict[str, Any]:
    entry = {"name": f"test_x.py::{name}", "status": status, "points": 1.0, "documented": False}
    return entry | {"message": f"{name} says so.", "hint": f"The rule of {name}."} | more


def task(name: str, *checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    status = "failed" if any(c["status"] == "failed" for c in checks) else "passed"
    entry = {"id": name, "title": name.title(), "score": 0.0, "max_score": 3.0, "manual": False}
    return entry | {"status": status, "checks": list(checks)} | more


def shown(
    *tasks: dict[str, Any],
    width: int = 100,
    terminal: bool = False,
    examples: bool = False,
    **more: Any,
) -> str:
    result = {
        "assignment": "tiny",
        "student": "ada",
        "status": "graded",
        "versions": {},
        "score": 1.0,
        "max_score": 3.0,
        "seed": 1,
        "seconds": 0.0,
        "submission_sha256": None,
        "sandbox": [],
        "trusted": False,
        "notes": [],
        "output": "",
        "tasks": list(tasks),
    }
    screen = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False)
    show_result(screen, Result.from_dict(result | more), examples=examples)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


WRONG = check("test_unseen", "failed", expected="2", got="3", message="`y` is wrong.")
EXAMPLE = {"inputs": "x = 1", "gives": "double(x)  # gives 3", "right": "# right: 2"}
FRAME = {"file": "a.py", "line": 2, "function": "", "text": "import regex"}
NAMED = {"diagnosis": {"mistakes": ["triple"], "text": "Yours is three times x."}}


def test_the_smallest_example_is_shown_where_it_is_asked_for() -> None:
    wrong = task("double", WRONG, example=EXAMPLE)
    assert "  x = 1\n  double(x)  # gives 3\n  # right: 2\n" in shown(wrong, examples=True)
    assert "double(x)" not in shown(wrong)


def test_a_failed_check_shows_its_message_expected_and_got_and_its_rule() -> None:
    said = shown(task("double", check("test_one"), WRONG))
    for line in ("failed: 1 check", "`y` is wrong.", "expected 2, got 3"):
        assert line in said
    assert "rule: The rule of test_unseen." in said
    assert "test_one" not in said
    assert "test_x.py" not in said


def test_a_diagnosis_comes_first_and_one_of_its_effects_is_enough() -> None:
    wrong = WRONG | {"diagnosis": "triple"}
    other = wrong | {"message": "More is wrong."}
    said = shown(task("double", wrong, other, **NAMED))
    assert said.index("Yours is three times x.") < said.index("`y` is wrong.")
    assert "More is wrong." not in said
    assert "1 more check failed for the same reason." in said


def test_what_a_diagnosis_does_not_explain_is_told_as_well() -> None:
    wrong = WRONG | {"diagnosis": "triple"}
    other = check("test_more", "failed", message="More is wrong.")
    said = shown(task("double", wrong, other, **NAMED))
    assert "More is wrong." in said
    assert "for the same reason" not in said


def test_what_is_narrowed_comes_before_the_checks() -> None:
    said = shown(task("double", WRONG, narrowed="Only `y` of the two is wrong."))
    assert said.index("Only `y` of the two is wrong.") < said.index("`y` is wrong.")


def test_without_a_diagnosis_every_failure_is_told() -> None:
    said = shown(task("double", WRONG, check("test_more", "failed", message="More is wrong.")))
    assert "More is wrong." in said


def test_checks_that_say_the_same_are_told_once() -> None:
    stubs = [check(f"test_{n}", "failed", message="It is not implemented yet.") for n in range(3)]
    said = shown(task("double", *stubs))
    assert said.count("It is not implemented yet.") == 1
    assert "failed: 3 checks" in said


def test_one_exception_is_told_once_whatever_was_called() -> None:
    error = {"type": "ImportError", "message": "no regex", "trace": [FRAME]}
    checks = [
        check(
            f"test_{n}", "failed", message=f"Your `f{n}` raised ImportError: no regex", error=error
        )
        for n in range(4)
    ]
    said = shown(task("double", *checks[:2]), task("triple", *checks[2:]))
    assert said.count("no regex") == 1
    assert "It stops: Double, Triple." in said
    assert said.endswith("Next: correct a.py, line 2, which stops 2 tasks.\n")


def test_a_failure_that_follows_from_an_earlier_task_says_so() -> None:
    said = shown(task("double", check("test_one"), follows_from=["single"]))
    assert "Double: correct given your single; fix single first." in said


@pytest.mark.parametrize("width", [30, 50, 200])
def test_on_a_terminal_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = shown(task("double", WRONG, **NAMED), width=width, terminal=True).splitlines()
    assert max(len(Text.from_ansi(line)) for line in lines) <= width


def test_colour_is_for_terminals_only_and_never_against_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "\x1b[" not in shown(task("double", WRONG))
    assert "\x1b[31m" in shown(task("double", WRONG), terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown(task("double", WRONG), terminal=True)
