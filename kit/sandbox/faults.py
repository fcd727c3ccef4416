"""The three ways in which a check fails to pass: the answer is wrong, broken, or unavailable."""

from __future__ import annotations

from typing import Any


class CheckFailure(AssertionError):
    """The student's code answered, and the answer is wrong.

    ``expected`` and ``got`` are short texts; they are None if there is nothing to compare.
    """

    def __init__(self, message: str, expected: str | None = None, got: str | None = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.got = got


class StudentFault(Exception):
    """The student's code gave no valid answer: it raised, ended, hung or sent an invalid reply.

    ``error`` describes the exception it raised: its type, message and place in the submission.
    """

    def __init__(self, message: str, error: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.error = error


class StudentTimeout(StudentFault):
    """The student's code did not answer in time."""


class KitFault(Exception):
    """The kit could not judge the submission; this must not change anybody's grade."""


class WorkerLost(KitFault):
    """A worker was lost through no fault of the submission, which may be graded once more."""


class IsolationMissing(KitFault):
    """This host can't confine a worker, so it grades nothing."""


class RunStopped(KitFault):
    """The run can't continue; results so far are kept. The text says why and what to do."""
