"""Whatever is handed in, reading it costs little, ends, and concerns nobody but its author."""

from __future__ import annotations

import errno
import gzip
import json
import os
import resource
import signal
import socket
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.batch.run import find_all, grade_one
from kit.course import Assignment, CourseError
from kit.intake import submitters
from kit.intake.archive import EXTENDED_HEADER
from kit.intake.downloads import Found, submissions
from kit.intake.folder import FolderTree, open_regular
from kit.intake.submission import RejectedError, Submission, read, take
from kit.intake.tree import Costs, HostError, UnreadableError
from kit.limits import Limits
from kit.results import printable
from tests.support.archives import SKIPPED
from tests.support.course import hand_in
from tests.support.hostile_archives import GRADED, HOSTILE, MIB, REJECTED, WORK, a_zip, member

CPU_SECONDS = 10
"""Of processor time, for what takes a tenth of it: nothing here takes time with its square."""
MEMORY = 512 * MIB


@contextmanager
def bounded() -> Iterator[None]:
    """End what takes too much processor time, and refuse it too much memory."""

    def end(*_: object) -> None:
        raise TimeoutError(f"it took more than {CPU_SECONDS} s of processor time")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, now[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, now)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Costs]:
    """What was counted, of each archive and folder that was opened since."""
    made: list[Costs] = []
    begin = Costs.__init__

    def noted(costs: Costs, label: str, limits: Limits) -> None:
        begin(costs, label, limits)
        made.append(costs)

    monkeypatch.setattr(Costs, "__init__", noted)
    return made


def taken(assignment: Assignment, found: Found, limits: Limits) -> Submission:
    with found.open() as tree:
        return take(tree, assignment, found.student, limits, found.notes)


class TestHostileArchives:
    """Each ends as a submission that can be graded, or as one that is rejected with a sentence."""

    @pytest.mark.parametrize("name", HOSTILE)
    def test_it_ends_and_its_costs_are_bounded(
        self, tiny: Assignment, tmp_path: Path, counted: list[Costs], name: str
    ) -> None:
        hostile = HOSTILE[name]
        limits = Limits(**hostile.limits)
        (tmp_path / "ada.zip").write_bytes(hostile.make())
        with bounded(), ExitStack() as kept:
            (found,) = submissions(tiny, tmp_path / "ada.zip", limits, kept)
            assert found.student == "ada"
            if hostile.end == GRADED:
                assert taken(tiny, found, limits).files == WORK
            else:
                with pytest.raises(RejectedError, match=hostile.says or "."):
                    taken(tiny, found, limits)
        for costs in counted:
            assert costs.headers <= limits.archive_headers + 1
            assert costs.header_bytes <= limits.header_bytes + EXTENDED_HEADER
            assert costs.files <= limits.submission_files + 1
            assert costs.unpacked_bytes <= limits.archive_bytes

    def test_a_class_goes_on(self, tiny: Assignment, tmp_path: Path) -> None:
        chosen = [name for name in HOSTILE if not HOSTILE[name].limits][::5]
        for number, name in enumerate(chosen):
            (tmp_path / f"s{number:02}.zip").write_bytes(HOSTILE[name].make())
        hand_in(tmp_path / "zoe")
        ends = {}
        with ExitStack() as kept:
            for found in find_all(tiny, [tmp_path], kept):
                try:
                    assert taken(tiny, found, Limits()).files == WORK
                    ends[found.student] = GRADED
                except RejectedError:
                    ends[found.student] = REJECTED
        assert ends.pop("zoe") == GRADED
        assert len(ends) == len(chosen)
        assert list(ends.values()) == [HOSTILE[name].end for name in chosen]

    def test_a_list_that_is_too_long_is_not_even_read(
        self, tiny: Assignment, tmp_path: Path
    ) -> None:
        (tmp_path / "ada.zip").write_bytes(HOSTILE["zip list of 20 MiB"].make())
        tracemalloc.start()
        try:
            with pytest.raises(RejectedError, match="list of files is too long"):
                read(tmp_path / "ada.zip", tiny, "ada", Limits())
            assert tracemalloc.get_traced_memory()[1] < 4 * MIB
        finally:
            tracemalloc.stop()

    def test_what_is_read_again_is_counted_again(self, tiny: Assignment, tmp_path: Path) -> None:
        """The tarball is unpacked to find the file, and once more to read it."""
        data = bytes(4 * MIB)
        parts = [member("a", data), member("nndl/work.py", b"x = 1\n"), member("b", data)]
        (tmp_path / "hw.tgz").write_bytes(gzip.compress(b"".join(parts)))
        assert read(tmp_path / "hw.tgz", tiny, "ada", Limits(archive_bytes=13 * MIB)).files == WORK
        with pytest.raises(RejectedError, match="unpacks to more than"):
            read(tmp_path / "hw.tgz", tiny, "ada", Limits(archive_bytes=11 * MIB))

    @pytest.mark.parametrize("depth", [99, 100])
    def test_a_path_may_have_a_hundred_parts(
        self, tiny: Assignment, tmp_path: Path, depth: int
    ) -> None:
        """And so in a folder: what is deeper is not passed over without a word."""
        name = "a/" * depth + "x.py"
        (tmp_path / "hw.zip").write_bytes(a_zip((name, b""), *WORK.items()))
        hand_in(hand_in(tmp_path / "hw"), at=name)
        for path in (tmp_path / "hw.zip", tmp_path / "hw"):
            if depth == 99:
                assert read(path, tiny, "ada", Limits()).files == WORK
            else:
                with pytest.raises(
                    RejectedError, match="its folders are nested more than 100 deep"
                ):
                    read(path, tiny, "ada", Limits())

    def test_the_limits_are_shown(self) -> None:
        shown = Limits().as_dict()
        for name in ("path_parts", "path_characters", "archive_headers", "header_bytes"):
            assert shown[name] > 0


