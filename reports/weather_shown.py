"""Faults and misbehaviour as every report shows them: rows with their texts, made from a summary.

Faults that recur are one row with the worst of each figure where there are many, so that a soak's report stays
readable; their own rows are beside it for whoever wants them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from reports import text
from reports.weather import FAULTS, MISBEHAVIOUR, WEATHER
from simulator.measurements.misbehaviours import ACCEPTED, MISBEHAVIOURS, SILENT
from simulator.measurements.names import FLOWS, RECORD_DELIVERY

FEW_FAULTS: Final = 12
"""Up to so many have a row each."""
FEW_RECURRENCES: Final = 3
"""Beyond so many with the same text become one row."""
MOST_TOLD: Final = 300
"""Rows of one that is unfolded: the summary holds all."""
_TOO_EARLY: Final = "too early"
_UNTOLD: Final = -1.0
"""In place of seconds: nothing is known."""
_FLOWS: Final = frozenset(flow.name for flow in FLOWS)

Fault = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault, or several of the same text."""

    faults: Sequence[Fault]

    @property
    def many(self) -> bool:
        return len(self.faults) > 1

    @property
    def what(self) -> str:
        return str(self.faults[0]["what"])

    @property
    def text(self) -> str:
        return str(self.faults[0]["text"])

    @property
    def at(self) -> float:
        """Of the first, seconds."""
        return float(self.faults[0]["at_s"])

    @property
    def when(self) -> str:
        """`2 min 00 s for 30.0 s`; of several when first and how often."""
        if self.many:
            return f"{text.duration(self.at)}, and {len(self.faults) - 1} times more"
        lasts = self.faults[0]["for_s"]
        return text.duration(self.at) + (f" for {text.duration(lasts)}" if lasts else "")

    @property
    def hit(self) -> int:
        return sum(fault["hit"] for fault in self.faults)

    @property
    def hit_text(self) -> str:
        """How many devices it hit, of those it was meant for where that is not all."""
        planned = sum(fault["devices"] for fault in self.faults)
        return text.count(self.hit) + (f" of {planned:,}" if planned != self.hit else "")

    @property
    def state(self) -> str:
        """What is odd about it: that it never came, hit nobody, was under way at the end; empty for nothing."""
        states = list(filter(None, map(_state, self.faults)))
        if not states or not self.many:
            return "".join(states)
        counted = {state: states.count(state) for state in dict.fromkeys(states)}
        return ", ".join(f"{number} {state}" for state, number in counted.items())

    @property
    def alarm(self) -> bool:
        """Whether something about it fails a run."""
        return any(fault["never_back"] or (fault["devices"] and not fault["hit"]) for fault in self.faults)

    def recovery(self, key: str) -> str:
        """The longest time until so many were back (`p50` … `all`)."""
        told = _longest((_recovery_s(fault, key) for fault in self.faults), _TOO_EARLY)
        return "overtaken" if told == text.NOTHING and self.sum_of("overtaken") else told

    def recovery_s(self, key: str) -> float:
        """For sorting: seconds, infinite where a device never came back, -1 where nothing is known."""
        return max(_recovery_s(fault, key) for fault in self.faults)

    @property
    def returns(self) -> str:
        """`50 % back 1.0 s, 99 % 3.0 s, all 3.0 s`; empty where there is nothing to tell."""
        told = [self.recovery(key) for key in ("p50", "p99", "all")]
        if told[0] == _TOO_EARLY:
            return "too early to tell how fast they were back"
        return "" if self.recovery_s("all") == _UNTOLD else "50 % back {}, 99 % {}, all {}".format(*told)

    @property
    def not_back(self) -> str:
        """Devices that never came back, and those of which it is not known."""
        unknown = {_TOO_EARLY: self.sum_of("undecided"), "overtaken": self.sum_of("overtaken")}
        told = ", ".join(f"{number:,} {why}" for why, number in unknown.items() if number)
        return text.count(self.sum_of("never_back")) + (f" ({told})" if told else "")

    @property
    def overtaken(self) -> str:
        """`6 overtaken by another fault`: those count there; empty for none."""
        number = self.sum_of("overtaken")
        return f"{number:,} overtaken by another fault" if number else ""

    def sum_of(self, key: str) -> int:
        """The sum of a count."""
        return sum(fault[key] or 0 for fault in self.faults)

    def most_of(self, key: str) -> int | None:
        """The largest of a count; None where there is none."""
        return max((fault[key] for fault in self.faults if fault[key] is not None), default=None)

    @property
    def delayed(self) -> int:
        """Requests that it held up; flows are told of in the details."""
        return sum(
            figures["count"]
            for fault in self.faults
            for name, figures in fault["delayed"].items()
            if name not in _FLOWS
        )

    @property
    def peak(self) -> int:
        """The most records that waited."""
        return max(int(fault["backlog"]["peak"]) for fault in self.faults)

    @property
    def backlog(self) -> str:
        """The most records that waited, and when the last of them was delivered."""
        peak = self.peak
        waiting = sum(fault["backlog"]["waiting"] for fault in self.faults)
        if not peak:
            return "0" if self.hit else text.NOTHING
        if waiting:
            return f"{peak:,}, {waiting:,} still {'waits' if waiting == 1 else 'wait'}"
        delivered = max(map(_delivered_s, self.faults))
        # Where another fault took devices over, or the run ended first, nobody saw when the last one went.
        return f"{peak:,} in {text.short_duration(delivered)}" if delivered >= 0 else f"{peak:,}, none left"

    @property
    def p99_during(self) -> float | None:
        """Of all requests during it, of the worst; ms."""
        return max((fault["p99_ms"]["during"] for fault in self.faults if fault["p99_ms"]["during"]), default=None)

    @property
    def p99(self) -> str:
        """Of all requests before it and during it, of the worst."""
        during = self.p99_during
        if during is None:
            return text.NOTHING
        worst = next(fault["p99_ms"] for fault in self.faults if fault["p99_ms"]["during"] == during)
        return f"{text.milliseconds(worst['before'])} → {text.milliseconds(worst['during'])}"

    @property
    def details(self) -> dict[str, str]:
        """What else is to be told of it: label -> text."""
        found = {
            "cut off": _by_name(fault["cut"] for fault in self.faults),
            "held up": _held_up(self.faults),
            "refused": _by_name(fault["refused_codes"] for fault in self.faults),
            "connections ended": text.tally(_added(fault["disconnects"] for fault in self.faults)),
            "hit by another fault before they were back": _devices(self.sum_of("overtaken")),
            "stopped before they were back": _devices(self.sum_of("ended")),
            "records lost with emptied stores": text.count(lost) if (lost := self.sum_of("unsent_lost")) else "",
        }
        return {label: told for label, told in found.items() if told}


