"""What students receive: built the same everywhere, proved to leak nothing, swapped in whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from kit.course import Assignment
from kit.release.build import _replace, build, problems, publish
from kit.release.leaks import leaks
from kit.skeleton import ReleaseError, strip
from tests.support.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("warm")

CHECKS = [("double", 1.0), ("double", 2.0)]

ANSWERS = '''\
"""Numbers."""

import numpy as np


def given(x, factor):
    """Return factor times x, as an example."""
    total = x * factor + 1
    return total


class Doubler:
    def __init__(self, config):
        self.config = config

    def double(self, x):
        """Return twice x, and remember it."""
        result = np.empty_like(x, dtype=float)
        # YOUR CODE HERE: double
        N, D = x.shape
        total = x * factor + 1
        scale = self.config["scale"] * 2.0  # the secret scale
        result = (
            x  # as it is
            + scale * np.ones((N, D)) / self.config["divisor"]
        )
        for name, value in self.config.items():
            scale = scale + self.weight(name, value)
        for number in range(2, self.depth):
            scale = -scale
        if scale > 1e-3 and N == 2 * D:
            self.config["last"] = result
        elif scale < -7 * D:
            result = np.maximum(0, x)
        # END YOUR CODE HERE
        return result
'''

ORACLE = '''\
"""Another way to double."""

import numpy as np


def total_by_sum(x):
    """Return twice x."""
    return np.sum([x, x], axis=0) * np.float64(1)
'''

SUITE = """\
import pytest


@pytest.mark.task("double", points=3)
def test_doubles_unseen_shapes(student, expect, rng):
    x = rng.normal(size=(3, 7))
    expect.close(student.answers.double(x), 2 * x, "twice x")
"""

MODEL_ANSWER = """\
Doubling is linear, since twice a sum is
the sum of both doubled. Nothing else matters here at all.
"""


def cell(id_: str, kind: str, source: str, **metadata: object) -> dict:
    code = {"execution_count": 4, "outputs": []} if kind == "code" else {}
    return {"id": id_, "cell_type": kind, "metadata": metadata, "source": source, **code}


def graded(id_: str, points: int, *, manual: bool = False) -> dict:
    return {
        "nbgrader": {
            "schema_version": 3,
            "grade": True,
            "solution": manual,
            "locked": not manual,
            "task": False,
            "grade_id": id_,
            "points": points,
        },
        "kit": {"title": id_.capitalize()},
    }


def notebook() -> dict:
    printed = {"output_type": "stream", "name": "stdout", "text": ["done at 12:00\n"]}
    setup = cell("setup", "code", "%matplotlib inline\nimport numpy", execution={"at": "12:00"})
    setup["outputs"] = [printed]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "My own", "language": "python", "name": "mine"},
            "language_info": {"name": "python", "version": "3.99.1"},
        },
        "cells": [
            cell("intro", "markdown", "# Doubling\n\nWrite `double` in pkg/answers.py."),
            setup,
            cell("double", "code", "print(Doubler({}).double(3))", **graded("double", 3)),
            cell("why", "markdown", MODEL_ANSWER, **graded("why", 2, manual=True)),
            cell("notes", "markdown", "Mind those who add x five times.", tags=["instructor"]),
            cell("trick", "code", "speed = measure(Doubler) / 1e-4", tags=["instructor"]),
        ],
    }


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8", newline="")


def write_course(root: Path) -> Assignment:
    """A whole course with one tiny assignment called toy."""
    files = {
        "source/toy/toy.ipynb": json.dumps(notebook()),
        "source/toy/pkg/__init__.py": "",
        "source/toy/pkg/helper.py": "def helper(x):\n    return x\n",
        "source/toy/pkg/__pycache__/helper.cpython-311.pyc": "compiled",
        "source/toy/README.md": "Read me.\n",
        "solutions/toy/pkg/answers.py": ANSWERS,
        "autograder/toy/oracle.py": ORACLE,
        "autograder/toy/test_double.py": SUITE,
        "autograder/toy/documented.json": '{"expected": [[2.0, 4.0]]}',
    }
    write(root, files)
    return Assignment(root, "toy")


def edit_notebook(path: Path, change: dict[str, str]) -> None:
    """Append to the source of cells, by id."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for one in document["cells"]:
        one["source"] = "".join(one["source"]) + change.get(one["id"], "")
    path.write_text(json.dumps(document), encoding="utf-8")


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Assignment:
    """A published course; tests may read it, but change only copies."""
    assignment = write_course(tmp_path_factory.mktemp("course"))
    publish(assignment, CHECKS)
    return assignment


