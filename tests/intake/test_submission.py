"""What is taken from a folder or archive that was handed in, and what is left where it is."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from kit.batch.run import find_all, grade
from kit.course import Assignment, CourseError
from kit.grading.grader import Grader
from kit.intake.downloads import Found, safe
from kit.intake.submission import RejectedError, Submission, read
from kit.intake.submission import take as take_from
from kit.intake.tree import Tree
from kit.limits import Limits
from tests.support.archives import SKIPPED, tarred, zipped
from tests.support.course import hand_in

WORK = {"nndl/work.py": b"x = 1\n"}


def tar_entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


PACKERS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "hw.zip": zipped,
    "hw.tar": tarred,
    "hw.tar.gz": lambda files: gzip.compress(tarred(files)),
    "hw.tgz": lambda files: gzip.compress(tarred(files)),
    "hw.tar.bz2": lambda files: bz2.compress(tarred(files)),
    "hw.tar.xz": lambda files: lzma.compress(tarred(files)),
    "a tarball called.zip": tarred,
}


@pytest.fixture
def take(tiny: Assignment):
    return lambda folder, **limits: read(folder, tiny, "ada", Limits(**limits))


class TestWhere:
    """The student's files are found where students put them."""

    def test_in_the_folder_itself(self, take, tmp_path: Path) -> None:
        taken = take(hand_in(tmp_path))
        assert taken.files == {"nndl/work.py": b"x = 1\n"}
        assert taken.notes == ()

    @pytest.mark.parametrize("inner", ["hw4", "a/b/c", "Homework 4 (final)/code"])
    def test_in_a_folder_below_it_which_is_named(self, take, tmp_path: Path, inner: str) -> None:
        taken = take(hand_in(tmp_path, at=f"{inner}/nndl/work.py"))
        assert taken.files == {"nndl/work.py": b"x = 1\n"}
        assert inner in taken.notes[0]

    def test_of_two_folders_neither(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path, at="old/nndl/work.py")
        hand_in(tmp_path, at="new/nndl/work.py")
        with pytest.raises(RejectedError, match=r"More than one folder.*new/, old/"):
            take(tmp_path)

    def test_nothing_to_grade_is_rejected_by_name(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path, at="nndl/other.py")
        with pytest.raises(RejectedError, match=r"nndl/work\.py"):
            take(tmp_path)

    def test_a_copy_below_the_right_place_is_left_out(self, take, tmp_path: Path) -> None:
        taken = take(hand_in(hand_in(tmp_path), "x = 2", at="backup/nndl/work.py"))
        assert taken.files == WORK
        assert taken.notes == ("The copies in backup/ were left out.",)

    @pytest.mark.parametrize("package", ["NNDL", "nndl 2", "hw4_nndl", "a/nndl-final", "Nndl (1)"])
    def test_in_a_folder_that_is_nearly_called_so(self, take, tmp_path: Path, package: str) -> None:
        taken = take(hand_in(tmp_path, at=f"{package}/work.py"))
        assert taken.files == WORK
        assert taken.notes == (f"Your files were found in {package}/ and not in nndl/.",)

    def test_of_two_that_are_nearly_called_so_neither(self, take, tmp_path: Path) -> None:
        hand_in(hand_in(tmp_path, at="NNDL/work.py"), at="nndl 2/work.py")
        with pytest.raises(RejectedError, match=r"More than one folder.*NNDL/, nndl 2/"):
            take(tmp_path)

    @pytest.mark.parametrize("at", ["work.py", "code/work.py"])
    def test_bare_files_are_taken_with_a_note(self, take, tmp_path: Path, at: str) -> None:
        taken = take(hand_in(tmp_path, at=at))
        assert taken.files == WORK
        assert taken.notes == (f"nndl/work.py was taken from {at}.",)

    def test_of_bare_files_in_two_folders_neither(self, take, tmp_path: Path) -> None:
        hand_in(hand_in(tmp_path, at="old/work.py"), at="new/work.py")
        with pytest.raises(RejectedError, match=r"More than one folder.*new/, old/"):
            take(tmp_path)

    @pytest.mark.parametrize(
        "name",
        ["Work.py", "work.PY", "work.py.txt", "work (1).py", "work-1.py", "work 2.py",
         "work copy.py", "Copy of work.py", "work - Copy (2).py"],
    )  # fmt: skip
    def test_under_a_name_that_is_nearly_right(self, take, tmp_path: Path, name: str) -> None:
        taken = take(hand_in(tmp_path, at=f"nndl/{name}"))
        assert taken.files == WORK
        assert taken.notes == (f"nndl/work.py was taken from nndl/{name}.",)

    @pytest.mark.parametrize("name", ["homework.py", "work_old.py", "work.pyc", "workshop.py"])
    def test_another_name_is_another_file(self, take, tmp_path: Path, name: str) -> None:
        with pytest.raises(RejectedError, match="None of the files"):
            take(hand_in(tmp_path, at=f"nndl/{name}"))

    def test_the_right_name_goes_before_a_second_download(self, take, tmp_path: Path) -> None:
        taken = take(hand_in(hand_in(tmp_path), "x = 2", at="nndl/work (1).py"))
        assert taken.files == WORK
        assert taken.notes == ("nndl/work (1).py was left out: nndl/work.py was graded.",)

    def test_of_two_second_downloads_neither(self, take, tmp_path: Path) -> None:
        hand_in(hand_in(tmp_path, at="nndl/work (1).py"), at="nndl/work (2).py")
        with pytest.raises(
            RejectedError, match=r"several files could be it: .*\(1\).py, .*\(2\).py"
        ):
            take(tmp_path)

    @pytest.mark.parametrize(
        "junk",
        [".venv", "__pycache__", "node_modules", "site-packages", "__MACOSX", "lib/Site-Packages"],
    )
    def test_other_peoples_code_is_not_searched(self, take, tmp_path: Path, junk: str) -> None:
        hand_in(tmp_path, at=f"{junk}/nndl/work.py")
        with pytest.raises(RejectedError, match="None of the files"):
            take(tmp_path)

    def test_a_virtual_environment_of_any_name_is_not_searched(self, take, tmp_path: Path) -> None:
        hand_in(hand_in(tmp_path), at="my env/lib/nndl/work.py")
        hand_in(tmp_path, at="my env/pyvenv.cfg")
        for number in range(20):
            hand_in(tmp_path, at=f"my env/lib/m{number}.py")
        taken = take(tmp_path, submission_files=30)
        assert taken.files == WORK
        assert taken.notes == (f"{SKIPPED}: my env/.",)

    def test_what_a_mac_adds_is_not_looked_at(self, take, tmp_path: Path) -> None:
        for name in ("nndl/._work.py", ".DS_Store", "__MACOSX/nndl/._work.py", "._nndl"):
            hand_in(tmp_path, at=name)
        taken = take(hand_in(tmp_path))
        assert (taken.files, taken.notes) == (WORK, ())

    def test_a_folder_without_end_is_rejected(self, take, tmp_path: Path) -> None:
        for number in range(20):
            hand_in(tmp_path, at=f"d{number}/x.py")
        with pytest.raises(RejectedError, match="more than 10 files"):
            take(tmp_path, submission_files=10)


