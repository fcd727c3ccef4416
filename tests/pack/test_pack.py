"""What is packed for Gradescope and GitHub: it holds no answer, and grades as `kit grade` does."""

from __future__ import annotations

import base64
import compileall
import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml

from kit.course import Assignment, CourseError
from kit.pack import github_repositories as github
from kit.pack import gradescope_archive as gradescope
from kit.pack import run_github, run_gradescope
from kit.release.leaks import leaks
from kit.skeleton import ReleaseError
from tests.support.course import SOLUTION, STUB, SUITE, write_course
from tests.support.processes import PATIENCE

HANGS = SOLUTION.replace("return 2 * x", "import time; time.sleep(1000)")
BROKEN_SUITE = SUITE.replace("    expect.close(student", "    1 / 0\n    expect.close(student", 1)
DOCKERS_RIGHTS = (
    "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,"
    "+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"
)
WITHOUT_NAMESPACES = """\
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_init.argtypes = [ctypes.c_uint32]
library.seccomp_load.argtypes = [ctypes.c_void_p]
library.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
]
class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
context = library.seccomp_init(0x7FFF0000)  # everything is allowed
def deny(name, errno, *comparisons):
    number = library.seccomp_syscall_resolve_name(name)
    array = (Comparison * len(comparisons))(*comparisons)
    assert not library.seccomp_rule_add_array(
        context, 0x00050000 | errno, number, len(comparisons), array)
for name in (b"unshare", b"setns", b"mount", b"umount2", b"pivot_root"):
    deny(name, 1)
for flag in (0x10000000, 0x20000000, 0x40000000, 0x00020000, 0x04000000, 0x08000000):
    deny(b"clone", 1, Comparison(0, 7, flag, flag))
deny(b"clone3", 38)
assert not library.seccomp_load(context)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""What Docker's default seccomp profile takes from a container that would make namespaces."""

SURROUNDINGS: dict[str, list[str]] = {
    "unrestricted": [],
    "as_in_docker": [
        *("setpriv", f"--bounding-set={DOCKERS_RIGHTS}", "--inh-caps=-all"),
        *(sys.executable, "-c", WITHOUT_NAMESPACES),
    ],
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="Docker's root is simulated by root only")
in_both_surroundings = pytest.mark.parametrize(
    "surroundings", ["unrestricted", pytest.param("as_in_docker", marks=needs_root)]
)
"""For tests in which it matters how a student's code is confined."""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).unlink(missing_ok=True)  # it may be another's too: see linked()
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def linked(folder: Path, other: Path) -> None:
    """Make ``other`` the same as ``folder``, with the same files; write() makes new ones.

    What is compiled there is compiled here too, and hundreds of files are neither copied nor
    removed for each test.
    """
    shutil.copytree(folder, other, copy_function=os.link)


def change(path: Path, old: str, new: str) -> None:
    """Put ``new`` in the place of ``old``, which is in the file once."""
    text = path.read_text()
    assert text.count(old) == 1
    write(path.parent, {path.name: text.replace(old, new)})


def break_grader(course: Path, ends: str) -> None:
    """Have the grader of the packed ``course`` carry out ``ends`` before it grades."""
    line = "        seed = submission.seed if"
    change(course / "kit/grading/grader.py", line, f"        {ends}\n{line}")


