"""Further attempts of the kinds that once worked, by the hundred: none gains or harms anything.

Each is code, or a hand-in, of which is known what it must get. After each that is code the
reference, graded in the same process, gets the same bytes as when it is graded alone.
"""

from __future__ import annotations

import builtins
import os
import resource
import socket
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.course import Assignment
from kit.export.spreadsheet import harmless
from kit.grading.grader import Grader
from kit.intake import submitters
from kit.intake.downloads import submissions
from kit.intake.submission import RejectedError, read, take
from kit.limits import Limits
from tests.support.course import CONSTANTS, SOLUTION, submission, write_course
from tests.support.hostile_archives import WORK, a_tar, a_zip, header, member, pax
from tests.support.results import without_time

pytestmark = pytest.mark.one_in(3, 0)

ALL, REST = 6, 2
"""What the reference gets, and what it gets where ``double`` is wrong."""
IN_PLACE = {
    "x": [
        "x.fill(7)",
        "x.sort()",
        "x.resize((1,), refcheck=False)",
        "x.shape = (-1, 1)",
        "x.dtype = np.int64",
        "x.strides = (0,) * x.ndim",
        "x.flags.writeable = False",
        "x.byteswap(inplace=True)",
        "x.partition(0)",
        "x.itemset(0, 7)",
        "x.put(0, 7)",
        "x.setfield(7, np.float64)",
        "np.copyto(x, 7)",
        "np.place(x, x == x, 7)",
        *(
            "np.add(x, 1, out=x)",
            "np.negative.at(x, 0)",
            "x.__setstate__((0, (0,), x.dtype, 0, b''))",
        ),
        "x.base[...] = 7",
        "x.base.clear()",
        "memoryview(x).cast('B')[0:8] = bytes(8)",
        "x.data.release()",
        "x.__class__ = np.matrix",
        "x.view(np.uint8)[...] = 255",
        *(
            "ctypes.memset(x.ctypes.data, 7, x.nbytes)",
            "x.__array_interface__['data'] = (0, False)",
        ),
        "np.lib.stride_tricks.as_strided(x, (2,), (8,))[...] = 7",
        "np.random.shuffle(x)",
        "[r.clear() for r in gc.get_referrers(x) if type(r) is list]",
    ],
    "state": [
        "state.update(w=7, sizes=7)",
        "state.popitem()",
        "[state.pop(k) for k in list(state)]",
        *(
            "state['sizes'].append(state)",
            "state['sizes'].__init__(range(9))",
            "state.setdefault(1, state)",
        ),
        *(
            "state['w'].fill(7)",
            "state.__init__({'w': state})",
            "state |= {'sizes': [state, state]}",
        ),
        "state['names'].sort(reverse=True)",
        "state['sizes'] *= 10_000",
        "del state['w']",
        "gc.get_referrers(state)[0].clear()",
        "state['x'] = state['y'] = [state] * 3",
    ],
}
"""Lines that change an argument, by its name."""
WRONG = [
    "[x, x]",
    "(x,)",
    "{'x': x}",
    "x.tolist()",
    "[2 * x]",
    "(2 * x,)",
    "{'ok': 2 * x}",
    "iter(2 * x)",
    "type('L', (list,), {'__len__': lambda s: 1 / 0})((1, 2))",
    "type('A', (), {'__array__': 7})()",
    "type('A', (), {'__array__': lambda s, *a, **k: 2 * x})()",
    "type('T', (tuple,), {})((1,))",
    "type('F', (float,), {'__float__': lambda s: 2.0})(1)",
    "type('E', (), {'__eq__': lambda *a: True})()",
    "type('D', (dict,), {'items': lambda s: 1 / 0})(a=1)",
    "type('S', (str,), {'encode': 7})('x')",
    "type('P', (np.ndarray,), {'dtype': 7, 'shape': 7})((1,))",
    "(2 * x).view(np.recarray).T[:1]",
    "np.ma.masked_all(x.shape)",
    "(2 * x).astype(object)",
    "(2 * x).astype('S8')",
    "(2 * x)[None]",
    "(2 * x).astype('M8[s]')",
    "(2 * x).astype(complex)",
    "np.void(b'x')",
    "np.str_('x')",
    "np.full(x.shape, np.nan)",
    "np.full(x.shape, np.inf)",
    "np.broadcast_to(np.nan, x.shape)",
    "np.zeros((0, 2**40))",
    "np.empty((1,) * 32)",
    "np.ones(2**23)",
    "np.broadcast_to(1.0, (2**20, 2**20))",
    "np.float64(2)",
    "np.bool_(True)",
    "10**400",
    "-2**63",
    "b'x' * 3_000_000",
    "'x' * 3_000_000",
    "'\\ud800' * 9",
    "list(range(70_000))",
    "{'x' * 10**6: 1}",
    "{str(i): i for i in range(70_000)}",
    "[[0] * 400] * 400",
    "[np.zeros(0)] * 60_000",
    "[x] * 9_999",
    "_deep(31)",
    "_deep(33)",
    "_deep(5_000)",
    "_wide(40)",
    "_loop()",
    "_loop_of_dicts()",
    "_twins()",
    "lambda: 7",
    "(i for i in x)",
    "sys",
    "object",
    "type",
    "sys._getframe()",
    "slice(1)",
    "range(9)",
    "memoryview(b'x')",
    "bytearray(8)",
    "frozenset({1})",
    "Ellipsis",
    "NotImplemented",
    "1j",
    "set()",
    "wire.Remote(0, 'x')",
    "wire.Earlier(0, None)",
    "wire.Mapped('/etc/passwd', 'uint8', (9,), 0)",
]
"""What is returned in place of the right value."""
OURS = "CheckFailure StudentFault KitFault WorkerLost Skipped Exit IsolationMissing".split()
"""Exceptions that mean something to the tester."""
RAISED = [
    *(
        f"raise {name}"
        for name, kind in vars(builtins).items()
        if isinstance(kind, type)
        and issubclass(kind, BaseException)
        and not name.startswith("Unicode")
        and "Group" not in name
        and name not in {"EnvironmentError", "IOError"}
    ),
    *(
        "raise ExceptionGroup('x', [ValueError()])",
        "raise UnicodeDecodeError('x', b'x', 0, 1, 'x')",
    ),
    *(f"raise type({name!r}, (Exception,), {{}})('passed')" for name in OURS),
    "raise type('B', (Exception,), {'__str__': lambda s: 1 / 0})",
    "raise type('x' * 9_999, (Exception,), {})('x' * 99_999)",
    "raise type('H', (Exception,), {'__class__': ZeroDivisionError})",
]
FORGED = [
    "N | {'ok': 7}",
    "N | {'ok': 7, 'error': None}",
    "N | {'ok': 7, 'x': 0}",
    "{'ok': 7}",
    "{}",
    "N",
    "[N]",
    "(N,)",
    "7",
    "None",
    "'ok'",
    "b'ok'",
    "np.zeros(3)",
    "np.float64(7)",
    "[]",
    "N | {'ok': 7, 'number': True}",
    "N | {'ok': 7, 'number': 0.0}",
    "N | {'ok': 7, 'number': -1}",
    "N | {'ok': 7, 'number': np.int64(0)}",
    "N | {'ok': 7, 'nonce': N['nonce'].encode()}",
    "N | {'ok': 7, 'nonce': [N['nonce']]}",
    "N | {'ok': 7, 'nonce': np.zeros(3)}",
    "N | {'ask': 'work.double', 'arguments': [x]}",
    "N | {'ask': 7, 'arguments': 7}",
    "N | {'error': 7}",
    "N | {'error': {}}",
    "N | {'error': {'type': 'X', 'message': 'x', 'trace': 7}}",
    "N | {'error': {'type': 'X', 'message': 7, 'trace': []}}",
    "N | {'ok': wire.Remote(2**62, 'X')}",
    "N | {'error': {'type': 'X', 'message': 'x', 'trace': [7]}}",
    "N | {'ok': wire.Remote(0, 'x' * 10**5)}",
    "N | {'error': {'type': 'KitFault', 'message': '', 'trace': []}}",
    "N | {'ok': [wire.Earlier(0, 0)]}",
    "N | {'ok': wire.Mapped('/dev/zero', 'uint8', (9,), 0)}",
    "{'refused': 'no'}",
    "{'layers': []}",
]
"""Replies that the student's code sends itself, with the right nonce and number ``N``."""
REACHES = [
    "os.sched_getaffinity(os.getppid())",
    "os.sched_setaffinity(0, {0})",
    "os.setpriority(0, 0, 5)",
    "os.sched_setaffinity(os.getppid(), {0})",
    "os.sched_getscheduler(os.getppid())",
    "os.nice(1)",
    "os.sched_setscheduler(0, 0, os.sched_param(0))",
    "os.getpriority(0, os.getppid())",
    "time.clock_gettime(~os.getppid() << 3 | 2)",
    "time.clock_gettime(~1 << 3 | 2)",
    "time.clock_getres(~1 << 3 | 6)",
    "time.clock_settime(0, 0)",
    "os.getpgid(os.getppid())",
    "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
    "os.pidfd_open(os.getppid())",
    "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "os.getsid(os.getppid())",
    "os.kill(os.getppid(), 0)",
    "os.killpg(0, 0)",
    "os.waitpid(-1, 0)",
    "os.fork()",
    "os.setsid()",
    "os.open('/', 0)",
    "os.listdir('/proc')",
    "os.stat('/proc/self')",
    "os.memfd_create('x')",
    "os.pipe()",
    "os.eventfd(0)",
    "socket.socket()",
    "socket.socketpair()",
    "signal.raise_signal(10)",
    "os.mkfifo('x')",
    "os.symlink('x', 'y')",
    "os.chdir('/')",
    "os.umask(0)",
    "os.chroot('/')",
    "signal.setitimer(signal.ITIMER_REAL, 9)",
    "os.execv('/bin/true', ['true'])",
    "os.sendfile(3, 0, 0, 1)",
]
"""What concerns other processes or the machine: refused, or without any effect on the grade."""
HELPERS = """
import ctypes, gc, os, resource, signal, socket, sys, time
from kit.sandbox import wire


def _deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def _wide(levels):
    value = [0]
    for _ in range(levels):
        value = [value, value]
    return value


def _loop():
    value = ([],)
    value[0].append(value)
    return value


def _loop_of_dicts():
    one, other = {}, {}
    one["x"], other["x"] = other, one
    return one


def _twins():
    value = np.ones(2**18)
    return [value] * 4_000


def _forge(make):
    frame = sys._getframe()
    while "nonce" not in frame.f_locals or "number" not in frame.f_locals:
        frame = frame.f_back
    held = frame.f_locals
    os.write(3, wire.encode(make({"nonce": held["nonce"], "number": held["number"]})).to_bytes())
    os.eventfd_write(4, 1)
    time.sleep(0.01)
    os._exit(0)
"""


