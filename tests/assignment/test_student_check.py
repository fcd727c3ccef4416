"""What students run before they hand in: `python -m utils.check`, and the archive it leads to."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kit.batch.run import grade
from kit.checks import documented
from kit.checks.expect import Expect
from kit.course import Assignment
from kit.grading.diagnosis import catalogue
from kit.grading.grader import Grader
from kit.intake.downloads import Found
from kit.intake.submission import open_tree
from kit.provided import load_beside, suites_importable
from kit.report.overview import Mistake
from tests.support import student_versions
from tests.support.course import ROOT
from tests.support.processes import PATIENCE
from tests.support.student_versions import solved
from tests.support.variants import SUBMISSIONS, files_in

COURSE = {name: Assignment(ROOT, name) for name in ("optimization", "batchnorm", "cnn")}
NAMES = list(COURSE)


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command of the homework's folder prints, without data and without the kit."""
    return subprocess.run(
        [sys.executable, "-B", "-m", *command],
        cwd=folder,
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "NNDL_DATA": str(folder / "no data"),
            "PYTHONUTF8": "1",
            **environment,
        },
        capture_output=True,
        check=False,
        encoding=environment.get("PYTHONIOENCODING", "utf-8").partition(":")[0],
        timeout=PATIENCE,
    )


def graded(assignment: Assignment, path: Path, tasks: list[str]) -> Any:
    """The result of what is handed in, by these tasks."""
    with Grader(assignment, tasks=tuple(tasks)) as grader:
        found = Found("ada", str(path), lambda: open_tree(path, grader.limits))
        return grade(grader, found)


def units(assignment: Assignment) -> list[str]:
    """The tasks that have examples."""
    known = json.loads((assignment.release / "utils/examples.json").read_text("utf-8"))
    return [task["id"] for task in known["tasks"] if task["kind"] == "examples"]


@pytest.mark.parametrize("name", NAMES)
class TestEachHomework:
    """Without data, from a path with spaces and letters that are not ASCII."""

    def test_the_reference_works_and_its_archive_is_taken_as_it_is(
        self, name: str, tmp_path: Path
    ) -> None:
        folder = solved(COURSE[name], tmp_path / "Bücher und Hefte" / name)
        answered(folder / f"{name}.ipynb")
        done = run(folder, "utils.hand_in")
        tasks = units(COURSE[name])
        assert f"{len(tasks)} of {len(tasks)} tasks work" in done.stdout, done.stdout + done.stderr
        assert [line.split()[1] for line in done.stdout.splitlines() if line[:1] == "✓"] == tasks
        assert done.returncode == 0
        archive = folder / f"{name}.zip"
        with zipfile.ZipFile(archive) as written:
            held = written.namelist()
        assert set(held) == {*COURSE[name].student_files, f"{name}.ipynb"}
        result = graded(COURSE[name], archive, tasks)
        assert {task.id: task.score for task in result.tasks if task.id in tasks} == {
            task.id: task.points for task in COURSE[name].tasks if task.id in tasks
        }

    def test_the_release_has_all_still_to_write(self, name: str) -> None:
        check = load_beside(COURSE[name].release, "utils.check")
        verdicts = {each.task: each for each in check.look_at_all()}
        assert {verdicts[task].state for task in units(COURSE[name])} == {"unwritten"}
        stubs = {task for task, _, _ in check.unwritten(COURSE[name].student_files)}
        assert stubs - {""} == set(units(COURSE[name]))
        assert list(verdicts) == [task.id for task in COURSE[name].tasks]

    def test_it_agrees_with_the_documented_checks_over_all_known_mistakes(self, name: str) -> None:
        """What the notebook's example says is what the grader's documented checks say."""
        assignment = COURSE[name]
        check = load_beside(assignment.release, "utils.check")
        examples = {task["id"]: task["examples"] for task in check.homework()["tasks"]}
        judges = documented_checks(assignment)
        module = catalogue.module(assignment)
        compared = 0
        for mistake in (None, *module.MISTAKES):
            functions = module.implementation(mistake.changes if mistake else {})
            for task in judges if mistake is None else {mistake.task} & judges.keys():
                compared += 1
                (example,) = (each for each in examples[task] if each.get("documented"))
                ours = passes(lambda: check.run_example(task, example, functions.__getitem__))  # noqa: B023 - called at once
                theirs = all(passes(lambda: each(functions)) for each in judges[task])  # noqa: B023 - as above
                # the example also shows running averages, which the documented checks leave alone
                more = any("running" in path or path.endswith(".t") for path in example["right"])
                assert ours <= theirs if more else ours == theirs, mistake
                assert theirs or mistake, task
        assert compared > 20

    def test_almost_all_known_mistakes_are_seen(self, name: str) -> None:
        """The examples are a first look: a few mistakes show on unseen inputs alone."""
        check = load_beside(COURSE[name].release, "utils.check")
        tasks = {task["id"]: task for task in check.homework()["tasks"]}
        module = catalogue.module(COURSE[name])
        seen = [
            check.look(tasks[each.task], find=module.implementation(each.changes).__getitem__)
            for each in module.MISTAKES
        ]
        assert {each.state for each in seen} <= {"works", "wrong"}
        assert sum(each.state == "wrong" for each in seen) > 0.85 * len(seen)
        # what is likely wrong stands first, and no line of ours
        assert all(each.said and "Traceback" not in each.said for each in seen)


