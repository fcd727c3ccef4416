"""The real assignment, from its release to grades, on the real CIFAR-10."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import Submission
from tests.support.processes import PATIENCE
from tests.support.results import require_documented, task_of

pytestmark = pytest.mark.usefixtures("warm")

BIN = Path(sys.executable).parent

STORE = (
    '    config["velocity"] = velocity\n    # END YOUR CODE HERE\n    return next_w, config\n\n\n'
)
MISTAKES = [
    ("sgd_momentum", "next_w = w + velocity\n", "next_w = w - velocity\n"),
    (
        "sgd_momentum",
        f"{STORE}def sgd_nesterov",
        f"{STORE.partition(chr(10))[2]}def sgd_nesterov",  # the velocity is not stored
    ),
    ("sgd_nesterov_momentum", "w + velocity + config", "w + velocity + 0 * config"),
    ("rmsprop", 'decay_rate = config["decay_rate"]', "decay_rate = 0.99"),
    (
        "rmsprop",
        '(np.sqrt(config["a"]) + config["epsilon"])',
        'np.sqrt(config["a"] + config["epsilon"])',
    ),
    ("adam", 'beta1 ** config["t"]', "beta1 ** 2"),
    ("adam", 'config["v"] / (1 - beta1 ** config["t"])', 'config["v"]'),
    (
        "adam",
        '(np.sqrt(unbiased_a) + config["epsilon"])',
        'np.sqrt(unbiased_a + config["epsilon"])',
    ),
]


@pytest.fixture(scope="module")
def filled(optimization: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as a student has it who solved everything."""
    folder = tmp_path_factory.mktemp("filled") / "optimization"
    shutil.copytree(optimization.release, folder)
    shutil.copytree(optimization.solutions, folder, dirs_exist_ok=True)
    notebook = nbformat.read(folder / "optimization.ipynb", as_version=4)
    next(cell for cell in notebook.cells if cell.id == "comparison").source = "Adam is fastest."
    nbformat.write(notebook, folder / "optimization.ipynb")
    return folder


@pytest.fixture(scope="module")
def unit_grader(optimization: Assignment) -> Iterator[Grader]:
    """Grades every task but the training."""
    tasks = [task.id for task in optimization.tasks if not task.manual and task.id != "cifar10"]
    with Grader(optimization, tasks) as grader:
        yield grader


def handed_in(folder: Path, assignment: Assignment, **changes: tuple[str, str]) -> Submission:
    """The files in ``folder``, with one replacement (old, new) in each module named."""
    files = {name: (folder / name).read_bytes() for name in assignment.student_files}
    for module, (old, new) in changes.items():
        assert old.encode() in files[f"nndl/{module}.py"]
        files[f"nndl/{module}.py"] = files[f"nndl/{module}.py"].replace(old.encode(), new.encode())
    return Submission(folder.name, files)


def statuses(result: dict[str, Any]) -> dict[str, str]:
    """The status of every task that was graded."""
    return {t["id"]: t["status"] for t in result["tasks"] if t["status"] != "not_graded"}