@pytest.fixture(scope="module")
def built_elsewhere(tmp_path_factory) -> Path:
    """The release, built by another process under circumstances as different as can be."""
    folder = tmp_path_factory.mktemp("elsewhere")
    write_course(folder / "other/course")
    program = """if True:
        import os
        from pathlib import Path
        from kit.course import Assignment
        from kit.release.build import build
        os.umask(0o077)
        build(Assignment(Path("other/course").resolve(), "toy"), Path("built"))
        """
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(folder),
            "TZ": "Asia/Tokyo",
            "PYTHONHASHSEED": "12345",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    return folder / "built"


@pytest.fixture
def toy(pristine, tmp_path) -> Assignment:
    """A published course of this test's own."""
    shutil.copytree(pristine.root, tmp_path / "course")
    return Assignment(tmp_path / "course", "toy")


class TestStrip:
    def stripped(self, body: str) -> str:
        return strip(dedent(body), "pkg/answers.py")

    def test_an_answer_becomes_one_statement_naming_task_function_and_file(self):
        assert strip(ANSWERS, "pkg/answers.py").endswith(
            "        # YOUR CODE HERE: double\n"
            '        raise NotImplementedError("task double: write `Doubler.double` in '
            'pkg/answers.py.")\n'
            "        # END YOUR CODE HERE\n"
            "        return result\n"
        )

    def test_what_stands_before_the_answer_is_kept_to_the_letter(self):
        before, marker, _ = ANSWERS.partition("# YOUR CODE HERE: double\n")
        assert strip(ANSWERS, "pkg/answers.py").startswith(before + marker)

    def test_every_region_is_stripped(self):
        skeleton = self.stripped("""\
            def f():
                # YOUR CODE HERE: one
                x = 1
                # END YOUR CODE HERE
                # YOUR CODE HERE: two
                x = 2
                # END YOUR CODE HERE
            """)
        assert "x =" not in skeleton
        assert skeleton.count("raise NotImplementedError") == 2

    def test_a_function_inside_a_function_is_named_with_its_outer_one(self):
        skeleton = self.stripped("""\
            def outer():
                def inner():
                    # YOUR CODE HERE: deep
                    return 1
                    # END YOUR CODE HERE
            """)
        assert "write `outer.inner` in" in skeleton

    def test_line_endings_become_newlines_and_the_last_line_ends(self):
        windows = ANSWERS.rstrip("\n").replace("\n", "\r\n")
        assert strip(windows, "pkg/answers.py") == strip(ANSWERS, "pkg/answers.py")

    @pytest.mark.parametrize(
        ("body", "line", "what"),
        [
            (["# YOUR CODE HERE: a", "x = 1"], 2, "never ends"),
            (["x = 1", "# END YOUR CODE HERE"], 3, "never began"),
            (["# YOUR CODE HERE: a", "# YOUR CODE HERE: b"], 3, "began at line 2"),
            (["# YOUR CODE HERE", "x = 1", "# END YOUR CODE HERE"], 2, "not a valid marker"),
            (["# YOUR CODE HERE:", "x = 1", "# END YOUR CODE HERE"], 2, "not a valid marker"),
            (["# YOUR CODE HERE: a", "x = 1", "# end your code here"], 4, "not a valid marker"),
            (["#YOUR CODE HERE: a", "x = 1", "# END YOUR CODE HERE"], 2, "not a valid marker"),
        ],
        ids=["no end", "no begin", "nested", "unnamed", "empty name", "lower case", "no space"],
    )
    def test_a_wrong_marker_is_refused_with_file_and_line(self, body, line, what):
        source = "def f():\n" + "".join(f"    {text}\n" for text in body) + "    return 1\n"
        with pytest.raises(ReleaseError, match=rf"pkg/answers.py, line {line}: .*{what}"):
            strip(source, "pkg/answers.py")

    @pytest.mark.parametrize("prefix", ["", "class C:\n    z = 0\n"], ids=["module", "class"])
    def test_a_region_outside_any_function_is_refused(self, prefix):
        indent = "    " if prefix else ""
        lines = ["# YOUR CODE HERE: a", "x = 1", "# END YOUR CODE HERE", "y = 2"]
        source = prefix + "".join(f"{indent}{line}\n" for line in lines)
        with pytest.raises(ReleaseError, match="outside any function"):
            strip(source, "pkg/answers.py")

    def test_a_region_that_cuts_a_statement_is_refused(self):
        with pytest.raises(ReleaseError, match=r"pkg/answers.py: .*does not compile"):
            self.stripped("""\
                def f():
                    # YOUR CODE HERE: a
                    if True:
                        x = 1
                    # END YOUR CODE HERE
                    else:
                        x = 2
                """)

    def test_a_file_that_is_not_python_is_refused_with_its_line(self):
        with pytest.raises(ReleaseError, match=r"pkg/answers.py, line 2: .*not valid Python"):
            strip("x = 1\ny = = 2\n", "pkg/answers.py")


