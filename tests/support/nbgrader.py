"""A course with submissions for nbgrader's own commands, which are run in this process."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from jupyter_core.application import NoStart
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderApp

from kit.batch import pool
from kit.course import Assignment
from tests.support.course import ROOT, SOLUTION, write_course

WRONG = SOLUTION.replace("return 2 * x", "return 3 * x")
HOSTILE = SOLUTION.replace("return 2 * x", "raise ValueError('<script>alert(0)</script>')")
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
SCRIPT = "<script>alert(1)</script>"


def native_course(root: Path) -> Assignment:
    """The tiny course with the real wiring into nbgrader."""
    assignment = write_course(root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return assignment


def hand_in(course: Assignment, student: str, work: str | None, notebook: Any = None) -> Path:
    """A submission in ``submitted/``, of the notebook as it was released where none is given."""
    folder = course.root / "submitted" / student / course.name
    (folder / "nndl").mkdir(parents=True)
    if work is not None:
        (folder / "nndl/work.py").write_text(work)
    (folder / "tiny.ipynb").write_text(json.dumps(notebook or document(course)))
    return folder


def document(course: Assignment) -> dict[str, Any]:
    """The notebook as a student gets it, with an answer to the written question."""
    notebook: dict[str, Any] = json.loads((course.release / "tiny.ipynb").read_text())
    notebook["cells"][-1]["source"] = "An answer with **weight**."
    return notebook


def nbgrader(course: Assignment, *arguments: str) -> int:
    """The exit code of an nbgrader command, run in the course's folder."""
    environment, path = dict(os.environ), list(sys.path)
    app = NbGraderApp.instance()
    try:
        with chdir(course.root), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of nbgrader's and nbconvert's own
            app.initialize(list(arguments))
            with suppress(NoStart):  # how a subcommand ends
                app.start()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        pool.close()
        app.reset()
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
    return 0


@contextmanager
def opened(course: Assignment) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "nndl") as book:
        yield book


def scores(course: Assignment, student: str) -> dict[str, tuple[float | None, float | None, bool]]:
    """By task: the automatic score, the manual one, and whether a person must look."""
    with opened(course) as book:
        notebook = book.find_submission_notebook("tiny", "tiny", student)
        return {
            grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            for grade in notebook.grades
        }


def give(course: Assignment, student: str, task: str, score: float) -> None:
    """What formgrader does when a person enters a score."""
    with opened(course) as book:
        grade = book.find_grade(task, "tiny", "tiny", student)
        grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()


def hostile_notebook(course: Assignment) -> dict[str, Any]:
    """A notebook that attacks its reader in every place where a page shows something of it."""
    notebook = document(course)
    attack = f"\"'><svg onload=alert(2)>{SCRIPT}"
    markdown = [
        SCRIPT,
        f"text {SCRIPT} <img src=x onerror=alert(3)> <a href='javascript:alert(4)'>x</a>",
        f"# {attack}",
        "[x](javascript:alert(5)) [y](data:text/html;base64,PHNjcmlwdD4=) <javascript:alert(6)>",
        f"```mermaid\n</pre>{SCRIPT}\n```",
        f"```{attack}\n{SCRIPT}\n```",
        f"$${SCRIPT}$$ and ${SCRIPT}$\n\n\\begin{{align}}{SCRIPT}\\end{{align}}",
        '![a" onerror="alert(7)](x.png \'t" onerror="alert(8)\')',
        "![spy](http://evil.example/spy.png) ![near](../../api/spy) ![none](attachment:none.png)",
        "![svg](attachment:a.svg) ![odd](attachment:odd) ![fine](attachment:fine.png)",
    ]
    outputs = [
        {"output_type": "stream", "name": attack, "text": SCRIPT + "\x1b[31m\x1b]0;title\x07"},
        {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [SCRIPT]},
        *(
            {"output_type": "display_data", "data": {kind: attack}, "metadata": {}}
            for kind in (
                "text/html",
                "text/markdown",
                "text/latex",
                "text/plain",
                "image/svg+xml",
                "image/png",
                "application/javascript",
                "application/vnd.jupyter.widget-view+json",
                attack,
            )
        ),
        {
            "output_type": "display_data",
            "data": {"image/png": PNG},
            "metadata": {"image/png": {"width": attack}, "filenames": {"image/png": attack}},
        },
        {"output_type": attack},
    ]
    odd = {"tags": [attack], "magics_language": attack, "raw_mimetype": "text/html"}
    attachments = {
        "a.svg": {"image/svg+xml": attack},
        "odd": {f"image/png{attack}": PNG},
        "fine.png": {"image/png": PNG, "image/svg+xml": attack},
    }
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": odd, "source": text, "attachments": attachments}
        for text in markdown
    ]
    cells.append({"cell_type": "raw", "metadata": odd, "source": SCRIPT})
    for claimed in (attack, "double"):
        cells.append(
            {
                "cell_type": "code",
                "metadata": {**odd, "nbgrader": {"grade_id": claimed, "grade": attack}},
                "source": f"%%html\n{SCRIPT}",
                "execution_count": attack,
                "outputs": outputs,
            }
        )
    for number, cell in enumerate(cells):
        cell["id"] = attack if number % 2 else "same"
    notebook["cells"] = [*cells, *notebook["cells"]]
    notebook["metadata"] = {
        "title": attack,
        "kernelspec": {"name": attack, "display_name": attack, "language": attack},
        "language_info": {"name": attack, "pygments_lexer": attack},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": attack}},
    }
    return notebook


def active(page: str) -> set[str]:
    """All in a page that a browser would run or fetch without being asked, and odd links."""
    found = set()
    for element in BeautifulSoup(page, "html.parser").find_all(True):
        if element.name in {"script", "iframe", "object", "embed", "svg", "form", "base", "meta"}:
            found.add(str(element))
        for name, value in element.attrs.items():
            address = str(value).strip().lower()
            if name.startswith("on") or name in {"style", "srcdoc"}:
                found.add(f"{element.name} {name}={value}")
            if name in {"src", "data", "background"} and not address.startswith(
                ("data:image/png;base64,", "data:image/jpeg;base64,")
            ):
                found.add(f"{element.name} {name}={value}")
            if name == "href" and address.partition(":")[0] in {"javascript", "data", "vbscript"}:
                found.add(f"{element.name} {name}={value}")
    return found