def passes(check: Callable[[], Any]) -> bool:
    try:
        check()
    except Exception:
        return False
    return True


def documented_checks(
    assignment: Assignment,
) -> dict[str, list[Callable[[Mapping[str, Any]], None]]]:
    """By task, the suites' own checks of the documented call, as functions of what is handed in."""
    entries = documented.entries(assignment.suites / "documented.json")
    found: dict[str, list[Callable[[Mapping[str, Any]], None]]] = {}
    with suites_importable(assignment):
        modules = [
            load_beside(assignment.suites, path.stem)
            for path in sorted(assignment.suites.glob("test_*.py"))
        ]
    for module in modules:
        for owner in [module, *(each for each in vars(module).values() if inspect.isclass(each))]:
            for name, function in vars(owner).items():
                marks = [
                    mark
                    for mark in getattr(function, "pytestmark", [])
                    if mark.name == "task" and mark.kwargs.get("documented")
                ]
                if marks and name.startswith("test_"):
                    bound = function if owner is module else getattr(owner(), name)
                    call = called(bound, lambda task: documented.case(entries[task]))
                    found.setdefault(marks[0].args[0], []).append(call)
    return found


def called(
    check: Callable[..., None], of_notebook: Callable[[str], Any]
) -> Callable[[Mapping[str, Any]], None]:
    """A check as a function of the functions that are handed in."""

    def judge(functions: Mapping[str, Any]) -> None:
        fixtures = {"student": Handed(functions), "expect": Expect(), "documented": of_notebook}
        with np.errstate(all="ignore"):
            check(**{name: fixtures[name] for name in inspect.signature(check).parameters})

    return judge


class Handed:
    """Functions by "module.name", called with copies as those of a submission are."""

    def __init__(self, functions: Mapping[str, Any], module: str = "") -> None:
        self._functions, self._module = functions, module

    def __getattr__(self, name: str) -> Any:
        if not self._module:
            return Handed(self._functions, name)
        function = self._functions[f"{self._module}.{name}"]
        return lambda *args, **named: function(*copy.deepcopy(args), **copy.deepcopy(named))

    def place(self, value: Any) -> Any:
        kept = copy.deepcopy(value)
        return SimpleNamespace(fetch=lambda: kept, __deepcopy__=lambda _: kept)


def answered(notebook: Path) -> None:
    """Write an answer to each question."""
    text = notebook.read_text("utf-8")
    notebook.write_text(text.replace("*Write your answer here.*", "An answer."), "utf-8")