class TestWhat:
    """Only regular files of the student's are read, and links are never followed."""

    def test_files_that_are_not_asked_for_are_left(self, take, tmp_path: Path) -> None:
        for name in ("nndl/__init__.py", "conftest.py", "nndl/extra.txt", "sitecustomize.py"):
            hand_in(tmp_path, at=name)
        assert set(take(hand_in(tmp_path)).files) == {"nndl/work.py"}

    def test_a_linked_file_is_not_read(self, take, tmp_path: Path) -> None:
        secret = tmp_path / "secret.py"
        secret.write_text("answer = 42")
        (tmp_path / "in" / "nndl").mkdir(parents=True)
        (tmp_path / "in/nndl/work.py").symlink_to(secret)
        with pytest.raises(RejectedError, match=r"work\.py was not read: it is a link"):
            take(tmp_path / "in")

    def test_a_linked_folder_is_not_entered(self, take, tmp_path: Path) -> None:
        hand_in(tmp_path / "elsewhere")
        (tmp_path / "in").mkdir()
        (tmp_path / "in/nndl").symlink_to(tmp_path / "elsewhere/nndl")
        with pytest.raises(RejectedError, match="link"):
            take(tmp_path / "in")

    def test_a_pipe_is_not_waited_for(self, take, tmp_path: Path) -> None:
        (tmp_path / "nndl").mkdir()
        os.mkfifo(tmp_path / "nndl/work.py")
        with pytest.raises(RejectedError, match="not a regular file"):
            take(tmp_path)

    def test_a_huge_file_is_not_read(self, take, tmp_path: Path) -> None:
        with pytest.raises(RejectedError, match="larger than 10 bytes"):
            take(hand_in(tmp_path, "x = 1\n" * 100), source_bytes=10)


