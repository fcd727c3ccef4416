"""What a submission is worth in the end, as a class table, a page or another program shows it.

The checks give the automatic points, a person those of a written answer, lateness may cost some.
nbgrader's gradebook holds all of it (``kit.nbgrader.finals``). Without one, the first are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kit.results import Result


@dataclass(frozen=True)
class Final:
    """The points of a submission: ``total = max(0, automatic + manual - penalty)``.

    ``manual`` is what a person gave, and took where they overruled a check. ``manual`` and
    ``penalty`` are None where no gradebook has the submission: ``total`` is then ``automatic``.
    All are None after a fault of ours. ``waiting`` says that a person has still to grade something.
    """

    automatic: float | None
    manual: float | None = None
    penalty: float | None = None
    total: float | None = None
    waiting: bool = False

    @property
    def complete(self) -> bool:
        """Whether it has what a person gave and what lateness costs."""
        return self.manual is not None


@dataclass(frozen=True)
class Finals:
    """The finals of a class by student; ``remarks`` are sentences on what they lack.

    ``complete`` says that they come from a gradebook. ``absent`` are those of its students who have
    not handed in.
    """

    of: Mapping[str, Final]
    complete: bool = False
    absent: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def automatic(result: Result) -> Final:
    """The final of a result where there is nothing but the checks."""
    return Final(result.score, total=result.score)


def automatic_alone(results: Iterable[Result]) -> Finals:
    """The finals of a class without a gradebook."""
    return Finals({result.student: automatic(result) for result in results})