def named(attempts: list[str]) -> list[Any]:
    """Parameters that are called after the attempts themselves."""
    return [pytest.param(each, id=each[:60].replace("\n", " ")) for each in attempts]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return write_course(tmp_path_factory.mktemp("course"), CONSTANTS)


@pytest.fixture(scope="module")
def grader(course: Assignment) -> Iterator[Grader]:
    with Grader(course, limits=Limits(call_seconds=2.0)) as ready:
        yield ready


@pytest.fixture(scope="module")
def alone(course: Assignment) -> dict[str, Any]:
    """What the reference gets from a process that has graded nothing before."""
    with Grader(course, limits=Limits(call_seconds=2.0)) as fresh:
        result = without_time(fresh.grade(submission(SOLUTION)).as_dict())
    assert result["score"] == ALL
    return result


class TestCode:
    @pytest.fixture(autouse=True)
    def _the_next_is_graded_as_alone(self, grader: Grader, alone: dict[str, Any]) -> Iterator[None]:
        yield
        assert without_time(grader.grade(submission(SOLUTION)).as_dict()) == alone

    def graded(self, grader: Grader, double: str = "return 2 * x", remember: str = "pass") -> float:
        """What the solution gets with these lines in its functions."""
        work = SOLUTION.replace("    return 2 * x", f"    {double}")
        work = work.replace('    state["x"] =', f'    {remember}\n    state["x"] =')
        result = grader.grade(submission(f"{work}\n{HELPERS}")).as_dict()
        assert (result["status"], result.get("message")) == ("graded", None)
        assert {check["status"] for task in result["tasks"] for check in task["checks"]} <= {
            "passed",
            "failed",
        }
        return float(result["score"])

    @pytest.mark.parametrize("line", named(IN_PLACE["x"]))
    def test_an_argument_changed_in_place(self, grader: Grader, line: str) -> None:
        tried = f"try:\n        {line}\n    except Exception:\n        pass"
        attempt = f"y = 2 * x\n    {tried}\n    return y"
        assert self.graded(grader, attempt) == ALL

    @pytest.mark.parametrize("line", named(IN_PLACE["x"]))
    def test_an_argument_changed_before_it_is_used(self, grader: Grader, line: str) -> None:
        """What is right by chance all the same is right; nothing else is."""
        assert self.graded(grader, f"{line}\n    return 2 * x") in {REST, REST + 2, ALL}

    @pytest.mark.parametrize("line", named(IN_PLACE["state"]))
    def test_a_state_changed_in_place(self, grader: Grader, line: str) -> None:
        attempt = f"try:\n        {line}\n    except Exception:\n        pass"
        assert self.graded(grader, remember=attempt) in {ALL - 2, ALL}

    @pytest.mark.parametrize("value", named(WRONG))
    def test_a_value_of_another_kind(self, grader: Grader, value: str) -> None:
        assert self.graded(grader, f"return {value}") == REST

    @pytest.mark.parametrize("line", named(RAISED))
    def test_an_exception(self, grader: Grader, line: str) -> None:
        assert self.graded(grader, line) == REST

    @pytest.mark.parametrize("reply", named(FORGED))
    def test_a_reply_of_its_own(self, grader: Grader, reply: str) -> None:
        assert self.graded(grader, f"_forge(lambda N: {reply})") == REST

    @pytest.mark.parametrize("call", named(REACHES))
    def test_a_call_that_concerns_others(self, grader: Grader, call: str) -> None:
        attempt = f"try:\n        {call}\n    except Exception:\n        pass\n    return 2 * x"
        before = (os.sched_getaffinity(0), os.getpriority(0, 0), resource_limits())
        assert self.graded(grader, attempt) in {REST, ALL}
        assert (os.sched_getaffinity(0), os.getpriority(0, 0), resource_limits()) == before