class TestDigest:
    """The digest tells submissions apart by what is graded, and by nothing else."""

    def test_the_same_files_have_the_same_digest(self) -> None:
        one = Submission("ada", {"a.py": b"1", "b.py": b"2"})
        two = Submission("bob", {"b.py": b"2", "a.py": b"1"}, ("a note",))
        assert one.sha256 == two.sha256

    def test_bytes_and_names_count(self) -> None:
        digests = {
            Submission("ada", files).sha256
            for files in (
                {"a": b"1"},
                {"a": b"2"},
                {"b": b"1"},
                {"a": b"1", "b": b""},
                {"a": b"", "b": b"1"},
            )
        }
        assert len(digests) == 5


class TestArchives:
    """An archive is read member by member, as if it were a folder, and never unpacked."""

    @pytest.fixture
    def pack(self, take, tmp_path: Path) -> Callable[..., Submission]:
        def packed(content: bytes, name: str = "hw.zip", **limits: int) -> Submission:
            (tmp_path / name).write_bytes(content)
            taken = take(tmp_path / name, **limits)
            assert os.listdir(tmp_path) == [name]  # nothing was written
            return taken

        return packed

    @pytest.mark.parametrize("name", PACKERS)
    def test_every_usual_kind_is_read(self, pack, name: str) -> None:
        taken = pack(PACKERS[name]({"hw 4/nndl/work.py": b"x = 1\n", "hw 4/notes.txt": b""}), name)
        assert taken.files == WORK
        assert taken.notes == ("Your files were found in hw 4/.",)

    @pytest.mark.parametrize("name", PACKERS)
    def test_two_folders_are_two_folders(self, pack, name: str) -> None:
        with pytest.raises(RejectedError, match=r"More than one folder.*new/, old/"):
            pack(PACKERS[name]({"new/nndl/work.py": b"", "old/nndl/work.py": b""}), name)

    @pytest.mark.parametrize("name", PACKERS)
    def test_junk_is_left_out(self, pack, name: str) -> None:
        junk = {
            "__MACOSX/nndl/._work.py": b"1",
            "nndl/._work.py": b"2",
            "e/pyvenv.cfg": b"",
            "e/lib/nndl/work.py": b"3",
            ".venv/nndl/work.py": b"4",
        }
        taken = pack(PACKERS[name]({**junk, **WORK}), name)
        assert taken.files == WORK
        assert taken.notes == (f"{SKIPPED}: .venv/, e/.",)

    def test_backslashes_of_windows_are_separators(self, pack) -> None:
        assert pack(zipped({"hw\\nndl\\work.py": b"x = 1\n"})).files == WORK

    def test_long_names_are_read_from_tarballs_of_every_kind(self, take, tmp_path: Path) -> None:
        long = "a folder with a name of many words " * 5
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            hand_in(tmp_path / "in", at=f"{long}/nndl/work.py")
            with tarfile.open(tmp_path / "hw.tar", "w", format=form) as archive:
                archive.add(tmp_path / "in", "é")
            assert take(tmp_path / "hw.tar").files == WORK

    def test_an_archive_in_an_archive_is_opened_once(self, pack) -> None:
        inner = zipped(WORK)
        taken = pack(gzip.compress(tarred({"hw/inner.zip": inner})), "hw.tgz")
        assert taken.files == WORK
        assert taken.notes == ("Your files were found in the archive hw/inner.zip.",)
        with pytest.raises(RejectedError, match="None of the files"):
            pack(zipped({"a.zip": zipped({"b.zip": inner})}), "hw.tgz")

    def test_of_two_archives_neither(self, take, tmp_path: Path) -> None:
        for name in ("one.zip", "two.zip"):
            (tmp_path / name).write_bytes(zipped(WORK))
        with pytest.raises(RejectedError, match=r"one\.zip, two\.zip"):
            take(tmp_path)

    @pytest.mark.parametrize(
        "outside", ["../nndl/work.py", "/nndl/work.py", "a/../../x", "C:\\nndl\\work.py"]
    )
    @pytest.mark.parametrize("packer", [zipped, tarred])
    def test_names_that_lead_out_are_left_out(self, pack, packer, outside: str) -> None:
        taken = pack(packer({outside: b"x = 2", **WORK}))
        assert taken.files == WORK
        assert taken.notes[0].startswith("Names that lead out of the archive were left out: ")
        with pytest.raises(RejectedError, match="None of the files"):
            pack(packer({outside: b"x = 2"}))

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            (tarfile.SYMTYPE, "it is a link"),
            (tarfile.LNKTYPE, "it is a link"),
            (tarfile.FIFOTYPE, "it is not a regular file"),
            (tarfile.CHRTYPE, "it is not a regular file"),
        ],
    )
    def test_what_is_no_file_in_a_tarball_is_not_read(self, pack, kind: bytes, reason: str) -> None:
        odd = tar_entry("nndl/work.py", kind, "/etc/passwd")
        with pytest.raises(RejectedError, match=f"nndl/work.py was not read: {reason}"):
            pack(tarred({"other.py": b""}, odd), "hw.tar")

    def test_a_link_in_a_zip_is_not_read(self, pack) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            info = zipfile.ZipInfo("nndl/work.py")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(RejectedError, match=r"nndl/work\.py was not read: it is a link"):
            pack(stream.getvalue())

    @pytest.mark.parametrize("packer", [zipped, tarred])
    def test_of_two_members_of_one_name_neither(self, pack, packer) -> None:
        content = packer({"nndl/work.py": b"x = 1", "nndl/worK.py": b"x = 2"})
        if packer is tarred:  # headers of tarballs are summed up: build it of two
            first, second = (tarred({"nndl/work.py": x}) for x in (b"x = 1", b"x = 2"))
            content = first[:1024] + second
        with pytest.raises(RejectedError, match="two files of this name"):
            pack(content.replace(b"worK", b"work"))

    def test_an_encrypted_member_is_named(self, pack) -> None:
        content = bytearray(zipped(WORK))
        for magic, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            content[content.index(magic) + flags] |= 1
        with pytest.raises(RejectedError, match=r"nndl/work\.py was not read: it is encrypted"):
            pack(bytes(content))

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_that_unpack_at_one_stroke_are_refused(self, pack, method: int) -> None:
        with pytest.raises(RejectedError, match="its compression is unusual"):
            pack(zipped(WORK, method))

    @pytest.mark.parametrize(
        ("content", "phrase"),
        [
            pytest.param(b"", "hw.zip can't be read: it is damaged or not an archive", id="empty"),
            pytest.param(b"hello" * 200, "damaged or not an archive", id="text"),
            pytest.param(
                b"PK\3\4" + b"x" * 100, "damaged or not an archive", id="zip's first bytes"
            ),
            pytest.param(zipped(WORK)[:-30], "damaged or not an archive", id="zip cut off"),
            pytest.param(
                gzip.compress(tarred(WORK))[:-50], "damaged or not an archive", id="tgz cut off"
            ),
            pytest.param(
                b"\x1f\x8b" + b"x" * 100, "damaged or not an archive", id="gzip's first bytes"
            ),
            pytest.param(
                b"BZh" + b"x" * 100, "damaged or not an archive", id="bzip2's first bytes"
            ),
            pytest.param(
                b"\xfd7zXZ" + b"x" * 100, "damaged or not an archive", id="xz's first bytes"
            ),
            pytest.param(
                b"Rar!\x1a\7", "hw.zip is a RAR archive.*Hand in a .zip", id="rar's first bytes"
            ),
            pytest.param(b"7z\xbc\xaf\x27\x1c", "a 7z archive", id="7z's first bytes"),
        ],
    )
    def test_what_is_damaged_is_told(self, pack, content: bytes, phrase: str) -> None:
        with pytest.raises(RejectedError, match=phrase):
            pack(content)

    def test_one_damaged_member_costs_only_itself(self, pack) -> None:
        files = {"nndl/work.py": b"x = 1234567", "readme.txt": b"hello"}
        content = zipped(files, zipfile.ZIP_STORED)
        with pytest.raises(RejectedError, match=r"work\.py was not read: its part .* is damaged"):
            pack(content.replace(b"1234567", b"1234568"))
        assert pack(content.replace(b"hello", b"hallo")).files == {"nndl/work.py": b"x = 1234567"}


