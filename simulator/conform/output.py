"""What a run of `best-fleet conform` leaves: conformance.json, traces of the cases, pages, words on the terminal."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from reports.conformance.words import headline
from reports.conformance.writer import CONFORMANCE, tried_file, write_pages
from simulator.conform.case import Result
from simulator.conform.document import Finished, trace_name
from simulator.conform.runner import Verdict
from simulator.measurements.occurrences import Occurrences
from simulator.shown import detail
from simulator.texts.told import said
from simulator.texts.translation import _

_LINE_CHARS: Final = 160
_TOLD: Final = (Result.FAILED, Result.NON_STRICT)
"""Told case by case; NOT-RUN is told by its reasons, and what the document leaves open stands in the report."""


def write(finished: Finished, directory: Path) -> list[str]:
    """Write all files into `directory`; returns a sentence for each that could not be written."""
    document = finished.document()
    traces = {name: verdict.trace for name, verdict in finished.judged.verdicts.items() if verdict.trace}
    problems = [
        tried_file(directory / trace_name(verdict), lambda verdict=verdict: verdict.trace)  # type: ignore[misc]
        for verdict in finished.judged.verdicts.values()
        if verdict.trace
    ]
    problems += write_pages(directory, document, traces)
    # last: whoever waits for it finds all the others
    problems.append(
        tried_file(directory / CONFORMANCE, lambda: orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    )
    return [problem for problem in problems if problem]


def report_on_terminal(finished: Finished, directory: Path) -> str:
    """The verdict and why, then what is not OK by section, the counts, and where the report is."""
    return "\n".join(_lines(finished, directory))


def _lines(finished: Finished, directory: Path) -> Iterator[str]:
    yield headline(finished.document())
    yield from map(said, finished.notes)
    yield from _cases(list(finished.judged.verdicts.values()), finished.judged.reason)
    yield from _rules(_("violations of the platform"), finished.site.violations)
    yield from _rules(_("internal errors"), finished.site.internal_errors)
    yield ""
    yield ", ".join(f"{count} {name}" for name, count in finished.counts.items())
    yield _("report: {directory}", directory=directory)


def _cases(verdicts: list[Verdict], known: str) -> Iterator[str]:
    """Those to be told; `known` is why the whole run could not be judged, which is not said again."""
    width = max((len(each.case.id) for each in verdicts), default=0)
    families = dict.fromkeys(each.case.family for each in verdicts)
    for family in families:
        of_it = [each for each in verdicts if each.case.family == family]
        told = [each for result in _TOLD for each in of_it if each.outcome.result is result]
        reasons: dict[str, list[str]] = defaultdict(list)
        for each in of_it:
            if each.outcome.result is Result.NOT_RUN and each.outcome.observed != known:
                reasons[each.outcome.observed].append(each.case.id)
        if told or reasons:
            yield ""
            yield f"{family}:"
        for each in told:
            observed = detail(said(each.outcome.observed), _LINE_CHARS)
            yield f"  {each.outcome.result:<13}  {each.case.id:<{width}}  {observed}"
        for reason, names in reasons.items():
            named = _("{count} cases", count=len(names)) if len(names) > 1 else names[0]
            yield f"  {Result.NOT_RUN:<13}  {named:<{width}}  {detail(said(reason), _LINE_CHARS)}"


def _rules(title: str, found: Occurrences) -> Iterator[str]:
    if found.by_rule:
        yield ""
        yield f"{title}:"
        width = max(map(len, found.by_rule))
        for rule, each in sorted(found.by_rule.items()):
            yield f"  {rule:<{width}}  {each.tally.count:>5}  {detail(each.example, _LINE_CHARS)}"
