"""Archives that were made to cost the grader time, memory or its way, and how each must end.

Most are a few bytes repeated, so that making them costs less than reading them may.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

WORK = {"nndl/work.py": b"x = 1\n"}
DEEP = "a/" * 30_000
ODD_NAMES = (
    *(
        "../nndl/work.py",
        "/nndl/work.py",
        "C:\\nndl\\work.py",
        "a/../../b.py",
        "\\\\host\\share\\x",
    ),
    *(
        "a\0b.py",
        "a\nb\x1b[31m.py",
        "nndl\\.\\x y.py",
        ".",
        "./",
        "//",
        "a//b///c",
        "CON",
        "nul.py",
    ),
    *("\u202egpj.py", "\ufeffwork.py", "e\u0301.py", " ", "-rf", "$(id)", "%s%n", "a" * 300),
)

GRADED, REJECTED = "graded", "rejected"


class Hostile(NamedTuple):
    """An archive, what becomes of it, and what limits it meets other than the usual."""

    make: Callable[[], bytes]
    end: str
    says: str = ""
    limits: dict[str, int] = {}  # noqa: RUF012 - nobody changes it


# -- zips ----------------------------------------------------------------------------------------


def a_zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members``, which may repeat a name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, NUL bytes and all
            archive.writestr(info, content, method)
    return stream.getvalue()


def of_kind(mode: int) -> bytes:
    """A zip with a member that says it is a link or a device, beside the work."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("nndl/odd")
        info.external_attr = mode << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("nndl/work.py", "x = 1\n")
    return stream.getvalue()


def listed(name: bytes, extra: bytes = b"", *, size: int = 0, offset: int = 0) -> bytes:
    """One member in a zip's list of members."""
    head = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, size, size,
        len(name), len(extra), 0, 0, 0, 0, offset,
    )  # fmt: skip
    return head + name + extra


def with_list(members: bytes, *, size: int | None = None, comment: bytes = b"") -> bytes:
    """A zip that is nothing but a list of members; it claims to be ``size`` bytes long."""
    claimed = len(members) if size is None else size
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, claimed, 4, len(comment))
    return b"PK\3\4" + members + end + comment


def zip64_lies(*numbers: int) -> bytes:
    """A zip whose 64-bit record says how many members, how many bytes and where they are."""
    start = b"PK\3\4" + listed(b"nndl/work.py")
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, numbers[0], *numbers)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(start), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return start + record + locator + end


def overlapping() -> bytes:
    """10,000 members, all of which are the same bytes."""
    body = a_zip(*WORK.items())
    local = body[: body.index(b"PK\1\2")]
    members = b"".join(listed(b"d/%d.py" % number, size=2**31) for number in range(10_000))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(members), len(local), 0)
    return local + members + end


def encrypted() -> bytes:
    content = bytearray(a_zip(*WORK.items()))
    for magic, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(magic) + flags] |= 1
    return bytes(content)


def changed(old: bytes, new: bytes) -> bytes:
    """A stored zip of the work, of which one part was replaced."""
    return a_zip(*WORK.items(), method=zipfile.ZIP_STORED).replace(old, new, 1)


def matryoshka(depth: int) -> bytes:
    content = a_zip(*WORK.items())
    for _ in range(depth):
        content = a_zip(("inner.zip", content))
    return content


# -- tarballs ------------------------------------------------------------------------------------