class TestBuild:
    def test_it_holds_the_provided_files_and_the_skeletons_and_nothing_else(self, pristine):
        assert sorted(content(pristine.release)) == [
            "README.md",
            "pkg/__init__.py",
            "pkg/answers.py",
            "pkg/helper.py",
            "toy.ipynb",
        ]

    def test_provided_files_are_released_byte_for_byte(self, pristine):
        for name in ("README.md", "pkg/helper.py"):
            assert (pristine.release / name).read_bytes() == (pristine.source / name).read_bytes()

    def test_what_students_write_is_released_as_skeleton(self, pristine):
        released = (pristine.release / "pkg/answers.py").read_text()
        assert released == strip(ANSWERS, "pkg/answers.py")

    def released_notebook(self, assignment) -> dict:
        return json.loads((assignment.release / "toy.ipynb").read_text())

    def test_a_model_answer_is_stripped(self, pristine):
        cells = {one["id"]: one for one in self.released_notebook(pristine)["cells"]}
        assert cells["why"]["source"] == ["YOUR ANSWER HERE"]

    def test_instructor_cells_are_taken_out(self, pristine):
        ids = [one["id"] for one in self.released_notebook(pristine)["cells"]]
        assert ids == ["intro", "setup", "double", "why"]

    def test_graded_cells_carry_checksum_title_and_lock(self, pristine):
        metadata = self.released_notebook(pristine)["cells"][2]["metadata"]
        assert len(metadata["nbgrader"]["checksum"]) == 32
        assert metadata["kit"] == {"title": "Double"}
        assert metadata["editable"] is False

    def test_the_author_s_kernel_outputs_and_times_are_left_out(self, pristine):
        text = (pristine.release / "toy.ipynb").read_text()
        assert "3.99.1" not in text
        assert "My own" not in text
        assert "12:00" not in text

    def test_another_place_time_zone_and_hash_seed_give_the_same_bytes(
        self, pristine, built_elsewhere
    ):
        assert content(built_elsewhere) == content(pristine.release)

    def test_files_are_readable_by_all_and_executable_by_none(self, built_elsewhere):
        paths = [built_elsewhere, *built_elsewhere.rglob("*")]
        assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o644"}
        assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o755"}

    def test_the_course_is_left_as_it_was(self, pristine):
        assert not list(pristine.root.glob("*.db"))
        assert not list(pristine.root.glob(".release-*"))

    def test_the_course_s_words_for_a_missing_answer_are_used(self, toy, tmp_path):
        words = 'c = get_config()\nc.ClearSolutions.text_stub = "Over to you."\n'
        write(toy.root, {"nbgrader_config.py": words})
        build(toy, tmp_path / "built")
        assert "Over to you." in (tmp_path / "built/toy.ipynb").read_text()

    def test_a_cell_without_id_is_refused(self, toy, tmp_path):
        document = notebook()
        del document["cells"][1]["id"]
        write(toy.source, {"toy.ipynb": json.dumps(document)})
        with pytest.raises(ReleaseError, match=r"toy.ipynb: cell 2 has no id"):
            build(toy, tmp_path / "built")

    def test_a_graded_cell_tagged_instructor_is_refused(self, toy, tmp_path):
        document = notebook()
        document["cells"][2]["metadata"]["tags"] = ["instructor"]
        write(toy.source, {"toy.ipynb": json.dumps(document)})
        with pytest.raises(ReleaseError, match="cell double is graded and tagged instructor"):
            build(toy, tmp_path / "built")

    def test_a_failure_of_nbgrader_is_told_in_its_own_words(self, toy, tmp_path, capfd):
        edit_notebook(toy.source / "toy.ipynb", {"why": "### BEGIN SOLUTION\n"})
        with pytest.raises(ReleaseError, match=r"(?s)toy.ipynb.*No end solution statement"):
            build(toy, tmp_path / "built")
        assert capfd.readouterr() == ("", "")

    def test_a_file_that_nbgrader_ignores_is_missed(self, toy, tmp_path):
        write(toy.source, {"feedback/form.txt": "Fill in.\n"})
        with pytest.raises(ReleaseError, match=r"nbgrader left out feedback/form\.txt"):
            build(toy, tmp_path / "built")


