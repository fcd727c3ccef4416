"""Says in one sentence which parts of the answers to a failed task are wrong, and in which calls.

It runs in a worker and builds on `compared.table`. The sentence states what is so in every call
that the checks made, and never a guess at the cause. Where nothing tells right from wrong there is
no sentence. See docs/decisions/0018-narrowed.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from circumstances import ORDER, Circumstances, circumstances, complete, phrase
from compared import AFTERWARDS, KEPT, MISSING, RAISED, Call, Parts, table

Key = tuple[str, str]
"""A function and a part of its answer."""
Names = Mapping[str, Mapping[str, Any]]
AFTER = AFTERWARDS.format("")
LAST, EARLIER = " of the last layer", " of the layers before the last"
_NUMBERED = re.compile(r'(.*\["\D+)(\d+)("\].*)')
MANY = 4
"""So many parts are not listed one by one if they are all of a value, or all but the wrong ones."""


MOST_SPLITS = 2
OF_ALL = frozenset({"dims", "dtype", "single", "square"})
"""What arrays have in common, so that one of them stands for all."""
FEWEST = 2
"""Fewer right calls than this show nothing that they have in common."""


class Row(NamedTuple):
    """A call with the parts of its answer, and what its inputs are like."""

    check: str
    number: int
    """Which of the calls of the check it is."""
    function: str
    parts: Parts
    inputs: Circumstances

    def right(self, wrong: Collection[Key]) -> bool | None:
        """Whether all is right; False where one of the ``wrong`` parts is wrong."""
        if any(good is False and is_in(key, wrong) for key, good in self.keyed()):
            return False
        return True if all(self.parts.values()) else None

    def keyed(self) -> Iterable[tuple[Key, bool | None]]:
        """The parts with the function."""
        return (((self.function, part), good) for part, good in self.parts.items())


def whole(key: Key) -> Key:
    """The returned value that a part stands in: `grads` for ``grads["W1"]``."""
    return key[0], re.sub(r"[\[,].*| of the .*", "", key[1])


def is_in(key: Key, wrong: Collection[Key]) -> bool:
    """Whether a part, or the whole value that it stands in, is among ``wrong``."""
    return key in wrong or whole(key) in wrong


class Split(NamedTuple):
    """What tells right calls from wrong ones: a circumstance of some inputs, and its values."""

    kind: str
    names: tuple[str, ...]
    right: frozenset[Any]
    wrong: frozenset[Any]


class Statement(NamedTuple):
    """What is said of a task, all of which is so in the calls that its checks made."""

    right: tuple[Key, ...]
    """Parts that are right in all calls."""
    every: bool
    """Whether every call could be judged. What is drawn can't be, nor what follows from it."""
    wrong: tuple[Key, ...]
    """Parts that are wrong in some call."""
    only: bool
    """Whether nothing else is wrong in any call."""
    times: tuple[int, int]
    """In how many calls one of ``wrong`` is wrong, and in how many one of them occurs."""
    first: Key | None
    """The one of ``wrong`` that all others can be computed from; where it is right, they are."""
    together: bool
    """Whether a call in which one of ``wrong`` is wrong has no other that is right."""
    splits: tuple[Split, ...]
    """What tells the calls in which all is right from those in which one of ``wrong`` is wrong."""
    good: int
    """The number of calls on the right side of ``splits``."""


def narrow(
    checks: Mapping[str, Sequence[Call]],
    said: Mapping[str, str],
    names: Names,
    doubted: Sequence[str],
    *,
    again: bool = False,
) -> str:
    """The sentence on a task; "" if there is none.

    ``said`` are the messages of its failed checks. ``again`` says that these were made a second
    time, with right functions in the place of earlier ones. The calls of the others used the
    submission's own, so what is wrong there may be their fault. The rest is as in `compared.table`.
    """
    rows = rows_of(checks, names, doubted)
    if again:
        rows = [row if row.check in said else _without_wrong(row) for row in rows]
    statement = find(rows, list(said), said, names)
    return "" if statement is None else sentence(statement, rows)


def _without_wrong(row: Row) -> Row:
    """The call with nothing known of what is wrong in it."""
    return row._replace(parts={part: good or None for part, good in row.parts.items()})


def rows_of(
    checks: Mapping[str, Sequence[Call]], names: Names, doubted: Sequence[str]
) -> list[Row]:
    """The calls whose answers have parts."""
    rows = []
    compared = table(checks, names, doubted)
    for check, calls in checks.items():
        like = circumstances(calls, names)
        for number, parts in enumerate(compared[check]):
            if parts:
                name = calls[number]["attribute"]
                rows.append(Row(check, number, name, _by_layer(parts), like[number]))
    complete([row.inputs for row in rows])
    return rows


