"""Explains to beginners why a file is not Python, where Python's own message does not help.

This module reads a file as bytes and lines. It never compiles the file: only the worker does. A
remark changes no points; it stands beside the verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_OTHER_KINDS = {
    b"PK\3\4": "a zip archive",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF document",
    b"{\\rtf": "a rich text document",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"\xd0\xcf\x11\xe0": "a Word document",
}
TAB = "\t"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+", re.MULTILINE)
_LONG_STRING = re.compile(r'""".*?"""|\'\'\'.*?\'\'\'', re.DOTALL)
_PYTHON_2 = {
    "print without parentheses": re.compile(r"print[ \t]+[\"'`\w]"),
    "except with a comma": re.compile(r"except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:"),
    "raise with a comma": re.compile(r"raise[ \t]+[A-Z]\w*[ \t]*,"),
}
_LONG_LINE = 1000
"""Nobody types a longer line. The limit also stops crafted lines from slowing the patterns."""


def remarks(name: str, content: bytes) -> list[str]:
    """Sentences on problems with the file ``name``; usually none, rarely more than one."""
    for remark in (_empty, _other_kind, _undecodable):
        sentence = remark(name, content)
        if sentence:
            return [sentence]
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    checks = [check for check, sign in _CHECKS.items() if sign.search(text)]
    if not checks:
        return []
    # docstrings are prose; their line breaks stay, so that line numbers stay right
    code = _LONG_STRING.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")
    lines = [line if len(line) < _LONG_LINE else "" for line in code]
    return [sentence for check in checks if (sentence := check(name, lines))]


def _empty(name: str, content: bytes) -> str:
    return "" if content.strip() else f"{name} is empty."


def _other_kind(name: str, content: bytes) -> str:
    """A sentence if the file is of another kind, saved under the name of a module."""
    begin = content[:100].lstrip().lower()
    for magic, kind in _OTHER_KINDS.items():
        if begin.startswith(magic.lower()):
            return f"{name} is {kind}, not Python: hand in the module itself."
    zeros = max(content[:200:2].count(0), content[1:200:2].count(0))
    if content.startswith(_UTF_16) or zeros > len(content[:200]) // 4:
        return f"{name} is UTF-16 text, which Python can't read: save it as UTF-8."
    if begin.startswith(b"{") and b'"cells"' in content and b'"nbformat"' in content:
        return (
            f"{name} is a Jupyter notebook, not Python: hand in a module "
            "(in Jupyter: File, Save and Export as, Executable Script)."
        )
    return ""


def _undecodable(name: str, content: bytes) -> str:
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        return f"{name} is damaged: line {line} holds a NUL byte. Save the file again."
    if _COOKIE.search(b"\n".join(content[:_LONG_LINE].split(b"\n", 2)[:2])):
        return ""  # the file names its encoding, and Python's own message explains the problem
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        return f"{name} is not UTF-8 text (byte 0x{byte:02x} in line {line}): save it as UTF-8."
    return ""


def _conflict(name: str, lines: Sequence[str]) -> str:
    began = None
    for number, line in enumerate(lines, start=1):
        if line.startswith("<<<<<<< "):
            began = began or number
        elif line.startswith(">>>>>>> ") and began:
            return (
                f"{name} holds a merge conflict (lines {began} to {number}): keep one of the two "
                "versions, and delete the lines with <<<<<<<, ======= and >>>>>>>."
            )
    return ""


def _python_2(name: str, lines: Sequence[str]) -> str:
    for number, line in enumerate(lines, start=1):
        statement = line.lstrip()
        if not statement.startswith(("print", "except", "raise")):
            continue  # for speed: most lines end here, before the slower patterns
        for what, pattern in _PYTHON_2.items():
            if pattern.match(statement):
                return f"{name} looks like Python 2 ({what} in line {number}): write Python 3."
    return ""


def _mixed_indentation(name: str, lines: Sequence[str]) -> str:
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        code = line.lstrip(" \t")
        for kind in set(line[: len(line) - len(code)]) if code else ():
            first.setdefault(kind, number)
    if len(first) < 2:
        return ""
    return (
        f"{name} is indented with tabs (line {first[TAB]}) and with spaces (line {first[' ']}): "
        "use four spaces everywhere."
    )


_CHECKS = {
    _conflict: re.compile("<<<<<<< "),
    _python_2: re.compile("|".join(pattern.pattern for pattern in _PYTHON_2.values())),
    _mixed_indentation: re.compile(TAB),
}
"""Checks of the lines; a check runs only on a text that matches its pattern."""