class TestLeaks:
    """A secret is found wherever it is pasted, and however it is dressed."""

    def found(self, assignment: Assignment, file: str, text: str) -> str:
        with (assignment.release / file).open("a", encoding="utf-8") as stream:
            stream.write(text)
        return "\n".join(leaks(assignment, assignment.release))

    def test_an_honest_release_has_none(self, pristine):
        assert leaks(pristine, pristine.release) == []

    @pytest.mark.parametrize(
        "pasted",
        [
            'scale = self.config["scale"] * 2.0',
            "scale=self.config['scale']*2.0",
            "scale = (self.config['scale']\n    * 2.)",
            'scale = (\n    self.config["scale"]  # as given\n    * 2.0\n)',
            '# scale = self.config["scale"] * 2.0',
            '# scale = self.config["scale"] * 0.2e1',
            'x = 1  # scale = self.config["scale"] * 2.0',
            "#: scale = self.config['scale'] \\\n#  * 2.0",
            '"""Hint.\n\n    >>> scale = self.config["scale"] * 2.0\n"""',
            "def f(self):\n    if True: scale = self.config['scale'] * 2.0; return scale",
        ],
        ids=[
            "as it is",
            "other spaces and quotes",
            "parentheses, lines, number",
            "comments inside",
            "comment",
            "comment with another number",
            "comment beside code",
            "comment over two lines",
            "docstring",
            "one of several on a line",
        ],
    )
    def test_an_answer_in_provided_code_is_found(self, toy, pasted):
        found = self.found(toy, "pkg/helper.py", f"\n{pasted}\n")
        assert "pkg/helper.py, line" in found
        assert "an answer of task double" in found
        assert "solutions/toy/pkg/answers.py, line 22" in found

    def test_the_line_of_a_leak_is_told(self, toy):
        found = self.found(toy, "pkg/helper.py", "# result = np.maximum(0, x)\n")
        assert found.startswith("pkg/helper.py, line 3: ")

    @pytest.mark.parametrize(
        "pasted",
        [
            "+ scale * np.ones((N, D)) / self.config['divisor']",
            "result = (\n    x  # another remark\n"
            "    + scale * np.ones((N, D)) / self.config['divisor'])",
            "# result = x + scale * np.ones((N, D)) / self.config['divisor']",
            "if scale > 0.001 and N == 2 * D:\n    pass",
            "# elif scale < -7 * D:",
            "for number in range(2,self.depth): pass",
            "self.config['last'] = result",
        ],
        ids=["one line of it", "whole", "joined", "if", "elif", "for", "storing"],
    )
    def test_every_kind_of_statement_is_found(self, toy, pasted):
        assert "an answer of task double" in self.found(toy, "pkg/helper.py", f"\n{pasted}\n")

    @pytest.mark.parametrize("file", ["README.md", "notes.txt", "settings.json"])
    def test_an_answer_in_a_text_file_is_found(self, toy, file):
        found = self.found(toy, file, "Try `result = np.maximum(0, x)` first.\n")
        assert f"{file}, line" in found

    @pytest.mark.parametrize(
        ("id_", "pasted"),
        [
            ("setup", "\nresult = np.maximum(0, x)"),
            ("setup", "\n# result = np.maximum(0, x)"),
            ("intro", "\n\nTry `result = np.maximum(0, x)`."),
            ("intro", "\n\nTry **result = np.maximum(0,&nbsp;x)**.".replace("&nbsp;", " ")),
            ("why", "\n    result = np.maximum(0, x)"),
        ],
        ids=["code", "comment", "markdown code", "markdown bold", "answer cell"],
    )
    def test_an_answer_in_the_notebook_is_found_in_its_cell(self, toy, id_, pasted):
        edit_notebook(toy.release / "toy.ipynb", {id_: pasted})
        assert f"toy.ipynb, cell {id_}, line" in "\n".join(leaks(toy, toy.release))

    def test_an_answer_in_the_notebook_s_metadata_is_found(self, toy):
        document = json.loads((toy.release / "toy.ipynb").read_text())
        document["metadata"]["hint"] = "result = np.maximum(0, x)"
        (toy.release / "toy.ipynb").write_text(json.dumps(document))
        assert "an answer of task double" in "\n".join(leaks(toy, toy.release))

    @pytest.mark.parametrize(
        ("pasted", "file"),
        [
            ("return np.sum([x, x], axis=0) * np.float64(1)", "oracle.py, line 8"),
            ("x = rng.normal(size=(3, 7))", "test_double.py, line 6"),
            ("# expect.close(student.answers.double(x), 2*x, 'twice x')", "test_double.py, line 7"),
        ],
    )
    def test_an_unseen_check_or_the_oracle_is_found(self, toy, pasted, file):
        found = self.found(toy, "README.md", f"\n{pasted}\n")
        assert f"a line of the unseen checks: `{pasted[:3].strip('# ')}" in found
        assert f"autograder/toy/{file}" in found

    @pytest.mark.parametrize(
        ("pasted", "kind"),
        [
            ("- the sum of both doubled. Nothing else matters here at all!", "a model answer"),
            (
                "So:\nDoubling is\nlinear, since twice a sum is the sum of both doubled.",
                "a model answer",
            ),
            ("Mind those who add x five times.", "a cell for the instructor"),
            ("speed = measure(Doubler) / 0.0001", "a cell for the instructor"),
        ],
        ids=["line of the answer", "sentence of the answer", "prose", "code"],
    )
    def test_the_instructor_s_part_of_the_notebook_is_found(self, toy, pasted, kind):
        assert kind in self.found(toy, "README.md", f"\n{pasted}\n")

    @pytest.mark.parametrize("region", ["SOLUTION", "HIDDEN TESTS", "MARK SCHEME"])
    def test_regions_that_nbgrader_takes_out_are_secret_and_the_rest_is_not(self, toy, region):
        hidden = f"\n### BEGIN {region}\nassert double(21) == 6 * 7\n### END {region}\n"
        edit_notebook(toy.source / "toy.ipynb", {"double": hidden})
        assert leaks(toy, toy.release) == []
        assert "a part for the instructor" in self.found(
            toy, "pkg/helper.py", "\nassert double(21) == 6*7\n"
        )

    @pytest.mark.parametrize(
        "ordinary",
        [
            "N, D = x.shape",
            "scale = -scale",
            "return result",
            "import numpy as np",
            "for name, value in self.config.items():",
        ],
    )
    def test_what_proves_nothing_is_no_leak(self, toy, ordinary):
        assert self.found(toy, "pkg/helper.py", f"\n# {ordinary}\n") == ""

    def test_documented_values_are_no_leak(self, toy):
        assert self.found(toy, "README.md", '\n{"expected": [[2.0, 4.0]]}\n') == ""

    def test_what_a_wholly_given_function_says_is_a_leak_in_other_files_only(self, toy):
        assert leaks(toy, toy.release) == []
        assert "an answer" in self.found(toy, "pkg/helper.py", "\n# total = x * factor + 1\n")

    def test_an_answer_left_before_its_own_marker_is_found(self, toy):
        answers = toy.solutions / "pkg/answers.py"
        pasted = ANSWERS.replace("np.empty_like(x, dtype=float)", "np.maximum(0, x)")
        answers.write_text(pasted)
        skeleton = strip(pasted, "pkg/answers.py")
        (toy.release / "pkg/answers.py").write_text(skeleton)
        assert "pkg/answers.py, line 18: " in "\n".join(leaks(toy, toy.release))

    def test_a_mistake_may_repeat_the_given_lines_around_an_answer(self, toy):
        write(toy.suites, {"mistakes.py": "result = np.empty_like(x, dtype=float)\n"})
        assert leaks(toy, toy.release) == []


