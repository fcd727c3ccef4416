"""What a training recipe reaches and costs: every seed, each dtype, in plain Python.

    .venv/bin/python benchmarks/recipes.py optimization [--seeds 20] [--dtype float64]
    .venv/bin/python benchmarks/recipes.py optimization --variant FILE
    .venv/bin/python benchmarks/recipes.py optimization --mistakes

It trains the solution by the recipe of autograder/<assignment>/test_cifar10.py for all its epochs,
and judges as the grader does, which stops as soon as enough is reached. What is best within all
epochs shows the margin; the seconds are of one core's processor time with one BLAS thread, of the
whole run and until the grader stops. `--variant` takes a module's right variant in place of the
solution's. `--mistakes` puts each known mistake of the recipe's update rule in place of the
solution's, and stops as the grader does: it lists which of them suffice.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import numpy as np

from kit.checks.training import Make, Recipe, accuracy, read_state
from kit.course import Assignment

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Train as the arguments say, and print a line for each run and one for all of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assignment")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--variant", type=Path, help="a file of tests/submissions/**/correct")
    parser.add_argument("--mistakes", action="store_true")
    asked = parser.parse_args()
    assignment = Assignment(ROOT, asked.assignment)
    with tempfile.TemporaryDirectory() as folder:
        assemble(assignment, Path(folder), asked.variant)
        suite, oracle = load(assignment, Path(folder))
        recipe: Recipe = suite.RECIPE
        net = recipe.net
        of_dtype = {**net.named, "dtype": np.dtype(asked.dtype).type}
        recipe = replace(recipe, net=Make(f"{net.module}.{net.name}", *net.arguments, **of_dtype))
        if asked.mistakes:
            try_mistakes(assignment, recipe, oracle, asked.seeds)
        else:
            report(recipe, [run(recipe, oracle, seed) for seed in range(asked.seeds)])


def assemble(assignment: Assignment, folder: Path, variant: Path | None) -> None:
    """Put the solved assignment into ``folder``, with ``variant`` added to its module."""
    for name, path in {**assignment.given, **assignment.written}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / name)
    if variant is not None:
        module = folder / "nndl" / f"{variant.parent.name}.py"
        module.write_bytes(module.read_bytes() + b"\n\n" + variant.read_bytes())


def load(assignment: Assignment, folder: Path) -> tuple[Any, Any]:
    """The suite with the recipe, and the oracle; the solved modules can be imported from now on."""
    sys.dont_write_bytecode = True  # nothing of ours in autograder/
    os.environ.setdefault("NNDL_DATA", str(ROOT / "data/cifar10"))
    sys.path[:0] = [str(folder), str(assignment.suites), str(assignment.suites.parent)]
    return importlib.import_module("test_cifar10"), importlib.import_module("oracle")


def run(
    recipe: Recipe, oracle: Any, seed: int, *, stop: bool = False
) -> tuple[list[float], list[float]]:
    """Validation accuracies in percent by epoch, and the processor's seconds until then."""
    data = importlib.import_module("utils.data_utils").get_CIFAR10_data()
    student: Any = SimpleNamespace(
        solver=importlib.import_module("utils.solver"),
        **{recipe.net.module: importlib.import_module(f"nndl.{recipe.net.module}")},
    )
    curve: list[float] = []
    seconds: list[float] = []
    spent = 0.0
    training = {name: data[name] for name in ("X_train", "y_train")}
    began = time.process_time()
    net = recipe.net(student, seed=seed)
    solver = recipe.solver(student, net, training, seed=seed)
    while len(curve) < recipe.epochs and not (stop and reached(recipe, curve)):
        with np.errstate(all="ignore"):  # mistakes may diverge
            solver.train_epoch()
        spent += time.process_time() - began
        seconds.append(spent)
        state = {
            name: read_state(getattr(net, name), name, of) for name, of in recipe.state.items()
        }
        if not all(np.isfinite(value).all() for value in net.params.values()):
            return [*curve, 0.0], seconds
        share = accuracy(oracle.forward, net.params, data["X_val"], data["y_val"], state)
        curve.append(round(100 * share, 1))
        began = time.process_time()
    line = ", ".join(f"{value:.1f}" for value in curve)
    print(f"seed {seed}: {line} %, {seconds[-1]:.1f} s", flush=True)
    return curve, seconds


def reached(recipe: Recipe, curve: list[float]) -> bool:
    """Whether the grader stops here."""
    return max(curve, default=0.0) >= 100 * recipe.needed - 1e-6


def report(recipe: Recipe, runs: list[tuple[list[float], list[float]]]) -> None:
    """Print the best accuracies, and what they cost."""
    best = [max(curve) for curve, _ in runs]
    until = [
        next(
            (spent for n, spent in enumerate(seconds, 1) if reached(recipe, curve[:n])), seconds[-1]
        )
        for curve, seconds in runs
    ]
    whole = [seconds[-1] for _, seconds in runs]
    print(
        f"{len(runs)} runs: best {np.mean(best):.1f} % ({min(best):.1f} to {max(best):.1f}), "
        f"{np.mean(whole):.1f} s in all, {np.mean(until):.1f} s until {recipe.needed:.0%} "
        f"({min(until):.1f} to {max(until):.1f})"
    )


def try_mistakes(assignment: Assignment, recipe: Recipe, oracle: Any, seeds: int) -> None:
    """Print which mistakes of the update rule reach what is needed with any of the seeds."""
    optim = importlib.import_module("nndl.optim")
    rule = recipe.solver.named["update_rule"]
    catalogue = importlib.import_module(f"{assignment.name}.mistakes")
    for mistake in catalogue.MISTAKES:
        if mistake.task == rule:
            wrong = catalogue.implementation(mistake.changes)[f"optim.{rule}"]
            setattr(optim, rule, wrong)
            try:
                runs = (run(recipe, oracle, seed, stop=True) for seed in range(seeds))
                suffices = any(reached(recipe, curve) for curve, _ in runs)
                said = "suffices" if suffices else "fails"
            except Exception as error:
                said = f"fails: {type(error).__name__}: {error}"
            print(f"{mistake.id}: {said}", flush=True)


if __name__ == "__main__":
    main()
