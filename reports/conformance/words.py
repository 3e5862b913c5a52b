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
    cases = f"{ran} case{'' if ran == 1 else 's'}"
    if document["verdict"] == "conforming":
        beside = [f"{counts['NON-STRICT']} NON-STRICT"] if counts["NON-STRICT"] else []
        if found := document["violations"]["total"]:
            beside.append(f"{found} violations were counted beside them")
        fine = "the one case did not fail" if ran == 1 else f"none of {cases} failed"
        return f"conforming: {fine}" + (f"; {', '.join(beside)}" if beside else "")
    what = [f"{counts[result]} {result}" for result in ("FAILED", "NON-STRICT") if counts[result]]
    return f"failing: of {cases} {' and '.join(what)}"


def families(cases: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The cases by family, in their order."""
    for family, of_it in groupby(cases, key=lambda case: case["family"]):
        yield family, list(of_it)


def tally(cases: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many cases ended how, those alone that occurred."""
    counts = {result: sum(case["result"] == result for case in cases) for result in RESULTS}
    return {result: count for result, count in counts.items() if count}