class TestPublish:
    def test_the_old_release_is_replaced_whole(self, toy):
        write(toy.release, {"gone.txt": "old\n", "pkg/answers.py": "old\n"})
        publish(toy, CHECKS)
        assert "gone.txt" not in content(toy.release)
        assert b"task double" in content(toy.release)["pkg/answers.py"]

    def test_a_failed_proof_leaves_the_old_release(self, toy):
        before = content(toy.release)
        write(toy.source, {"pkg/helper.py": "# result = np.maximum(0, x)\n", "new.txt": "new\n"})
        with pytest.raises(ReleaseError, match=r"(?s)stays as it was:\n- pkg/helper.py, line 1: "):
            publish(toy)
        assert content(toy.release) == before
        assert not list(toy.root.glob(".release-*"))

    def test_checks_that_do_not_fit_refuse_to_publish(self, toy):
        with pytest.raises(ReleaseError, match=r"'double' of toy\.ipynb has no checks"):
            publish(toy, [])

    def test_a_failed_move_puts_the_old_release_back(self, tmp_path):
        write(tmp_path / "release", {"file.txt": "old\n"})
        with pytest.raises(FileNotFoundError):
            _replace(tmp_path / "release", tmp_path / "not there", tmp_path / "old")
        assert content(tmp_path / "release") == {"file.txt": b"old\n"}


