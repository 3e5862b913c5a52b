"""How a case ends: its verdict and what was seen."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """The verdict of a case."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"
    """It works, but a message of the platform departs from the document's letter."""
    INFORMATIONAL = "INFORMATIONAL"
    """The document leaves it open: says what the platform does."""
    FAILED = "FAILED"
    """A required behaviour is not there."""
    NOT_RUN = "NOT-RUN"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended, and what was seen."""

    result: Result
    observed: str


class Ended(Exception):  # noqa: N818 - what has happened
    """Ends the case that is running, from wherever it is raised."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.observed)
        self.outcome = outcome


def ok(observed: str) -> Outcome:
    """It is as it has to be."""
    return Outcome(Result.OK, observed)


def non_strict(observed: str) -> Outcome:
    """It works, but a message of the platform departs from the letter."""
    return Outcome(Result.NON_STRICT, observed)


def informational(observed: str) -> Outcome:
    """The document leaves it open; this is what the platform does."""
    return Outcome(Result.INFORMATIONAL, observed)


def failed(observed: str) -> Outcome:
    """A required behaviour is not there."""
    return Outcome(Result.FAILED, observed)


def not_run(why: str) -> Outcome:
    """It could not be judged."""
    return Outcome(Result.NOT_RUN, why)
