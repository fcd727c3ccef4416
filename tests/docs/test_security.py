"""docs/security.md promises nothing that no test would notice."""

from __future__ import annotations

import re

import pytest

from tests.support.defences import DEFENCES, ROOT, Defence

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
PROMISES = [
    line.split("|")[1].strip()
    for line in PAGE.partition("| promise |")[2].partition("## ")[0].splitlines()[2:]
    if line.startswith("|")
]


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_has_a_defence_that_was_taken_out(promise: str) -> None:
    assert [each for each in DEFENCES if promise.startswith(each.promise)]


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_each_defence_is_where_the_list_says(defence: Defence) -> None:
    assert (ROOT / defence.file).read_text("utf-8").count(defence.there) == 1
    assert any(promise.startswith(defence.promise) for promise in PROMISES)


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_each_test_is_there(defence: Defence) -> None:
    for file, name in re.findall(r"(tests/\S+\.py)(?:::(\w+))?", defence.test):
        assert (
            f"class {name}" in (ROOT / file).read_text("utf-8") if name else (ROOT / file).is_file()
        )
