"""The report pages in a real browser: Chromium, as it is installed; nothing is downloaded.

What the pages look like is kept in build/screenshots/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kit.report.visible import Unseen
from kit.report.writer import write
from tests.support.browser import chromium
from tests.support.course import ROOT
from tests.support.report import HOSTILE, SCRIPT, class_of, write_all

PHONE, DESKTOP = 390, 1280
SCREENSHOTS = ROOT / "build/screenshots"
MADE = class_of(60)
CLASS = [*MADE[:10], *(MADE[number] for number in (15, 18, 19, 30, 59))]
"""Of each kind of submission one, and of some more; a browser takes its time with each."""
STUDENTS = len(CLASS)
NONE = "\N{EN DASH}"
"""In the place of a number that there is not."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a class in which every kind of submission occurs."""
    folder = tmp_path_factory.mktemp("class")
    write_all(CLASS, folder / "results")
    write("optimization", folder / "results", folder / "report", Unseen.FULL)
    return folder / "report"


@dataclass
class Opened:
    """A page, and what it did that a page of a report must not do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, path: Path) -> None:
        self.page.goto(path.as_uri())
        self.requests.remove(self.page.url)  # the page itself


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Opened]:
    """One window for all tests: to open one takes longer than most of them."""
    context = browser.new_context()
    watched = Opened(context.new_page())
    watched.page.on("console", lambda message: watched.complaints.append(message.text))
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.on("dialog", lambda dialog: watched.complaints.append("a dialog opened"))
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    yield watched
    context.close()


@pytest.fixture
def opened(window: Opened) -> Opened:
    """A desktop's empty window, of which is noted what its page complains of and asks for."""
    window.page.goto("about:blank")
    window.page.set_viewport_size({"width": DESKTOP, "height": 900})
    window.page.emulate_media(media="null", color_scheme="null")
    window.complaints.clear()
    window.requests.clear()
    return window


@pytest.fixture(autouse=True)
def quiet(opened: Opened) -> Iterator[None]:
    """Nothing but the page itself is loaded, and nothing complains."""
    yield
    assert opened.complaints == []
    assert opened.requests == []


def student(report: Path, name: str) -> Path:
    """The page of the student whose name has ``name`` in it."""
    (found,) = [path for path in (report / "students").iterdir() if name in path.name]
    return found


def shown(page: Page) -> list[str]:
    """The names in the table of submissions, from top to bottom."""
    return page.eval_on_selector_all(
        "#submissions tbody tr:not([hidden]) th", "cells => cells.map(c => c.innerText.trim())"
    )


def column(page: Page, number: int) -> list[str]:
    return page.eval_on_selector_all(
        f"#submissions tbody tr > :nth-child({number})", "cells => cells.map(c => c.innerText)"
    )


class TestPages:
    """Both pages open quietly, fit the window, and can be read by everyone."""

    @pytest.fixture(params=["class", "student", "excused", "rejected", "hostile", "error"])
    def which(self, request: pytest.FixtureRequest, report: Path) -> tuple[str, Path]:
        names = {
            "student": "allen_barbara_26",
            "excused": "dijkstra_edsger_55",
            "rejected": "turing_ada_1",
            "hostile": "Bobby",
            "error": "knuth_ada_4",
        }
        kind = str(request.param)
        page = report / "index.html" if kind == "class" else student(report, names[kind])
        return kind, page

    @pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
    def test_it_fits_the_window_and_axe_finds_nothing(
        self, opened: Opened, which: tuple[str, Path], width: int, scheme: str
    ) -> None:
        """Every page has one heading of the first rank, and is kept as a picture."""
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        opened.go(which[1])
        assert opened.page.locator("h1").count() == 1
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        path = SCREENSHOTS / f"{which[0]}-{width}-{scheme}.png"
        opened.page.screenshot(path=path, full_page=True)
        assert path.stat().st_size > 10_000
        opened.page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
        found = Axe().run(opened.page)
        told = [
            f"{each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]
        ]
        assert told == []

    def test_all_of_it_is_there_on_paper(self, opened: Opened, which: tuple[str, Path]) -> None:
        opened.page.set_viewport_size({"width": 760, "height": 1000})
        opened.page.emulate_media(media="print", color_scheme="dark")
        opened.go(which[1])
        paper = "getComputedStyle(document.body).backgroundColor"
        assert opened.page.evaluate(paper) == "rgb(255, 255, 255)"
        ink = opened.page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g)")
        assert all(int(part) < 80 for part in ink)
        assert opened.page.evaluate("document.documentElement.scrollWidth") == 760
        assert opened.page.locator(".tools:visible").count() == 0
        assert opened.page.evaluate(
            "[...document.querySelectorAll('details')].every(d => "
            "  [...d.children].slice(1).every(c => c.checkVisibility({contentVisibilityAuto: true})"
            "    && c.getBoundingClientRect().height > 0))"
        )


