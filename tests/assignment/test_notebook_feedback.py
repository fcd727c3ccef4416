"""What the notebook's own checks tell a student: the taught lines, what is wrong, no answer."""

from __future__ import annotations

import ast
import base64
import builtins
import importlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kit.course import Assignment
from kit.grading.verdicts import Check
from kit.release.sealed import Seal
from kit.release.section import section
from tests.support.course import ROOT
from tests.support.mistaken import EXPECTED
from tests.support.variants import files_in, forget_modules

ASSIGNMENT = Assignment(ROOT, "optimization")
RELEASED = ASSIGNMENT.release / ASSIGNMENT.notebook.name
NOTEBOOK = json.loads(RELEASED.read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"]}

RULES = ("sgd_momentum", "sgd_nesterov_momentum", "rmsprop", "adam")
LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "affine_relu")
DOCUMENTED = ("affine_forward", "relu_forward", *RULES)
CORRECT, MISTAKEN = files_in("correct"), files_in("mistaken")
TOLD = "These are exactly the numbers of a known mistake. "


@contextmanager
def student_folder(folder: Path, variant: Path | None = None) -> Iterator[None]:
    """Work in a solved folder, made anew, with what ``variant`` defines in the module it is of."""
    for half in (ASSIGNMENT.release, ASSIGNMENT.solutions):
        shutil.copytree(half, folder, dirs_exist_ok=True)
    if variant:
        with (folder / "nndl" / f"{variant.parent.name}.py").open("ab") as module:
            module.write(b"\n\n" + variant.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        forget_modules()
        patch.syspath_prepend(str(folder))
        try:
            yield
        finally:
            forget_modules()


def run(cell: str) -> str:
    """What a cell, run with the modules of the folder, says is wrong; nothing where it passes."""
    try:
        exec(CELLS[cell], {"np": np})
    except AssertionError as wrong:
        return str(wrong)
    return ""


def run_with(task: str, function: Any) -> str:
    """As ``run``, with ``function`` in the place of the one that the task asks for."""
    module = importlib.import_module("nndl.optim" if task in RULES else "nndl.layer_tests")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, task, function)
        return run(task)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A solved folder to work in; gives its module of update rules."""
    with student_folder(tmp_path_factory.mktemp("solved") / "optimization"):
        yield importlib.import_module("nndl.optim")


@pytest.fixture(scope="module")
def seal(solved: ModuleType) -> Seal:
    return Seal(ASSIGNMENT, ASSIGNMENT.release)


@pytest.fixture(scope="module")
def sealed(seal: Seal) -> dict[str, bytes]:
    return dict(seal.sealed())


def of_task(seal: Seal, task: str) -> list[tuple[Any, Any]]:
    """Each known mistake of a task with the function that makes it."""
    return [
        (mistake, seal.function(task, mistake.changes))
        for mistake in seal.mistakes.MISTAKES
        if mistake.task == task
    ]


class TestSealedSentences:
    """utils/known.json tells a known mistake to those who made it, and nothing to anybody else."""

    def test_the_committed_file_is_what_the_catalogue_gives_now(self, seal: Seal) -> None:
        committed = (ASSIGNMENT.release / "utils" / "known.json").read_text(encoding="utf-8")
        assert committed == seal.known(), "Run: kit release optimization"

    def test_most_mistakes_that_show_in_the_documented_numbers_are_sealed(
        self, seal: Seal, sealed: dict[str, bytes]
    ) -> None:
        mistakes = [mistake for mistake in seal.mistakes.MISTAKES if mistake.task in DOCUMENTED]
        shown = [each for each in mistakes if seal.key(each.task, each.changes) is not None]
        assert sealed.keys() <= {each.id for each in shown}
        assert len(sealed) >= 0.9 * len(shown) >= 50

    def test_nothing_can_be_read_in_it(self, seal: Seal) -> None:
        """No eight characters in a row of a sentence or of an id, plain or as base64 has them."""
        path = ASSIGNMENT.release / "utils" / "known.json"
        entries = json.loads(path.read_text(encoding="utf-8"))
        assert all(re.fullmatch(r"[0-9a-f]{16}", tag) for tag in entries)
        plain = b"".join(base64.b64decode(entry, validate=True) for entry in entries.values())
        haystack = path.read_bytes() + plain
        secrets = [part for each in seal.mistakes.MISTAKES for part in (each.id, each.text)]
        for secret in map(str.encode, secrets):
            for start in range(max(1, len(secret) - 7)):
                assert secret[start : start + 8] not in haystack

    @pytest.mark.parametrize("task", DOCUMENTED)
    def test_each_sealed_mistake_is_told_in_its_cell_and_told_right(
        self, task: str, seal: Seal, sealed: dict[str, bytes]
    ) -> None:
        mistakes = [each for each in of_task(seal, task) if each[0].id in sealed]
        assert mistakes
        for mistake, function in mistakes:
            said = run_with(task, function)
            assert f"\n{TOLD}{mistake.text}\n" in said, mistake.id
            assert said.count(TOLD) == 1

    @pytest.mark.parametrize("task", DOCUMENTED)
    def test_what_is_not_sealed_is_not_told(
        self, task: str, seal: Seal, sealed: dict[str, bytes]
    ) -> None:
        for mistake, function in of_task(seal, task):
            if mistake.id in sealed or seal.mistakes.VARIANTS.get(mistake.id) in sealed:
                continue
            try:
                said = run_with(task, function)
            except (KeyError, ValueError):
                continue  # the traceback tells
            assert TOLD not in said, mistake.id

    def test_numbers_that_several_mistakes_give_are_told_of_none(
        self, seal: Seal, sealed: dict[str, bytes]
    ) -> None:
        """Plain SGD that stores nothing, and momentum that stores v elsewhere: one and the same."""
        elsewhere = seal.mistakes.implementation({"sgd_momentum.name": "v"})
        both = {"sgd_momentum.step": "gradient", "sgd_momentum.stored": "old"}
        nowhere = seal.mistakes.implementation(both)
        said = [
            run_with("sgd_momentum", made["optim.sgd_momentum"]) for made in (elsewhere, nowhere)
        ]
        assert said[0] == said[1]
        assert "`next_w` and `velocity` are wrong" in said[0]
        assert "sgd_momentum.stored_as_v" not in sealed

    def test_two_mistakes_with_the_same_numbers_are_both_left_out(
        self, seal: Seal, sealed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (mistake,) = (each for each in seal.mistakes.MISTAKES if each.id == "adam.ascent")
        twin = mistake._replace(id="adam.twin", text="Another cause.")
        monkeypatch.setattr(seal.mistakes, "MISTAKES", (*seal.mistakes.MISTAKES, twin))
        now = seal.sealed()
        assert sealed.keys() - now.keys() == {"adam.ascent"}
        assert "adam.twin" not in now

    def test_another_order_of_computing_gives_the_same_key(self, seal: Seal) -> None:
        """No number lies where the last bits decide how it is rounded."""
        rng = np.random.default_rng(0)
        key_of = seal.feedback.key_of

        def stirred(task: str, values: dict[str, Any]) -> bytes:
            for _ in range(5):
                noise = {
                    name: value + 1e-11 * rng.uniform(-1, 1, np.shape(value))
                    for name, value in values.items()
                }
                assert key_of(task, noise) == key_of(task, values)
            return bytes(key_of(task, values))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(seal, "feedback", _like(seal.feedback, key_of=stirred))
            for mistake in seal.mistakes.MISTAKES:
                if mistake.task in DOCUMENTED:
                    seal.key(mistake.task, mistake.changes)

    @pytest.mark.parametrize("content", [None, b"", b"[1]", b'{"', b"\xff\xfe", b"{}"])
    def test_a_lost_or_damaged_file_costs_the_sentence_only(
        self, content: bytes | None, seal: Seal, solved: ModuleType, tmp_path: Path
    ) -> None:
        known = tmp_path / "known.json"
        if content is not None:
            known.write_bytes(content)
        wrong = seal.mistakes.implementation({"adam.correction": "none"})["optim.adam"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(importlib.import_module("utils.feedback"), "KNOWN", known)
            said = run_with("adam", wrong)
            assert TOLD not in said
            assert "`next_w` is wrong; `a`, `v` and `t` are right" in said
            assert run("adam") == ""


def _like(module: ModuleType, **changes: Any) -> ModuleType:
    """A copy of a module in which ``changes`` have taken the place of what it has."""
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module), **changes)
    return copy


class TestHandWritten:
    """Code as students write it, put into their files, and the notebook's cells run."""

    @pytest.mark.one_in(3, 1)
    @pytest.mark.parametrize("name", CORRECT)
    def test_a_correct_solution_passes(self, name: str, tmp_path: Path) -> None:
        cells = RULES if name.startswith("optim/") else (*LAYERS, "fc_net")
        with student_folder(tmp_path / "optimization", CORRECT[name]):
            assert {cell: run(cell) for cell in cells} == dict.fromkeys(cells, "")

    @pytest.mark.one_in(3, 0)
    @pytest.mark.parametrize("name", [each for each in MISTAKEN if each.startswith("optim/")])
    def test_a_mistake_is_told_as_what_it_is_or_not_at_all(
        self, name: str, seal: Seal, tmp_path: Path
    ) -> None:
        texts = {(each.task, each.text): each.id for each in seal.mistakes.MISTAKES}
        told = set()
        with student_folder(tmp_path / "optimization", MISTAKEN[name]):
            for cell in RULES:
                try:
                    said = run(cell).splitlines()
                except KeyError:
                    continue  # the traceback tells
                told |= {
                    texts[cell, line.removeprefix(TOLD)] for line in said if line.startswith(TOLD)
                }
        assert len(told) <= 1
        meant = set(EXPECTED[name])
        assert told <= meant | {seal.mistakes.VARIANTS.get(each) for each in meant}

    @pytest.mark.parametrize(
        ("name", "mistake"),
        [
            ("adam_plain_averages", "adam.no_correction"),
            ("adam_forgets_t", "adam.t_not_stored"),
            ("momentum_local_velocity", "sgd_momentum.not_stored"),
            ("nesterov_same_array", "sgd_nesterov_momentum.plain_momentum"),
            ("rmsprop_sums_up", "rmsprop.adagrad"),
        ],
    )
    def test_a_common_mistake_is_told(
        self, name: str, mistake: str, seal: Seal, tmp_path: Path
    ) -> None:
        (text,) = (each.text for each in seal.mistakes.MISTAKES if each.id == mistake)
        with student_folder(tmp_path / "optimization", MISTAKEN[f"optim/{name}"]):
            assert TOLD + text in run(mistake.partition(".")[0])