def make_environment(folder: Path, course: Path) -> None:
    """A virtual environment like that of ``setup.sh``: the packed kit, and the packages from here.

    It has no pip, so nothing that is run in it can change the packages.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"{course}\n{sysconfig.get_paths()['purelib']}\n"
    (folder / "lib" / version / "site-packages/packed.pth").write_text(packages)
    command = folder / "bin/kit"  # as pip would write it
    command.write_text(f"#!{folder}/bin/python\nfrom kit.__main__ import main\nmain()\n")
    command.chmod(0o755)


def prepared(folder: Path, kit: Path) -> Path:
    """``folder``, whose ``kit`` is compiled, so that a copy of it starts at once."""
    compileall.compile_dir(kit, quiet=1)
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the tiny course."""
    folder = tmp_path_factory.mktemp("pack")
    return gradescope.pack(write_course(folder / "course"), folder / "tiny.zip")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, optimization: Assignment) -> Path:
    """The archive of the real assignment."""
    return gradescope.pack(optimization, tmp_path_factory.mktemp("pack") / "real.zip")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `kit pack github` makes of the tiny course."""
    folder = tmp_path_factory.mktemp("pack")
    made = github.pack(write_course(folder / "course"), folder / "out")
    return prepared(made, made / "grader/kit")


class Gradescope:
    """A folder laid out as Gradescope lays out /autograder; ``unpacked`` is what was in the zip."""

    def __init__(self, root: Path, unpacked: Path) -> None:
        self.root = root
        self.source = root / "source"
        linked(unpacked, self.source)
        shutil.copyfile(self.source / "run_autograder", root / "run_autograder")
        (root / "run_autograder").chmod(0o755)
        (root / "results").mkdir()
        (root / "submission").mkdir()
        (root / "submission_metadata.json").write_text(
            json.dumps({"id": 1, "users": [{"id": 2, "email": "ada@example.org", "name": "Ada"}]})
        )
        make_environment(root / "venv", self.source)

    def run(self, launcher: list[str], **environment: str) -> tuple[int, str]:
        """The exit code of run_autograder and what it printed."""
        run = subprocess.run(
            [*launcher, str(self.root / "run_autograder")],
            env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(self.root), **environment},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return run.returncode, run.stdout

    def require_no_grade(self) -> str:
        """What results.json says where it holds neither a pass nor a zero."""
        found = json.loads((self.root / "results/results.json").read_text())
        assert not {"score", "tests"} & found.keys()
        assert "There is no grade." in found["output"]
        return str(found["output"])

    def results(self, launcher: list[str], **environment: str) -> dict[str, Any]:
        code, said = self.run(launcher, **environment)
        assert code == 0, said
        return dict(json.loads((self.root / "results/results.json").read_text()))


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return prepared(folder, folder / "kit")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    return unpack(archive, tmp_path_factory.mktemp("pack") / "source")


@pytest.fixture
def autograder(tmp_path: Path, unpacked: Path) -> Gradescope:
    return Gradescope(tmp_path / "autograder", unpacked)


class TestArchive:
    """The archive is whole, always the same, and free of answers."""

    def test_the_same_course_gives_the_same_bytes(self, archive: Path, tmp_path: Path) -> None:
        again = gradescope.pack(write_course(tmp_path / "course"), tmp_path / "again.zip")
        assert again.read_bytes() == archive.read_bytes()

    def test_what_gradescope_starts_lies_at_its_top_and_is_executable(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as packed:
            for name in ("setup.sh", "run_autograder"):
                assert packed.getinfo(name).external_attr >> 16 == stat.S_IFREG | 0o755

    @pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
    def test_the_scripts_are_valid(self, archive: Path, tmp_path: Path, name: str) -> None:
        with zipfile.ZipFile(archive) as packed:
            script = packed.extract(name, tmp_path)
        subprocess.run(["bash", "-n", script], check=True, timeout=PATIENCE)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", script], check=True, timeout=PATIENCE)

    def test_no_answer_and_no_line_for_the_instructor_is_in_it(
        self, real: Path, optimization: Assignment, tmp_path: Path
    ) -> None:
        """An answer that is put beside it is found."""
        with zipfile.ZipFile(real) as packed:
            packed.extractall(tmp_path / "all")
        shutil.rmtree(tmp_path / "all/autograder")  # the suites themselves; they are no secret
        shutil.move(tmp_path / "all/solutions/optimization", tmp_path / "halves")
        shutil.copytree(
            tmp_path / "all/source/optimization", tmp_path / "halves", dirs_exist_ok=True
        )
        assert leaks(optimization, tmp_path / "halves") == []
        shutil.copytree(optimization.solutions, tmp_path / "all/solutions/optimization")
        of_suites = "a line of the unseen checks"
        found = [leak for leak in leaks(optimization, tmp_path / "all") if of_suites not in leak]
        assert any("an answer of task" in leak for leak in found)
        assert {leak.partition("/nndl/")[0] for leak in found} == {"solutions/optimization"}

    def test_it_grades_the_same_tasks_and_files(
        self, real: Path, optimization: Assignment, tmp_path: Path
    ) -> None:
        with zipfile.ZipFile(real) as packed:
            packed.extractall(tmp_path)
        packed_assignment = Assignment(tmp_path, "optimization")
        assert packed_assignment.tasks == optimization.tasks
        assert packed_assignment.student_files == optimization.student_files
        assert packed_assignment.provided_modules == optimization.provided_modules

    def test_it_is_written_where_git_does_not_look(self, tmp_path: Path) -> None:
        course = write_course(tmp_path)
        assert gradescope.pack(course) == tmp_path / "build/tiny-gradescope.zip"
        assert github.pack(course) == tmp_path / "build/tiny-github"

    def test_a_course_that_leaks_is_not_packed(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        (course.source / "help.py").write_text('state["x"] = np.array(x)\n')
        with pytest.raises(ReleaseError, match=r"help\.py, line 1"):
            gradescope.pack(course, tmp_path / "out.zip")
        assert not (tmp_path / "out.zip").exists()


class TestPlace:
    """Packing writes over nothing that it did not make, and leaves no half of anything."""

    def test_its_own_archive_is_made_anew(self, tmp_path: Path) -> None:
        course = write_course(tmp_path / "course")
        made = gradescope.pack(course, tmp_path / "tiny.zip").read_bytes()
        (course.suites / "more.txt").write_text("another")
        assert gradescope.pack(course, tmp_path / "tiny.zip").read_bytes() != made
        assert {path.name for path in tmp_path.iterdir()} == {"course", "tiny.zip"}

    @pytest.mark.parametrize("content", [b"", b"thesis", b"PK\x05\x06" + bytes(18)])
    def test_another_file_stays(self, tiny: Assignment, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(CourseError, match="not made by this command"):
            gradescope.pack(tiny, tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == content

    @pytest.mark.parametrize("platform", [gradescope, github])
    def test_a_pipe_a_device_and_a_folder_in_use_stay(
        self, tiny: Assignment, tmp_path: Path, platform: Any
    ) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder/thesis").touch()
        (tmp_path / "link").symlink_to("pipe")
        for name in ("pipe", "folder", "link"):
            with pytest.raises(CourseError):
                platform.pack(tiny, tmp_path / name)
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "folder/thesis").exists()

    @pytest.mark.parametrize("platform", [gradescope, github])
    def test_what_can_not_be_written_is_told(
        self, tiny: Assignment, tmp_path: Path, platform: Any
    ) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(CourseError, match="can't be written"):
            platform.pack(tiny, tmp_path / "file/below")

    def test_a_run_that_fails_leaves_no_half_of_the_repositories(
        self, tiny: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, content: bytes) -> int:
            raise OSError(28, "No space left on device", str(path))

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(CourseError, match="No space left"):
            github.pack(tiny, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []


class TestSetup:
    """The steps of setup.sh that can be tried without installing anything."""

    def test_an_unknown_step_is_refused(self, archive: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(archive) as packed:
            script = packed.extract("setup.sh", tmp_path)
        run = subprocess.run(
            ["bash", script, "nothing"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert run.returncode == 2
        assert "no step nothing" in run.stdout

    def test_an_image_without_a_python_for_the_kit_is_told(
        self, archive: Path, tmp_path: Path
    ) -> None:
        with zipfile.ZipFile(archive) as packed:
            script = packed.extract("setup.sh", tmp_path)
        old = write(tmp_path / "bin", {"python3": "#!/bin/sh\nexit 1\n"}) / "python3"
        old.chmod(0o755)
        run = subprocess.run(
            [str(shutil.which("bash")), script, "install_kit"],
            env={"PATH": str(old.parent), "AUTOGRADER_ROOT": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert run.returncode == 1
        assert "Python 3.11 or newer is needed" in run.stdout

    def test_the_data_are_fetched_into_the_image(self, autograder: Gradescope) -> None:
        run = subprocess.run(
            ["bash", str(autograder.source / "setup.sh"), "fetch_data"],
            env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(autograder.root)},
            check=False,
            timeout=PATIENCE,
        )
        assert run.returncode == 0
        assert (autograder.source / "data").is_dir()

    def test_a_step_that_fails_ends_the_build(self, autograder: Gradescope) -> None:
        (autograder.root / "venv/bin/kit").write_text("#!/bin/sh\nexit 7\n")
        run = subprocess.run(
            ["bash", str(autograder.source / "setup.sh"), "fetch_data"],
            env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(autograder.root)},
            check=False,
            timeout=PATIENCE,
        )
        assert run.returncode == 7


@needs_root
def test_docker_as_simulated_here_makes_no_namespaces_and_holds_the_rest() -> None:
    launcher = SURROUNDINGS["as_in_docker"]
    for attempt in (["unshare", "--user", "true"], ["unshare", "--mount", "true"]):
        assert subprocess.run(
            [*launcher, *attempt], capture_output=True, check=False, timeout=PATIENCE
        ).returncode
    said = subprocess.run(
        [*launcher, sys.executable, "-m", "kit", "doctor"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    ).stdout.partition("confined here by: ")[2]
    layers = set(said.partition(".")[0].split(", "))
    assert "namespaces" not in layers
    assert {"uid", "rlimits", "seccomp"} <= layers


class TestRunAutograder:
    """The archive, laid out as /autograder, gives the score of `kit grade`."""

    @pytest.mark.parametrize(
        ("surroundings", "work", "score"),
        [
            ("unrestricted", SOLUTION, 6),
            pytest.param("as_in_docker", STUB, 2, marks=needs_root),
        ],
        ids=SURROUNDINGS,
    )
    def test_a_submission_gets_its_points(
        self, autograder: Gradescope, surroundings: str, work: str, score: float
    ) -> None:
        write(autograder.root / "submission", {"nndl/work.py": work})
        assert autograder.results(SURROUNDINGS[surroundings])["score"] == score

    def test_nothing_to_grade_is_told_to_the_student(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"notes.txt": "I did my best."})
        found = autograder.results([])
        assert found["score"] == 0
        assert "None of the files to hand in was found" in json.dumps(found)

    @in_both_surroundings
    def test_a_function_that_hangs_costs_its_own_task(
        self, autograder: Gradescope, surroundings: str
    ) -> None:
        seconds = "call_seconds: float = "
        change(autograder.source / "kit/limits.py", f"{seconds}10.0", f"{seconds}1.0")
        write(autograder.root / "submission", {"nndl/work.py": HANGS})
        found = autograder.results(SURROUNDINGS[surroundings])
        assert found["score"] == 2
        assert "did not return within 1 s" in json.dumps(found)

    def test_a_fault_of_ours_is_no_grade_and_says_why(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        write(autograder.source, {"autograder/tiny/test_work.py": BROKEN_SUITE})
        write(autograder.root, {"results/results.json": '{"score": 6}'})
        code, said = autograder.run([])
        assert code != 0
        assert "ZeroDivisionError" in autograder.require_no_grade()
        assert "ZeroDivisionError" in said

    def test_a_grader_that_raises_is_no_grade(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        write(autograder.root, {"results/results.json": '{"score": 6}'})
        break_grader(autograder.source, "raise SystemExit(0)")
        code, said = autograder.run([])
        assert code != 0
        assert "The grader failed" in autograder.require_no_grade()
        assert "grader.py" in said

    @pytest.mark.parametrize("error", [RuntimeError("odd"), MemoryError(), ValueError("4300")])
    def test_whatever_it_raises_is_no_grade(
        self, autograder: Gradescope, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """The program that the command runs, in this process."""
        monkeypatch.setattr(run_gradescope, "grade_one", Mock(side_effect=error))
        write(autograder.root, {"results/results.json": '{"score": 6}'})
        assert run_gradescope.run("tiny", autograder.root) != 0
        assert f"The grader failed ({type(error).__name__}" in autograder.require_no_grade()

    def test_a_grader_that_is_killed_leaves_no_grade(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        write(autograder.root, {"results/results.json": '{"score": 6}'})
        break_grader(autograder.source, "import os; os.kill(os.getpid(), 9)")
        assert autograder.run([])[0] == -9
        assert "did not come to its end" in autograder.require_no_grade()

    def test_a_grader_that_can_not_begin_leaves_no_grade(self, autograder: Gradescope) -> None:
        write(autograder.root, {"results/results.json": '{"score": 6}'})
        write(autograder.source, {"kit/pack/run_gradescope.py": "import nowhere\n"})
        assert autograder.run([])[0] != 0
        assert "did not come to its end" in autograder.require_no_grade()

    def test_a_grade_that_can_not_be_written_is_none(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        export = autograder.source / "kit/export/gradescope.py"
        change(export, '"execution_time"', 'object(): "x", "time"')
        assert autograder.run([])[0] != 0
        assert "TypeError" in autograder.require_no_grade()

    def test_suites_that_cannot_be_collected_are_no_grade(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        write(autograder.source, {"autograder/tiny/test_work.py": "import nowhere\n"})
        code, said = autograder.run([])
        assert code != 0
        assert "nowhere" in autograder.require_no_grade()
        assert "nowhere" in said

    def test_odd_metadata_do_not_matter(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        write(autograder.root, {"submission_metadata.json": ""})
        assert autograder.results([])["score"] == 6

    @pytest.mark.parametrize("metadata", ["", "[]", '{"users": [{"name": 1}]}'])
    def test_of_odd_metadata_nothing_is_read(self, tmp_path: Path, metadata: str) -> None:
        write(tmp_path, {"metadata.json": metadata})
        assert run_gradescope.student_of(tmp_path / "metadata.json") is None

    def test_a_submission_named_like_the_kit_does_not_take_its_place(
        self, autograder: Gradescope
    ) -> None:
        files = {"nndl/work.py": STUB, "kit/__init__.py": "1 / 0", "sitecustomize.py": "1 / 0"}
        write(autograder.root / "submission", files)
        assert autograder.results([])["score"] == 2

    @in_both_surroundings
    def test_a_submission_can_not_write_the_results_itself(
        self, autograder: Gradescope, surroundings: str
    ) -> None:
        target = autograder.root / "results/results.json"
        target.touch()
        forged = f"open({str(target)!r}, 'w').write('{{\"score\": 6}}')\n"
        work = f"try:\n    {forged}except BaseException:\n    pass\n{SOLUTION}"
        write(autograder.root / "submission", {"nndl/work.py": work})
        write(autograder.source, {"autograder/tiny/test_work.py": BROKEN_SUITE})
        assert autograder.run(SURROUNDINGS[surroundings])[0] != 0
        autograder.require_no_grade()

    def test_where_nothing_can_be_confined_there_is_no_grade(self, autograder: Gradescope) -> None:
        write(autograder.root / "submission", {"nndl/work.py": SOLUTION})
        confine = autograder.source / "kit/sandbox/worker/confine.py"
        change(confine, '"libseccomp.so.2"', '"libnothing.so"')
        code, said = autograder.run([])
        assert code != 0
        assert "libseccomp2" in autograder.require_no_grade()
        assert "libseccomp2" in said

    @needs_root
    @pytest.mark.slow
    @pytest.mark.cifar10
    def test_the_real_assignment_is_graded_as_in_docker(
        self, real: Path, optimization: Assignment, tmp_path: Path, cifar10: Path
    ) -> None:
        autograder = Gradescope(tmp_path / "autograder", unpack(real, tmp_path / "unpacked"))
        shutil.copytree(optimization.solutions, autograder.root / "submission", dirs_exist_ok=True)
        found = autograder.results(SURROUNDINGS["as_in_docker"], NNDL_DATA=str(cifar10))
        assert found["score"] == sum(t.points for t in optimization.tasks if not t.manual)


class Workflow:
    """A runner's workspace in which the `run:` steps of the workflow are run, one after another."""

    def __init__(self, workspace: Path, repositories: Path) -> None:
        self.workspace = workspace
        self.output = workspace / "output"
        template, self.grader = repositories / "template", workspace / "grader"
        shutil.copytree(template, workspace / "submission")
        linked(repositories / "grader", self.grader)
        text = (workspace / "submission" / github.WORKFLOW).read_text()
        (self.job,) = yaml.safe_load(text)["jobs"].values()
        make_environment(workspace / "python", self.grader)
        # what would change the machine is only noted
        self.log = workspace / "installed"
        for name in ("sudo", "pip"):
            shim = workspace / "python/bin" / name
            shim.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.log}"\n')
            shim.chmod(0o755)

    def grade(self) -> tuple[int, str]:
        """As ``run``, but only the last step: what those before it install and fetch is here."""
        return self._run(self.job["steps"][-1:])

    def run(self) -> tuple[int, str]:
        """The exit code of the first step that fails, else 0, and all that was printed."""
        return self._run(self.job["steps"])

    def _run(self, steps: list[dict[str, Any]]) -> tuple[int, str]:
        path = f"{self.workspace / 'python/bin'}:{os.environ['PATH']}"
        printed = ""
        for step in steps:
            if "run" not in step:
                assert step["uses"].startswith("actions/")
                continue
            run = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                env={"PATH": path, "GITHUB_OUTPUT": str(self.output)},
                cwd=self.workspace / step.get("working-directory", "."),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
            printed += run.stdout
            if run.returncode:
                return run.returncode, printed
        return 0, printed

    def result(self) -> dict[str, Any]:
        """The output `result` of the step, as GitHub and the reporter of Classroom read it."""
        last = self.output.read_text().splitlines()[-1]  # it takes the place of earlier ones
        name, _, value = last.partition("=")
        assert name == "result"
        return dict(json.loads(base64.b64decode(value, validate=True)))