def fault_rows(summary: Mapping[str, Any]) -> list[FaultRow]:
    """The rows in order of time, folded where there are many."""
    faults: Sequence[Fault] = summary.get(FAULTS) or ()
    if len(faults) <= FEW_FAULTS:
        return [FaultRow((fault,)) for fault in faults]
    by_text: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        by_text.setdefault((fault["what"], fault["text"]), []).append(fault)
    rows = []
    for alike in by_text.values():
        rows += [FaultRow(alike)] if len(alike) > FEW_RECURRENCES else [FaultRow((fault,)) for fault in alike]
    return sorted(rows, key=lambda row: row.at)


def single_rows(row: FaultRow) -> list[FaultRow]:
    """Each of a row of many, the first `MOST_TOLD`."""
    return [FaultRow((fault,)) for fault in row.faults[:MOST_TOLD]]


def faults_sentence(summary: Mapping[str, Any]) -> str:
    """All faults on one line; empty where the scenario has none."""
    totals = summary.get(WEATHER)
    if not totals or not totals["faults"]:
        return ""
    row = FaultRow(summary[FAULTS])
    # One device that three faults hit stands in the sum three times: "hit 180 devices" would be said of a fleet of 60.
    several = totals["came"] > 1 and totals["hit"]
    whom = f"devices {text.counted(totals['hit'], 'time')}" if several else _devices(totals["hit"]) or "nobody"
    parts = [f"{totals['came']:,} of {text.counted(totals['faults'], 'fault')} came and hit {whom}"]
    if totals["hit"]:
        parts += filter(None, [_returns(row)])
    if totals["never_back"]:
        parts.append(f"{totals['never_back']:,} never back")
    parts.append(f"{text.counted(totals['requests_cut'], 'request')} cut off, {totals['requests_delayed']:,} held up")
    if totals["unsent_lost"]:
        parts.append(f"{text.counted(totals['unsent_lost'], 'record')} lost with emptied stores")
    return "; ".join(parts)