class TestWhatIsSaid:
    """What a message says of a wrong value, beside the known mistakes."""

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda w, step: w + 3 * step, "The step is 3 times as large as it must be."),
            (lambda w, step: w - step, "The step has the opposite sign."),
            (lambda w, step: w, "The step is zero everywhere."),
            (
                lambda w, step: w + step + 0.25,
                "The step is off by the same number everywhere, 0.25.",
            ),
            (
                lambda w, step: (w + step).T,
                "must have shape (4, 5), it has (5, 4). It is transposed.",
            ),
            (lambda w, step: (w + step)[0], "must have shape (4, 5), it has (5,)."),
            (
                lambda w, step: w / 0 * w,
                "`next_w` holds inf at [0, 0], which is no finite number.",
            ),
            (
                lambda w, step: w * np.nan,
                "`next_w` holds nan at [0, 0], which is no finite number.",
            ),
            (lambda w, step: None, "`next_w` must be an array of shape (4, 5), it is None."),
            (
                lambda w, step: w + step * (w < 0.6),
                "the largest difference is 0.00199 at [3, 4], where 0.59801459 is expected and "
                "yours is 0.6.",
            ),
        ],
    )
    @pytest.mark.filterwarnings("ignore:divide by zero")
    def test_of_a_wrong_step(self, change: Any, said: str, solved: ModuleType) -> None:
        right = solved.adam

        def wrong(w: Any, dw: Any, config: Any) -> tuple[Any, Any]:
            next_w, config = right(w, dw, config)
            return change(w, next_w - w), config

        message = run_with("adam", wrong)
        assert message.startswith("adam: `next_w` is wrong; `a`, `v` and `t` are right.\n")
        assert said in message

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            (None, "must return next_w and config, a dictionary; the second value is None."),
            ({"v": 1}, "There is no 'velocity' in what was returned; there is 'v'."),
            ({}, "There is no 'velocity' in what was returned; there is nothing."),
        ],
    )
    def test_of_missing_state(self, config: Any, said: str, solved: ModuleType) -> None:
        right = solved.sgd_momentum
        assert said in run_with("sgd_momentum", lambda *args, **kw: (right(*args, **kw)[0], config))

    def test_the_right_answers_to_other_tasks_are_not_shown(self, solved: ModuleType) -> None:
        """A message shows one number of what is documented, and no formula."""
        message = run_with("adam", lambda w, dw, config: (w, config))
        assert len(re.findall("is expected", message)) <= 3
        assert "β" not in message

    @pytest.mark.parametrize("rule", RULES)
    def test_state_is_read_from_the_dictionary_that_is_returned(
        self, rule: str, solved: ModuleType
    ) -> None:
        right = getattr(solved, rule)
        assert run_with(rule, lambda w, dw, config: right(w, dw, dict(config))) == ""

    @pytest.mark.parametrize("rule", RULES)
    def test_weights_may_be_changed_where_they_are(self, rule: str, solved: ModuleType) -> None:
        right = getattr(solved, rule)

        def in_place(w: Any, dw: Any, config: Any) -> tuple[Any, Any]:
            w[...], config = right(w, dw, config)
            return w, config

        assert run_with(rule, in_place) == ""

    def test_a_step_is_judged_from_where_it_began_even_if_weights_are_changed(
        self, solved: ModuleType
    ) -> None:
        right = solved.sgd_momentum

        def in_place(w: Any, dw: Any, config: Any) -> tuple[Any, Any]:
            w -= right(w.copy(), dw, config)[0] - w
            return w, config

        assert "The step has the opposite sign." in run_with("sgd_momentum", in_place)


