"""A result as a file: always the same bytes, of the documented form, and read back whole."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest

from kit import results
from kit.results import (
    CheckResult,
    Diagnosis,
    Frame,
    Raised,
    Result,
    SmallExample,
    TaskResult,
    WrongPlace,
)

SCHEMA = json.loads((Path(__file__).parents[1] / "docs/results.schema.json").read_text("utf-8"))
ZEROS = "0" * 64
CHECK = (
    '{"name": "a.py::test_one", "status": "failed", "points": 3.0, "documented": true, '
    '"message": "`y` is wrong.", "hint": "y = 2 x", "expected": "2", "got": "3", '
    '"error": {"type": "ValueError", "message": "no \\u00e9", "trace": [{"file": "nndl/work.py", '
    '"line": 3, "function": "double", "text": "raise"}]}, "diagnosis": "one+two", '
    '"measured": {"loss_by_step": [3, 2.5]}}'
)
TASK = (
    f'{{"id": "double", "title": "Double", "score": 0.0, "max_score": 3.0, "manual": false, '
    f'"status": "failed", "checks": [{CHECK}], '
    '"diagnosis": {"mistakes": ["one", "two"], "text": "Two things at once."}, '
    '"follows_from": ["single"], "wrong_place": {"text": "It is elsewhere.", "would_get": null}, '
    '"narrowed": "Only `y` is wrong.", '
    '"example": {"inputs": "x = 1", "gives": "double(x)  # gives 3", "right": "# right: 2"}}'
)
REST = '"score": null, "max_score": 1.0, "manual": true, "status": "not_graded", "checks": []'
FULL = f"""{{
  "schema_version": 1,
  "assignment": "tiny",
  "student": "ada",
  "status": "graded",
  "versions": {{"kit": "0.1.0", "python": "3.11.7", "numpy": "2.0.0", "course": "c"}},
  "score": 0.0,
  "max_score": 3.0,
  "seed": 7,
  "seconds": 0.25,
  "submission_sha256": "{ZEROS}",
  "elsewhere_sha256": "{ZEROS}",
  "sandbox": [
    "rlimits",
    "seccomp"
  ],
  "trusted": false,
  "message": "What happened.",
  "notes": [],
  "output": "",
  "tasks": [
    {TASK},
    {{"id": "essay", "title": "Essay", {REST}}}
  ]
}}
"""
"""A file with every field that there is, in the order in which it is written."""


@pytest.fixture
def full(tmp_path: Path) -> Result:
    (tmp_path / "ada.json").write_text(FULL, encoding="utf-8")
    return results.read(tmp_path / "ada.json")


def test_a_file_is_read_and_written_without_a_byte_of_difference(
    full: Result, tmp_path: Path
) -> None:
    results.write(full, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == FULL.encode()


def test_what_is_not_so_is_left_out_of_the_file(full: Result) -> None:
    task = full.tasks[0]
    check = CheckResult("a.py::test_one", "passed", 3.0, False, "Passed.", "y = 2 x")
    plain = replace(
        full,
        elsewhere_sha256=None,
        message=None,
        tasks=(TaskResult(task.id, task.title, 3.0, 3.0, False, "passed", (check,)),),
    )
    data = plain.as_dict()
    jsonschema.validate(data, SCHEMA)
    assert set(data) == set(SCHEMA["required"])
    assert set(data["tasks"][0]) == set(SCHEMA["$defs"]["task"]["required"])
    assert set(data["tasks"][0]["checks"][0]) == set(SCHEMA["$defs"]["check"]["required"])


def test_the_types_have_the_fields_of_the_schema() -> None:
    task, check = SCHEMA["$defs"]["task"]["properties"], SCHEMA["$defs"]["check"]["properties"]
    for kind, documented in (
        (Result, SCHEMA["properties"]),
        (TaskResult, task),
        (Diagnosis, task["diagnosis"]["properties"]),
        (WrongPlace, task["wrong_place"]["properties"]),
        (SmallExample, task["example"]["properties"]),
        (CheckResult, check),
        (Raised, check["error"]["properties"]),
        (Frame, check["error"]["properties"]["trace"]["items"]["properties"]),
    ):
        assert {field.name for field in fields(kind)} == set(documented), kind


def test_it_has_the_documented_form_and_travels_between_processes(full: Result) -> None:
    jsonschema.validate(json.loads(FULL), SCHEMA)
    assert pickle.loads(pickle.dumps(full)) == full
    assert Result.from_dict(full.as_dict()) == full


@pytest.mark.parametrize("lacking", ["tasks", "student", "notes"])
def test_a_file_that_lacks_something_is_no_result(full: Result, lacking: str) -> None:
    data = full.as_dict()
    del data[lacking]
    with pytest.raises((KeyError, TypeError)):
        Result.from_dict(data)


def test_text_is_made_harmless_only_where_it_must_be() -> None:
    assert results.printable("plain é") == "plain é"
    assert results.printable("a\x1b[31m\nb\tc") == "a\\x1b[31m\nb\tc"
    assert results.printable("abcdef", 3) == "abc… (3 more characters)"