def apart_sentence(summary: Mapping[str, Any]) -> str:
    """What the tables of requests and flows leave out; empty for nothing."""
    faults: Sequence[Fault] = summary.get(FAULTS) or ()
    parts = []
    for kind in ("request", "flow"):
        cut = held_up = 0
        for fault in faults:
            cut += sum(sum(codes.values()) for name, codes in fault["cut"].items() if _kind(name) == kind)
            held_up += sum(figures["count"] for name, figures in fault["delayed"].items() if _kind(name) == kind)
        if cut or held_up:
            parts.append(f"{text.counted(cut + held_up, kind)} ({cut:,} cut off, {held_up:,} held up)")
    return f"Under faults of the scenario, and not here: {' and '.join(parts)}." if parts else ""


def _kind(name: str) -> str:
    return "flow" if name in _FLOWS else "request"


def held_up_records(summary: Mapping[str, Any]) -> int:
    """Records that were delivered under faults: no figure of delivery speaks of them."""
    found = (fault["delayed"].get(RECORD_DELIVERY.name) for fault in summary.get(FAULTS) or ())
    return sum(figures["count"] for figures in found if figures is not None)


@dataclass(frozen=True, slots=True)
class MisbehaviourRow:
    """One way of misbehaviour."""

    way: str
    meaning: str
    counts: Mapping[str, int]

    @property
    def alarm(self) -> bool:
        return self.counts[ACCEPTED] > 0


def misbehaviour_rows(summary: Mapping[str, Any]) -> list[MisbehaviourRow]:
    """The ways in which devices misbehaved."""
    found = summary.get(MISBEHAVIOUR) or {}
    return [MisbehaviourRow(way, MISBEHAVIOURS.get(way, ""), counts) for way, counts in found.items()]


def misbehaviour_sentence(summary: Mapping[str, Any]) -> str:
    """All misbehaviour on one line; empty where there was none."""
    rows = misbehaviour_rows(summary)
    if not rows:
        return ""
    added = _added(row.counts for row in rows)
    ways = text.counted(len(rows), "way")
    told = f"{added['sent']:,} in {ways}: {added['refused_as_expected']:,} refused as expected"
    for outcome in (ACCEPTED, SILENT):
        worst = {row.way: row.counts[outcome] for row in rows if row.counts[outcome]}
        told += f", {added[outcome]:,} {outcome}" + (f" ({text.tally(worst)})" if worst else "")
    return told


# --- Inside ---


def _state(fault: Fault) -> str:
    if not fault["came"]:
        return "never came"
    if not fault["hit"]:
        return "hit nobody"
    return "" if fault["over"] else "under way at the end"


def _returns(row: FaultRow) -> str:
    """When devices were back after the worst of the faults; empty where other faults took all of them over."""
    most, everybody = row.recovery("p99"), row.recovery("all")
    if row.recovery_s("all") == _UNTOLD:
        return row.overtaken
    if most == _TOO_EARLY:
        return "too early to tell how fast devices were back"
    return f"at worst 99 % back after {most}, " + (
        "too early to tell of the rest" if everybody == _TOO_EARLY else f"all after {everybody}"
    )


