"""Proves that a release holds nothing secret, whatever way a secret may have taken into it.

These are secret: the statements of every answer region, of the suites and of the oracle; and the
parts of the notebook for the instructor: cells tagged "instructor", model answers, and the regions
that nbgrader takes out. Secrets and released text are compared as *forms*: the tokens in order,
without white space, comment marks, quotes, parentheses, commas and semicolons, and with numbers in
one spelling. So the proof finds a secret in code, in a comment, in a docstring or in a Markdown
cell, even if it is wrapped over lines or quoted differently. It does not find a secret in other
words: renamed variables, rearranged formulas. It does not read files that are not UTF-8 text.

Some statements prove nothing, because given code may rightly say the same:

- imports, ``pass`` and similar statements, bare constants (docstrings);
- statements that pass on names and constants: ``return x``, ``x, w, b = cache``, ``grads = {}``;
- statements that read a shape: ``N, D = x.shape``, ``N = x.shape[0]``;
- plain loops over a thing: ``for name, shape in shapes.items():``;
- statements of fewer than four words, where words are names, numbers, operators and subscripts:
  ``t += 1``, ``x = abs(y)``, ``if config is None:``. A single line of a longer statement needs five
  words, because it is only a part;
- in the skeleton of a file, the statements of a function *without* an answer region in the same
  file, which are given on purpose. In a function with an answer region nothing is exempt, because
  there an answer before the marker looks just like given code;
- statements of the suites that also stand outside the answer regions of ``solutions/`` (the
  catalogue of mistakes repeats whole functions).
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from keyword import iskeyword
from pathlib import Path
from typing import Any

from kit.course import Assignment, files_below, read_notebook, read_text
from kit.skeleton import parse, regions

_FEWEST_WORDS = 4
_FEWEST_WORDS_OF_A_PART = 5

_TOKEN = re.compile(
    r"(?P<number>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?(?!\w))|\w+"
    r"|\*\*=?|//=?|<<=?|>>=?|->|[-+*/%@&|^<>=!:]=|[^\w\s]"
)
_MEANINGLESS = frozenset("#()\"'`,;$")
_PUNCTUATION = frozenset(("=", ":", ".", "]", "{", "}", "->"))
_BODIES = frozenset(("body", "orelse", "finalbody", "handlers", "cases", "decorator_list"))
_NBGRADER_REGION = re.compile(
    r"BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)\b[^\n]*\n(.*?)^[^\n]*END \1\b", re.DOTALL | re.M
)


@dataclass(frozen=True)
class Secret:
    """A text that students must not read: its form, the text itself, its kind and its place."""

    form: str
    text: str
    kind: str
    where: str


def leaks(assignment: Assignment, released: Path) -> list[str]:
    """A sentence for every secret found in the files below ``released``; empty if there is none.

    Raises ReleaseError if a solution or a suite is not valid Python, or has wrong markers.
    """
    answers, given = _answers(assignment)
    hidden = [secret for secret in _suites(assignment) if secret.form not in given.anywhere]
    secrets = _without_repetition([*answers, *hidden, *_notebook(assignment)])
    found = []
    shared = assignment.builds_on.given if assignment.builds_on else {}
    for name in files_below(released):
        if name in shared:
            continue  # students have it already, and it was proved where it is from
        exempt = given.whole_functions.get(name, frozenset())
        for where, text in _texts(released / name):
            for secret in secrets:
                if secret.form not in exempt and (line := text.find(secret.form)) is not None:
                    found.append(
                        f"{name}{where}, line {line}: students would read {secret.kind}: "
                        f"`{secret.text}` ({secret.where}). Remove it, or say it in other words."
                    )
    return found


def form(snippet: str) -> str:
    """The meaningful tokens of ``snippet``, joined by single spaces."""
    return " ".join(_tokens(snippet))


def _tokens(snippet: str) -> Iterator[str]:
    # drop backslashes (Markdown escapes, continued lines): they never tell two statements apart
    for match in _TOKEN.finditer(snippet.replace("\\", "")):
        if match["number"]:
            yield repr(float(match["number"].replace("_", "")))
        elif match[0] not in _MEANINGLESS:
            yield match[0]


def _words(normal: str) -> int:
    tokens = normal.split(" ")
    return sum(token not in _PUNCTUATION and not iskeyword(token) for token in tokens if token)


# Secrets


@dataclass(frozen=True)
class _Given:
    """Forms of the statements that ``solutions/`` gives openly, outside its answer regions."""

    anywhere: frozenset[str]
    whole_functions: dict[str, frozenset[str]]


def _answers(assignment: Assignment) -> tuple[list[Secret], _Given]:
    secrets: list[Secret] = []
    anywhere: set[str] = set()
    whole_functions = {}
    for name in assignment.student_files:
        path = assignment.written[name]
        source = read_text(path)
        tree = parse(source, name)
        marked = regions(source, name)
        mixed = [
            range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        mixed = [lines for lines in mixed if any(region.begin in lines for region in marked)]
        whole = set()
        for node in _statements(tree):
            region = next((region for region in marked if node.lineno in region), None)
            if region:
                where = f"{path.relative_to(assignment.root)}, line {node.lineno}"
                kind = f"an answer of task {region.task}"
                secrets += _of_statement(node, source, kind, where)
            else:
                anywhere.add(form(_header(node)))
                if not any(node.lineno in lines for lines in mixed):
                    whole.add(form(_header(node)))
        whole_functions[name] = frozenset(whole)
    return secrets, _Given(frozenset(anywhere), whole_functions)


def _suites(assignment: Assignment) -> Iterator[Secret]:
    for name in files_below(assignment.suites):
        if name.endswith(".py"):
            source = read_text(assignment.suites / name)
            file = f"autograder/{assignment.name}/{name}"
            for node in _statements(parse(source, file)):
                yield from _of_statement(
                    node, source, "a line of the unseen checks", f"{file}, line {node.lineno}"
                )


def _notebook(assignment: Assignment) -> Iterator[Secret]:
    for cell in assignment.document["cells"]:
        where = f"source/{assignment.name}/{assignment.notebook.name}, cell {cell.get('id')}"
        source = "".join(cell["source"])
        cut_by_nbgrader = [match[2] for match in _NBGRADER_REGION.finditer(source)]
        if "instructor" in cell["metadata"].get("tags", ()):
            kind, parts = "a cell for the instructor", [source]
        elif cut_by_nbgrader:
            kind, parts = "a part for the instructor", cut_by_nbgrader
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            kind, parts = "a model answer", [source]
        else:
            continue
        for part in parts:
            if cell["cell_type"] == "code" and (tree := _parsed(part)).body:
                for node in _statements(tree):
                    yield from _of_statement(node, part, kind, where)
            else:
                for prose in (*part.splitlines(), *re.split(r"(?<=[.!?])\s|\n\s*\n", part)):
                    yield from _secret(prose.rstrip(" .!?:"), _FEWEST_WORDS_OF_A_PART, kind, where)


def _of_statement(node: ast.stmt, source: str, kind: str, where: str) -> Iterator[Secret]:
    """The secrets in a statement, or in the header of a compound one: itself and its lines."""
    if _is_ordinary(node):
        return
    yield from _secret(_header(node), _FEWEST_WORDS, kind, where)
    last = max(getattr(part, "end_lineno", None) or 0 for part in ast.walk(_head(node)))
    if last > node.lineno:
        for line in source.splitlines()[node.lineno - 1 : last]:
            code, _, _comment = line.partition("#")
            yield from _secret(code, _FEWEST_WORDS_OF_A_PART, kind, where)


def _secret(text: str, fewest_words: int, kind: str, where: str) -> Iterator[Secret]:
    normal = form(text)
    if _words(normal) >= fewest_words:
        yield Secret(normal, " ".join(text.split()), kind, where)


def _without_repetition(secrets: Iterable[Secret]) -> list[Secret]:
    by_form: dict[str, Secret] = {}
    for secret in secrets:
        by_form.setdefault(secret.form, secret)
    return list(by_form.values())


# Statements


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _header(node: ast.stmt) -> str:
    """A simple statement, or the part of a compound one before its body, in one spelling."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test)  # to the parser, `elif` is an `if` as well
    return ast.unparse(_head(node)).removesuffix(":")