@pytest.fixture
def workflow(tmp_path: Path, repositories: Path) -> Workflow:
    return Workflow(tmp_path / "workspace", repositories)


def score(result: Mapping[str, Any]) -> float:
    return float(sum(test["score"] for test in result["tests"]))


class TestRepositories:
    """What `kit pack github` writes for the instructor to push."""

    def test_the_template_is_the_release_and_a_workflow(self, repositories: Path) -> None:
        template = repositories / "template"
        files = {str(p.relative_to(template)) for p in template.rglob("*") if p.is_file()}
        released = {"README.md", "nndl/__init__.py", "nndl/work.py", "tiny.ipynb"}
        assert files == {github.WORKFLOW, *released}
        assert "np.array(x)" not in (template / "nndl/work.py").read_text()

    def test_the_grader_holds_no_answer(self, repositories: Path) -> None:
        skeleton = (repositories / "grader/solutions/tiny/nndl/work.py").read_bytes()
        assert skeleton == (repositories / "template/nndl/work.py").read_bytes()

    def test_a_folder_in_use_is_not_written_over(
        self, repositories: Path, tiny: Assignment
    ) -> None:
        with pytest.raises(CourseError, match="is there already"):
            github.pack(tiny, repositories)

    def test_the_names_that_github_classroom_looked_for(self, repositories: Path) -> None:
        text = (repositories / "template" / github.WORKFLOW).read_text()
        document = yaml.safe_load(text)
        assert document["name"] == "Autograding Tests"
        assert list(document["jobs"]) == ["run-autograding-tests"]
        assert document["permissions"] == {"contents": "read"}
        assert "@ASSIGNMENT@" not in text + (repositories / "README.md").read_text()


