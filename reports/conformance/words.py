"""The words that all reports of a conformance run share."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from simulator.texts.told import said
from simulator.texts.translation import _, ngettext

RESULTS: Final = ("FAILED", "NON-STRICT", "INFORMATIONAL", "NOT-RUN", "OK")
"""Verdicts of cases, what matters most first."""


def headline(document: Mapping[str, Any]) -> str:
    """The verdict and why."""
    counts = document["counts"]
    ran = sum(counts.values()) - counts["NOT-RUN"]
    if document["verdict"] == "inconclusive":
        return _("inconclusive: {reason}", reason=said(document["reason"]))
    cases = ngettext("{number} case", "{number} cases", ran)
    if document["verdict"] == "conforming":
        beside = [f"{counts['NON-STRICT']} NON-STRICT"] if counts["NON-STRICT"] else []
        if found := document["violations"]["total"]:
            beside.append(_("{found} violations were counted beside them", found=found))
        fine = _("the one case did not fail") if ran == 1 else _("none of {cases} failed", cases=cases)
        return _("conforming: {fine}", fine=fine) + (f"; {', '.join(beside)}" if beside else "")
    what = [f"{counts[result]} {result}" for result in ("FAILED", "NON-STRICT") if counts[result]]
    return _("failing: of {cases} {what}", cases=cases, what=_(" and ").join(what))


def families(cases: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The cases by family, in their order."""
    for family, of_it in groupby(cases, key=lambda case: case["family"]):
        yield family, list(of_it)


def tally(cases: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many cases ended how, those alone that occurred."""
    counts = {result: sum(case["result"] == result for case in cases) for result in RESULTS}
    return {result: count for result, count in counts.items() if count}
