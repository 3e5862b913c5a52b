"""How measures of faults and of misbehaviour are read from a view of a run: the worst of all faults, never a mean.

A measure is written as it is, or with a kind of fault or a way of misbehaviour in it: `recovery.p99` and
`recovery.outage.p99`, `never_back` and `never_back.power_cut`, `misbehaviour.accepted` and
`misbehaviour.bad_sign.accepted`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, get_args

from reports import text
from reports.faults import FaultOutcome, Known, came_of, worst
from reports.readings import Question, Reading
from reports.remark import Spoken, remark, together
from simulator.measurements.misbehaviours import MISBEHAVIOURS, SENT
from simulator.texts.translation import N_, ngettext
from simulator.weather.kinds import Kind

KINDS_OF_FAULTS: Final = tuple(kind.what for kind in get_args(Kind))
OF_MISBEHAVIOUR: Final = "misbehaviour."
"""How the measures begin that speak of a way of misbehaviour, not of a kind of fault."""


def parts_known(measure: str) -> tuple[str, ...]:
    """What may stand in a measure of this name: the ways of misbehaviour, or the kinds of faults."""
    return tuple(MISBEHAVIOURS) if measure.startswith(OF_MISBEHAVIOUR) else KINDS_OF_FAULTS


def spelled(measure: str, part: str) -> str:
    """The measure with a kind of fault or a way of misbehaviour in it: what `part_of` takes apart."""
    head, _, tail = measure.rpartition(".")
    return f"{head}.{part}.{tail}" if head else f"{tail}.{part}"


def part_of(measure: str, subject: str) -> str | None:
    """What stands in the measure as it was written: empty for nothing; None where it is no spelling of it at all."""
    if subject == measure:
        return ""
    head, _, tail = measure.rpartition(".")
    before, after = (f"{head}.", f".{tail}") if head else (f"{tail}.", "")
    if subject.startswith(before) and subject.endswith(after) and len(subject) > len(before) + len(after):
        return subject[len(before) : len(subject) - len(after)]
    return None


# --- Durations ---


def longest(measure: str, figure: Callable[[FaultOutcome], Known | None]) -> Reading:
    """Reads the longest of all faults; infinite where one never ended.

    None where none is known. So it is where devices are away at the run's end for longer than any return took, for what
    is known of theirs alone keeps no limit: a platform that came back fast once and then died would pass.
    """

    def read(question: Question) -> float | None:
        known = [figure(outcome) for outcome in _asked(measure, question)]
        found = worst(known)
        return None if found is None or found.at_least else found.ms

    return read


def at_least(measure: str, figure: Callable[[FaultOutcome], Known | None]) -> Reading:
    """Reads what the longest of all faults took longer than, where the run ended before it did; None for all others."""

    def read(question: Question) -> float | None:
        found = worst(figure(outcome) for outcome in _asked(measure, question))
        return found.ms if found is not None and found.at_least else None

    return read


def of_longest(measure: str, figure: Callable[[FaultOutcome], Known | None]) -> Callable[[Question], str]:
    """Says which fault that was, or why none is known."""

    def told(question: Question) -> str:
        asked = _asked(measure, question)
        known = [(outcome, item) for outcome in asked if (item := figure(outcome)) is not None]
        if not known:
            return _none(measure, question, asked)
        outcome, found = max(known, key=lambda pair: (pair[1].ms, not pair[1].at_least))
        if found.at_least:
            return remark(
                N_("the run ended too early to tell: {fault} {state}"), fault=_name(outcome), state=_state(outcome)
            )
        return together([_worst(outcome), _state(outcome) if math.isinf(found.ms) else ""])

    return told


# --- Counts ---


def most(measure: str, figure: Callable[[FaultOutcome], int]) -> Reading:
    """Reads the largest count of all faults; None where none came."""
    return lambda question: max(map(figure, _asked(measure, question)), default=None)


def of_most(measure: str, figure: Callable[[FaultOutcome], int]) -> Callable[[Question], str]:
    """Says which fault that was, or that none came."""

    def told(question: Question) -> str:
        asked = _asked(measure, question)
        if not asked:
            return _none(measure, question, asked)
        outcome = max(asked, key=figure)
        return _worst(outcome) if figure(outcome) else ""

    return told


def never_back(measure: str) -> Reading:
    """Reads the most devices that one fault cost for good; None where all faults came too late to tell."""

    def read(question: Question) -> float | None:
        asked = _asked(measure, question)
        if all(outcome.undecided for outcome in asked):
            return None
        return max(outcome.never_back for outcome in asked)

    return read


def of_never_back(measure: str) -> Callable[[Question], str]:
    """Says which fault that was, and how many are undecided."""

    def told(question: Question) -> str:
        asked = _asked(measure, question)
        if not asked:
            return _none(measure, question, asked)
        outcome = max(asked, key=lambda one: one.never_back)
        reasons = [_worst(outcome)] if outcome.never_back else []
        if undecided := sum(one.undecided for one in asked):
            message = N_("{devices} had too little time until the run's end to come back")
            reasons.append(remark(message, devices=Spoken(text.counted, undecided, "device")))
        return together(reasons)

    return told


def misbehaviour(outcome: str) -> Reading:
    """Reads what came of misbehaviour; None where nobody misbehaved."""
    measure = f"{OF_MISBEHAVIOUR}{outcome}"

    def read(question: Question) -> float | None:
        way = part_of(measure, question.name)
        found = [counts for name, counts in question.figures.misbehaviour.items() if way in ("", name)]
        if not any(counts.get(SENT) for counts in found):
            return None
        return sum(counts.get(outcome, 0) for counts in found)

    return read


def of_misbehaviour(outcome: str) -> Callable[[Question], str]:
    """Says in which ways, or that nobody misbehaved."""
    measure = f"{OF_MISBEHAVIOUR}{outcome}"

    def told(question: Question) -> str:
        way = part_of(measure, question.name)
        found = {name: counts for name, counts in question.figures.misbehaviour.items() if way in ("", name)}
        if not any(counts.get(SENT) for counts in found.values()):
            return remark(N_("nobody misbehaved by {way}"), way=way) if way else remark(N_("nobody misbehaved"))
        names = {name: counts[outcome] for name, counts in found.items() if counts.get(outcome)}
        return remark("{names}", names=Spoken(text.tally, names)) if names else ""

    return told


# --- Inside ---


def _asked(measure: str, question: Question) -> Sequence[FaultOutcome]:
    """The faults that came and hit somebody, of the kind that is asked for."""
    kind = part_of(measure, question.name)
    return [outcome for outcome in came_of(question.figures.faults) if kind in ("", outcome.planned.what)]


def _none(measure: str, question: Question, asked: Sequence[FaultOutcome]) -> str:
    kind = part_of(measure, question.name) or N_("fault")
    if not asked:
        return remark(N_("no {kind} hit a device"), kind=kind)
    return remark(N_("every device that a {kind} hit was taken over by another fault"), kind=kind)


def _name(outcome: FaultOutcome) -> str:
    planned = outcome.planned
    return remark(N_("{fault} at {moment}"), fault=planned.what, moment=Spoken(text.duration, planned.at))


def _worst(outcome: FaultOutcome) -> str:
    return remark(N_("worst: {name}"), name=_name(outcome))


def _state(outcome: FaultOutcome) -> str:
    """What is not over after a fault."""
    if outcome.left_s < 0:
        return remark(N_("was under way when the run ended"))
    left = Spoken(text.duration, outcome.left_s)
    if not outcome.not_back:
        return remark(N_("records still waited {duration} after it"), duration=left)
    not_back = Spoken(_not_back, outcome.not_back, outcome.figures.hit)
    return remark(N_("{not_back} {duration} after it"), not_back=not_back, duration=left)


def _not_back(number: int, hit: int) -> str:
    devices = text.counted(hit, "device")
    return ngettext(
        "{number} of {devices} was not back", "{number} of {devices} were not back", number, devices=devices
    )