class TestUnitTasks:
    """Every task but the training, which needs no data."""

    def test_the_untouched_release_scores_nothing(
        self, unit_grader: Grader, optimization: Assignment
    ) -> None:
        result = unit_grader.grade(handed_in(optimization.release, optimization)).as_dict()
        require_documented(result)
        assert (result["status"], result["score"]) == ("graded", 0)
        assert set(statuses(result).values()) == {"failed"}

    @pytest.mark.one_in(3, 0)
    @pytest.mark.parametrize("seed", range(5))
    def test_the_reference_scores_everything(
        self, unit_grader: Grader, optimization: Assignment, filled: Path, seed: int
    ) -> None:
        result = unit_grader.grade(handed_in(filled, optimization), seed).as_dict()
        require_documented(result)
        assert set(statuses(result).values()) == {"passed"}
        assert result["score"] == result["max_score"] == 80

    def test_a_broken_file_of_layers_costs_the_layers_alone(
        self, unit_grader: Grader, optimization: Assignment, filled: Path
    ) -> None:
        broken = handed_in(filled, optimization, layers=("import numpy", "import numpy as"))
        failed = {
            task
            for task, status in statuses(unit_grader.grade(broken).as_dict()).items()
            if status == "failed"
        }
        assert failed == {
            "affine_forward",
            "affine_backward",
            "relu_forward",
            "relu_backward",
        }

    @pytest.mark.one_in(4, 3)  # test_mistakes.py has hundreds
    @pytest.mark.parametrize(("task", "old", "new"), MISTAKES)
    def test_a_typical_mistake_fails_its_own_task_only(
        self,
        unit_grader: Grader,
        optimization: Assignment,
        filled: Path,
        task: str,
        old: str,
        new: str,
    ) -> None:
        result = unit_grader.grade(handed_in(filled, optimization, optim=(old, new))).as_dict()
        assert [name for name, status in statuses(result).items() if status != "passed"] == [task]

    @pytest.mark.one_in(3, 0)  # nothing, a tuple, a dict without its entries, numbers that are none
    @pytest.mark.parametrize(
        "value",
        [
            "None",
            "'x'",
            "3",
            "(1,)",
            "(None, None)",
            "({}, w)",
            "(w[:1], config)",
            "(w, {})",
            "(w.astype(str), config)",
            "[object()] * 2",
            "(w * float('nan'), config)",
        ],
    )
    def test_no_odd_answer_is_taken_for_a_fault_of_ours(
        self, unit_grader: Grader, optimization: Assignment, value: str
    ) -> None:
        rule = "def {}(w, dw=None, config=None, *_):\n    return {}\n"
        affine, relu = "affine_forward affine_backward", "relu_forward relu_backward"
        names = {
            "optim": "sgd sgd_momentum sgd_nesterov_momentum rmsprop adam",
            "layers": f"{affine} {relu} softmax_loss",
            "layer_utils": "affine_relu_forward affine_relu_backward",
            "fc_net": "FullyConnectedNet",
        }
        files = {
            f"nndl/{module}.py": "".join(rule.format(name, value) for name in of.split()).encode()
            for module, of in names.items()
        }
        result = unit_grader.grade(Submission("odd", files)).as_dict()
        require_documented(result)
        assert result["status"] == "graded"
        assert statuses(result).get("adam") == "failed"


@pytest.fixture(scope="module")
def grader(optimization: Assignment, cifar10: Path) -> Iterator[Grader]:
    """Grades the training alone."""
    with Grader(optimization, ["cifar10"]) as ready:
        yield ready


@pytest.mark.cifar10
@pytest.mark.slow
class TestTraining:
    """The task `cifar10`: the student's modules train, the tester judges the weights."""

    def test_the_reference_reaches_half(
        self, grader: Grader, optimization: Assignment, filled: Path
    ) -> None:
        task = task_of(grader.grade(handed_in(filled, optimization)).as_dict(), "cifar10")
        assert (task["status"], task["score"]) == ("passed", 10)
        assert task["checks"][0]["measured"]["validation_accuracy_percent"] >= 50

    def test_weights_that_do_not_learn_fail_with_their_curve(
        self, grader: Grader, optimization: Assignment, filled: Path
    ) -> None:
        # one example a batch, so that the test is quick, and no step
        one = "        X = X[:1].astype(self.dtype)\n        y = y if y is None else y[:1]\n"
        lazy = handed_in(
            filled,
            optimization,
            fc_net=("        X = X.astype(self.dtype, copy=False)\n", one),
            optim=("    beta1, beta2 =", "    return w, config\n    beta1, beta2 ="),
        )
        check = task_of(grader.grade(lazy).as_dict(), "cifar10")["checks"][0]
        assert check["status"] == "failed"
        assert "After 5 epochs" in check["message"]
        assert len(check["measured"]["validation_accuracy_percent_by_epoch"]) == 5

    def test_a_claim_of_accuracy_is_not_believed(
        self, grader: Grader, optimization: Assignment, filled: Path
    ) -> None:
        boast = (
            b"\n\ndef train_epoch(self):\n    self.best_val_acc = 1.0\n    self.model.params = {}\n"
        )
        boast += b"import utils.solver\nutils.solver.Solver.train_epoch = train_epoch\n"
        files = dict(handed_in(filled, optimization).files)
        files["nndl/fc_net.py"] += boast
        check = task_of(grader.grade(Submission("boast", files)).as_dict(), "cifar10")["checks"][0]
        assert check["status"] == "failed"
        assert "`params` must be a dictionary" in check["message"]