class TestProblems:
    def test_a_published_release_has_none(self, pristine):
        assert problems(pristine, CHECKS) == []

    def test_a_stale_release_is_told_by_its_files(self, toy):
        write(toy.source, {"pkg/helper.py": "changed = True\n", "new.txt": "new\n"})
        write(toy.release, {"extra.txt": "by hand\n"})
        assert problems(toy) == [
            "release/toy/extra.txt does not belong there.",
            "release/toy/new.txt is missing.",
            "release/toy/pkg/helper.py differs from the current source/ and solutions/.",
            "Run `kit release toy` and commit release/toy.",
        ]

    def test_a_release_that_was_never_built_is_told(self, toy):
        shutil.rmtree(toy.release)
        assert "release/toy/toy.ipynb is missing." in problems(toy)

    def test_a_line_of_the_solution_in_source_is_found(self, toy):
        helper = toy.source / "pkg/helper.py"
        helper.write_text(helper.read_text() + "    # scale=self.config['scale']*2.0\n")
        found = problems(toy)
        assert found[0].startswith("pkg/helper.py, line 3: students would read an answer")

    def test_a_leak_in_the_committed_release_alone_is_found(self, toy):
        with (toy.release / "pkg/helper.py").open("a") as stream:
            stream.write("    # scale = self.config['scale'] * 2.0\n")
        assert "an answer of task double" in problems(toy)[0]

    def test_a_file_in_both_halves_is_told(self, toy):
        write(toy.source, {"pkg/answers.py": "x = 1\n"})
        assert problems(toy) == [
            "pkg/answers.py is in source/toy and in solutions/toy. Keep it in one of them."
        ]

    def test_a_notebook_in_solutions_is_told(self, toy):
        write(toy.solutions, {"solved.ipynb": "{}"})
        assert problems(toy) == [
            "solutions/toy/solved.ipynb is a copy of a notebook. "
            "Remove it: source/toy holds the only one."
        ]

    def test_a_solution_that_is_not_python_is_told(self, toy):
        write(toy.solutions, {"essay.txt": "An answer.\n"})
        assert "solutions/toy/essay.txt is not a Python file" in problems(toy)[0]

    def test_a_solution_without_answer_region_is_told(self, toy):
        write(toy.solutions, {"pkg/whole.py": "x = 1\n"})
        assert "solutions/toy/pkg/whole.py has no answer region" in problems(toy)[0]

    def test_a_region_for_an_unknown_task_is_told(self, toy):
        write(toy.solutions, {"pkg/answers.py": ANSWERS.replace("HERE: double", "HERE: dubble")})
        assert problems(toy) == [
            "solutions/toy/pkg/answers.py, line 19: no graded cell of toy.ipynb has the id "
            "'dubble'."
        ]

    def test_unbalanced_markers_are_told(self, toy):
        write(toy.solutions, {"pkg/answers.py": ANSWERS.replace("# END YOUR CODE HERE", "")})
        assert "solutions/toy/pkg/answers.py, line 19: the answer region" in problems(toy)[0]


