"""What runs of earlier versions lack, said in their reports instead of being taken for nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from reports.occurrences import VIOLATIONS
from reports.run_info import RunInfo
from simulator.measurements.findings import Finding

NOT_JUDGED: Final = "not_judged"
_ANOMALIES: Final = re.compile(r"anomalies\s*[<>=!]")


def brought_up_to_date(run: RunInfo, state: Mapping[str, Any], results: Any) -> RunInfo:
    """`run` as this version can report on it, with what it lacks among its findings.

    Args:
        state: of its measurements.
        results: how its thresholds came out in its own summary; None where it has none.
    """
    findings = tuple(_lacking(run, state, results))
    kept = tuple(expression for expression in run.thresholds if not _ANOMALIES.match(expression))
    return replace(run, thresholds=kept, findings=(*run.findings, *findings)) if findings else run


def _lacking(run: RunInfo, state: Mapping[str, Any], results: Any) -> Iterator[Finding]:
    if VIOLATIONS not in state:
        yield Finding(NOT_JUDGED)
    keys = {
        result["expression"]: "threshold_gone" if result["passed"] else "threshold_crossed" for result in results or ()
    }
    for expression in run.thresholds:
        if _ANOMALIES.match(expression):
            values = {
                "expression": expression,
                "remark": "anomalies are counted by rule since: it cannot be judged again",
            }
            yield Finding(keys.get(expression, "threshold_unmeasured"), values)
