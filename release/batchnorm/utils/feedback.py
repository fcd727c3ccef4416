"""What the notebook's checks say: the errors they print and, where one is too large, what is wrong.

A check compares what your function returned with values that are known. What it says of a wrong
value (its sign, a factor, its shape) holds for that value as it is; it is no guess. Where your
numbers are exactly those of a mistake that many have made before, you are told that mistake: the
sentences lie in known.json, each locked with the wrong numbers that it explains.
"""

import base64
import functools
import hashlib
import json
import sys
import traceback
from pathlib import Path

import numpy as np

from utils.gradient_check import rel_error

TOLD = "These are exactly the numbers of a known mistake. "
KNOWN = Path(__file__).with_name("known.json")
"""The locked sentences; without this file all else works."""
FOLDER = Path(__file__).parent.parent
"""The homework's folder. The grader imports this module where no path may be looked up."""


class Wrong(AssertionError):
    """What is wrong with a value; a notebook shows this text and no traceback."""

    def _render_traceback_(self):
        """What IPython shows, line by line."""
        return f"{marks()['wrong']} {self}".splitlines()


def without_our_lines(test):
    """The function ``test``, whose exceptions show no line of the given files, in a notebook."""

    @functools.wraps(test)
    def run(*arguments):
        __tracebackhide__ = True
        try:
            return test(*arguments)
        except Wrong:
            raise
        except Exception as error:
            ours = {__file__, test.__code__.co_filename}
            step = error.__traceback__
            while step is not None and step.tb_frame.f_code.co_filename in ours:
                step = step.tb_next
            raise error.with_traceback(step) from None

    return run


def check_step(rule, reply, expected, *, start, printed=None):
    """Check one step of an update rule.

    - rule: its name.
    - reply: what it returned.
    - expected: a dictionary with what is right for ``"next_w"`` and for entries of ``config``.
    - start: the weights before the step, an array like ``next_w``.
    - printed: as for `check`.

    Raises Wrong as `check` does, and where the reply isn't next_w and config, a dictionary.
    """
    __tracebackhide__ = True  # this step between cell and check is of no interest in a traceback
    next_w, config = parts(rule, reply, ("next_w", "config"))
    if not isinstance(config, dict):
        raise Wrong(
            f"{rule} must return next_w and config, a dictionary; the second value is {config!r}."
        )
    check(rule, {**config, "next_w": next_w}, expected, start={"next_w": start}, printed=printed)


def parts(function, reply, names):
    """The values that a function returned, as many as ``names`` has, at least two.

    Raises Wrong where they are not so many: nothing, or the first of them alone.
    """
    wanted = f"{', '.join(names[:-1])} and {names[-1]}"
    if reply is None:
        raise Wrong(
            f"{function} returns None. It must return {wanted}: see whether it ends with a return."
        )
    if not isinstance(reply, tuple | list):
        raise Wrong(
            f"{function} returns one value, of type {type(reply).__name__}. It must return "
            f"{len(names)}: {wanted}."
        )
    if len(reply) != len(names):
        raise Wrong(
            f"{function} returns {len(reply)} values. It must return {len(names)}: {wanted}."
        )
    return tuple(reply)


def check(task, got, expected, *, limit=1e-6, start=None, printed=None):
    """Print the relative error of each value, and raise Wrong where one is too large.

    - task: the name of the task.
    - got: a dictionary of what the student's code gave.
    - expected: a dictionary of what is right: float arrays, or numbers. The errors of whole numbers
      are not printed.
    - limit: relative error, as `rel_error` has it, below which a value is right.
    - start: of a value that is a step away from another one, that other one; what is said of the
      value is then said of the step.
    - printed: how a printed line calls a value, where it isn't ``"<name> error"``.
    """
    __tracebackhide__ = True
    errors, faults = compare(got, expected, limit=limit, start=start)
    for name, error in errors.items():
        print(f"{(printed or {}).get(name, f'{name} error')}: {error}")
    wrong = [name for name, fault in faults.items() if fault]
    if wrong:
        well = [name for name, fault in faults.items() if not fault]
        summary = "; ".join(filter(None, [_listed(wrong, "wrong"), _listed(well, "right")]))
        lines = [f"{task}: {summary}.", known_mistake(task, got, expected), *faults.values()]
        raise Wrong("\n".join(filter(None, lines)))
    print(works(task, max(errors.values(), default=0.0)))


def compare(got, expected, *, limit=1e-6, start=None):
    """The relative error of each value, and what is wrong with each; arguments as for `check`.

    Returns two dictionaries: errors, for the values that could be compared, and faults, a sentence
    for each value, empty where the value is right.
    """
    errors, faults = {}, {}
    for name, right in expected.items():
        faults[name] = _unfit(name, got, right)
        if not faults[name] and not isinstance(right, int):
            with np.errstate(over="ignore", invalid="ignore"):
                error = rel_error(got[name], np.asarray(right))
            errors[name] = error
            if not error < limit:  # so that NaN is wrong too
                begun = (start or {}).get(name)
                faults[name] = _deviation(name, np.asarray(got[name]), right, begun, limit)
    return errors, faults


def works(task, error=None):
    """The line that says that a task works on an example, with its largest relative error."""
    measured = "" if error is None else f" (error {error:.1e})"
    return f"{marks()['works']} {task} works on this example{measured}"


def marks():
    """The signs for what works, is wrong, is not written and is not looked at here.

    They are words where the standard output can't show the signs, as on some Windows consoles.
    """
    try:
        "✓✗·".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return {"works": "ok", "wrong": "WRONG", "unwritten": "-", "elsewhere": " "}
    return {"works": "✓", "wrong": "✗", "unwritten": "·", "elsewhere": " "}