class TestWorkflow:
    """The workflow's own commands, run as a runner would."""

    def test_a_solution_passes_and_all_packages_are_installed_by_their_hashes(
        self, workflow: Workflow
    ) -> None:
        """Here with all steps."""
        write(workflow.workspace / "submission", {"nndl/work.py": SOLUTION})
        code, printed = workflow.run()
        assert code == 0, printed
        assert (workflow.result()["status"], score(workflow.result())) == ("pass", 6)
        assert "::notice title=Autograding complete::Points 6/6" in printed.splitlines()
        installed = [line for line in workflow.log.read_text().splitlines() if "pip" in line]
        assert len(installed) == 2
        assert "--no-deps --require-hashes -r requirements.lock" in installed[0]
        assert "--no-deps" in installed[1]

    def test_a_stub_fails_with_its_points(self, workflow: Workflow) -> None:
        write(workflow.workspace / "submission", {"nndl/work.py": STUB})
        code, printed = workflow.grade()
        assert code == 1
        assert (workflow.result()["status"], score(workflow.result())) == ("fail", 2)
        assert "Your `double` is not implemented yet" in " ".join(printed.split())

    def test_the_untouched_template_has_no_points(self, workflow: Workflow) -> None:
        assert workflow.grade()[0] == 1
        assert score(workflow.result()) == 0

    def test_nothing_to_grade_fails_with_a_result(self, workflow: Workflow) -> None:
        shutil.rmtree(workflow.workspace / "submission/nndl")
        assert workflow.grade()[0] == 1
        assert score(workflow.result()) == 0
        assert workflow.result()["tests"]

    def test_a_fault_of_ours_counts_no_points(self, workflow: Workflow) -> None:
        write(workflow.workspace / "submission", {"nndl/work.py": SOLUTION})
        write(workflow.grader, {"autograder/tiny/test_work.py": BROKEN_SUITE})
        code, printed = workflow.grade()
        assert code == 3
        assert (workflow.result()["status"], workflow.result()["max_score"]) == ("error", 0)
        assert "ZeroDivisionError" in printed
        assert "::notice" not in printed

    def test_suites_that_cannot_be_collected_count_no_points(self, workflow: Workflow) -> None:
        write(workflow.grader, {"autograder/tiny/test_work.py": "import nowhere\n"})
        code, printed = workflow.grade()
        assert code == 3
        assert (workflow.result()["status"], workflow.result()["max_score"]) == ("error", 0)
        assert "nowhere" in workflow.result()["tests"][0]["message"]
        assert "nowhere" in printed

    @pytest.mark.parametrize(
        ("ends", "exits"), [("raise SystemExit(0)", 3), ("os.kill(os.getpid(), 9)", -9)]
    )
    def test_a_grader_that_fails_or_is_killed_counts_no_points(
        self, workflow: Workflow, ends: str, exits: int
    ) -> None:
        write(workflow.workspace / "submission", {"nndl/work.py": SOLUTION})
        break_grader(workflow.grader, f"import os; {ends}")
        code, printed = workflow.grade()
        assert code == exits
        assert (workflow.result()["status"], workflow.result()["max_score"]) == ("error", 0)
        assert score(workflow.result()) == 0
        assert "::notice" not in printed

    def test_whatever_the_grader_raises_counts_no_points(
        self, workflow: Workflow, monkeypatch: pytest.MonkeyPatch, tiny: Assignment
    ) -> None:
        """The program that the workflow runs, in this process."""
        monkeypatch.setattr(run_github, "grade_one", Mock(side_effect=RuntimeError))
        monkeypatch.setenv("GITHUB_OUTPUT", str(workflow.output))
        monkeypatch.chdir(tiny.root)
        assert run_github.run("tiny", workflow.workspace / "submission") == 3
        assert (workflow.result()["status"], workflow.result()["max_score"]) == ("error", 0)

    def test_a_students_text_is_no_command_and_no_output(self, workflow: Workflow) -> None:
        hostile = "raise ValueError('a\\n::set-output name=result::x\\nresult=eA==')\n"
        write(workflow.workspace / "submission", {"nndl/work.py": hostile})
        code, printed = workflow.grade()
        assert code == 1
        assert score(workflow.result()) == 0
        commands = [line for line in printed.splitlines() if line.lstrip().startswith("::")]
        assert all(command.startswith("::notice title=Autograding ") for command in commands)