def _by_layer(parts: Parts) -> Parts:
    """``parts`` with ``grads["W1"]``, ``grads["b1"]``, ... as of the last layer and of others.

    Layers have more than one kind of numbered parts.
    """
    numbers = {part: m for part in parts if (m := _NUMBERED.fullmatch(part))}
    if len({m[1] for m in numbers.values()}) < 2:
        return parts
    last = max((int(m[2]) for m in numbers.values()), default=0)
    found: Parts = {}
    for part, good in parts.items():
        name = part
        if part in numbers:
            m = numbers[part]
            name = f"{m[1]}…{m[3]}" + (LAST if int(m[2]) == last else EARLIER)
        both = {good, found.get(name, True)}
        found[name] = False if False in both else None if None in both else True
    return found


def find(
    rows: Sequence[Row], failed: Sequence[str], said: Mapping[str, str], names: Names
) -> Statement | None:
    """What can be said of a task, if anything can."""
    sure = _wrong(rows, failed, said) - _accepted(rows, failed)
    if not sure or not _explains(rows, failed, sure):
        return None
    judged = [row for row in rows if not _unknown(row)]
    if len(sure) > MANY:
        sure = {whole(key) for key in sure}
    wrong = tuple(sorted(sure, key=_place(rows)))
    splits, good = _splits(judged, wrong) if 2 * len(judged) > len(rows) else ((), 0)
    first = _first(judged, wrong, names)
    raising = {function for function, part in wrong if part == RAISED}
    right = _right(judged)
    if raising and not splits:  # an exception says where it was raised; say what works without it
        right = [key for key in right if _works(rows, key[0])]
    if not splits and first is None and not right:
        return None
    about = {function for function, _ in (*right, *wrong)}
    inside = [row for row in judged if any(is_in(key, wrong) for key, _ in row.keyed())]
    return Statement(
        tuple(right),
        not any(row.function in about and _unknown(row) for row in rows),
        wrong,
        all(good or is_in(key, wrong) for row in judged for key, good in row.keyed()),
        (sum(row.right(wrong) is False for row in inside), len(inside)),
        first,
        _together(inside, wrong),
        splits,
        good,
    )


def _unknown(row: Row) -> bool:
    """Whether it is not known if a call was answered rightly."""
    return False not in row.parts.values() and None in row.parts.values()


# -- which parts -----------------------------------------------------------------------------------


def _right(rows: Sequence[Row]) -> list[Key]:
    """Parts that are right in every call."""
    seen: dict[Key, bool] = {}
    for row in rows:
        for key, good in row.keyed():
            seen[key] = seen.get(key, True) and good is True
    return [key for key, good in seen.items() if good and key[1] not in {KEPT, MISSING}]


def _works(rows: Sequence[Row], function: str) -> bool:
    """Whether all that a function returns is right; of an attribute that was read, nothing."""
    values = {
        whole((function, part))[1] for row in rows if row.function == function for part in row.parts
    }
    return values != {function} and all(
        all(row.parts.values()) for row in rows if row.function == function
    )


def _accepted(rows: Sequence[Row], failed: Collection[str]) -> set[Key]:
    """Parts that are others than ours and still right: a check passed that saw nothing else."""
    found: set[Key] = set()
    for check in {row.check for row in rows} - set(failed):
        own = [pair for row in rows if row.check == check for pair in row.keyed()]
        seen = {key: good for key, good in own if key[1] != MISSING}
        if not any(good is not False for good in seen.values()):
            found |= seen.keys()
    return found


def _wrong(rows: Sequence[Row], failed: Sequence[str], said: Mapping[str, str]) -> set[Key]:
    """Parts that are wrong for sure: alone so in a failed check, or named by its message."""
    found: set[Key] = set()
    for check in failed:
        own = [pair for row in rows if row.check == check for pair in row.keyed()]
        bad = {key for key, good in own if good is False}
        unknown = {key for key, good in own if good is None}
        wholes = {whole(key) for key in bad}
        if len(bad) == 1 and not unknown:
            found |= bad
        elif len(wholes) == 1 and {whole(key) for key in unknown} <= wholes:
            found |= wholes
        found |= {key for key in bad if key[1] == RAISED}
        if named := re.match(r"`([^`]+)`", said.get(check, "")):
            hit = {key for key in bad if _is_named(key[1], named[1].replace("'", '"'))}
            layers = any(LAST in part or EARLIER in part for _, part in hit)
            found |= {key for key in bad if LAST in key[1] or EARLIER in key[1]} if layers else hit
    # a value counts as a whole only where none of its parts is known to be wrong
    return found - {whole(key) for key in found if whole(key) != key}