class TestGradingSection:
    """The notebook's section "How you are graded" says what the graded cells' metadata say."""

    def test_it_names_each_task_with_its_points(self) -> None:
        for task in ASSIGNMENT.tasks:
            how = "by a person" if task.manual else "automatically"
            assert f"| {task.title} (`{task.id}`) | {task.points:g} | {how} |" in CELLS["grading"]
        assert "| **100** | 90 automatically, 10 by a person |" in CELLS["grading"]

    def test_it_says_how_the_points_of_a_task_are_split(self) -> None:
        checks = [Check("test_optim.py::TestAdam::test_two_steps", "adam", 15, "a rule")]
        assert "| Adam (`adam`) | 15 | automatically | two steps 15 |" in section(
            ASSIGNMENT, checks
        )

    def test_it_names_what_is_graded_of_all_that_is_handed_in(self) -> None:
        for name in ASSIGNMENT.student_files:
            assert f"`{name}`" in CELLS["grading"]
        assert "the answer to `comparison`" in CELLS["grading"]

    def test_what_the_author_wrote_follows_it(self) -> None:
        assert CELLS["grading"].endswith(
            "In `cifar10` only the result counts, with all that you wrote."
        )
        authored = json.loads(ASSIGNMENT.notebook.read_text(encoding="utf-8"))
        (cell,) = (cell for cell in authored["cells"] if cell["id"] == "grading")
        assert "How you are graded" not in "".join(cell["source"])


