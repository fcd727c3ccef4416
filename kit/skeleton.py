"""Makes the skeleton that students receive: a solved file without its answers.

Two comments mark an answer region, both indented like the code between them::

    # YOUR CODE HERE: accuracy
    ...
    # END YOUR CODE HERE
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kit.course import CourseError

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_BEGIN = re.compile(r"(?P<indent>[ \t]*)# YOUR CODE HERE: (?P<task>[\w-]+)")
_END = re.compile(r"[ \t]*# END YOUR CODE HERE")
_RESEMBLES_MARKER = re.compile(r"\s*#.*YOUR\s+CODE\s+HERE", re.IGNORECASE)


class ReleaseError(CourseError):
    """The release cannot be built, or must not be published; the text says what to fix."""


@dataclass(frozen=True)
class Region:
    """One answer region: its task, the lines of its two markers (counted from 1), its indent."""

    task: str
    begin: int
    end: int
    indent: str

    def __contains__(self, line: int) -> bool:
        return self.begin < line < self.end


def strip(source: str, filename: str, instead: str = "") -> str:
    r"""``source`` with every answer replaced by a statement that names its task.

    The statement raises NotImplementedError, with the text ``instead`` if that is given.
    ``filename`` is the file's name for students, such as ``nndl/losses.py``. The result compiles,
    and its lines end with ``\n``. Raises ReleaseError, with file and line, if a marker is
    unbalanced, nested, unnamed, misspelt, or outside any function.
    """
    tree = parse(source, filename)
    lines = _lines(source)
    for region in reversed(regions(source, filename)):
        function = _enclosing_function(tree, region, filename)
        message = instead or f"task {region.task}: write `{function}` in {filename}."
        lines[region.begin : region.end - 1] = [
            f'{region.indent}raise NotImplementedError("{message}")'
        ]
    skeleton = "\n".join(lines).rstrip("\n") + "\n"
    try:
        compile(skeleton, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ReleaseError(
            f"{filename}: without its answers the file does not compile: {error.msg}, at line "
            f"{error.lineno} of the skeleton. Let each answer region hold whole statements."
        ) from error
    return skeleton


def solved(source: str, filename: str) -> str:
    """``source`` with its answers, without the marks around them; raises ReleaseError as above."""
    lines = _lines(source)
    for region in reversed(regions(source, filename)):
        del lines[region.end - 1], lines[region.begin - 1]
    return "\n".join(lines)


def regions(source: str, filename: str) -> list[Region]:
    """The answer regions of ``source`` in order; raises ReleaseError as ``strip`` does."""
    found: list[Region] = []
    begun: re.Match[str] | None = None
    begin = 0
    for number, line in enumerate(_lines(source), start=1):
        if not _RESEMBLES_MARKER.match(line):
            continue
        where = f"{filename}, line {number}"
        if opening := _BEGIN.fullmatch(line):
            if begun:
                raise ReleaseError(
                    f"{where}: an answer region begins inside the region that began at line "
                    f"{begin}. End that one first."
                )
            begun, begin = opening, number
        elif _END.fullmatch(line):
            if not begun:
                raise ReleaseError(f"{where}: this marker ends an answer region that never began.")
            found.append(Region(begun["task"], begin, number, begun["indent"]))
            begun = None
        else:
            raise ReleaseError(
                f"{where}: {line.strip()!r} is not a valid marker. Write '# YOUR CODE HERE: <task "
                "id>' or '# END YOUR CODE HERE', and nothing else on the line."
            )
    if begun:
        raise ReleaseError(
            f"{filename}, line {begin}: the answer region that begins here never ends. "
            "Add '# END YOUR CODE HERE' after it."
        )
    return found


def places(source: str, filename: str) -> list[tuple[str, str]]:
    """The task of each answer region and the function it is in; raises as ``strip`` does."""
    tree = parse(source, filename)
    return [
        (region.task, _enclosing_function(tree, region, filename))
        for region in regions(source, filename)
    ]


def parse(source: str, filename: str) -> ast.Module:
    """``source`` as a syntax tree; raises ReleaseError, with file and line, if it can't parse."""
    try:
        return ast.parse(source, filename)
    except SyntaxError as error:
        raise ReleaseError(
            f"{filename}, line {error.lineno}: this is not valid Python: {error.msg}."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:  # null characters, deep nesting
        raise ReleaseError(f"{filename}: Python can't read this: {error}.") from error


def _lines(source: str) -> list[str]:
    # not str.splitlines, which also breaks at form feeds: line numbers would differ from ast's
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _enclosing_function(tree: ast.Module, region: Region, filename: str) -> str:
    scopes = [scope for scope in _scopes(tree) if scope[1].lineno < region.begin <= _end(scope[1])]
    if not scopes or isinstance(scopes[-1][1], ast.ClassDef):
        raise ReleaseError(
            f"{filename}, line {region.begin}: the answer region is outside any function, so "
            "importing the skeleton would fail. Put it inside one."
        )
    return scopes[-1][0]


def _scopes(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Scope]]:
    """Every function and class below ``node`` with its qualified name, outer ones first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Scope):
            yield prefix + child.name, child
            yield from _scopes(child, f"{prefix}{child.name}.")
        else:
            yield from _scopes(child, prefix)


def _end(node: Scope) -> int:
    assert node.end_lineno is not None  # ast.parse always sets it
    return node.end_lineno