def _is_named(part: str, name: str) -> bool:
    """Whether a message that begins with ``name`` is about ``part``."""
    plain = part
    for end in (LAST, EARLIER, AFTER):
        plain = plain.removesuffix(end)
    general = re.sub(r"\d+", "…", name)
    return plain in {name, general} or plain.endswith((f'["{name}"]', f'["{general}"]'))


def _explains(rows: Sequence[Row], failed: Collection[str], wrong: Collection[Key]) -> bool:
    """Whether each failed check met one of the ``wrong`` parts, or what nobody can judge."""
    met = {
        row.check
        for row in rows
        for key, good in row.keyed()
        if good is None or (good is False and is_in(key, wrong))
    }
    return met.issuperset(failed)


def _place(rows: Sequence[Row]) -> Callable[[Key], int]:
    places = list(dict.fromkeys(key for row in rows for key, _ in row.keyed()))
    return lambda key: next(n for n, each in enumerate(places) if key in {each, whole(each)})


def _first(rows: Sequence[Row], wrong: Sequence[Key], names: Names) -> Key | None:
    """The wrong part that all others can be computed from, if none of them is wrong without it.

    A key that is missing says nothing of what the code computed.
    """
    if len(wrong) < 2 or len({function for function, _ in wrong}) > 1:
        return None
    for first in wrong:
        others = [key for key in wrong if key != first]
        if all(_plain(first) in _sources(key, names) for key in others):
            seen = [(_is_right(row, first), row.right(others)) for row in rows]
            lost = any(row.parts.get(MISSING) and _is_right(row, first) is False for row in rows)
            alone = (True, False) in seen
            apart = (False, False) not in seen and any(own for own, _ in seen)
            return None if lost or alone or apart else first
    return None


def _together(rows: Sequence[Row], wrong: Sequence[Key]) -> bool:
    """Whether each call has all of the ``wrong`` parts that occur in it wrong, or none."""
    states = [{_is_right(row, key) for key in wrong} for row in rows]
    mixed = any({True, False} <= each for each in states)
    raised = {key[1] == RAISED for key in wrong}  # a call that raises has no other part
    return not mixed and len(raised) == 1


def _is_right(row: Row, part: Key) -> bool | None:
    """Whether a part is right; None where it does not occur or nothing is known."""
    found = [good for key, good in row.keyed() if is_in(key, [part])]
    return False if False in found else True if found and all(found) else None


def _plain(key: Key) -> str:
    return whole(key)[1] if LAST in key[1] or EARLIER in key[1] else key[1].removesuffix(AFTER)


def _sources(key: Key, names: Names) -> Collection[str]:
    """What the solution computes a part from; for a dict, what it computes all of it from."""
    known = names.get(key[0], {}).get("from", {})
    part = _plain(key)
    inner = [set(sources) for name, sources in known.items() if name.startswith(f"{part}[")]
    sources: Collection[str] = set.intersection(*inner) if inner else known.get(part, ())
    return sources


# -- which calls -----------------------------------------------------------------------------------


def _splits(rows: Sequence[Row], wrong: Collection[Key]) -> tuple[tuple[Split, ...], int]:
    """What tells calls in which all is right from those in which one of ``wrong`` is wrong.

    Nothing if no circumstance does, or if many different ones do: nobody can tell then which of
    them matters. Of one input only the first circumstance counts.
    """
    functions = {function for function, _ in wrong}
    judged = [(row, row.right(wrong)) for row in rows if row.function in functions]
    good = [row.inputs for row, right in judged if right]
    bad = [row.inputs for row, right in judged if right is False]
    if len(good) < FEWEST or not bad:
        return (), 0
    known = [each for each in good[0] if each[0] in ORDER]
    groups: dict[Any, list[str]] = {}
    named: set[str] = set()
    for kind, name in sorted(known, key=lambda each: ORDER.index(each[0])):
        if name not in named and all((kind, name) in inputs for inputs in (*good, *bad)):
            right = frozenset(inputs[kind, name] for inputs in good)
            other = frozenset(inputs[kind, name] for inputs in bad)
            if not right & other:
                named.add(name)
                groups.setdefault((kind, right, other), []).append(name)
    found = [
        Split(kind, tuple(names[:1] if kind in OF_ALL else names), right, other)
        for (kind, right, other), names in groups.items()
    ]
    if len(found) > MOST_SPLITS or any(len(split.names) >= MANY for split in found):
        return (), 0
    return tuple(found), len(good)


