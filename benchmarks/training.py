"""What the training task costs: graded, beside the same loop as a plain script.

    .venv/bin/python benchmarks/training.py [--runs 3]

Both train the solution on CIFAR-10 on one core with one BLAS thread, for as many epochs as the
graded run needed, and look at the validation accuracy after each. The graded run is timed from the
start of its worker to the last verdict; the plain one from the making of the net, with everything
imported and mapped. Peak memory is the worker's own (anonymous) memory: the data set is shared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from kit.course import Assignment
from kit.grading.grader import Grader
from kit.intake.submission import read
from kit.limits import Limits

ROOT = Path(__file__).resolve().parents[1]
NAME = "optimization"
PLAIN = """
import sys, time
import numpy as np
from nndl.fc_net import FullyConnectedNet
from utils.data_utils import get_CIFAR10_data
from utils.solver import Solver

data = get_CIFAR10_data()
began = time.perf_counter()
net = FullyConnectedNet([128, 128], weight_scale=0.005, dtype=np.float32, seed=int(sys.argv[1]))
training = {name: data[name] for name in ("X_train", "y_train")}
solver = Solver(
    net, training, update_rule="adam", optim_config={"learning_rate": 5e-4}, linear_decay=True,
    batch_size=256, num_epochs=5, verbose=False, seed=int(sys.argv[1]),
)
for epoch in range(int(sys.argv[2])):
    solver.train_epoch()
    accuracy = np.mean(np.argmax(net.loss(data["X_val"]), axis=1) == data["y_val"])
print(time.perf_counter() - began, accuracy)
"""


def main() -> None:
    """Measure, and print a line for each run and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # all of it on one core
    assignment = Assignment(ROOT, NAME)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "solved"
        shutil.copytree(assignment.release, work)
        shutil.copytree(assignment.solutions, work, dirs_exist_ok=True)
        submission = read(work, assignment, "solved", Limits())
        graded, plain = [], []
        with Grader(assignment, ["cifar10"]) as grader:
            for seed in range(runs):
                with Watch() as watch:
                    result = grader.grade(submission, seed)
                check = next(c for task in result.tasks for c in task.checks)
                curve = check.measured["validation_accuracy_percent_by_epoch"]
                graded.append(result.seconds)
                plain.append(train(work, seed, len(curve)))
                print(
                    f"seed {seed}: {graded[-1]:.1f} s graded, {plain[-1]:.1f} s plain, validation "
                    f"{curve} %, worker's own memory {watch.peak // 2**20} MiB"
                )
    ratio = statistics.median(g / p for g, p in zip(graded, plain, strict=True))
    print(f"graded costs {ratio:.3f} times the plain script (median of {runs})")


def train(folder: Path, seed: int, epochs: int) -> float:
    """Seconds of the plain script."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PLAIN, str(seed), str(epochs)],
        cwd=folder,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "NNDL_DATA": str(ROOT / "data/cifar10")},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[0])


class Watch:
    """The largest anonymous memory of any process below this one, looked at ten times a second."""

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            for pid in below(os.getpid()):
                self.peak = max(self.peak, anonymous_bytes(pid))


def below(pid: int) -> list[int]:
    """The processes that ``pid`` started, and those that they did."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *below(child)]
    return found


def anonymous_bytes(pid: int) -> int:
    """The anonymous memory of a process; 0 where it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    sizes = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
    return int(sizes[0]) * 1024 if sizes else 0


if __name__ == "__main__":
    main()