class TestCorrespondence:
    """Graded cells and checks fit each other; judged before anything is built."""

    @pytest.fixture
    def unbuildable(self, toy) -> Assignment:
        write(toy.source, {"pkg/answers.py": "x = 1\n"})
        return toy

    def problems(self, assignment, checks) -> list[str]:
        both, *found = problems(assignment, checks)
        assert both.startswith("pkg/answers.py is in source/toy and")
        return found

    def test_a_graded_cell_without_checks_is_named(self, unbuildable):
        assert self.problems(unbuildable, []) == [
            "The graded cell 'double' of toy.ipynb has no checks. Mark some in autograder/toy "
            "with @pytest.mark.task('double', points=...)."
        ]

    def test_points_that_do_not_sum_to_the_cell_s_are_named(self, unbuildable):
        assert self.problems(unbuildable, [("double", 1.0), ("double", 1.5)]) == [
            "The checks of 'double' are worth 2.5 points together, but its cell in toy.ipynb "
            "is worth 3. Make them equal."
        ]

    def test_points_in_tenths_sum_exactly(self, unbuildable):
        assert self.problems(unbuildable, [("double", 0.1)] * 30) == []

    @pytest.mark.parametrize("task", ["dubble", "why"], ids=["unknown", "graded by hand"])
    def test_a_check_whose_task_no_cell_grades_automatically_is_named(self, unbuildable, task):
        assert self.problems(unbuildable, [*CHECKS, (task, 1.0)]) == [
            f"Checks in autograder/toy are marked for the task {task!r}, but no automatically "
            "graded cell of toy.ipynb has this id."
        ]
