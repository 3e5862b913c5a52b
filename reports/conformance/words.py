"""The words that all reports of a conformance run share."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

RESULTS: Final = ("FAILED", "NON-STRICT", "INFORMATIONAL", "NOT-RUN", "OK")
"""Verdicts of cases, what matters most first."""


def headline(document: Mapping[str, Any]) -> str:
    """The verdict and why."""
    counts = document["counts"]
    ran = sum(counts.values()) - counts["NOT-RUN"]
    if document["verdict"] == "inconclusive":
        return f"inconclusive: {document['reason']}"
    if document["verdict"] == "conforming":
        return f"conforming: none of {ran} cases failed"
    what = [f"{counts[result]} {result}" for result in ("FAILED", "NON-STRICT") if counts[result]]
    return f"failing: of {ran} cases {' and '.join(what)}"


def families(cases: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The cases by family, in their order."""
    for family, of_it in groupby(cases, key=lambda case: case["family"]):
        yield family, list(of_it)


def tally(cases: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many cases ended how, those alone that occurred."""
    counts = {result: sum(case["result"] == result for case in cases) for result in RESULTS}
    return {result: count for result, count in counts.items() if count}