def own_line(error, given=()):
    """The last line of the student's own code that an exception came through.

    - error: an exception.
    - given: the paths of files that are not the student's, relative to the homework's folder.

    Returns text such as ``nndl/optim.py, line 12: v = v + dw``; "" where there is none.
    """
    if isinstance(error, SyntaxError) and error.filename:
        name = _relative(error.filename)
        return f"{name}, line {error.lineno}: {(error.text or '').strip()}".rstrip(": ")
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        name = _relative(frame.filename)
        if name and name not in given and not name.startswith("utils/"):
            found = f"{name}, line {frame.lineno}: {frame.line}"
    return found


def _relative(filename):
    """The path of a file from the homework's folder; "" where it lies elsewhere."""
    try:
        return Path(filename).resolve().relative_to(FOLDER.resolve()).as_posix()
    except (ValueError, OSError):
        return ""


def _unfit(name, got, right):
    """Why the value ``name`` of ``got`` can't even be compared, or is the wrong whole number."""
    if name not in got:
        held = ", ".join(repr(key) for key in got if key != "next_w")
        return f"There is no {name!r} in what was returned; there is {held or 'nothing'}."
    value, shape = got[name], np.shape(right)
    if isinstance(right, int):
        same = np.shape(value) == () and value == right
        return "" if same else f"`{name}` must be {right}, it is {value!r}."
    kind = np.ndarray if shape else np.number | float
    if not isinstance(value, kind):
        wanted = f"an array of shape {shape}" if shape else "a number"
        return f"`{name}` must be {wanted}, it is {value!r}."
    if np.shape(value) != shape:
        turned = " It is transposed." if np.shape(value) == shape[::-1] else ""
        return f"`{name}` must have shape {shape}, it has {np.shape(value)}.{turned}"
    return ""


def _deviation(name, value, right, start, limit):
    """How ``value``, an array, differs from ``right`` of the same shape."""
    right = np.asarray(right)
    bad = np.argwhere(~np.isfinite(value))
    if len(bad):
        return f"`{name}` holds {value[tuple(bad[0])]}{_at(bad[0])}, which is no finite number."
    difference = np.abs(value - right)
    worst = np.unravel_index(np.argmax(difference), right.shape)
    return (
        f"`{name}`: the largest difference is {difference[worst]:.3g}{_at(worst)}, where "
        f"{right[worst]:.9g} is expected and yours is {value[worst]:.9g}."
        f"{_likeness(value, right, start, limit)}"
    )


def _likeness(value, right, start, limit):
    """In what simple way a finite ``value`` isn't ``right``, as a sentence; nothing if in none."""
    what = "It"
    if start is not None:
        value, right, what = value - start, right - start, "The step"

    def close(values):
        # documented values have eight decimals, numerical gradients about as many
        return bool(np.all(np.abs(values - right) <= 2e-8 + max(1e-5, limit) * np.abs(right)))

    if not right.any():
        return ""
    if not value.any():
        return f" {what} is zero everywhere."
    if close(-value):
        return f" {what} has the opposite sign."
    factor = np.sum(value * right) / np.sum(right * right)
    if factor and close(value / factor):
        digits = f"{factor:.4g}"
        if digits != "1":
            return f" {what} is {digits} times as large as it must be."
        return f" {what} differs by a factor of {factor:.8g}." if f"{factor:.8g}" != "1" else ""
    shift = np.mean(value - right)
    if right.size > 1 and close(value - shift):
        return f" {what} is off by the same number everywhere, {shift:.4g}."
    if right.ndim == 2 and right.shape[0] == right.shape[1] and close(value.T):
        return f" {what} is transposed."
    return ""


def _listed(names, verdict):
    """``"`a` and `v` are right"``; nothing for no names."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 1:
        return f"{', '.join(quoted[:-1])} and {quoted[-1]} are {verdict}"
    return f"{quoted[0]} is {verdict}" if quoted else ""


def _at(index):
    return f" at {[int(i) for i in index]}" if len(index) else ""


# -- the sentences about known mistakes ------------------------------------------------------------


def known_mistake(task, got, expected):
    """The sentence about the one known mistake that gives these numbers, or nothing."""
    try:
        key = key_of(task, {name: got[name] for name in expected})
        sealed = json.loads(KNOWN.read_text(encoding="utf-8"))[tag_of(key)]
        text = mixed(key, base64.b64decode(sealed)).decode("utf-8")
    except (OSError, ValueError, TypeError, LookupError):  # unknown numbers, or no such file
        return ""
    return TOLD + text


def key_of(task, values):
    """The key, 32 bytes, that belongs to wrong ``values`` of ``task``, to six decimals each.

    Raises TypeError or ValueError where a value holds no numbers.
    """
    parts = [task]
    for name in sorted(values):
        with np.errstate(over="ignore", invalid="ignore"):
            # moved a little, since a short decimal may lie right between two of six places
            moved = np.asarray(values[name], dtype=np.float64) + np.e * 1e-8
            numbers = np.round(moved, 6) + 0.0  # no -0.0
        parts += [name, str(numbers.shape), *(f"{number:.6f}" for number in numbers.flat)]
    return hashlib.sha256("\n".join(parts).encode()).digest()


def tag_of(key):
    """Under what name the sentence that belongs to ``key`` is kept."""
    return hashlib.sha256(key + b"tag").hexdigest()[:16]


def mixed(key, text):
    """``text``, bytes, mixed with a stream of bytes from ``key``; once more gives it back."""
    blocks = [hashlib.sha256(key + bytes([i])).digest() for i in range(len(text) // 32 + 1)]
    return bytes(a ^ b for a, b in zip(text, b"".join(blocks), strict=False))
