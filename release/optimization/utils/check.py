"""Shows which tasks work, without data or the grader: ``python -m utils.check [TASK ...]``.

The examples lie in examples.json: inputs that anybody may see, and what is right for them. They
are a first look. The grade comes from other inputs as well.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import io
import json
import sys
import textwrap
from pathlib import Path

OLDEST_PYTHON, OLDEST_NUMPY = (3, 10), (1, 26)
WIDTH = 100
BRING = "Copy your "
"""How a line begins that stands for code of an earlier homework."""


def require_versions(python=None, numpy=None):
    """End with a sentence where Python or NumPy is too old, or NumPy is missing.

    The versions, tuples such as (3, 12), are those that run unless given.
    """
    python = python or sys.version_info[:2]
    if python < OLDEST_PYTHON:
        sys.exit(
            f"This is Python {python[0]}.{python[1]}. This homework needs Python 3.10 or newer."
        )
    try:
        found = importlib.import_module("numpy").__version__
    except ImportError:
        sys.exit(
            "NumPy is not installed for this Python. Run: python -m pip install -r requirements.txt"
        )
    numpy = numpy or tuple(int(part) for part in found.split(".")[:2])
    if numpy < OLDEST_NUMPY:
        sys.exit(
            f"This is NumPy {numpy[0]}.{numpy[1]}. This homework needs NumPy 1.26 or newer. "
            "Run: python -m pip install -r requirements.txt"
        )


require_versions()

import numpy as np  # noqa: E402 - the versions come first

from utils import feedback  # noqa: E402
from utils.feedback import FOLDER, Wrong, marks, own_line, parts  # noqa: E402

EXAMPLES = Path(__file__).with_name("examples.json")


class Verdict:
    """What became of one task.

    ``state`` is "works", "wrong", "unwritten" or "elsewhere" (not looked at here). ``said`` is one
    sentence, ``details`` are further lines. ``error`` is the largest relative error.
    """

    def __init__(self, task, state, said, details=(), error=0.0):
        self.task, self.state, self.said = task, state, said
        self.details, self.error = tuple(details), error


# -- the homework ------------------------------------------------------------------------------


def homework():
    """What examples.json says of this homework: its files, its notebook, its tasks."""
    return json.loads(EXAMPLES.read_text(encoding="utf-8"))


def unwritten(names):
    """Where the student's files still hold the line that stands for an answer.

    - names: the paths of the files, from the homework's folder.

    Returns a list of (task, path, line); the task is "" in a file of an earlier homework.
    """
    found = []
    for name in names:
        try:
            tree = ast.parse((FOLDER / name).read_bytes())
        except (OSError, ValueError, SyntaxError):
            continue  # that is told where the file is imported
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                kind, said = ast.unparse(node.exc.func), "".join(map(_text, node.exc.args[:1]))
                task = stub_of(kind, said)
                if task or (kind == "NotImplementedError" and said.startswith(BRING)):
                    found.append((task, name, node.lineno))
    return found


def stub_of(exception, message=""):
    """The task whose answer an exception stands for; "" where it stands for none."""
    if exception != "NotImplementedError" or not message.startswith("task "):
        return ""
    return message.removeprefix("task ").partition(":")[0]


def _text(node):
    return str(getattr(node, "value", ""))


@contextlib.contextmanager
def fresh_modules():
    """Import the package ``nndl`` anew, as its files are now; afterwards all is as before."""

    def taken():
        names = [name for name in sys.modules if name.partition(".")[0] == "nndl"]
        return {name: sys.modules.pop(name) for name in names}

    before = taken()
    sys.path.insert(0, str(FOLDER))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER))
        taken()
        sys.modules.update(before)


def imported(name):
    """The function or class called ``name``, such as "optim.adam", of the package ``nndl``."""
    module, _, function = name.partition(".")
    found = importlib.import_module(f"nndl.{module}")
    if not hasattr(found, function):
        raise Wrong(f"nndl/{module}.py has no `{function}`. Keep the names that you were given.")
    return getattr(found, function)


# -- one example -------------------------------------------------------------------------------


def run_example(task, example, find=imported):
    """Run one example; returns the largest relative error.

    - task: the id of the task.
    - example: an entry of examples.json.
    - find: gives a function by its name, such as "optim.adam".

    Raises Wrong, with what is likely wrong as the first line, or what the student's code raises.
    """
    values, before = carried_out(example, find)
    _require_unchanged(example, values, before)
    _require_same(example, values)
    _require_shapes(example, values)
    _require_kinds(example, values)
    _require_dropped(example, values)
    right = {name: whole(value) for name, value in example.get("right", {}).items()}
    got, expected, was = {}, {}, {}
    for path, value in right.items():
        label = path.rpartition(".")[2]
        expected[label] = value
        got |= named(path, values)
        if "." in path:
            was |= named(path, before, quiet=True)
    return _judge(task, got, expected, was)


def carried_out(example, find):
    """The values of all names after the lines of an example, and those before it.

    ``find`` gives a function by its name.
    """
    values = {name: whole(value) for name, value in example["given"].items()}
    before = copy.deepcopy(values)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        for line in example["do"]:
            _do(line, values, find, example.get("unchanged", ()))
    return values, before


def _judge(task, got, expected, was):
    errors, faults = feedback.compare(got, expected)
    wrong = {name: fault for name, fault in faults.items() if fault}
    if not wrong:
        return max(errors.values(), default=0.0)
    known = feedback.known_mistake(task, got, expected) if expected.keys() <= got.keys() else ""
    kept = [
        f"`{name}` is still what it was before the call: store the new one."
        for name in wrong
        if name in was and _equal(was[name], got.get(name))
    ]
    raise Wrong("\n".join(filter(None, [known, *kept, *wrong.values()])))


def _equal(one, other):
    return type(one) is type(other) and np.array_equal(one, other)


def named(path, values, quiet=False):
    """The value at ``path``, such as "config.velocity", under its last name; with its siblings."""
    first, *rest = path.split(".")
    if not rest:
        return {first: values[first]} if first in values else {}
    *between, last = rest
    found = values.get(first)
    for name in between:
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    if isinstance(found, dict):
        return dict(found)
    if hasattr(found, last):
        return {last: getattr(found, last)}
    if quiet:
        return {}
    holder = path.rpartition(".")[0]
    raise Wrong(f"`{holder}` must be a dictionary that holds {last!r}; it is {found!r}.")


def _do(line, values, find, unchanged):
    """Carry out one line of an example: ``out, cache = layers.affine_forward(x, w, b)``.

    An array may be changed by the call, as weights may, and is passed as a copy; but those that
    must stay ``unchanged`` are passed as they are.
    """
    (statement,) = ast.parse(line).body
    call = statement.value
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        target = statement.targets[0]
        setattr(values[target.value.id], target.attr, _argument(call, values))
        return
    owner, name = call.func.value.id, call.func.attr
    function = getattr(values[owner], name) if owner in values else find(f"{owner}.{name}")
    reply = function(
        *(_argument(each, values, unchanged) for each in call.args),
        **{each.arg: _argument(each.value, values, unchanged) for each in call.keywords},
    )
    if not isinstance(statement, ast.Assign):
        return
    target = statement.targets[0]
    if isinstance(target, ast.Tuple):
        names = [each.id for each in target.elts]
        shown = [each.rstrip("0123456789") or each for each in names]
        replies = parts(name, reply, shown)
    else:
        names, replies = [target.id], [reply]
        if reply is None:
            raise Wrong(f"{name} returns None: see whether it ends with a return.")
    for each, value in zip(names, replies, strict=True):
        # a later call may change what an earlier one returned; an array is kept as it is now
        values[each] = value.copy() if isinstance(value, np.ndarray) else value


def _argument(node, values, unchanged=()):
    if not isinstance(node, ast.Name):
        return ast.literal_eval(node)
    value = values[node.id]
    mine = isinstance(value, np.ndarray) and node.id not in unchanged
    return value.copy() if mine else value


def whole(entry):
    """The value that an entry of examples.json stands for: lists are arrays."""
    if isinstance(entry, list):
        return np.asarray(entry)
    if not isinstance(entry, dict):
        return entry
    if entry.keys() == {"linspace", "shape"}:
        shape = entry["shape"]
        return np.linspace(*entry["linspace"], num=int(np.prod(shape))).reshape(shape)
    if entry.keys() == {"dtype"}:
        return np.dtype(entry["dtype"]).type
    return {name: whole(value) for name, value in entry.items()}


def _require_unchanged(example, values, before):
    for name in example.get("unchanged", ()):
        if not _equal(values[name], before[name]):
            raise Wrong(f"`{name}` is changed by the call. Leave it as it is: compute a new array.")


def _require_same(example, values):
    for one, other in example.get("same", {}).items():
        if not _equal(values[one], values[other]):
            raise Wrong(f"`{one}` and `{other}` must be the same: the two calls were the same.")


def _require_shapes(example, values):
    for path, shape in example.get("shapes", {}).items():
        last = path.rpartition(".")[2]
        found = named(path, values)
        if last not in found:
            raise Wrong(f"There is no {path}. It must be an array of shape {tuple(shape)}.")
        if not isinstance(found[last], np.ndarray) or np.shape(found[last]) != tuple(shape):
            raise Wrong(
                f"`{path}` must be an array of shape {tuple(shape)}; its shape is "
                f"{np.shape(found[last])}."
            )


def _require_kinds(example, values):
    """The types of numbers, and how far random ones are spread."""
    for path, kind in example.get("types", {}).items():
        found = named(path, values)[path.rpartition(".")[2]]
        if found.dtype.name != kind:
            raise Wrong(f"The numbers in `{path}` must be {kind}; they are {found.dtype.name}.")
    for path, spread in example.get("spread", {}).items():
        found = named(path, values)[path.rpartition(".")[2]]
        mean, deviation = float(np.mean(found)), float(np.std(found))
        if not (abs(deviation / spread - 1) < 0.1 and abs(mean) < 0.1 * spread):
            raise Wrong(
                f"`{path}` must have mean 0 and standard deviation {spread:g}; yours are "
                f"{mean:.2g} and {deviation:.2g}."
            )


def _require_dropped(example, values):
    """What a layer kept is as it must be, and of the rest there is the right share."""
    for name, rule in example.get("dropped", {}).items():
        value, kept = values[name], whole(rule["kept"])
        if not isinstance(value, np.ndarray) or value.shape != kept.shape:
            raise Wrong(f"`{name}` must be an array of shape {kept.shape}.")
        share = float(np.mean(value == 0))
        if abs(share - rule["share"]) > rule["within"]:
            raise Wrong(
                f"{share:.0%} of `{name}` are 0. It must be about {rule['share']:.0%}: the "
                "probability p is that of an element to be dropped."
            )
        _, faults = feedback.compare({name: value[value != 0]}, {name: kept[value != 0]})
        if faults[name]:
            raise Wrong(f"What `{name}` keeps is not right. {faults[name]}")


# -- one task, and all of them -----------------------------------------------------------------


def look(task, stubs=(), given=(), find=imported):
    """The verdict on one task.

    - task: an entry of examples.json.
    - stubs: the tasks that are not written, as `unwritten` lists them.
    - given: the files that are not the student's.
    - find: as for `run_example`.
    """
    name = task["id"]
    if task["kind"] == "answer":
        return Verdict(name, "elsewhere", "You answer it in the notebook, and a person reads it.")
    if task["kind"] == "training":
        return Verdict(name, "elsewhere", "It needs training: the notebook does it.")
    lines = {}
    for each, path, line in stubs:
        if each == name:
            lines.setdefault(path, []).append(line)
    if lines:
        places = [f"{path}, line {' and '.join(map(str, at))}" for path, at in lines.items()]
        return Verdict(name, "unwritten", f"Not written yet: {'; '.join(places)}.")
    error = 0.0
    for example in task["examples"]:
        try:
            error = max(error, run_example(name, example, find))
        except Wrong as wrong:
            first, *rest = str(wrong).removeprefix(feedback.TOLD).splitlines()
            return Verdict(name, "wrong", first, [*rest, _setting(example)])
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # whatever a student's code raises, SystemExit included
            return _raised(name, raised, example, given)
    return Verdict(name, "works", f"works on these examples (error {error:.1e})", error=error)


def _setting(example):
    return f"Example: {example['says']}: {'; '.join(example['do'])}"


def _raised(name, raised, example, given):
    kind, said = type(raised).__name__, " ".join(str(raised).split())[:300]
    missing = stub_of(kind, said)
    if missing == name:
        return Verdict(name, "unwritten", "Not written yet.")
    if missing:
        return Verdict(name, "unwritten", f"It calls {missing}, which is not written yet.")
    if kind == "NotImplementedError" and said.startswith(BRING):
        return Verdict(name, "unwritten", said)
    place = own_line(raised, given)
    if isinstance(raised, SyntaxError):
        first = f"A file is not valid Python: {raised.msg}."
        return Verdict(name, "wrong", first, [place] if place else [])
    first = f"Your code raises {kind}: {said}"
    if isinstance(raised, KeyError):
        first = f"Your code reads the entry {said}, which is not there yet: give it its default."
    elif isinstance(raised, ValueError) and ("shape" in said or "broadcast" in said):
        first = f"The shapes of two arrays do not fit: {said}"
    return Verdict(name, "wrong", first, [*([place] if place else []), _setting(example)])


def look_at_all(names=(), find=None):
    """Yield the verdict on each task in turn, or on those called ``names``."""
    known = homework()
    stubs = unwritten(known["files"]) if find is None else []
    wrong, told = [], {}
    with fresh_modules():
        for task in known["tasks"]:
            if names and task["id"] not in names:
                continue
            verdict = look(task, stubs, known["given"], find or imported)
            before = [each for each in task.get("calls", ()) if each in wrong]
            if verdict.state == "wrong":
                wrong.append(verdict.task)
                key = (verdict.said, verdict.details[:1])
                if before:
                    verdict.details = (verdict.said, *verdict.details)
                    verdict.said = f"Correct {before[0]} first: this calls it."
                elif told.setdefault(key, verdict.task) != verdict.task:
                    verdict.said, verdict.details = f"The same as in {told[key]}.", ()
            yield verdict


def report(*names):
    """Print a table of the tasks, or of those called ``names``; returns whether all work."""
    signs, states = marks(), []
    known = homework()
    width = max(len(task["id"]) for task in known["tasks"]) + 2
    margin = " " * (max(map(len, signs.values())) + width + 1)
    nexts = []
    for verdict in look_at_all(names):
        states.append(verdict.state)
        sign = signs[verdict.state].ljust(len(margin) - width - 1)
        head = f"{sign} {verdict.task:{width}}"
        print(_folded(verdict.said, head, margin), flush=True)
        for line in verdict.details:
            print(_folded(line, margin, margin))
        if verdict.state in {"wrong", "unwritten"}:
            nexts.append(verdict.task)
    looked = [state for state in states if state != "elsewhere"]
    works = looked.count("works")
    print(f"\n{works} of {len(looked)} tasks work on these examples.", end=" ")
    print(f"Next: {nexts[0]}." if nexts else "The grade comes from other inputs as well.")
    return works == len(looked)


def _folded(text, head, margin):
    return textwrap.fill(
        text, WIDTH, initial_indent=head, subsequent_indent=margin, break_long_words=False
    )


def main(arguments=None):
    """The command line; exit code 0 where all tasks work, 1 where one does not, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m utils.check", description="Shows which tasks work on examples."
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="only these tasks")
    names = parser.parse_args(arguments).tasks
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a console may lack some letters
    known = [task["id"] for task in homework()["tasks"]]
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"There is no task {unknown[0]!r}. The tasks are: {', '.join(known)}.")
    return 0 if report(*names) else 1


if __name__ == "__main__":
    sys.exit(main())
