"""Faults and misbehaviour as every report shows them: rows with their texts, made from a summary.

Faults that recur are one row with the worst of each figure where there are many, so that a soak's report stays
readable; their own rows are beside it for whoever wants them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from reports import text
from reports.fault_words import (
    UNTOLD,
    Fault,
    codes_by_name,
    held_up_text,
    longest,
    seconds_to_deliver,
    seconds_to_recover,
    state_of,
    summed,
)
from reports.retold import retold
from reports.weather import FAULTS, MISBEHAVIOUR, WEATHER
from simulator.measurements.misbehaviours import ACCEPTED, MISBEHAVIOURS, REFUSED_AS_EXPECTED, SENT, SILENT
from simulator.measurements.names import FLOWS, RECORD_DELIVERY
from simulator.measurements.short_labels import reason_label
from simulator.texts.translation import N_, _, ngettext, pgettext

FEW_FAULTS: Final = 12
"""Up to so many have a row each."""
FEW_RECURRENCES: Final = 3
"""Beyond so many with the same text become one row."""
MOST_TOLD: Final = 300
"""Rows of one that is unfolded: the summary holds all."""
_TOO_EARLY: Final = N_("too early")
_OVERTAKEN: Final = N_("overtaken")
_FLOWS: Final = frozenset(flow.name for flow in FLOWS)

_OUTCOMES: Final = {
    SENT: N_("sent"),
    REFUSED_AS_EXPECTED: N_("refused as expected"),
    ACCEPTED: N_("accepted"),
    SILENT: N_("silent"),
}


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
        return retold(self.faults[0]["text"])

    @property
    def at(self) -> float:
        """Of the first, seconds."""
        return float(self.faults[0]["at_s"])

    @property
    def when(self) -> str:
        """`2 min 00 s for 30.0 s`; of several when first and how often."""
        at = text.duration(self.at)
        if self.many:
            return _("{at}, and {times} times more", at=at, times=len(self.faults) - 1)
        lasts = self.faults[0]["for_s"]
        return _("{at} for {duration}", at=at, duration=text.duration(lasts)) if lasts else at

    @property
    def hit(self) -> int:
        return sum(fault["hit"] for fault in self.faults)

    @property
    def hit_text(self) -> str:
        """How many devices it hit, of those it was meant for where that is not all."""
        planned, hit = sum(fault["devices"] for fault in self.faults), text.count(self.hit)
        return (
            hit if planned == self.hit else pgettext("devices hit", "{hit} of {all}", hit=hit, all=text.count(planned))
        )

    @property
    def state(self) -> str:
        """What is odd about it: that it never came, hit nobody, was under way at the end; empty for nothing."""
        states = list(filter(None, map(state_of, self.faults)))
        if not states or not self.many:
            return "".join(map(_, states))
        counted = {state: states.count(state) for state in dict.fromkeys(states)}
        return text.listed(f"{number} {_(state)}" for state, number in counted.items())

    @property
    def alarm(self) -> bool:
        """Whether something about it fails a run."""
        return any(fault["never_back"] or (fault["devices"] and not fault["hit"]) for fault in self.faults)

    def recovery(self, key: str) -> str:
        """The longest time until so many were back (`p50` … `all`)."""
        told = longest((seconds_to_recover(fault, key) for fault in self.faults), _(_TOO_EARLY))
        return _(_OVERTAKEN) if told == text.NOTHING and self.sum_of("overtaken") else told

    def recovery_s(self, key: str) -> float:
        """For sorting: seconds, infinite where a device never came back, -1 where nothing is known."""
        return max(seconds_to_recover(fault, key) for fault in self.faults)

    @property
    def returns(self) -> str:
        """`50 % back 1.0 s, 99 % 3.0 s, all 3.0 s`; empty where there is nothing to tell."""
        told = {key: self.recovery(key) for key in ("p50", "p99", "all")}
        if told["p50"] == _(_TOO_EARLY):
            return _("too early to tell how fast they were back")
        return "" if self.recovery_s("all") == UNTOLD else _("50 % back {p50}, 99 % {p99}, all {all}", **told)

    @property
    def not_back(self) -> str:
        """Devices that never came back, and those of which it is not known."""
        unknown = {_TOO_EARLY: self.sum_of("undecided"), _OVERTAKEN: self.sum_of("overtaken")}
        told = text.listed(f"{number:,} {_(why)}" for why, number in unknown.items() if number)
        return text.count(self.sum_of("never_back")) + (_(" ({reasons})", reasons=told) if told else "")

    @property
    def overtaken(self) -> str:
        """`6 overtaken by another fault`: those count there; empty for none."""
        number = self.sum_of("overtaken")
        return _("{count} overtaken by another fault", count=text.count(number)) if number else ""

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
        most = text.count(peak)
        if waiting:
            wait = ngettext("{number} still waits", "{number} still wait", waiting, number=text.count(waiting))
            return text.listed([most, wait])
        delivered = max(map(seconds_to_deliver, self.faults))
        # Where another fault took devices over, or the run ended first, nobody saw when the last one went.
        if delivered < 0:
            return _("{count}, none left", count=most)
        return pgettext(
            "records delivered", "{count} in {duration}", count=most, duration=text.short_duration(delivered)
        )

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
            N_("cut off"): codes_by_name(fault["cut"] for fault in self.faults),
            N_("held up"): held_up_text(self.faults),
            N_("refused"): codes_by_name(fault["refused_codes"] for fault in self.faults),
            N_("connections ended"): text.tally(summed(fault["disconnects"] for fault in self.faults), reason_label),
            N_("hit by another fault before they were back"): _devices(self.sum_of("overtaken")),
            N_("stopped before they were back"): _devices(self.sum_of("ended")),
            N_("records lost with emptied stores"): text.count(lost) if (lost := self.sum_of("unsent_lost")) else "",
        }
        return {_(label): told for label, told in found.items() if told}


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
    if several:
        whom = _("devices {times}", times=text.counted(totals["hit"], "time"))
    else:
        whom = _devices(totals["hit"]) or _("nobody")
    came, faults = text.count(totals["came"]), text.counted(totals["faults"], "fault")
    parts = [_("{came} of {faults} came and hit {whom}", came=came, faults=faults, whom=whom)]
    if totals["hit"]:
        parts.append(_returns(row))
    if totals["never_back"]:
        parts.append(_("{count} never back", count=text.count(totals["never_back"])))
    cut, held_up = text.counted(totals["requests_cut"], "request"), text.count(totals["requests_delayed"])
    parts.append(_("{requests} cut off, {held_up} held up", requests=cut, held_up=held_up))
    if totals["unsent_lost"]:
        parts.append(_("{records} lost with emptied stores", records=text.counted(totals["unsent_lost"], "record")))
    return text.clauses(parts)


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
            things = text.counted(cut + held_up, kind)
            cut_off, delayed = text.count(cut), text.count(held_up)
            parts.append(_("{things} ({cut} cut off, {held_up} held up)", things=things, cut=cut_off, held_up=delayed))
    if not parts:
        return ""
    things = pgettext("between two things", " and ").join(parts)
    return _("Under faults of the scenario, and not here: {things}.", things=things)


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
    return [
        MisbehaviourRow(way, _(MISBEHAVIOURS[way]) if way in MISBEHAVIOURS else "", counts)
        for way, counts in found.items()
    ]


def misbehaviour_sentence(summary: Mapping[str, Any]) -> str:
    """All misbehaviour on one line; empty where there was none."""
    rows = misbehaviour_rows(summary)
    if not rows:
        return ""
    added = summed(row.counts for row in rows)
    told = []
    for outcome in (ACCEPTED, SILENT):
        worst = text.tally({row.way: row.counts[outcome] for row in rows if row.counts[outcome]})
        # The outcomes' names are those of the summary, and of thresholds.
        told.append(f"{added[outcome]:,} {outcome_word(outcome)}" + (_(" ({reasons})", reasons=worst) if worst else ""))
    refused = _("{count} refused as expected", count=text.count(added["refused_as_expected"]))
    sent, ways = text.count(added["sent"]), text.counted(len(rows), "way")
    return _("{sent} in {ways}: {outcomes}", sent=sent, ways=ways, outcomes=text.listed([refused, *told]))


def outcome_word(outcome: str) -> str:
    """What came of misbehaviour (`OUTCOMES`), or that it was `SENT`, as people read it."""
    return _(_OUTCOMES.get(outcome, outcome))


def _returns(row: FaultRow) -> str:
    """When devices were back after the worst of the faults; empty where other faults took all of them over."""
    most, everybody = row.recovery("p99"), row.recovery("all")
    if row.recovery_s("all") == UNTOLD:
        return row.overtaken
    if most == _(_TOO_EARLY):
        return _("too early to tell how fast devices were back")
    if everybody == _(_TOO_EARLY):
        return _("at worst 99 % back after {most}, too early to tell of the rest", most=most)
    return _("at worst 99 % back after {most}, all after {everybody}", most=most, everybody=everybody)


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
    N_("50 % back"): _recovery("p50"),
    N_("99 % back"): _recovery("p99"),
    N_("all back"): _recovery("all"),
    N_("never back"): Column(lambda row: row.not_back, lambda row: row.sum_of("never_back")),
    N_("connects/s"): Column(
        lambda row: text.count(row.most_of("peak_connects_per_s")), lambda row: row.most_of("peak_connects_per_s") or 0
    ),
    N_("backlog"): Column(lambda row: row.backlog, lambda row: row.peak),
    N_("requests cut off"): _sum("requests_cut"),
    N_("requests held up"): Column(lambda row: text.count(row.delayed), lambda row: row.delayed),
    N_("refused"): _sum("refused"),
    N_("p99 (ms) before → during"): Column(lambda row: row.p99, lambda row: row.p99_during or 0.0),
}
"""What tables tell of a fault beside when, what and whom it hit: labels, in English, and their columns."""