class TestHostile:
    """What a submission wrote is text."""

    @pytest.mark.parametrize("place", ["index.html", "Bobby"])
    def test_nothing_of_it_runs(self, opened: Opened, report: Path, place: str) -> None:
        opened.go(report / place if place == "index.html" else student(report, place))
        opened.page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
        assert opened.page.title() != "run"
        assert opened.page.locator("img").count() == 0
        text = opened.page.inner_text("body")
        assert HOSTILE in text
        assert SCRIPT in text

    def test_a_script_that_were_in_the_page_would_not_run(
        self, browser: Browser, report: Path, tmp_path: Path
    ) -> None:
        html = (report / "index.html").read_text("utf-8")
        page = tmp_path / "page.html"
        page.write_text(html.replace("<main>", f"<main>{SCRIPT}", 1), "utf-8")
        tab = browser.new_page()
        tab.goto(page.as_uri())
        assert tab.title() != "run"
        assert tab.locator("#shown").inner_text() == f"{STUDENTS} of {STUDENTS} shown"
        tab.close()

    def test_every_link_of_the_class_page_leads_to_a_page(
        self, opened: Opened, report: Path
    ) -> None:
        opened.go(report / "index.html")
        links = opened.page.eval_on_selector_all(
            "#submissions a", "links => links.map(link => [link.innerText, link.href])"
        )
        assert len({href for _, href in links}) == STUDENTS
        for name, href in links[:4]:
            opened.page.goto(href)
            opened.requests.remove(opened.page.url)
            assert opened.page.inner_text("h1") == f"Feedback for {name}"


class TestTable:
    """The table of submissions can be sorted and filtered, and read without a script."""

    def test_it_is_sorted_by_a_column_both_ways(self, opened: Opened, report: Path) -> None:
        opened.go(report / "index.html")
        heading = opened.page.locator("#submissions th", has_text="points")
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == "ascending"
        scores = [float(score) for score in column(opened.page, 3) if score != NONE]
        assert scores == sorted(scores)
        assert column(opened.page, 3)[0] == NONE
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == "descending"
        scores = [float(score) for score in column(opened.page, 3) if score != NONE]
        assert scores == sorted(scores, reverse=True)

    def test_a_task_is_sorted_by_points_whatever_the_sign(
        self, opened: Opened, report: Path
    ) -> None:
        opened.go(report / "index.html")
        opened.page.get_by_role("button", name="adam").click()
        cells = [cell.split() for cell in column(opened.page, 8)]
        assert {cell[0] for cell in cells} == {NONE, "!", "✓", "✗"}
        points = [float(cell[1]) for cell in cells if len(cell) == 2]
        assert points == sorted(points)
        assert points[0] < points[-1]

    def test_it_is_sorted_with_the_keyboard_and_by_name_again(
        self, opened: Opened, report: Path
    ) -> None:
        opened.go(report / "index.html")
        first = shown(opened.page)
        headings = opened.page.locator("#submissions th").get_by_role("button")
        headings.nth(2).focus()
        opened.page.keyboard.press("Enter")
        assert shown(opened.page) != first
        opened.page.get_by_role("button", name="student").press("Space")
        again = [name for name in shown(opened.page) if name.isascii() and name[0].isalpha()]
        assert again == sorted(again, key=lambda name: [*name.split("_")[:2]])
        assert opened.page.locator("[aria-sort]").count() == 1

    def test_it_fits_its_box(self, opened: Opened, report: Path) -> None:
        """On a usual screen nobody has to scroll it sideways."""
        opened.go(report / "index.html")
        box = "document.querySelector('.scroll.tall')"
        wide, has = (opened.page.evaluate(f"{box}.{n}") for n in ("scrollWidth", "clientWidth"))
        assert wide <= has

    def test_it_is_searched(self, opened: Opened, report: Path) -> None:
        opened.go(report / "index.html")
        opened.page.get_by_label("Search").fill("TURING")
        names = shown(opened.page)
        assert names
        assert all("turing" in name for name in names)
        assert opened.page.inner_text("#shown") == f"{len(names)} of {STUDENTS} shown"

    def test_a_known_mistake_can_be_searched(self, opened: Opened, report: Path) -> None:
        opened.go(report / "index.html")
        opened.page.get_by_label("Search").fill("momentum sign")
        wanted = [r["student"] for r in CLASS if '"momentum_sign"' in _text(r)]
        assert sorted(shown(opened.page)) == sorted(wanted)

    @pytest.mark.parametrize("status", ["graded", "rejected", "error"])
    def test_it_is_filtered_by_status(self, opened: Opened, report: Path, status: str) -> None:
        opened.go(report / "index.html")
        opened.page.get_by_label("Show").select_option(status)
        wanted = [r["student"] for r in CLASS if r["status"] == status]
        assert sorted(shown(opened.page)) == sorted(wanted)

    def test_it_is_filtered_by_a_failed_task_also_when_sorted(
        self, opened: Opened, report: Path
    ) -> None:
        opened.go(report / "index.html")
        opened.page.locator("#submissions th").get_by_role("button").nth(2).click()
        opened.page.get_by_label("Failed").select_option(label="Adam")
        wanted = [
            r["student"]
            for r in CLASS
            if any(task["id"] == "adam" and task["status"] == "failed" for task in r["tasks"])
        ]
        assert sorted(shown(opened.page)) == sorted(wanted)

    def test_without_a_script_it_is_whole(self, browser: Browser, report: Path) -> None:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto((report / "index.html").as_uri())
        assert page.locator("#submissions tbody tr").count() == STUDENTS
        assert not page.locator("#tools").is_visible()
        context.close()

    @pytest.mark.slow
    def test_a_thousand_rows_are_sorted_and_searched(self, opened: Opened, tmp_path: Path) -> None:
        results = class_of(1005)
        write_all(results, tmp_path / "results")
        write("optimization", tmp_path / "results", tmp_path / "report", nameless=True)
        opened.go(tmp_path / "report/index.html")
        opened.page.locator("#submissions th").get_by_role("button").first.click()
        assert shown(opened.page) == [f"Student {number:03}" for number in range(1, 1006)]
        opened.page.get_by_label("Search").fill("student 1004")
        assert shown(opened.page) == ["Student 1004"]


def _text(result: object) -> str:
    return repr(result).replace("'", '"')