# -- words -----------------------------------------------------------------------------------------


def sentence(statement: Statement, rows: Sequence[Row]) -> str:
    """The statement in words."""
    wrong = _what_is_wrong(statement, rows)
    inside = " and ".join(phrase(s.kind, s.names, s.wrong) for s in statement.splits)
    outside = " and ".join(phrase(s.kind, s.names, s.right) for s in statement.splits)
    raising = any(part == RAISED for _, part in statement.wrong)
    only = "only " if statement.only and not raising else ""
    if statement.splits:
        before = f"In {_calls(statement.good, statement)} {outside} all is right"
        return f"{before}; in those {inside} {only}{wrong}."
    right = _merged(statement.right, rows)
    if right and not (statement.only and len(right) >= MANY):
        listed = right[:MANY]
        before = f"In {_calls(_calls_with(listed, rows), statement, 'all')}"
        return f"{before} {_listed(listed, rows)} {_be(listed)} right; {only}{wrong}."
    judged = "" if statement.every else " that can be compared"
    end = f"; all else{judged} is right" if statement.right and statement.only else ""
    return f"{wrong[0].upper()}{wrong[1:]}{end}."


def _calls_with(listed: Collection[Key], rows: Sequence[Row]) -> int:
    """In how many calls that can be judged one of the ``listed`` parts occurs."""
    return sum(
        any(
            key in listed or whole(key) in listed or _of_any_layer(key) in listed for key, _ in each
        )
        for each in (row.keyed() for row in rows if not _unknown(row))
    )


def _what_is_wrong(statement: Statement, rows: Sequence[Row]) -> str:
    keys = [key for key in statement.wrong if key[1] != RAISED]
    raising = [function for function, part in statement.wrong if part == RAISED]
    said = []
    if statement.first is not None:
        others = _merged([key for key in keys if key != statement.first], rows)
        first = _listed([statement.first], rows)
        said.append(
            f"{first} is wrong, and so {_be(others)} {_listed(others, rows)}, which can be "
            f"computed from it: look at {first} first"
        )
    elif keys:
        merged = _merged(keys, rows)
        either = "and" if statement.together else "or"
        be = _be(merged) if statement.together else "is"
        often = "" if raising or statement.splits else _often(*statement.times)
        said.append(f"{_listed(merged, rows, either)} {be} wrong{often}")
    said += [f"`{function}` raises an exception" for function in raising]
    return " or ".join(said)


def _be(keys: Sequence[Key]) -> str:
    return "are" if len(keys) > 1 else "is"


def _often(wrong: int, of: int) -> str:
    return " each time" if wrong == of else f", in {wrong} of {of} calls"


def _calls(number: int, statement: Statement, which: str = "the") -> str:
    shown = "the one call" if number == 1 else f"{which} {number} calls"
    return shown if statement.every else f"{shown} that can be compared"


def _merged(keys: Sequence[Key], rows: Sequence[Row]) -> list[Key]:
    """``keys`` with a whole value in the place of all its parts, and all layers in that of each."""
    every: dict[Key, set[Key]] = {}
    for row in rows:
        for key, _ in row.keyed():
            for group in (whole(key), _of_any_layer(key)):
                every.setdefault(group, set()).add(key)
            every.setdefault(key, set())
    merged = []
    for key in keys:
        for group, few in ((whole(key), MANY), (_of_any_layer(key), 2)):
            if len(every[group]) >= few and every[group] <= set(keys):
                merged.append(group)
                break
        else:
            merged.append(key)
    return list(dict.fromkeys(merged))


def _of_any_layer(key: Key) -> Key:
    return key[0], key[1].removesuffix(LAST).removesuffix(EARLIER)


def _listed(keys: Sequence[Key], rows: Sequence[Row], last: str = "and") -> str:
    functions: dict[str, set[str]] = {}
    for row in rows:
        for part in row.parts:
            functions.setdefault(part, set()).add(row.function)
    shown = []
    for function, part in keys:
        end = next((end for end in (LAST, EARLIER) if part.endswith(end)), "")
        plain = part.removesuffix(end).removesuffix(AFTER)
        if part == plain + AFTER and "[" not in plain:
            end = " after the call"
        several = len(functions.get(part, ())) > 1
        shown.append(f"`{plain}`{end}" + f" of `{function}`" * several)
    return ", ".join(shown[:-1]) + f" {last} " * (len(shown) > 1) + shown[-1]