def header(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> bytes:
    """The header of one member, and nothing behind it."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def member(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    return header(name, kind, len(content)) + padded(content)


def said(**values: str) -> bytes:
    """What a PAX header says: ``length key=value`` for each."""
    records = b""
    for key, value in values.items():
        record = f" {key}={value}\n".encode()
        length = len(record)
        while length != len(record) + len(str(length)):
            length = len(record) + len(str(length))
        records += str(length).encode() + record
    return records


def pax(**values: str) -> bytes:
    return member("x", said(**values), tarfile.XHDTYPE)


def a_tar(*parts: bytes) -> bytes:
    """A tarball of ``parts``, of the work and of its end."""
    return b"".join(parts) + b"".join(member(*each) for each in WORK.items()) + bytes(1024)


def of_names(names: Iterable[str]) -> bytes:
    parts = []
    for name in names:
        long = name.encode("utf-8", "surrogateescape") + b"\0"
        parts.append(member("x", long, tarfile.GNUTYPE_LONGNAME) + member("y", b"y = 1\n"))
    return a_tar(*parts)


def of_kinds() -> bytes:
    """What a tar may hold beside files, with every kind of type that there is a letter for."""
    kinds = [bytes([letter]) for letter in range(256) if bytes([letter]) not in b"SxXgLK\0"]
    return a_tar(*(header(f"odd/{kind[0]}", kind, link="/etc/passwd") for kind in kinds))


def xz_that_wants_memory() -> bytes:
    """An xz of the work that asks for a dictionary of 4 GiB."""
    content = bytearray(lzma.compress(a_tar()))
    start, length = 12, (content[12] + 1) * 4
    content[start + 4] = 40
    content[start + length - 4 : start + length] = zlib.crc32(
        content[start : start + length - 4]
    ).to_bytes(4, "little")
    return bytes(content)


def a_gzip(flags: int, between: bytes) -> bytes:
    """A gzip of the work with more in its header."""
    whole = gzip.compress(a_tar())
    return whole[:3] + bytes([flags]) + whole[4:10] + between + whole[10:]


MIB = 1 << 20
SMALL = {"archive_bytes": 64 * MIB}
FEW_HEADERS = {"archive_headers": 8000}

HOSTILE = {
    # names and paths
    "zip deep": Hostile(lambda: a_zip((f"{DEEP}pyvenv.cfg", b""), *WORK.items()), REJECTED, "path"),
    "zip 50 deep ones": Hostile(
        lambda: a_zip(*((f"{number}/{DEEP}x", b"") for number in range(50)), ("pyvenv.cfg", b"")),
        REJECTED,
        "path",
    ),
    "zip folders within folders": Hostile(
        lambda: a_zip(("a/" * 100 + "pyvenv.cfg", b""), *WORK.items()),
        REJECTED,
        "nested more than 100 deep",
    ),
    "zip environments at every depth": Hostile(
        lambda: a_zip(
            *(("a/" * depth + "pyvenv.cfg", b"") for depth in range(1, 100)),
            *((f"{'b/' * 99}{number}", b"") for number in range(3000)),
            *WORK.items(),
        ),
        GRADED,
    ),
    "zip is an environment itself": Hostile(
        lambda: a_zip(("pyvenv.cfg", b""), *WORK.items()), GRADED
    ),
    "tar deep, in 458 bytes": Hostile(
        lambda: gzip.compress(a_tar(pax(path=f"{DEEP}pyvenv.cfg"), member("y", b""))),
        REJECTED,
        "path",
    ),
    "tar of 300 deep ones": Hostile(
        lambda: gzip.compress(
            a_tar(
                member("e/pyvenv.cfg", b""),
                *(pax(path=f"{number}/{DEEP}z") + member("y", b"") for number in range(300)),
            )
        ),
        REJECTED,
        "path",
    ),
    "tar of slashes": Hostile(
        lambda: gzip.compress(a_tar(pax(path="/" * 4 * MIB), member("y", b""))), REJECTED, "damaged"
    ),
    "zip of slashes": Hostile(lambda: a_zip(("a" + "/" * 60_000 + "b", b"")), REJECTED, "path"),
    "zip odd names": Hostile(
        lambda: a_zip(*((name, b"") for name in ODD_NAMES), *WORK.items()), GRADED
    ),
    "tar odd names": Hostile(lambda: of_names([*ODD_NAMES, "\udce9.py", "\udcff/x"]), GRADED),
    "zip one name twice": Hostile(
        lambda: a_zip(("nndl/worK.py", b""), *WORK.items()).replace(b"worK", b"work"),
        REJECTED,
        "two files of this name",
    ),
    "zip a file and a folder of one name": Hostile(
        lambda: a_zip(("nndl", b""), *WORK.items()), GRADED
    ),
    "zip a file and a folder of one name, alone": Hostile(
        lambda: a_zip(("a/submission_metadata.yml", b""), ("a", b"")), REJECTED
    ),
    # how many
    "zip 50,001 files": Hostile(
        lambda: with_list(b"".join(listed(b"%d" % number) for number in range(50_001))),
        REJECTED,
        "more than 50,000 files",
    ),
    "zip 300,000 times one name": Hostile(
        lambda: with_list(listed(b"a") * 300_000), REJECTED, "lists more than"
    ),
    "zip 300,000 folders": Hostile(
        lambda: with_list(listed(b"a/") * 300_000), REJECTED, "lists more than"
    ),
    "tar 12,000 folders": Hostile(
        lambda: gzip.compress(header("a/", tarfile.DIRTYPE) * 12_000, 1),
        REJECTED,
        "lists more than",
        FEW_HEADERS,
    ),
    "tar 12,000 headers before a file": Hostile(
        lambda: gzip.compress(header("x", tarfile.XHDTYPE) * 12_000, 1),
        REJECTED,
        "lists more than",
        FEW_HEADERS,
    ),
    "tar 12,000 headers for all files": Hostile(
        lambda: gzip.compress(header("x", tarfile.XGLTYPE) * 12_000, 1),
        REJECTED,
        "lists more than",
        FEW_HEADERS,
    ),
    "tar 10,001 files": Hostile(
        lambda: gzip.compress(header("x") * 10_001, 1),
        REJECTED,
        "more than 10,000 files",
        {"submission_files": 10_000},
    ),
    "tar long names without end": Hostile(
        lambda: gzip.compress(member("x", b"a" * 60_000, tarfile.GNUTYPE_LONGNAME) * 400, 1),
        REJECTED,
        "list of files is too long",
    ),
    "tar headers full of words": Hostile(
        lambda: gzip.compress(member("x", b"5 a=\n" * 13_000, tarfile.XHDTYPE) * 50, 1),
        REJECTED,
        "list of files is too long",
        {"header_bytes": MIB},
    ),
    "tar a header of 64 MiB": Hostile(
        lambda: gzip.compress(a_tar(member("x", bytes(64 * MIB), tarfile.XHDTYPE)), 1),
        REJECTED,
        "damaged",
    ),
    # what zips claim
    "zip extra fields": Hostile(
        lambda: with_list(listed(b"a", bytes(65_532)) * 250), REJECTED, "damaged"
    ),
    "zip list of 4 GiB": Hostile(
        lambda: with_list(listed(b"a"), size=2**32 - 2), REJECTED, "damaged"
    ),
    "zip list of 20 MiB": Hostile(
        lambda: with_list(listed(b"a" * 60_000) * 350), REJECTED, "list of files is too long"
    ),
    "zip comment full of ends": Hostile(
        lambda: a_zip(*WORK.items())[:-2] + b"\xff\xff" + (b"PK\5\6" * 16_384)[:65_535], REJECTED
    ),
    "zip comment full of members": Hostile(
        lambda: (
            a_zip(*WORK.items())[:-2] + b"\xff\xff" + (listed(b"a") * 1395)[:65_535].ljust(65_535)
        ),
        GRADED,
    ),
    "zip64 of 2^64 members": Hostile(lambda: zip64_lies(2**64 - 1, 2**64 - 1, 0), REJECTED),
    "zip64 far behind the end": Hostile(lambda: zip64_lies(1, 58, 2**62), REJECTED, "damaged"),
    "zip64 before the beginning": Hostile(lambda: zip64_lies(1, 2**63, 2**63), REJECTED),
    "zip64 with its record missing": Hostile(
        lambda: b"PK\5\6" + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + zip64_lies(1, 1, 1)[-22:],
        REJECTED,
    ),
    "zip member behind the end": Hostile(
        lambda: with_list(listed(b"nndl/work.py", size=6, offset=2**31)), REJECTED, "damaged"
    ),
    "zip member of 2^63 bytes": Hostile(
        lambda: with_list(
            listed(b"nndl/work.py", struct.pack("<2HQ", 1, 8, 2**63), size=2**32 - 1)
        ),
        REJECTED,
    ),
    "zip overlapping members": Hostile(overlapping, REJECTED),
    "zip encrypted": Hostile(encrypted, REJECTED, "encrypted"),
    "zip another name inside": Hostile(
        lambda: changed(b"nndl/work.py", b"nndl/lurk.py"), REJECTED, "damaged"
    ),
    "zip another content": Hostile(lambda: changed(b"x = 1", b"x = 2"), REJECTED, "damaged"),
    "zip in a method that nobody knows": Hostile(
        lambda: a_zip(*WORK.items(), method=zipfile.ZIP_STORED).replace(
            b"PK\1\2\x14\x03\x14\0\0\0\0\0", b"PK\1\2\x14\x03\x14\0\0\0\x63\0"
        ),
        REJECTED,
        "unusual",
    ),
    "zip a link": Hostile(lambda: of_kind(0o120777), GRADED),
    "zip a device": Hostile(lambda: of_kind(0o060666), GRADED),
    "zip a pipe": Hostile(lambda: of_kind(0o010666), GRADED),
    # what tarballs claim
    "tar all kinds": Hostile(of_kinds, GRADED),
    "tar sparse": Hostile(lambda: a_tar(header("s", tarfile.GNUTYPE_SPARSE, 2**40)), REJECTED),
    "tar sparse in words": Hostile(
        lambda: a_tar(
            pax(**{"GNU.sparse.major": "1", "GNU.sparse.realsize": str(2**60)}), member("s", b"1\n")
        ),
        GRADED,
    ),
    "tar a negative size": Hostile(
        lambda: a_tar(header("a")[:124] + b"\xff" * 12 + header("a")[136:]), REJECTED, "damaged"
    ),
    "tar a size of 5,000 digits": Hostile(
        lambda: a_tar(pax(size="9" * 5000), member("a", b"")), REJECTED, "damaged"
    ),
    "tar a size of 2^62": Hostile(
        lambda: header("a", size=2**62) + bytes(1024), REJECTED, "damaged"
    ),
    "tgz a size of 2^62": Hostile(
        lambda: gzip.compress(header("a", size=2**62) + bytes(1024)), REJECTED, "unpacks to more"
    ),
    "tar words of no length": Hostile(
        lambda: a_tar(member("x", b"0 path=a\n", tarfile.XHDTYPE)), REJECTED, "damaged"
    ),
    "tar words of a negative length": Hostile(
        lambda: a_tar(member("x", b"-9 path=a\n", tarfile.XHDTYPE)), REJECTED, "damaged"
    ),
    "tar words longer than all": Hostile(
        lambda: a_tar(member("x", b"9999999 path=a\n", tarfile.XHDTYPE), member("y", b"")), GRADED
    ),
    "tar cut off": Hostile(lambda: a_tar()[:515], REJECTED, "cut off"),
    "tar of noise": Hostile(lambda: zlib.compress(bytes(range(256)) * 64), REJECTED, "damaged"),
    # what is compressed
    "gzip bomb": Hostile(
        lambda: gzip.compress((header("data", size=MIB) + bytes(MIB)) * 8) * 12,
        REJECTED,
        "unpacks to more than 67,108,864 bytes",
        SMALL,
    ),
    "gzip bomb in a member": Hostile(
        lambda: gzip.compress(a_tar(member("data", bytes(80 * MIB))), 1),
        REJECTED,
        "unpacks to more than 67,108,864 bytes",
        SMALL,
    ),
    "gzip of 12,000 empty streams": Hostile(
        lambda: gzip.compress(b"") * 12_000, REJECTED, "lists more than", FEW_HEADERS
    ),
    "gzip with a name of 16 MiB": Hostile(lambda: a_gzip(8, b"a" * 16 * MIB + b"\0"), GRADED),
    "gzip with a name without end": Hostile(
        lambda: gzip.compress(b"")[:3] + b"\x08" + b"a" * 16 * MIB, REJECTED, "damaged"
    ),
    "gzip cut off": Hostile(lambda: gzip.compress(a_tar())[:60], REJECTED, "damaged"),
    "gzip with rubbish behind it": Hostile(
        lambda: gzip.compress(a_tar()[:-1024]) + b"rubbish", REJECTED, "damaged"
    ),
    "gzip in gzip": Hostile(lambda: gzip.compress(gzip.compress(a_tar())), REJECTED, "damaged"),
    "bzip2 bomb": Hostile(
        lambda: bz2.compress(a_tar(member("data", b"ab" * MIB))),
        REJECTED,
        "unpacks to more than 1,048,576 bytes",
        {"archive_bytes": 8 * MIB},
    ),
    "bzip2 of 12,000 empty streams": Hostile(
        lambda: bz2.compress(b"") * 12_000, REJECTED, "lists more than", FEW_HEADERS
    ),
    "xz bomb": Hostile(
        lambda: lzma.compress((header("data", size=MIB) + bytes(MIB)) * 8),
        REJECTED,
        "unpacks to more than 4,194,304 bytes",
        {"archive_bytes": 16 * MIB},
    ),
    "xz of 12,000 empty streams": Hostile(
        lambda: lzma.compress(b"") * 12_000, REJECTED, "lists more than", FEW_HEADERS
    ),
    "xz that wants 4 GiB": Hostile(xz_that_wants_memory, REJECTED, "damaged"),
    # archives in archives
    "zip in zip in zip": Hostile(lambda: matryoshka(40), REJECTED, "None of the files"),
    "zip of 1,000 zips": Hostile(
        lambda: a_zip(*((f"{number}.zip", a_zip(*WORK.items())) for number in range(1000))),
        REJECTED,
        "several",
    ),
    "zip in zip that is too large": Hostile(
        lambda: a_zip(("a.zip", bytes(4 * MIB))), REJECTED, "larger than", {"nested_bytes": MIB}
    ),
    "tgz in zip with a bomb in it": Hostile(
        lambda: a_zip(("a.tgz", gzip.compress(a_tar(member("data", bytes(80 * MIB))), 1))),
        REJECTED,
        "unpacks to more than",
        SMALL,
    ),
    "a RAR": Hostile(lambda: b"Rar!\x1a\7" + bytes(100), REJECTED, "RAR"),
    "nothing": Hostile(lambda: b"", REJECTED, "damaged"),
    "one byte": Hostile(lambda: b"P", REJECTED, "damaged"),
}
"""By what is wrong with them; the first word says how each begins."""
