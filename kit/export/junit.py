"""Results as JUnit XML, which CI systems show: a suite is a student, a case a check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kit import feedback
from kit.feedback import explain, number
from kit.results import Result

_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILURES = {"failed": "failure", "error": "error"}


def export(results: Iterable[Result]) -> bytes:
    """An XML document, in UTF-8, with a suite for each result.

    The score stands among the suite's properties; after an ``error`` it is not there.
    """
    root = Element("testsuites")
    for result in results:
        root.append(_suite(result))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(result: Result) -> Element:
    suite = Element("testsuite", name=_valid(result.student), time=f"{result.seconds:.3f}")
    properties = SubElement(suite, "properties")
    for name, value in _properties(result):
        SubElement(properties, "property", name=_valid(name), value=_valid(value))
    suite.extend(_cases(result))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _properties(result: Result) -> Iterator[tuple[str, str]]:
    yield "assignment", result.assignment
    yield "status", result.status
    if result.score is not None:
        yield "score", number(result.score)
    yield "max_score", number(result.max_score)
    for task in result.tasks:
        if task.score is not None and feedback.judged(task):
            yield f"{task.id}.score", number(task.score)
        yield f"{task.id}.max_score", number(task.max_score)


def _cases(result: Result) -> Iterator[Element]:
    if result.message is not None:  # nothing was run: one case says so
        case = _case(result.assignment, "submission")
        kind = "error" if feedback.failed_us(result) else "failure"
        _say(case, kind, result.status, result.message)
        yield case
    for task in result.tasks:
        for check in task.checks:
            case = _case(task.id, check.name)
            if check.status != "passed":
                _say(case, _FAILURES[check.status], check.status, explain(check, task))
            yield case
        if task.status == "not_graded":
            case = _case(task.id, task.title)
            SubElement(case, "skipped", message=feedback.why_not_graded(task))
            yield case


def _case(classname: str, name: str) -> Element:
    # results hold the time of the whole, which stands at the suite; readers want some time here
    return Element("testcase", classname=_valid(classname), name=_valid(name), time="0")


def _say(case: Element, kind: str, type_: str, text: str) -> None:
    first = text.partition("\n")[0]
    SubElement(case, kind, type=type_, message=_valid(first)).text = _valid(text)


def _valid(text: str) -> str:
    """``text`` without the characters that XML can't hold, not even escaped."""
    return _INVALID.sub("", text)