def _head(node: ast.stmt) -> ast.stmt:
    fields = {name: [] if name in _BODIES else value for name, value in ast.iter_fields(node)}
    return type(node)(**fields, lineno=node.lineno)


def _is_ordinary(node: ast.stmt) -> bool:
    """Whether a statement's kind alone makes it prove nothing (the module says which and why)."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal():
            return True
        case ast.Expr(value=value) | ast.Return(value=value):
            return value is None or _passes_on(value)
        case ast.Assign(targets=[target], value=value):
            return _passes_on(target) and (_passes_on(value) or _reads_shape(value))
        case ast.For(iter=ast.Name() | ast.Attribute() | ast.Call(args=[], keywords=[])):
            return True
    return False


def _passes_on(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return all(map(_passes_on, elements))
        case ast.Dict(keys=[]):
            return True
    return False


def _reads_shape(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr == "shape"


# What is released


class _Text:
    """A released text as one form, which still knows the line of each part."""

    def __init__(self, snippets: Iterable[tuple[int, str]]) -> None:
        pairs = [(number, normal) for number, snippet in snippets if (normal := form(snippet))]
        self._lines = [number for number, _ in pairs]
        self._starts = list(accumulate((len(normal) + 1 for _, normal in pairs), initial=1))
        self._form = " ".join(["", *(normal for _, normal in pairs), ""])

    def find(self, wanted: str) -> int | None:
        """The line at which the form ``wanted`` begins, or None."""
        position = self._form.find(f" {wanted} ")
        return None if position < 0 else self._lines[bisect_right(self._starts, position + 1) - 1]


def _texts(file: Path) -> Iterator[tuple[str, _Text]]:
    """The texts in a released file, each with words for its place in the file."""
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    if file.suffix == ".ipynb":
        document = read_notebook(file)
        for cell in document["cells"]:
            for string in _strings(cell):
                yield f", cell {cell.get('id')}", _text(string)
        content = "\n".join(_strings(document.get("metadata")))
    yield "", _text(content)


def _text(content: str) -> _Text:
    # once as written, and once as parsed, because parsing drops comments inside a statement
    tree = _parsed(content)
    snippets = list(enumerate(content.split("\n"), start=1))
    return _Text(snippets + [(node.lineno, _header(node)) for node in _statements(tree)])


def _parsed(text: str) -> ast.Module:
    """The syntax tree of ``text``; an empty tree if it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # prose looks odd to a parser
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # null characters, deep nesting
        return ast.Module(body=[], type_ignores=[])


def _strings(node: Any) -> Iterator[str]:
    """Every string in a piece of JSON; as in nbformat, a list of strings is one text."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        if all(isinstance(value, str) for value in node):
            yield "".join(node)
        else:
            for value in node:
                yield from _strings(value)
