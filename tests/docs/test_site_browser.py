"""The documentation in a browser, opened as files: it fetches nothing, and its tools work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium

COPIED = """block => {
    block.setAttribute("data-md-copying", "");  // as the theme does while it reads what to copy
    const text = block.innerText;
    block.removeAttribute("data-md-copying");
    return text;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(color_scheme="dark")
    opened.set_default_timeout(120_000)
    yield opened
    opened.close()


def test_no_page_asks_another_host(site: Path, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("index.html", "instructors.html", "security.html", "commands.html"):
        page.goto((site / name).as_uri(), wait_until="networkidle")
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_search_finds_a_page(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").fill("seccomp")
    expect(page.locator(".md-search-result__link").first).to_be_visible(timeout=120_000)
    found = page.locator(".md-search-result__link").evaluate_all("links => links.map(l => l.href)")
    assert any("security.html" in link for link in found)


def test_it_is_dark_where_the_reader_likes_it_dark(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_what_is_copied_is_the_commands(site: Path, page: Page) -> None:
    """Of a console block neither the prompts nor the output."""
    page.goto((site / "new-assignment.html").as_uri())
    blocks = page.locator(".language-console pre code")
    copied = [block.evaluate(COPIED) for block in blocks.all()]
    shown = [block.inner_text() for block in blocks.all()]
    assert any("kit release losses" in text for text in copied)
    for text, before in zip(copied, shown, strict=True):
        lines = [line for line in text.splitlines() if line]
        assert lines
        assert [line for line in lines if line.startswith("$")] == []
        assert len(lines) <= before.count("$ ") + before.count("\n> ") + before.count("#")