@pytest.fixture(scope="module")
def figure() -> Iterator[Any]:
    """What the notebook's function plots of five made-up runs."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    class Solver:
        loss_history = (3.0, 1.0) * 100
        train_acc_history = val_acc_history = (0.1, 0.2, 0.25)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "show", lambda: None)
        namespace: dict[str, Any] = {"np": np, "plt": plt}
        exec(CELLS["plot-histories"], namespace)
        namespace["plot_histories"]({rule: Solver() for rule in ("sgd", *RULES)})
    figure = plt.gcf()
    figure.canvas.draw()
    yield figure
    plt.close(figure)


@pytest.mark.slow
@pytest.mark.cifar10
def test_the_plots_show_what_the_text_says(tmp_path: Path, cifar10: Path, drawn: Any) -> None:
    """Also with another seed: momentum is well ahead of plain SGD, Nesterov's not behind it."""
    for cell in drawn(("train-sgd-rules", "train-all-rules"), 1, "plots"):
        check_plots(cell, tmp_path, cifar10)


def check_plots(cell: str, tmp_path: Path, cifar10: Path) -> None:
    # two epochs show it, and cost less than the five of the notebook
    source = CELLS[cell].replace("seed=0", "seed=1").replace("num_epochs=5", "num_epochs=2")
    for rule in ("rmsprop", "adam"):  # the text compares the others
        source = re.sub(rf'^    "{rule}": .*\n', "", source, flags=re.MULTILINE)
    with student_folder(tmp_path / "optimization"):
        data = importlib.import_module("utils.data_utils").get_CIFAR10_data(cifar10)
        small = CELLS["train-sgd-rules"].partition("solvers = {}")[0]
        namespace: dict[str, Any] = {
            "data": data,
            "plot_histories": lambda _: None,
            "FullyConnectedNet": importlib.import_module("nndl.fc_net").FullyConnectedNet,
            "Solver": importlib.import_module("utils.solver").Solver,
        }
        exec(small, namespace)
        exec(source, namespace)
    last = {rule: np.mean(s.loss_history[-20:]) for rule, s in namespace["solvers"].items()}
    assert last["sgd_momentum"] < last["sgd"] - 0.1
    assert last["sgd_nesterov_momentum"] < last["sgd_momentum"]