class TestNotebook:
    """A notebook takes and gives no point, and reading it costs as little as the rest."""

    @pytest.fixture
    def noted(self, tiny: Assignment, tmp_path: Path) -> Iterator[Callable[..., tuple[str, ...]]]:
        """The notes on a submission with a notebook of that content."""
        tiny.release.mkdir(parents=True)
        released = tiny.release / "tiny.ipynb"
        released.write_bytes(tiny.notebook.read_bytes())

        def notes(content: bytes, **limits: int) -> tuple[str, ...]:
            (hand_in(tmp_path) / "tiny.ipynb").write_bytes(content)
            with bounded():
                return read(tmp_path, tiny, "ada", Limits(**limits)).notes

        yield notes
        released.unlink()
        tiny.release.rmdir()

    def test_one_of_many_items_is_not_read(self, noted) -> None:
        (note,) = noted(b'{"cells": [' + b"{}," * (5 * MIB) + b"{}]}")
        assert "it has more than 2,000,000 items" in note


class TestSkipped:
    """What is not looked into is said, and a file that may be missed for it is named."""

    @pytest.fixture(params=["folder", "zip"])
    def handed_in(
        self, request: pytest.FixtureRequest, tiny: Assignment, tmp_path: Path
    ) -> Callable[[Mapping[str, bytes]], Submission]:
        def of(files: Mapping[str, bytes]) -> Submission:
            path = tmp_path / "ada"
            if request.param == "zip":
                path = tmp_path / "ada.zip"
                path.write_bytes(a_zip(*files.items()))
            else:
                for name, content in files.items():
                    (path / name).parent.mkdir(parents=True, exist_ok=True)
                    (path / name).write_bytes(content)
            return read(path, tiny, "ada", Limits())

        return of

    def test_folders_are_named(self, handed_in) -> None:
        files = dict.fromkeys(["env/a.py", ".old/b.py", "lib/node_modules/c/d.js"], b"")
        submission = handed_in({**files, **WORK})
        assert submission.notes == (f"{SKIPPED}: .old/, env/, lib/node_modules/.",)

    def test_of_many_a_few_are_named(self, handed_in) -> None:
        files = {f".{number}/x": b"" for number in range(10, 70)}
        (note,) = handed_in({**files, **WORK}).notes
        assert note == f"{SKIPPED}: .10/, .11/, .12/, .13/, .14/ and 55 more."

    def test_what_machines_leave_is_not_worth_a_word(self, handed_in) -> None:
        files = dict.fromkeys(
            ["nndl/__pycache__/work.pyc", ".git/config", ".ipynb_checkpoints/work.py",
             "__MACOSX/nndl/._work.py", ".DS_Store", ".vscode/x.json"], b""
        )  # fmt: skip
        assert handed_in({**files, **WORK}).notes == ()

    @pytest.mark.parametrize("folder", ["env/nndl", ".hidden", "node_modules", ".git/nndl"])
    def test_a_file_that_is_missed_for_it_is_named(self, handed_in, folder: str) -> None:
        with pytest.raises(RejectedError, match="None of the files") as caught:
            handed_in({f"{folder}/work.py": b"x = 1\n", "readme.txt": b""})
        assert f"found only in a folder that is left out ({folder}/work.py)" in str(caught.value)

    def test_so_is_one_in_an_environment(self, handed_in) -> None:
        with pytest.raises(
            RejectedError, match=r"only in a folder that is left out \(mine/nndl/work\.py\)"
        ):
            handed_in({"mine/pyvenv.cfg": b"", "mine/nndl/work.py": b""})

    def test_one_that_is_there_is_enough(self, handed_in) -> None:
        (note,) = handed_in({**WORK, "env/nndl/work.py": b"x = 2\n"}).notes
        assert note == f"{SKIPPED}: env/."

    def test_it_is_said_in_a_download_of_a_class_too(
        self, tiny: Assignment, tmp_path: Path
    ) -> None:
        files = {
            "submission_metadata.yml": b"",
            "submission_1/nndl/work.py": b"x = 1\n",
            "submission_1/env/x.py": b"",
            "submission_2/hw/env/work.py": b"",
            "submission_2/hw/x.py": b"",
        }
        (tmp_path / "all.zip").write_bytes(a_zip(*files.items()))
        with ExitStack() as kept:
            first, second = find_all(tiny, [tmp_path / "all.zip"], kept)
            assert taken(tiny, first, Limits()).notes == (f"{SKIPPED}: env/.",)
            with pytest.raises(
                RejectedError, match=r"only in a folder that is left out \(hw/env/work\.py\)"
            ):
                taken(tiny, second, Limits())


