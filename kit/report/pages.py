"""Turns what there is to say into HTML: each page one file that loads nothing.

Every text is escaped by the templates; the few places where HTML is made in Python escape first.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from kit import feedback
from kit.feedback import number, without_surrogates
from kit.finals import Final
from kit.report.arrange import arrange
from kit.report.curve import words
from kit.report.overview import (
    Measure,
    Overview,
    cells_of,
    made_by,
    overview,
    values_of,
)
from kit.report.pictures import Picture, histogram
from kit.report.visible import Shown
from kit.results import Result, TaskResult

MARK = b'<meta name="generator" content="nndl-kit report">'
"""Stands near the top of every page, and tells our pages from other files."""
STUDENTS = "students"
STATUS = {
    "passed": "✓ passed",
    "failed": "✗ to fix",
    "error": "! not checked",
    "not_graded": "\N{EN DASH} not graded",
    "graded": "✓ graded",
    "rejected": "✗ rejected",
}
_CODE = re.compile(r"`([^`\n]+)`")


def student_page(shown: Shown, final: Final | None = None) -> bytes:
    """The page of one student; ``final`` is what the submission is worth, where that is known."""
    result = shown.result
    return _bytes(
        _template("student.html.jinja").render(
            view=arrange(result),
            result=result,
            withheld=shown.withheld,
            final=final if final is not None and final.complete else None,
        )
    )


def class_page(
    results: Sequence[Result],
    pages: Mapping[str, str],
    finals: Mapping[str, Final] | None = None,
    texts: Mapping[str, str] | None = None,
    *,
    nameless: bool,
) -> bytes:
    """The page of the class; ``pages`` are the file names of the students' pages.

    ``texts`` are what students read of known mistakes, by id.
    """
    found = overview(results, texts)
    script = _text("table.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _bytes(
        _template("class.html.jinja").render(
            class_=found,
            assignment=results[0].assignment,
            pictures=_pictures(found),
            hrefs={student: f"{STUDENTS}/{quote(name)}" for student, name in pages.items()},
            nameless=nameless,
            finals={student: final for student, final in (finals or {}).items() if final.complete},
            script=Markup(script),  # noqa: S704 (a file of the kit)
            script_hash=f"sha256-{digest}",
        )
    )


def _pictures(found: Overview) -> list[tuple[str, Picture]]:
    """What is drawn of a class, each with its heading."""
    drawn = []
    if found.scores:
        picture = histogram(found.scores, name="scores", label="points", top=found.max_score)
        drawn.append(("Scores", picture))
    for place, (name, measure) in enumerate(found.measures.items()):
        heading = words(name)
        drawn.append((heading.capitalize(), _measure(f"measured{place}", heading, measure)))
    if found.seconds:
        picture = histogram(found.seconds, name="seconds", label="seconds")
        drawn.append(("Time to run", picture))
    return drawn


def _measure(name: str, label: str, measure: Measure) -> Picture:
    return histogram(measure.values, name=name, label=label, needed=measure.needed)


def _badge(result: Result) -> str:
    """The status of a submission, for the class page."""
    return "! not graded" if feedback.failed_us(result) else STATUS[result.status]


def _correct_given(earlier: Sequence[TaskResult]) -> Markup:
    """The sentence on a task that is correct given ``earlier`` ones, which it links to."""
    links = [Markup('<a href="#task-{}">{}</a>').format(task.id, task.title) for task in earlier]
    first = feedback.first_to_fix([task.title for task in earlier])
    return Markup(feedback.CORRECT_GIVEN).format(names=Markup(" and ").join(links), first=first)  # noqa: S704 (a constant)


def _code(text: str) -> Markup:
    """``text`` escaped, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped first)


def _breakable(text: str) -> Markup:
    """A name that may go on in the next line after an underscore."""
    return escape(text).replace("_", Markup("_<wbr>"))


def _several(count: int, one: str, many: str = "") -> str:
    """``3 submissions``, ``1 submission``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@cache
def _template(name: str) -> Template:
    return environment().get_template(name)


@cache
def environment() -> Environment:
    """The templates of the pages, with the filters and texts that they use."""
    made = Environment(
        loader=PackageLoader("kit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": _code, "points": _points, "several": _several, "words": words}
    made.filters |= {"breakable": _breakable}
    made.globals |= {
        "STATUS": STATUS,
        "MARK": Markup(MARK.decode()),  # noqa: S704 (a constant)
        "style": Markup(_text("style.css")),  # noqa: S704 (a file of the kit)
        "needs_a_person": feedback.needs_a_person,
        "code_without_points": feedback.code_without_points,
        "training_cause": feedback.training_cause,
        "badge": _badge,
        "why_no_grade": feedback.why_no_grade,
        "GRADER_FAILED": feedback.GRADER_FAILED,
        "correct_given": _correct_given,
        "made_by": made_by,
        "cells_of": cells_of,
        "values_of": values_of,
    }
    return made


def _points(value: float | None) -> str:
    """Points without needless zeros; a dash where a fault of ours left none."""
    return "\N{EN DASH}" if value is None else number(value)


def _text(name: str) -> str:
    return (files("kit.report") / "templates" / name).read_text("utf-8")


def _bytes(page: str) -> bytes:
    return without_surrogates(page).encode()