VALIDATE = """
import nbformat
from nbgrader.apps import ValidateApp
from nbgrader.validator import Validator

run = Validator._preprocess

def run_and_keep(self, notebook):
    notebook = run(self, notebook)
    nbformat.write(notebook, "executed.ipynb")
    return notebook

Validator._preprocess = run_and_keep
ValidateApp.launch_instance(["optimization.ipynb"])
"""


def validate(folder: Path, cifar10: Path) -> str:
    """What `nbgrader validate` says in a student's folder; the notebook it ran is kept there."""
    return subprocess.run(
        [sys.executable, "-c", VALIDATE],
        cwd=folder,
        env={
            **os.environ,
            "NNDL_DATA": str(cifar10),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            # on a busy machine two threads of BLAS wait for each other, for minutes
            "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    ).stdout


LIGHTER = {
    "train-sgd-rules": {"num_epochs=5": "num_epochs=1"},
    "train-all-rules": {"num_epochs=5": "num_epochs=1"},
    # the recipe of the grader, which reaches half as well
    "train-best": {
        "[500, 500, 500], weight_scale=0.01": "[128, 128], weight_scale=0.005",
        "batch_size=100": "batch_size=256",
        '"learning_rate": 3e-4': '"learning_rate": 5e-4',
        "lr_decay=0.9": "linear_decay=True",
    },
}
"""Replacements in cells that train, by cell: as they are, they take a minute and a half."""


@pytest.fixture(scope="module")
def validated(filled: Path, cifar10: Path, pytestconfig: pytest.Config) -> str:
    """What `nbgrader validate` says of the solved notebook; with ``--all-cases`` of all of it."""
    notebook = nbformat.read(filled / "optimization.ipynb", as_version=4)
    for cell in notebook.cells:
        lighter = {} if pytestconfig.getoption("--all-cases") else LIGHTER.get(cell.id, {})
        for old, new in lighter.items():
            assert old in cell.source
            cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, filled / "optimization.ipynb")
    return validate(filled, cifar10)


@pytest.fixture(scope="module")
def executed(filled: Path, validated: str) -> nbformat.NotebookNode:
    """The solved notebook as nbgrader ran it from top to bottom."""
    return nbformat.read(filled / "executed.ipynb", as_version=4)


@pytest.mark.cifar10
@pytest.mark.slow
class TestWholeWay:
    """The release, the notebook and nbgrader, as a course uses them."""

    def test_the_solved_notebook_runs_without_error_or_warning(
        self, executed: nbformat.NotebookNode
    ) -> None:
        outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
        assert not [output for output in outputs if output.output_type == "error"]
        assert not [output.text for output in outputs if output.get("name") == "stderr"]
        assert len([output for output in outputs if "image/png" in output.get("data", {})]) >= 2

    def test_the_solved_notebook_prints_the_documented_errors(
        self, executed: nbformat.NotebookNode, optimization: Assignment
    ) -> None:
        text = "".join(
            output.text
            for cell in executed.cells
            for output in cell.get("outputs", [])
            if "text" in output
        )
        documented = json.loads((optimization.suites / "documented.json").read_text())
        # the last bits of a matrix product are the BLAS library's: see test_assignment.py
        exact = documented.keys() - {"_about", "affine_forward"}
        printed = [value for task in exact for value in documented[task]["printed"].values()]
        assert len(printed) >= 10
        assert [value for value in printed if str(value) not in text] == []

    def test_the_solved_notebook_passes_half(self, executed: nbformat.NotebookNode) -> None:
        cell = next(cell for cell in executed.cells if cell.id == "cifar10")
        text = "".join(output.text for output in cell.outputs)
        assert float(text.split("Validation set accuracy: ")[1].split()[0]) >= 0.5

    def test_nbgrader_validates_the_solved_notebook(self, validated: str) -> None:
        assert "Success! Your notebook passes all the tests." in validated

    def test_nbgrader_does_not_validate_the_untouched_one(
        self, optimization: Assignment, cifar10: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(optimization.release, tmp_path / "untouched")
        said = validate(tmp_path / "untouched", cifar10)
        assert "VALIDATION FAILED ON 12 CELL(S)" in said
        assert "NotImplementedError" in said