class TestCosts:
    """What an archive claims is not believed, and what nobody asked for is not unpacked."""

    def peak(self, action: Callable[[], object]) -> int:
        """The most memory that ``action`` took, in bytes."""
        tracemalloc.start()
        try:
            action()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_a_bomb_beside_the_files_is_not_unpacked(self, take, tmp_path: Path) -> None:
        bomb = tmp_path / "hw.zip"
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("nndl/work.py", "x = 1\n")
            with archive.open("nndl/optim.npy", "w") as member:
                for _ in range(64):
                    member.write(bytes(1 << 20))
        taken = []
        assert self.peak(lambda: taken.append(take(bomb))) < 4 << 20
        assert taken[0].files == WORK

    @pytest.mark.parametrize("name", ["hw.zip", "hw.tar.gz", "hw.tar.bz2", "hw.tar.xz"])
    def test_a_bomb_in_the_place_of_a_file_is_refused(
        self, take, tmp_path: Path, name: str
    ) -> None:
        content = PACKERS[name]({"nndl/work.py": bytes(32 << 20)})
        (tmp_path / name).write_bytes(content)

        def attempt() -> None:
            with pytest.raises(RejectedError, match="larger than 2,097,152 bytes"):
                take(tmp_path / name)

        assert self.peak(attempt) < 24 << 20

    def test_a_zip_that_lies_about_a_size_is_refused(self, take, tmp_path: Path) -> None:
        content = zipped({"nndl/work.py": bytes(32 << 20)})
        real, claimed = (32 << 20).to_bytes(4, "little"), (1 << 20).to_bytes(4, "little")
        (tmp_path / "hw.zip").write_bytes(content.replace(real, claimed))

        def attempt() -> None:
            with pytest.raises(RejectedError, match="damaged"):
                take(tmp_path / "hw.zip")

        assert self.peak(attempt) < 16 << 20

    @pytest.mark.parametrize("name", ["hw.tar.gz", "hw.tar.bz2", "hw.tar.xz"])
    def test_a_stream_without_end_is_left(self, take, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(PACKERS[name]({"data": bytes(32 << 20), **WORK}))
        dear = {"hw.tar.gz": 1, "hw.tar.bz2": 8, "hw.tar.xz": 4}[name]
        with pytest.raises(RejectedError, match="unpacks to more than 1,000,000 bytes"):
            take(tmp_path / name, archive_bytes=dear * 1_000_000)

    def test_a_claim_of_exabytes_is_not_followed(self, take, tmp_path: Path) -> None:
        info = tarfile.TarInfo("data")
        info.size = 1 << 62
        (tmp_path / "hw.tgz").write_bytes(gzip.compress(info.tobuf() + bytes(1024)))
        with pytest.raises(RejectedError, match="unpacks to more than"):
            take(tmp_path / "hw.tgz")

    def test_a_long_header_is_not_read(self, take, tmp_path: Path) -> None:
        info = tar_entry("x", tarfile.XHDTYPE)
        info.size = 8 << 20
        (tmp_path / "hw.tar").write_bytes(info.tobuf() + b"1" * (8 << 20) + tarred(WORK))
        with pytest.raises(RejectedError, match="damaged or not an archive"):
            take(tmp_path / "hw.tar")

    @pytest.mark.parametrize("packer", [zipped, tarred])
    def test_members_without_end_are_not_listed(self, take, tmp_path: Path, packer) -> None:
        (tmp_path / "hw").write_bytes(packer({f"{number}.txt": b"" for number in range(20)}))
        with pytest.raises(RejectedError, match="hw holds more than 10 files"):
            take(tmp_path / "hw", submission_files=10)

    def test_a_list_of_members_without_end_is_not_read(self, take, tmp_path: Path) -> None:
        (tmp_path / "hw.zip").write_bytes(zipped({f"{number}.txt": b"" for number in range(50)}))
        with pytest.raises(RejectedError, match="its list of files is too long"):
            take(tmp_path / "hw.zip", header_bytes=1000)

    def test_an_archive_in_an_archive_has_a_limit(self, take, tmp_path: Path) -> None:
        (tmp_path / "hw.zip").write_bytes(zipped({"a.zip": zipped(WORK)}))
        with pytest.raises(RejectedError, match=r"a\.zip was not read: it is larger than 10 bytes"):
            take(tmp_path / "hw.zip", nested_bytes=10)

    @pytest.mark.parametrize("name", PACKERS)
    def test_no_bytes_raise_anything_but_a_rejection(self, take, tmp_path: Path, name: str) -> None:
        dice = random.Random(name)
        whole = PACKERS[name]({"nndl/other.py": b"y = 1\n" * 20, **WORK})
        for _ in range(100):
            content = bytearray(whole)
            for _ in range(dice.choice((1, 1, 4, 30))):
                content[dice.randrange(len(content))] = dice.randrange(256)
            (tmp_path / name).write_bytes(content[: dice.choice((None, dice.randrange(1, 9999)))])
            with suppress(RejectedError):
                assert "nndl/work.py" in take(tmp_path / name).files


METADATA = """\
---
submission_1:
  :submitters:
  - :name: Ada Lovelace
    :sid: '100'
    :email: ada@example.org
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-02-01 10:00:00.000000000 Z
submission_2:
  :submitters:
  - :name: Bob
    :email: bob@example.org
  - :name: Eve
    :sid: ''
submission_4:
  :submitters:
  - :sid: '104'
"""


class TestWhose:
    """A path means one submission or those of many, in the forms in which platforms give them."""

    @pytest.fixture
    def find(self, tiny: Assignment) -> Iterator[Callable[..., dict[str, Found]]]:
        with ExitStack() as kept:
            yield lambda *paths: {found.student: found for found in find_all(tiny, paths, kept)}

    @pytest.fixture
    def work_of(self, tiny: Assignment) -> Callable[[Found], bytes]:
        def work(found: Found) -> bytes:
            with found.open() as tree:
                submission = take_from(tree, tiny, found.student, Limits(), found.notes)
            return submission.files["nndl/work.py"]

        return work

    def laid(self, folder: Path, files: Mapping[str, bytes], *, packed: bool) -> Path:
        """``files`` in a folder, or in a zip."""
        if packed:
            folder.with_suffix(".zip").write_bytes(zipped(files))
            return folder.with_suffix(".zip")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    @pytest.mark.parametrize("at", ["nndl/work.py", "work.py", "NNDL/work.py", "nndl/Work.py"])
    def test_a_folder_with_the_files_is_one(self, find, tmp_path: Path, at: str) -> None:
        hand_in(tmp_path / "ada", at=at)
        assert set(find(tmp_path / "ada")) == {"ada"}

    def test_an_archive_is_one(self, find, work_of, tmp_path: Path) -> None:
        (tmp_path / "ada.tar.gz").write_bytes(PACKERS["hw.tar.gz"]({"a/b/nndl/work.py": b"1"}))
        found = find(tmp_path / "ada.tar.gz")
        assert {student: work_of(each) for student, each in found.items()} == {"ada": b"1"}

    def test_a_link_to_a_folder_is_that_folder(self, find, work_of, tmp_path: Path) -> None:
        hand_in(tmp_path / "ada")
        (tmp_path / "today").symlink_to(tmp_path / "ada")
        assert set(find(tmp_path / "today")) == {"ada"}

    def test_a_folder_of_folders_and_archives_is_many(self, find, work_of, tmp_path: Path) -> None:
        hand_in(tmp_path / "all/ada", "1")
        (tmp_path / "all/bob.zip").write_bytes(zipped({"hw/nndl/work.py": b"2"}))
        (tmp_path / "all/bea.tar").write_bytes(tarred({"work.py": b"3"}))
        (tmp_path / "all/zip").mkdir()
        (tmp_path / "all/zip/hw 4.zip").write_bytes(zipped({"nndl/work.py": b"4"}))
        (tmp_path / "all/grades.csv").touch()
        found = find(tmp_path / "all")
        works = {student: work_of(each) for student, each in found.items()}
        assert works == {"ada": b"1", "bob": b"2", "bea": b"3", "zip": b"4"}

    def test_links_among_them_are_rejected(self, find, work_of, tmp_path: Path) -> None:
        hand_in(tmp_path / "elsewhere")
        hand_in(tmp_path / "all/bob")
        (tmp_path / "all/ada").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "all/eve.zip").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "all/zoe").mkdir()
        (tmp_path / "all/zoe/tiny").symlink_to(tmp_path / "elsewhere")
        found = find(tmp_path / "all")
        assert set(found) == {"ada", "bob", "eve", "zoe"}
        for student in ("ada", "eve", "zoe"):
            with pytest.raises(RejectedError, match="it is a link"):
                work_of(found[student])

    def test_of_an_nbgrader_tree_this_assignment_is_taken(
        self, find, work_of, tiny: Assignment, tmp_path: Path
    ) -> None:
        (tiny.root / "source/other").mkdir(exist_ok=True)
        hand_in(tmp_path / "ada/tiny", "1")
        hand_in(tmp_path / "ada/other", "2")
        hand_in(tmp_path / "bob/other", "3")
        found = find(tmp_path)
        assert work_of(found["ada"]) == b"1"
        with pytest.raises(RejectedError, match="None of the files"):
            work_of(found["bob"])

    @pytest.mark.parametrize("packed", [False, True])
    def test_a_download_from_canvas(self, find, work_of, tmp_path: Path, packed: bool) -> None:
        files = {
            "lovelaceada_123_4567_hw4.zip": zipped({"hw4/nndl/work.py": b"1"}),
            "smithbob_LATE_124_4568_hw4.tar.gz": PACKERS["hw.tar.gz"](WORK),
            "smithbob_125_4569_work.py": b"3",
            "doeeve_126_4571_hw4-2.zip": zipped({"nndl/work.py": b"new"}),
            "doeeve_126_4570_hw4.zip": zipped({"nndl/work.py": b"old"}),
            "leezoe_127_4572_work-1.py": b"5",
            "leezoe_127_4573_report.pdf": b"%PDF",
        }
        found = find(self.laid(tmp_path / "submissions", files, packed=packed))
        works = {student: work_of(each) for student, each in found.items()}
        assert works == {
            "lovelaceada_123": b"1",
            "smithbob_124": b"x = 1\n",
            "smithbob_125": b"3",
            "doeeve_126": b"new",
            "leezoe_127": b"5",
        }
        assert found["smithbob_124"].notes == ("Canvas marks it as late.",)
        assert found["doeeve_126"].notes == ("hw4.zip was left out: hw4-2.zip is newer.",)

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize("top", ["", "assignment_9_export/"])
    def test_a_download_from_gradescope(
        self, find, work_of, tmp_path: Path, packed: bool, top: str
    ) -> None:
        files = {
            "submission_metadata.yml": METADATA.encode(),
            "submission_1/nndl/work.py": b"1",
            "submission_2/hw/nndl/work.py": b"2",
            "submission_3/work.py": b"3",
        }
        named = {top + name: content for name, content in files.items()}
        path = self.laid(tmp_path / "export", named, packed=packed)
        found = find(path if packed else path / top)
        missing = found.pop("104")
        assert {student: work_of(each) for student, each in found.items()} == {
            "100": b"1",
            "bob@example.org": b"2",
            "Eve": b"2",
            "submission_3": b"3",
        }
        with pytest.raises(RejectedError, match="no such folder"):
            work_of(missing)

    def test_an_unreadable_list_of_gradescope_is_told(self, find, tmp_path: Path) -> None:
        hand_in(tmp_path, "a: [", at="submission_metadata.yml")
        with pytest.raises(CourseError, match=r"submission_metadata\.yml can't be read"):
            find(tmp_path)

    def test_no_object_is_made_of_what_gradescope_lists(self, find, tmp_path: Path) -> None:
        made = tmp_path / "made"
        listed = f"a:\n  :submitters: !!python/object/apply:os.mkdir ['{made}']"
        hand_in(tmp_path, listed, at="submission_metadata.yml")
        assert set(find(tmp_path)) == {"a"}
        assert not made.exists()

    def test_two_submissions_of_one_student_are_told(self, find, tmp_path: Path) -> None:
        hand_in(tmp_path / "ada")
        (tmp_path / "ada.zip").write_bytes(zipped(WORK))
        with pytest.raises(CourseError, match=r"Two submissions belong to 'ada': .*ada\.zip"):
            find(tmp_path)

    def test_a_disk_that_fails_is_our_error_and_no_zero(self, grader: Grader) -> None:
        def fail() -> Tree:
            raise OSError(errno.EIO, "Input/output error")

        result = grade(grader, Found("ada", "here", fail), None).as_dict()
        assert (result["status"], result["score"]) == ("error", None)
        assert "Input/output error" in result["message"]

    @pytest.mark.parametrize("name", ["nowhere", "empty"])
    def test_a_path_that_means_nothing_is_told(self, find, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(CourseError, match=r"is neither a folder|holds neither"):
            find(tmp_path / name)


class TestNames:
    """A student's name is a safe name of a file, and no two students share one."""

    @pytest.mark.parametrize("name", ["ada", "Ada Lovelace", "ada@example.org", "Åse", "12-3_4.5"])
    def test_usual_names_stay(self, name: str) -> None:
        assert safe(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "../x",
            "a/b",
            "a\\b",
            ".hidden",
            "..",
            "",
            "a\nb",
            "a\x1b[31m",
            "\udce9",
            "é" * 300,
            " a",
        ],
    )
    def test_others_are_made_safe_and_stay_different(self, name: str) -> None:
        made = safe(name)
        assert made.isprintable()
        assert not set(made) & set("/\\\n")
        assert not made.startswith((".", " "))
        assert len(f"{made}.json".encode()) <= 255
        assert made != safe(name + "!")
        assert made == safe(name)
