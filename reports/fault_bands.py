"""Faults as bands over charts: which spans of time each kind covers, and what a tooltip says there.

Recurrences that touch become one band, so that hundreds of faults draw no more than a chart has points.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reports import text
from reports.retold import retold
from simulator.texts.translation import _

MOST_TEXTS: Final = 4
"""That a tooltip names; it counts the others."""


def fault_bands(faults: Sequence[Mapping[str, Any]], step: int, bins: int) -> list[dict[str, Any]]:
    """The bands of each kind of fault that came, in order of their first.

    Args:
        faults: of the summary.
        step: seconds a point.
        bins: how many points there are.

    Returns:
        One entry a kind: its `what`, its `bands` as pairs of points (both included, two different ones), its `returns`
        likewise (from a fault's end until all were back), and its `texts`: point -> what the tooltip says.
    """
    if bins < 2:
        return []
    found: dict[str, dict[str, Any]] = {}
    covered: dict[str, dict[int, list[str]]] = {}
    for fault in faults:
        if not fault["came"] or fault["at_s"] >= step * bins:
            continue
        kind = found.setdefault(fault["what"], {"what": fault["what"], "bands": [], "returns": [], "texts": {}})
        texts = covered.setdefault(fault["what"], {})
        end = fault["at_s"] + fault["for_s"]
        first, last = _points(fault["at_s"], end, step, bins)
        kind["bands"].append([first, last])
        back = fault["recovery_ms"]["all"]
        if back:
            kind["returns"].append([last, max(last, _points(end, end + back / 1000.0, step, bins)[1])])
        told = _told(fault)
        for point in range(first, last + 1):
            texts.setdefault(point, []).append(told)
    for what, kind in found.items():
        kind["bands"] = _joined(kind["bands"])
        kind["returns"] = [pair for pair in _joined(kind["returns"]) if pair[1] > pair[0]]
        kind["texts"] = {str(point): _few(told) for point, told in covered[what].items()}
    return list(found.values())


def _points(begin: float, end: float, step: int, bins: int) -> tuple[int, int]:
    first = min(int(begin // step), bins - 2)
    return first, min(max(int(-(-end // step)), first + 1), bins - 1)


def _joined(pairs: Sequence[list[int]]) -> list[list[int]]:
    joined: list[list[int]] = []
    for first, last in sorted(pairs):
        if joined and first <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return joined


def _told(fault: Mapping[str, Any]) -> str:
    values = {
        "fault": retold(fault["text"]),
        "at": text.duration(fault["at_s"]),
        "devices": text.counted(fault["hit"], "device"),
    }
    if not fault["for_s"]:
        return _("{fault}: at {at}, {devices}", **values)
    return _("{fault}: at {at} for {duration}, {devices}", **values, duration=text.duration(fault["for_s"]))


def _few(told: Sequence[str]) -> list[str]:
    more = len(told) - MOST_TEXTS
    return [*told[:MOST_TEXTS], _("and {count} more", count=more)] if more > 0 else list(told)