def resource_limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(number) for number in range(16)]


NAMES = [
    "../work.py",
    "/work.py",
    "nndl/../../work.py",
    "C:\\work.py",
    "nndl\\..\\..\\work.py",
    "./././",
    "nndl/work.py/",
    "nndl/work.py/x",
    "nndl/Work.py",
    "nndl/work.py ",
    "nndl/work.py\0.txt",
    "~/work.py",
    "a/" * 99 + "x.py",
    "x" * 4000,
    "nndl/" + "\u202e" * 99 + ".py",
    "nndl/\u0301work.py",
    "con.py",
    "*",
]
KINDS = [bytes([letter]) for letter in b"123456789ABDEFIMNVZ"]


def bind(place: Path) -> None:
    """Leave a socket at ``place``, whose path may be longer than one may say at once."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(place))


def end_of(course: Assignment, path: Path) -> str:
    """How reading the one hand-in in ``path`` ends."""
    with ExitStack() as kept:
        (found,) = submissions(course, path, Limits(), kept)
        try:
            with found.open() as tree:
                return "read" if take(tree, course, "ada", Limits()).files == WORK else "other"
        except RejectedError:
            return "rejected"


class TestHandIns:
    """Beside the right work odd members of an archive change nothing, or it is not read at all."""

    @pytest.mark.parametrize("name", named(NAMES))
    @pytest.mark.parametrize("kind", ["zip", "tar"])
    def test_an_odd_name(self, course: Assignment, tmp_path: Path, name: str, kind: str) -> None:
        odd = (name, b"raise SystemExit\n")
        long = name.encode("utf-8", "surrogateescape") + b"\0"
        content = {
            "zip": lambda: a_zip(*WORK.items(), odd),
            "tar": lambda: a_tar(member("x", long, tarfile.GNUTYPE_LONGNAME), member("y", odd[1])),
        }[kind]()
        (tmp_path / f"ada.{kind}").write_bytes(content)
        assert end_of(course, tmp_path / f"ada.{kind}") in {"read", "rejected"}

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.decode())
    def test_a_member_of_another_kind_in_the_place_of_the_work(
        self, course: Assignment, tmp_path: Path, kind: bytes
    ) -> None:
        (tmp_path / "ada.tar").write_bytes(a_tar(header("nndl/work.py", kind, link="/etc/passwd")))
        assert end_of(course, tmp_path / "ada.tar") in {"read", "rejected"}

    @pytest.mark.parametrize(
        "said",
        [
            {"path": "../x"},
            {"path": "/etc/passwd"},
            {"size": "9" * 30},
            {"size": "-1"},
            {"mtime": "nan"},
            {"linkpath": "/etc/passwd"},
            {"path": ""},
            {"uid": "x"},
            {"GNU.sparse.map": "0,9" * 99},
            {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
            {"hdrcharset": "BINARY"},
            {"comment": "x" * 999},
        ],
        ids=str,
    )
    def test_a_header_that_lies(
        self, course: Assignment, tmp_path: Path, said: dict[str, str]
    ) -> None:
        (tmp_path / "ada.tar").write_bytes(a_tar(pax(**said), member("x.txt", b"x")))
        assert end_of(course, tmp_path / "ada.tar") in {"read", "rejected"}

    @pytest.mark.parametrize("what", ["pipe", "socket", "folder", "loop", "link", "device", "up"])
    @pytest.mark.parametrize("where", ["nndl/work.py", "nndl", "nndl/other.py", "tiny.ipynb"])
    def test_what_is_no_file(
        self, course: Assignment, tmp_path: Path, what: str, where: str
    ) -> None:
        root = tmp_path / "ada"
        for name, content in WORK.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        place = root / where
        if place.exists():
            place.rename(tmp_path / "aside")
        {
            "pipe": lambda: os.mkfifo(place),
            "socket": lambda: bind(place),
            "folder": place.mkdir,
            "loop": lambda: place.symlink_to(place.name),
            "link": lambda: place.symlink_to(tmp_path / "aside"),
            "device": lambda: place.symlink_to("/dev/zero"),
            "up": lambda: place.symlink_to(".."),
        }[what]()
        needed = where in {"nndl/work.py", "nndl"}
        try:
            files = read(root, course, "ada", Limits()).files
        except RejectedError:
            assert needed
        else:
            assert not needed
            assert files == WORK

    @pytest.mark.parametrize(
        "folder", [".x", "env", "venv", "node_modules", "__MACOSX", "site-packages"]
    )
    @pytest.mark.parametrize("beside", [True, False])
    def test_work_in_a_folder_that_is_not_looked_into(
        self, course: Assignment, tmp_path: Path, folder: str, beside: bool
    ) -> None:
        for root in [folder, *([""] if beside else [])]:
            for name, content in WORK.items():
                place = tmp_path / "ada" / root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content if not root else b"raise SystemExit\n")
        if not beside:
            with pytest.raises(RejectedError, match=folder.replace(".", r"\.")):
                read(tmp_path / "ada", course, "ada", Limits())
            return
        found = read(tmp_path / "ada", course, "ada", Limits())
        assert found.files == WORK
        assert folder == "__MACOSX" or folder in " ".join(found.notes)


class TestTexts:
    @pytest.mark.parametrize(
        "space", ["", " ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2028", "\u202e"]
    )
    def test_no_cell_begins_as_a_formula(self, space: str) -> None:
        signs = (
            "=+-@|"
            + "\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u207a\u208b\u2212\u2010\u2013\r"
        )
        for sign, rest in product(signs.replace("|", ""), ("1+1", "cmd|' /C calc'!A0", "")):
            cell = harmless(f"{space}{sign}{rest}")
            assert cell.startswith("'"), ascii(cell)

    @pytest.mark.parametrize(
        "name",
        [
            "!ruby/object:Gem::Installer",
            "!!python/object/apply:os.system [id]",
            "!<tag:x> y",
            "*x",
            "&x y",
            "<<",
            "? x",
            "- x",
            "[x",
            "{x",
            "| x",
            "> x",
            "%TAG ! x",
            "--- x",
            "... x",
            "@x",
            "`x",
            "x: y",
            "x #",
            "'x",
            '"x',
            "\u0085x",
            "\u2028x",
            "\ufeffx",
            "\x7fx",
            "~",
            "null",
            "0x7",
            "1e999",
            "2026-01-02",
            "=",
            "",
        ],
    )
    def test_no_name_costs_another_its_place_in_gradescopes_list(self, name: str) -> None:
        """Written by a dumper it is a name; written as it is, it may be what ends the list."""
        people = {"a": {":submitters": [{":name": name}]}, "b": {":submitters": [{":sid": "7"}]}}
        found = submitters.read(yaml.safe_dump(people, allow_unicode=True).encode(), Limits())
        assert found["b"] == ["7"]
        raw = f"a:\n  :submitters:\n  - :name: {name}\nb:\n  :submitters:\n  - :sid: '7'\n"
        with suppress(submitters.ListError):
            assert submitters.read(raw.encode(), Limits())["b"] == ["7"]