STORED = 'config["velocity"] = velocity'
FILLED = "learning_rate=1e-2, momentum=0.9)"
WRONG = [
    ("affine_forward", "layers", "return out, cache", "return out", "returns one value, of type"),
    ("affine_forward", "layers", "    return out, cache\n", "", "affine_forward returns None."),
    ("relu_backward", "layers", "return dx  #", "return None  #", "relu_backward returns None"),
    ("affine_backward", "layers", "dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)",
     "`db` must have shape (5,), it has (1, 5)."),
    ("affine_backward", "layers", "return dx, dw, db", "return dx, dw.tolist(), db",
     "`dw` must be an array of shape (4, 5), it is [["),
    ("relu_forward", "layers", "np.maximum(x, 0)", "np.maximum(x, 0, out=x)",
     "`x` is changed by the call."),
    ("sgd_momentum", "optim", STORED, "pass", "Your new v never reaches `config"),
    ("sgd_momentum", "optim", FILLED, "learning_rate=1e-2)",
     "Your code reads the entry 'momentum', which is not there yet"),
    ("rmsprop", "optim", "dw**2", "dv**2", "Your code raises NameError: name 'dv' is not defined"),
    ("affine_relu", "layer_utils", "relu_forward(hidden)", "relu_forward(hidden.T @ x)",
     "Your code raises ValueError: "),
    ("adam", "optim", "def adam(", "def Adam(", "nndl/optim.py has no `adam`."),
    ("fc_net", "fc_net", "scale=weight_scale", "scale=2 * weight_scale",
     "must have mean 0 and standard deviation 0.03; yours are"),
]  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A solved folder; a test leaves it as it was."""
    return solved(COURSE["optimization"], tmp_path_factory.mktemp("work") / "optimization")


@pytest.fixture
def put(work: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Puts other bytes into a file, until the test has ended."""
    before: dict[Path, bytes] = {}

    def put(name: str, data: bytes) -> None:
        path = work / name
        before.setdefault(path, path.read_bytes())
        path.write_bytes(data)

    yield put
    for path, data in before.items():
        path.write_bytes(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_known_mistake_has_a_title_that_people_can_read(name: str) -> None:
    """On the class page: what was done, no id."""
    for mistake in catalogue.module(COURSE[name]).MISTAKES:
        said = Mistake(mistake.id, text=mistake.text).title
        assert 12 <= len(said) <= 170, said
        assert said[0].isupper(), said
        assert mistake.id not in said, said


class TestWhatIsSaid:
    """One sentence of what is likely wrong, and the student's own line."""

    @pytest.mark.parametrize(("task", "module", "old", "new", "said"), WRONG)
    def test_of_a_wrong_version(
        self, task: str, module: str, old: str, new: str, said: str, work: Path, put: Any
    ) -> None:
        name = f"nndl/{module}.py"
        text = (work / name).read_text("utf-8")
        start = text.index(old) if task != "rmsprop" else text.index(old, text.index("def rmsprop"))
        put(name, (text[:start] + text[start:].replace(old, new, 1)).encode())
        verdicts = {each.task: each for each in looked_at(work)}
        assert verdicts[task].state == "wrong"
        assert said in verdicts[task].said

    def test_the_line_that_raised_is_named_and_no_traceback_of_ours(
        self, work: Path, put: Any
    ) -> None:
        text = (work / "nndl/optim.py").read_text("utf-8")
        put("nndl/optim.py", text.replace("old_velocity = config", "old_velocity = conf").encode())
        done = run(work, "utils.check", "sgd_nesterov_momentum")
        assert "nndl/optim.py, line 10" in done.stdout
        assert 'old_velocity = conf["velocity"]' in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
        assert "utils/" not in done.stdout
        assert done.returncode == 1

    def test_a_cell_shows_the_sentence_and_no_traceback_of_ours(
        self, work: Path, put: Any, tmp_path: Path
    ) -> None:
        text = (work / "nndl/layers.py").read_text("utf-8")
        wrong = text.replace("return out, cache", "return out", 1)
        put("nndl/layers.py", wrong.replace("dx = dout * (x > 0)", "dx = dout * mask").encode())
        said = []
        for test in ("affine_forward_test", "relu_backward_test"):
            cell = tmp_path / f"{test}.ipy"
            cell.write_text(f"from nndl.layer_tests import {test}\n{test}()\n", "utf-8")
            done = run(work, "IPython", "--colors=NoColor", str(cell), IPYTHONDIR=str(tmp_path))
            said.append(done.stdout)
        assert said[0].strip() == (
            "✗ affine_forward returns one value, of type ndarray. It must return 2: out and cache."
        )
        assert "dx = dout * mask" in said[1]
        assert "layer_tests.py" not in said[1]

    def test_a_file_that_is_no_python_is_told_once(self, work: Path, put: Any) -> None:
        text = (work / "nndl/optim.py").read_text("utf-8")
        put("nndl/optim.py", (text + "def f(:\n").encode())
        verdicts = {each.task: each for each in looked_at(work)}
        assert verdicts["sgd_momentum"].said == "A file is not valid Python: invalid syntax."
        assert verdicts["sgd_momentum"].details[0].startswith("nndl/optim.py, line ")
        assert verdicts["adam"].said == "The same as in sgd_momentum."
        assert verdicts["fc_net"].state == "works"

    def test_a_task_that_calls_a_wrong_one_says_so(self, work: Path, put: Any) -> None:
        text = (work / "nndl/layers.py").read_text("utf-8")
        put("nndl/layers.py", text.replace("@ w + b", "@ w - b").encode())
        verdicts = {each.task: each for each in looked_at(work)}
        assert verdicts["fc_net"].said == "Correct affine_forward first: this calls it."

    def test_code_that_ends_the_process_ends_its_own_task(self, work: Path, put: Any) -> None:
        text = (work / "nndl/layers.py").read_text("utf-8")
        put(
            "nndl/layers.py",
            text.replace("    out = np.max", "    raise SystemExit\n    #").encode(),
        )
        verdicts = {each.task: each for each in looked_at(work)}
        assert verdicts["relu_forward"].said.startswith("Your code raises SystemExit")
        assert verdicts["adam"].state == "works"

    def test_a_task_that_is_not_there_is_wrong_usage(self, work: Path) -> None:
        done = run(work, "utils.check", "adams")
        assert done.returncode == 2
        assert "There is no task 'adams'. The tasks are: affine_forward, " in done.stderr

    @pytest.mark.parametrize(
        ("versions", "said"),
        [
            ({"python": (3, 9)}, "This homework needs Python 3.10 or newer."),
            ({"numpy": (1, 24)}, "This homework needs NumPy 1.26 or newer."),
        ],
    )
    def test_an_old_version_is_named(
        self, versions: dict[str, tuple[int, int]], said: str, work: Path
    ) -> None:
        with pytest.raises(SystemExit, match=said):
            load_beside(work, "utils.check").require_versions(**versions)


def looked_at(folder: Path) -> list[Any]:
    """The verdicts on all tasks of a folder, as its files are now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        return list(load_beside(folder, "utils.check").look_at_all())


RIGHT = {
    **{("optimization", name): path for name, path in files_in("correct").items()},
    **{
        (homework, f"{path.parent.name}/{path.stem}"): path
        for homework in ("batchnorm", "cnn")
        for path in sorted((SUBMISSIONS / homework / "correct").glob("*/*.py"))
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_right_code_of_all_kinds_works(name: str, tmp_path: Path) -> None:
    folder = solved(COURSE[name], tmp_path / name)
    for (homework, variant), path in RIGHT.items():
        if homework != name:
            continue
        module = folder / "nndl" / f"{path.parent.name}.py"
        before = module.read_bytes()
        module.write_bytes(before + b"\n\n" + path.read_bytes())
        wrong = {each.task: each.said for each in looked_at(folder) if each.state == "wrong"}
        assert wrong == {}, variant
        module.write_bytes(before)


class TestEverySystem:
    """What differs from system to system, as far as it can be simulated."""

    def test_a_console_that_has_no_tick_gets_words(self, work: Path) -> None:
        done = run(work, "utils.check", "adam", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
        assert done.stdout.startswith("ok "), done.stderr
        assert done.returncode == 0

    def test_a_letter_that_the_console_lacks_ends_nothing(self, work: Path, put: Any) -> None:
        text = (work / "nndl/optim.py").read_text("utf-8")
        put("nndl/optim.py", text.replace("beta1 ** config", "1 ** config").encode())
        done = run(work, "utils.check", "adam", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
        assert "WRONG adam" in done.stdout, done.stderr

    def test_lines_may_end_as_on_windows(self, work: Path, put: Any) -> None:
        for name in COURSE["optimization"].student_files:
            text = (work / name).read_bytes()
            put(name, b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
        assert {each.state for each in looked_at(work)} == {"works", "elsewhere"}

    def test_the_given_files_need_no_newer_python_than_they_say(self) -> None:
        """They are read as the oldest Python reads them."""
        for assignment in COURSE.values():
            for name in assignment.provided_modules:
                source = (assignment.release / name).read_text("utf-8")
                ast.parse(source, name, feature_version=(3, 10))


COMMAND = re.compile(r"^python -m utils\.(\w+)(.*)$", re.MULTILINE)


class TestPageForStudents:
    """The commands of docs/students.md are carried out."""

    TEXT = (ROOT / "docs/students.md").read_text("utf-8")

    def test_those_of_a_homework_work_as_they_stand(self, work: Path, put: Any) -> None:
        notebook = work / "optimization.ipynb"
        put(notebook.name, notebook.read_bytes())
        answered(notebook)
        said = COMMAND.findall(self.TEXT)
        assert {module for module, _ in said} == {"check", "data_utils", "hand_in"}
        for module, rest in said:
            # the loader would download: it shows how it is called instead
            more = ["--help"] if module == "data_utils" else []
            done = run(work, f"utils.{module}", *rest.split(), *more)
            assert done.returncode == 0, done.stdout + done.stderr
        (work / "optimization.zip").unlink()

    def test_the_cell_for_colab_works(
        self, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        shutil.make_archive("optimization", "zip", work.parent, work.name)
        (cell,) = re.findall(r"```python\n(import os.*?)```", self.TEXT, re.DOTALL)
        exec(cell, {})
        assert Path("nndl/optim.py").is_file()

    def test_what_is_installed_is_new_enough(self) -> None:
        needed = (COURSE["optimization"].release / "requirements.txt").read_text("utf-8")
        assert "numpy>=1.26" in needed
        assert "NumPy 1.26 or newer" in self.TEXT
        assert "Python 3.10 or newer" in self.TEXT


class TestArchive:
    """`hand_in` writes an archive of what is ready, and says what is not."""

    def test_what_is_not_ready_is_named_and_nothing_is_written(
        self, work: Path, put: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        release = COURSE["optimization"].release
        put("nndl/optim.py", (release / "nndl/optim.py").read_bytes())
        put("nndl/fc_net.py", b"def f(:\n")
        put("optimization.ipynb", (release / "optimization.ipynb").read_bytes())
        hand_in = load_beside(work, "utils.hand_in")
        archive = work / "optimization.zip"
        assert hand_in.write() is None
        assert not archive.exists()
        said = capsys.readouterr().out
        assert "- nndl/optim.py: adam is not written." in said
        assert "- nndl/fc_net.py, line 1 is not valid Python: invalid syntax." in said
        assert "- optimization.ipynb: a question has no answer" in said
        assert hand_in.write(unfinished=True) == archive
        with zipfile.ZipFile(archive) as written:
            assert "nndl/fc_net.py" in written.namelist()
        assert hand_in.hand_in(unfinished=True) is None  # a notebook would show what it returns
        archive.unlink()

    def test_modules_of_ones_own_go_along_and_given_files_do_not(
        self, work: Path, put: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        helper = work / "nndl/my_helpers.py"
        helper.write_text("x = 1\n", "utf-8")
        names = load_beside(work, "utils.hand_in").files(
            load_beside(work, "utils.check").homework()
        )
        helper.unlink()
        assert "nndl/my_helpers.py" in names
        assert not {"nndl/__init__.py", "nndl/layer_tests.py"} & set(names)

    def test_code_that_an_earlier_homework_gave_is_asked_for(self, tmp_path: Path) -> None:
        folder = solved(COURSE["batchnorm"], tmp_path / "batchnorm")
        shutil.copyfile(COURSE["batchnorm"].release / "nndl/layers.py", folder / "nndl/layers.py")
        known = load_beside(folder, "utils.check").homework()
        found = load_beside(folder, "utils.hand_in").problems(known)
        assert "nndl/layers.py: copy your own from the earlier homework over it." in found


class TestVersions:
    """The check of each release runs with whatever Python and NumPy there are (`make versions`)."""

    def test_with_each_python_here_that_has_numpy(
        self, tmp_path: Path, drawn: Callable[..., Sequence[str]]
    ) -> None:
        """All homeworks with this one, and one of them with each other."""
        assert student_versions.problems(Path(sys.executable), tmp_path / "this") == []
        for python in student_versions.pythons():
            look = [python, "-c", "import numpy"]
            if subprocess.run(look, check=False, timeout=PATIENCE).returncode == 0:
                folder = tmp_path / Path(python).name
                names = drawn(NAMES, 1, folder.name)
                assert student_versions.problems(Path(python), folder, names) == []