class TestCells:
    """Each cell runs on a fresh kernel, or says which cells come first."""

    @pytest.mark.parametrize("name", ["optimization", "batchnorm", "cnn"])
    def test_one_that_needs_another_says_so(self, name: str) -> None:
        assignment = Assignment(ROOT, name)
        cells = [each for each in assignment.document["cells"] if each["cell_type"] == "code"]
        for number, cell in enumerate(cells):
            source = "".join(cell["source"])
            if number and needs(source):
                assert source.startswith("# First run: "), cell["id"]

    @pytest.mark.parametrize("name", ["optimization", "batchnorm", "cnn"])
    def test_the_data_come_after_the_first_tasks(self, name: str) -> None:
        ids = [each["id"] for each in Assignment(ROOT, name).document["cells"]]
        graded = [task.id for task in Assignment(ROOT, name).tasks]
        loads = ids.index("load-data" if name == "batchnorm" else "data")
        assert ids.index(graded[0]) < loads
        assert ids[-1] == "hand-in"


def needs(source: str) -> set[str]:
    """The names that a cell reads and neither makes nor Python has."""
    plain = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    nodes = [*ast.walk(ast.parse(plain))]
    read = {node.id for node in nodes if isinstance(node, ast.Name)}
    made = {node.id for node in nodes if isinstance(node, ast.Name) and type(node.ctx) is ast.Store}
    made |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    made |= {
        (each.asname or each.name).partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    }
    return read - made - set(dir(builtins))


class TestPlot:
    """The curves of the rules can be told apart, and read."""

    def test_every_axis_is_labelled(self, figure: Any) -> None:
        labels = [(axis.get_title(), axis.get_xlabel(), axis.get_ylabel()) for axis in figure.axes]
        assert labels == [
            ("Training loss", "Iteration", "Loss (mean of 20 batches)"),
            ("Training accuracy", "Epoch", "Accuracy (%)"),
            ("Validation accuracy", "Epoch", "Accuracy (%)"),
        ]

    def test_it_fits_a_screen(self, figure: Any) -> None:
        assert figure.get_figheight() * figure.dpi <= 800

    def test_epochs_are_marked_as_whole_numbers(self, figure: Any) -> None:
        for axis in figure.axes[1:]:
            assert all(float(tick).is_integer() for tick in axis.get_xticks())

    def test_rules_differ_in_line_and_marker_not_only_in_color(self, figure: Any) -> None:
        for axis in figure.axes:
            lines = axis.get_lines()
            assert len({line.get_marker() for line in lines}) == len(lines) == 5
            dashes = {str(line._dash_pattern) for line in lines}  # get_linestyle names some alike
            assert len(dashes) == 5

    def test_the_loss_is_smoothed_and_accuracies_are_in_percent(self, figure: Any) -> None:
        loss, accuracy = (axis.get_lines()[0] for axis in figure.axes[:2])
        np.testing.assert_allclose(loss.get_ydata(), 2.0)
        assert (loss.get_xdata()[0], loss.get_xdata()[-1]) == (20, 200)
        np.testing.assert_allclose(accuracy.get_ydata(), [10, 20, 25])

    def test_the_legend_names_each_rule_and_covers_no_curve(self, figure: Any) -> None:
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["sgd", *RULES]
        box = legend.get_window_extent()
        assert not any(box.overlaps(axis.get_window_extent()) for axis in figure.axes)
