"""The three ways in which a check doesn't pass: the answer is wrong, broken, or couldn't be had."""

from __future__ import annotations

from typing import Any


class CheckFailure(AssertionError):
    """The student's code answered, and the answer is wrong.

    ``expected`` and ``got`` are short texts, where there is something to compare.
    """

    def __init__(self, message: str, expected: str | None = None, got: str | None = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.got = got


class StudentFault(Exception):
    """The student's code gave no answer: it raised, ended, hung or replied with something else.

    ``error`` describes the exception it raised: its type, message and place in the submission.
    """

    def __init__(self, message: str, error: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.error = error


class StudentTimeout(StudentFault):
    """The student's code did not answer in time."""


class KitFault(Exception):
    """We could not find out: nobody's grade may follow from this."""


class WorkerLost(KitFault):
    """A worker has gone by no doing of the submission, which may be graded again from the start."""


class IsolationMissing(KitFault):
    """This host can't confine a worker, so nothing is graded on it."""


class RunStopped(KitFault):
    """The run can't go on; what is graded is kept. The text says why and what to do."""
