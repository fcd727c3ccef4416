"""Looks for the smallest scene that a submission answers wrongly.

This module runs in a worker, beside ``replay``, and no student's code does. The tester carries the
scenes to the submission's worker and the answers back: ``begin``, then ``go_on`` until an example
comes or nothing. See docs/decisions/0019-smallest-example.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import accumulate, islice
from typing import Any, NamedTuple

import differences
import lines
import numpy as np
import replay
import scenes
from differences import RAISED, Difference
from scenes import Call, Choice, Scene, Template

TARGETS = 3
"""So many wrong calls of a task are tried, in turn."""
AT_ONCE = 24
"""The most scenes of one exchange."""
ROUNDS = 3
"""How often an example is simplified further."""
DRAWS = 40
"""How many choices of lengths are tried where equal lengths show nothing."""
TOLERANCE = 1e-4
"""How far right answers may move if the inputs move by almost nothing."""

Outcome = list[dict[str, Any]]
"""What became of each call of a scene: its value, or what it raised."""
Search = Generator[dict[str, Any], list[Outcome], dict[str, Any] | None]


class Wrong(NamedTuple):
    """A call that was answered wrongly: number ``number`` of ``calls``, and where.

    ``right`` is what right code answers, with Drawn around what it draws.
    """

    calls: list[Call]
    number: int
    where: Difference
    right: Any


class Failing(NamedTuple):
    """A scene that the submission answers wrongly."""

    scene: Scene
    outcome: Outcome
    where: Difference
    cost: tuple[Any, ...]


_chance = differences.Chance()
_running: list[Search] = []


def begin(checks: dict[str, list[Call]], failed: list[str]) -> dict[str, Any]:
    """Begin the search for an example of a task whose checks ``failed``.

    Returns scenes to ``try``, ``anew`` in a new process or not; or the ``example``, None if there
    is none.
    """
    _running[:] = [_search(checks, failed)]
    return _step(None)


def go_on(outcomes: list[Outcome]) -> dict[str, Any]:
    """Go on with the outcomes of the scenes; returns the same as ``begin``."""
    return _step(outcomes)


def _step(outcomes: list[Outcome] | None) -> dict[str, Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return _running[0].send(outcomes)  # type: ignore[arg-type]  # None begins
        except StopIteration as end:
            return {"example": end.value}


def _search(checks: dict[str, list[Call]], failed: list[str]) -> Search:
    for wrong in islice(_wrong(checks, failed), TARGETS):
        found = yield from _smallest(wrong)
        if found is None:
            continue
        shown = lines.shown(found.scene, found.outcome[-1], found.where)
        outcomes = yield _request([found.scene], anew=True)
        if shown is not None and all(
            _agree(shown, found.scene, outcome, found.where) for outcome in outcomes
        ):
            return dict(shown)
    return None


def _request(made: Sequence[Scene], *, anew: bool) -> dict[str, Any]:
    """Scenes as the tester gets them; ``hidden`` is the position of what nobody compares."""
    return {
        "try": [[_sent(call, each.calls) for call in each.calls] for each in made],
        "anew": anew,
    }


def _sent(call: Call, calls: Sequence[Call]) -> Call:
    given = [
        ["item", rest[0], replay.OPAQUE[calls[rest[0]]["function"]]]
        if kind == "opaque"
        else [kind, *rest]
        for kind, *rest in call["given"]
    ]
    return {**call, "given": given, "hidden": replay.OPAQUE.get(call["function"])}


def _agree(shown: Any, scene: Scene, outcome: Outcome, where: Difference) -> bool:
    """Whether a new process answers what is shown."""
    again = _failing(scene, outcome, where)
    return again is not None and lines.shown(scene, outcome[-1], again.where) == shown


# -- what went wrong -------------------------------------------------------------------------------


def _wrong(checks: dict[str, list[Call]], failed: list[str]) -> Iterator[Wrong]:
    """The first wrong calls of ``failed`` checks, each in another way.

    First those with differences that no passed check's calls have: a check looks at a part of an
    answer only, so a difference that it lets pass need not be a mistake.
    """
    passed = {
        (_name(calls[number]), where.place)
        for name, calls in checks.items()
        if name not in failed
        for number, where, _ in _differing(calls)
    }
    found: dict[tuple[Any, ...], Wrong] = {}
    for name in failed:
        for number, where, right in _differing(checks.get(name, [])):
            key = _name(checks[name][number]), where.place
            shapes = [each.shape for each in scenes.arrays_in(checks[name][number]["given"])]
            wrong = Wrong(checks[name], number, where, right)
            found.setdefault((key in passed, *key, str(shapes)), wrong)
    yield from (found[key] for key in sorted(found, key=lambda key: key[0]))


def _name(call: Call) -> str:
    return f"{call['kind']} {call['function'] or call['attribute']}"


def _differing(calls: list[Call]) -> Iterator[tuple[int, Difference, Any]]:
    """The calls that were answered otherwise than right code answers them.

    With each difference, and the right answer.
    """
    try:
        answers = _chance.answers(lambda: _right(calls))
    except Exception:  # right code can't take what the submission answered before
        return
    for number, (call, right) in enumerate(zip(calls, answers, strict=False)):
        if not call["other"]:
            for each in _differences(call, call, right):
                yield number, each, right


def _right(calls: list[Call]) -> list[Any]:
    """What right code answers to each call, as far as it can."""
    returned: list[Any] = []
    answers = []
    for call in calls:
        try:
            replay._answer(call, calls, scenes.RIGHT, returned)
        except Exception:
            break
        answers.append(replay._copied(returned[-1]))
    return answers


def _differences(call: Call, outcome: dict[str, Any], right: Any) -> Iterator[Difference]:
    """Where the ``outcome`` of a call differs from what right code answers."""
    if "raised" in outcome:
        kind = outcome["raised"].partition(":")[0]
        if kind and kind != "NotImplementedError":
            yield Difference((kind,), RAISED)
    elif call["kind"] not in {"place", "set"}:
        hidden = replay.OPAQUE.get(call["function"])
        for each in differences.between(outcome["value"], right):
            if hidden is None or each.place[:1] != (hidden,):
                yield each


# -- the search ------------------------------------------------------------------------------------


def _smallest(wrong: Wrong) -> Generator[dict[str, Any], list[Outcome], Failing | None]:
    found = None
    for calls in _fewest(wrong.calls, wrong.number):
        template = Template(calls, scenes.RIGHT, wrong.right)
        found = yield from _shrunk(template, wrong.where)
        if found is not None:
            break
    return found


def _fewest(calls: list[Call], number: int) -> Iterator[list[Call]]:
    """The calls that call ``number`` needs: the last that set something, then all."""
    everything = scenes.needed(calls, number)
    setting = {each["attribute"]: place for place, each in enumerate(everything) if _sets(each)}
    last = len(everything) - 1
    looked_at = max((n for n in range(last) if everything[n]["kind"] == "call"), default=0)
    kept = [
        place
        for place, each in enumerate(everything)
        if place in setting.values()
        or place == last
        or (place == looked_at and everything[last]["kind"] in {"fetch", "get"})
        or (each["kind"] in {"place", "call"} and scenes.is_used(everything, place))
    ]
    if len(kept) < len(everything):
        yield scenes.numbered(everything, kept)
    yield everything


def _sets(call: Call) -> bool:
    return bool(call["kind"] == "set")


def _shrunk(
    template: Template, where: Difference
) -> Generator[dict[str, Any], list[Outcome], Failing | None]:
    best: Failing | None = None
    for choices in _first(template):
        found = yield from _tried(template, choices, where)
        best = next(filter(_settled, found), None)
        if best is not None:
            break
    for _ in range(ROUNDS if best is not None else 0):
        assert best is not None
        now = best.scene.choice
        found = yield from _tried(template, _simpler(template, now), where)
        found = [each for each in found if each.cost < best.cost]
        if len(found) > 1:
            together = _together(now, [each.scene.choice for each in found])
            found += yield from _tried(template, together, where)
        better = next(filter(_settled, sorted(found, key=_cost)), None)
        if better is None or better.cost >= best.cost:
            break
        best = better
    return best


def _cost(failing: Failing) -> tuple[Any, ...]:
    return failing.cost


def _tried(
    template: Template, choices: Iterable[Choice], where: Difference
) -> Generator[dict[str, Any], list[Outcome], list[Failing]]:
    """Those of the scenes by ``choices`` that the submission answers wrongly in the same way.

    The simplest comes first.
    """
    made = list(islice(filter(None, (_scene(template, each) for each in choices)), AT_ONCE))
    if not made:
        return []
    outcomes = yield _request(made, anew=False)
    found = [_failing(*pair, where) for pair in zip(made, outcomes, strict=True)]
    return sorted(filter(None, found), key=_cost)


def _scene(template: Template, choice: Choice) -> Scene | None:
    """The scene of ``choice``, with Drawn around what right code draws of the last answer."""
    scene = template.scene(choice)
    if scene is not None:
        scene.answers[-1] = differences.marked(scene.answers[-1], template.right)
    return scene


def _failing(scene: Scene, outcome: Outcome, where: Difference) -> Failing | None:
    """The scene if its last call is answered wrongly where the original was, and no other call."""
    used = {rest[0] for call in scene.calls for kind, *rest in call["given"] if kind != "value"}
    for number, call in enumerate(scene.calls[:-1]):
        if "raised" in outcome[number]:
            return None
        right = scene.answers[number]
        if number not in used and any(_differences(call, outcome[number], right)):
            return None
    for each in _differences(scene.calls[-1], outcome[-1], scene.answers[-1]):
        if each.place == where.place and (each.kind == RAISED) == (where.kind == RAISED):
            return Failing(scene, outcome, each, scene.cost)
    return None


def _settled(failing: Failing) -> bool:
    """Whether right answers hardly move if the inputs do: no tie decides, and no kink."""
    try:
        moved = [scenes.shaken(failing.scene, scenes.RIGHT, sign) for sign in (1, -1)]
    except Exception:
        return False
    return all(_near(failing.scene.answers[-1], each) for each in moved)


def _near(value: Any, moved: Any) -> bool:
    if isinstance(value, differences.Drawn):
        return True
    if isinstance(value, tuple | list):
        return all(map(_near, value, moved))
    if isinstance(value, dict):
        return all(_near(item, moved[key]) for key, item in value.items())
    if isinstance(value, np.ndarray | np.floating | float):
        return bool(np.allclose(value, moved, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=False))
    return True


def _first(template: Template) -> Iterator[list[Choice]]:
    """What is tried first, the smallest before the rest."""
    rates = frozenset(
        path for path in template.optional() if path[-1] in replay.OPTIONAL - replay.STATE
    )
    lengths = template.sizes
    even = [{each: min(each, cap) for each in lengths} for cap in (1, 2, 3)]
    uneven = list(_uneven(lengths))
    large = [{each: min(each, cap) for each in lengths} for cap in (4, 6, 10)]
    yield [
        Choice(sizes, fill, dropped=dropped)
        for sizes in [*even, *uneven[:6]]
        for fill in (0, 3)
        for dropped in dict.fromkeys((rates, frozenset[Any]()))
    ]
    yield [Choice(sizes, fill) for sizes in uneven for fill in (1, 4)]
    yield [Choice(sizes, fill) for sizes in large for fill in (0, 3)]


def _uneven(lengths: Sequence[int]) -> Iterator[dict[int, int]]:
    """Ways to give different lengths different small values."""
    state = 1
    for _ in range(DRAWS):
        sizes = {}
        for length in lengths:
            state = (state * 1103515245 + 12345) % 2**31
            sizes[length] = 1 + (state >> 16) % min(length, 3)
        yield sizes


def _simpler(template: Template, choice: Choice) -> Iterator[Choice]:
    """Choices that are simpler than ``choice`` in one way."""
    for length in template.sizes:
        now = choice.sizes[length]
        for less in sorted({each for each in (1, 2, 3, now - 1) if 0 < each < now}):
            yield replace(choice, sizes={**choice.sizes, length: less})
    for path in template.optional():
        if path not in choice.dropped:
            yield replace(choice, dropped=choice.dropped | {path})
    for leaf in template.leaves():
        if isinstance(leaf, scenes.Whole) and not leaf.size:
            now = choice.wholes.get(leaf.at, leaf.value)
            for less in (0, 1, 2):
                if less < now:
                    yield replace(choice, wholes={**choice.wholes, leaf.at: less})
        if isinstance(leaf, scenes.Array) and leaf.at not in choice.flat and len(leaf.shape) > 2:
            yield replace(choice, flat=choice.flat | {leaf.at})
    for leaf in template.leaves():
        if isinstance(leaf, scenes.Array) and leaf.at not in choice.plain:
            yield replace(choice, plain=choice.plain | {leaf.at})


def _together(base: Choice, found: Sequence[Choice]) -> Iterator[Choice]:
    """The simplifications of ``base`` that were ``found``, several at once."""
    kinds = [
        [each for each in found if each.sizes != base.sizes],
        [each for each in found if each.dropped != base.dropped],
        [each for each in found if each.wholes != base.wholes or each.flat != base.flat],
        [each for each in found if each.plain != base.plain],
    ]
    merged = [reduce(_merged, each) for each in kinds if each]
    yield from accumulate(merged, _merged)
    yield from accumulate(found, _merged)


def _merged(one: Choice, other: Choice) -> Choice:
    wholes = [*one.wholes.items(), *other.wholes.items()]
    return Choice(
        {length: min(now, other.sizes[length]) for length, now in one.sizes.items()},
        one.fill,
        one.plain | other.plain,
        one.flat | other.flat,
        dict(sorted(wholes, key=lambda each: -each[1])),  # the smaller comes last, and stays
        one.dropped | other.dropped,
    )