class TestHost:
    """What this machine can't read is its error, of that student alone, and never a zero."""

    def refuse(self, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
        """Have opening or listing whatever is called ``name`` fail, as rights do for others."""

        def failing(function: Callable[..., Any]) -> Callable[..., Any]:
            def tried(path: Any, *arguments: Any, **named: Any) -> Any:
                if isinstance(path, str | Path) and Path(path).name == name:
                    raise OSError(code, os.strerror(code), str(path))
                return function(path, *arguments, **named)

            return tried

        for called in ("open", "scandir"):
            monkeypatch.setattr(os, called, failing(getattr(os, called)))

    @pytest.fixture
    def class_of_two(self, tmp_path: Path) -> Path:
        hand_in(tmp_path / "class/ada")
        hand_in(tmp_path / "class/bob")
        (tmp_path / "class/bob/nndl/work.py").rename(tmp_path / "class/bob/nndl/Work.py")
        return tmp_path / "class"

    @pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ESTALE])
    @pytest.mark.parametrize(
        ("refused", "inside"), [("Work.py", "nndl/Work.py"), ("nndl", "nndl"), ("bob", "bob")]
    )
    def test_it_is_an_error_that_names_the_path(
        self,
        tiny: Assignment,
        class_of_two: Path,
        monkeypatch: pytest.MonkeyPatch,
        refused: str,
        inside: str,
        code: int,
    ) -> None:
        if refused == "nndl":  # of the one student alone
            (class_of_two / "ada/nndl").rename(class_of_two / "ada/NNDL")
        self.refuse(monkeypatch, refused, code)
        with ExitStack() as kept:
            found = {each.student: each for each in find_all(tiny, [class_of_two], kept)}
        assert taken(tiny, found["ada"], Limits()).files == WORK
        with pytest.raises(HostError) as caught:
            taken(tiny, found["bob"], Limits())
        assert str(caught.value) == f"{inside}: {os.strerror(code)}"

    def test_its_result_has_no_score(
        self, tiny: Assignment, class_of_two: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.refuse(monkeypatch, "Work.py", errno.EACCES)
        result = grade_one(tiny, class_of_two / "bob").as_dict()
        assert (result["status"], result["score"]) == ("error", None)
        assert "nndl/Work.py: Permission denied" in result["message"]

    @pytest.mark.skipif(os.getuid() != 0, reason="others meet missing rights without our help")
    def test_so_it_is_for_a_user_without_rights(
        self, tiny: Assignment, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """As root nothing is refused, so a child that is nobody looks."""
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            hand_in(Path(folder, "class/ada"))
            hand_in(Path(folder, "class/bob"))
            hand_in(Path(folder, "class/eve"))
            os.chmod(Path(folder, "class/bob"), 0)
            os.chmod(Path(folder, "class/eve/nndl/work.py"), 0)
            told = as_nobody(lambda: self.looked(tiny.student_files, Path(folder, "class")))
        assert told == {
            "ada": "1 file",
            "bob": "bob: Permission denied",
            "eve": "nndl/work.py: Permission denied",
        }

    def looked(self, wanted: tuple[str, ...], folder: Path) -> dict[str, str]:
        course = Assignment(folder / "none", "tiny")
        course.__dict__["student_files"] = wanted  # the course itself is root's
        ends = {}
        with ExitStack() as kept:
            for found in submissions(course, folder, Limits(), kept):
                try:
                    tree = FolderTree(folder, Limits(), found.student)
                    content = tree.read(tree.entries[0], 100)
                    ends[found.student] = f"{len(content and tree.entries)} file"
                except OSError as error:
                    ends[found.student] = str(error)
        return ends

    def test_a_package_without_rights_is_still_one_submission(
        self, tiny: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hand_in(tmp_path / "ada", at="nndl/Work.py")
        self.refuse(monkeypatch, "nndl", errno.EACCES)
        with ExitStack() as kept:
            (found,) = find_all(tiny, [tmp_path / "ada"], kept)
        assert found.student == "ada"
        with pytest.raises(HostError, match="nndl: Permission denied"):
            taken(tiny, found, Limits())


def as_nobody(look: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What ``look`` returns in a child that has no rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writing, json.dumps(look()).encode())
        except BaseException as error:
            os.write(writing, json.dumps({"failed": repr(error)}).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as told:
        content = told.read()
    os.waitpid(child, 0)
    return json.loads(content)


class TestOddFolders:
    """What lies in a folder is neither followed, nor waited for, nor a reason to break down."""

    def test_only_regular_files_are_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to("/etc/passwd")
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "folder").mkdir()
        (tmp_path / "up").symlink_to(tmp_path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "socket"))
            for name in ("pipe", "link", "loop", "folder", "socket", "up/folder", "up/pipe"):
                with pytest.raises(UnreadableError):
                    open_regular(tmp_path, name)
        assert not [name for name in os.listdir("/proc/self/fd") if _leads_to(name, tmp_path)]

    @pytest.mark.parametrize("put", ["pipe", "loop", "folder"])
    def test_one_of_them_in_the_place_of_a_file_is_named(
        self, tiny: Assignment, tmp_path: Path, put: str
    ) -> None:
        place = tmp_path / "nndl/work.py"
        place.parent.mkdir()
        {
            "pipe": lambda: os.mkfifo(place),
            "loop": lambda: place.symlink_to("work.py"),
            "folder": place.mkdir,
        }[put]()
        with pytest.raises(RejectedError, match=r"work\.py was not read|None of the files"):
            read(tmp_path, tiny, "ada", Limits())

    @pytest.mark.parametrize("last", [4, 255])
    def test_a_path_that_is_too_long_is_rejected(
        self, tiny: Assignment, tmp_path: Path, last: int
    ) -> None:
        """Be it too long for us, or in its place, with what is before it, for the system."""
        hand_in(tmp_path / "ada")
        here = os.open(tmp_path / "ada", os.O_RDONLY)
        for length in [200] * 19 + [255, last]:  # one by one, for no call takes all of it
            os.mkdir("a" * length, dir_fd=here)
            inner = os.open("a" * length, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(here)
        with pytest.raises(RejectedError, match="a path is too long"):
            read(tmp_path / "ada", tiny, "ada", Limits())

    def test_names_that_are_no_text_are_students_too(
        self, tiny: Assignment, tmp_path: Path
    ) -> None:
        for name in (b"caf\xe9", b"\xff\xfe", b"a\nb", b"\x1b[31m"):
            hand_in(tmp_path / os.fsdecode(name))
            (tmp_path / os.fsdecode(name) / os.fsdecode(b"\xe9.py")).touch()
        with ExitStack() as kept:
            found = find_all(tiny, [tmp_path], kept)
        assert len(found) == 4
        for each in found:
            assert taken(tiny, each, Limits()).files == WORK
            assert each.student.isprintable()
            assert each.where.encode() == printable(each.where).encode()

    def test_two_of_them_are_told_apart_in_print(self, tiny: Assignment, tmp_path: Path) -> None:
        name = os.fsdecode(b"caf\xe9")
        hand_in(tmp_path / name)
        (tmp_path / f"{name}.zip").write_bytes(a_zip(*WORK.items()))
        with ExitStack() as kept, pytest.raises(CourseError) as caught:
            find_all(tiny, [tmp_path], kept)
        str(caught.value).encode()  # it can be printed

    @pytest.mark.parametrize(
        "name", ["loop", "loop/x", "a" * 5000, "a/" * 2500, "nowhere", "a\0b", "pipe", "\udce9"]
    )
    def test_a_path_that_is_none_gets_a_sentence(
        self, tiny: Assignment, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "loop").symlink_to("loop")
        os.mkfifo(tmp_path / "pipe")
        with ExitStack() as kept, pytest.raises(CourseError) as caught:
            find_all(tiny, [tmp_path / name], kept)
        said = str(caught.value)
        assert said == printable(said)
        assert len(said) < 500

    def test_a_class_of_too_many_files_gets_a_sentence(
        self, tiny: Assignment, tmp_path: Path
    ) -> None:
        for number in range(20):
            (tmp_path / f"{number}.txt").touch()
        with ExitStack() as kept, pytest.raises(CourseError, match="more than 10 files"):
            submissions(tiny, tmp_path, Limits(submission_files=10), kept)


def _leads_to(descriptor: str, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))
    except OSError:
        return False


ALIASES = "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 40)
)


class TestGradescopesList:
    """It is data: whatever stands in it, names are found in it, or one sentence says why not."""

    def people(self, text: str, **limits: int) -> dict[str, list[str]]:
        with bounded():
            return submitters.read(text.encode(), Limits(**limits))

    @pytest.mark.parametrize(
        "name",
        ["'Ada !ruby/x'", "'!ruby/object:Foo'", "!ruby/x Ada", "!ruby/object:User {a: b}", "&x Ada",
         "!!python/object/apply:os.getcwd []", "'a: b'", '"\\u202eA"'],
    )  # fmt: skip
    def test_a_name_does_not_lose_the_list(self, name: str) -> None:
        text = (
            f"a:\n  :submitters:\n  - :name: {name}\n    :email: ada@example.org\n"
            "b:\n  :submitters:\n  - :sid: '7'\n"
        )
        assert self.people(text) == {"a": ["ada@example.org"], "b": ["7"]}

    def test_a_name_with_a_tag_in_it_stays_whole(self) -> None:
        text = "a:\n  :submitters:\n  - :name: 'Ada !ruby/x Lovelace'\n"
        assert self.people(text) == {"a": ["Ada !ruby/x Lovelace"]}

    def test_objects_of_ruby_are_passed_over(self) -> None:
        text = (
            "a: !ruby/object:Submission\n"
            "  :created_at: !ruby/object:ActiveSupport::TimeWithZone\n"
            "    zone: &1 !ruby/object:ActiveSupport::TimeZone\n      name: UTC\n"
            "  :results:\n    :tests:\n    - :submitters:\n      - :sid: no\n"
            "    ? [1, {2: 3}]\n    : 4\n"
            "  :submitters:\n  - !ruby/hash:Person\n    :sid: 007\n    :email: ~\n"
            "b:\n  :zone: *1\n  :submitters: []\n"
        )
        assert self.people(text) == {"a": ["007"], "b": []}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("a: [", "while parsing"),
            ("a: " + "[" * 200_000, "nested more than 50 deep"),
            ("- " * 100_000, "nested more than 50 deep"),
            ("? " * 100_000, "nested more than 50 deep"),
            ("{a: " * 100_000, "nested more than 50 deep"),
            ("".join(f"%TAG !{n}! x\n" for n in range(100_000)), "directive"),
            ("a: \x00", "not allowed"),
        ],
    )
    def test_what_is_no_list_is_told(self, text: str, says: str) -> None:
        with pytest.raises(submitters.ListError, match=says):
            self.people(text)

    def test_bytes_that_are_no_text_are_told(self) -> None:
        with pytest.raises(submitters.ListError):
            submitters.read(b"a: \xff\xfe\xfa", Limits())

    def test_aliases_of_aliases_are_not_followed(self) -> None:
        text = f"a0: &a0 [x]\n{ALIASES}b:\n  <<: [*a39, *a39]\n  :submitters: *a39\n"
        assert self.people(text)["b"] == []

    def test_one_of_many_items_is_not_read(self) -> None:
        with pytest.raises(submitters.ListError, match="more than 1,000 items"):
            self.people("a: [" + "b, " * 2000 + "]", list_items=1000)

    def test_one_that_is_too_large_is_told(self, tiny: Assignment, tmp_path: Path) -> None:
        hand_in(tmp_path, "a:\n" + "#" * 2000, at="submission_metadata.yml")
        told = pytest.raises(CourseError, match=r"can't be read \(it is larger than 1,000 bytes")
        with ExitStack() as kept, told:
            submissions(tiny, tmp_path, Limits(list_bytes=1000), kept)

    def test_a_pipe_in_its_place_is_not_waited_for(self, tiny: Assignment, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "submission_metadata.yml")
        told = pytest.raises(CourseError, match=r"can't be read \(it is not a regular file")
        with ExitStack() as kept, told:
            submissions(tiny, tmp_path, Limits(), kept)
