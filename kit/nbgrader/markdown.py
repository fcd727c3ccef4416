"""Renders Markdown for nbgrader's pages (feedback, formgrader) so that it is text, never HTML.

nbconvert's own filter passes HTML, scripts included, through; on these pages the text is a
student's, and in formgrader the reader is logged in as the instructor.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


@pass_context
def to_html(context: Context, source: str) -> str:
    """``source`` as HTML, in which the only markup is that of Markdown."""
    attachments = context.get("cell", {}).get("attachments", {})
    return str(MarkdownWithMath(renderer=_Renderer(attachments)).render(source))


class _Renderer(IPythonRenderer):
    def __init__(self, attachments: dict[str, dict[str, str]]) -> None:
        super().__init__(
            escape=True,
            allow_harmful_protocols=False,
            attachments=attachments,
            exclude_anchor_links=True,
        )

    def block_mermaidjs(self, code: str) -> str:
        """A diagram as its text, for its program would be run."""
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An image that came with the notebook; of any other its address, which is not called."""
        name = url.removeprefix("attachment:")
        if name in self.attachments if url.startswith("attachment:") else _beside(url):
            return str(super().image(text, url, title))
        return f"[{escape(text)}: {escape(url)}]"


def _beside(url: str) -> bool:
    """Whether ``url`` is that of a file beside the notebook or below."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    outside = parts.scheme or parts.netloc or parts.query or parts.path.startswith(("/", "\\"))
    return bool(parts.path) and not outside and ".." not in parts.path