def _recovery_s(fault: Fault, key: str) -> float:
    """Seconds; infinite: never, -0.5: too early to tell, -1: nothing to tell."""
    value = fault["recovery_ms"][key]
    if value is not None:
        return float(value) / 1000.0
    if fault["never_back"]:
        return math.inf
    # A fault that is not over may yet hit anybody it hit again.
    open_ = fault["undecided"] or (not fault["over"] and fault["hit"] > fault["overtaken"] + fault["ended"])
    return -0.5 if open_ else _UNTOLD


def _delivered_s(fault: Fault) -> float:
    value = fault["backlog"]["delivered_ms"]
    if value is not None:
        return float(value) / 1000.0
    return _UNTOLD


def _longest(seconds: Iterable[float], unknown: str) -> str:
    found = list(seconds)
    most = max(found, default=_UNTOLD)
    if math.isinf(most):
        return text.ENDLESS
    if most >= 0:
        return text.short_duration(most) + (f" ({unknown} for some)" if -0.5 in found else "")
    return unknown if most == -0.5 else text.NOTHING


def _added(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    added: dict[str, int] = {}
    for counts in found:
        for name, count in counts.items():
            added[name] = added.get(name, 0) + count
    return dict(sorted(added.items(), key=lambda item: (-item[1], item[0])))


def _by_name(found: Iterable[Mapping[str, Mapping[str, int]]]) -> str:
    added: dict[str, dict[str, int]] = {}
    for by_name in found:
        for name, codes in by_name.items():
            added[name] = _added((added.get(name, {}), codes))
    return "; ".join(f"{name}: {text.tally(codes)}" for name, codes in added.items())


def _held_up(faults: Iterable[Fault]) -> str:
    found: dict[str, tuple[int, float, float]] = {}
    for fault in faults:
        for name, figures in fault["delayed"].items():
            count, p99, most = found.get(name, (0, 0.0, 0.0))
            found[name] = (count + figures["count"], max(p99, figures["p99"]), max(most, figures["max"]))
    several = "at most " if sum(1 for _ in faults) > 1 else ""
    return "; ".join(
        f"{name}: {count:,}, p99 {several}{text.milliseconds(p99)} ms, max {text.milliseconds(most)} ms"
        for name, (count, p99, most) in found.items()
    )


def _devices(number: int) -> str:
    return text.counted(number, "device") if number else ""


class Column(NamedTuple):
    """A column of tables of faults."""

    cell: Callable[[FaultRow], str]
    order: Callable[[FaultRow], float]
    """By which rows are sorted."""


def _recovery(key: str) -> Column:
    # A page's script knows no infinity.
    return Column(lambda row: row.recovery(key), lambda row: min(row.recovery_s(key), 1e9))


def _sum(key: str) -> Column:
    return Column(lambda row: text.count(row.sum_of(key)), lambda row: row.sum_of(key))


COLUMNS: Final[Mapping[str, Column]] = {
    "50 % back": _recovery("p50"),
    "99 % back": _recovery("p99"),
    "all back": _recovery("all"),
    "never back": Column(lambda row: row.not_back, lambda row: row.sum_of("never_back")),
    "connects/s": Column(
        lambda row: text.count(row.most_of("peak_connects_per_s")), lambda row: row.most_of("peak_connects_per_s") or 0
    ),
    "backlog": Column(lambda row: row.backlog, lambda row: row.peak),
    "requests cut off": _sum("requests_cut"),
    "requests held up": Column(lambda row: text.count(row.delayed), lambda row: row.delayed),
    "refused": _sum("refused"),
    "p99 (ms) before → during": Column(lambda row: row.p99, lambda row: row.p99_during or 0.0),
}
"""What tables tell of a fault beside when, what and whom it hit."""
