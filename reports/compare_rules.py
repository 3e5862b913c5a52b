"""Violations of a run beside those of one or several base runs: which rules are newly broken, which more often.

A rule that no base run broke is worse whatever its count: most faults of a platform are there in every message or in
none, and of a fault that a small run meets once chance is no excuse. It is not judged where no base run ever asked for
it: where the requests whose replies break it did not occur in any. Two rules are broken by load and by networks now
and then; of those chance has to be excluded here too. A rule that was broken before is worse only beyond what chance
explains: at least twice as often by message, with bounds (3.29 deviations of a count) that do not overlap;
those of several base runs are taken together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reports import text
from reports.masking import mask
from reports.noise import Z
from reports.retold import retold
from simulator.measurements.names import is_command, is_request, name_of
from simulator.measurements.occurrences import Occurrence
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import _

MISSED: Final = 0.001
"""How probable a rule of `NOW_AND_THEN` may be broken by chance, as of figures."""
FAR_TIMES: Final = 2.0
"""Faults come in groups (a device's, a second's): a count that grew by less may be a group more."""
OF_REQUESTS: Final = ("reply.", "record.")
"""Rules that only a request of a device can meet."""
NOW_AND_THEN: Final = ("reply.late", "session.closed-unannounced")
"""Rules that a right platform may break for once."""
NEWLY_BROKEN, MORE, LIKE, LESS, GONE = "newly broken", "more", "like", "less", "gone"
NOT_ASKED, FEW = "not asked", "few"
WORSE_MARKS: Final = (NEWLY_BROKEN, MORE)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a run broke."""

    count: int
    devices: int
    func_ids: Mapping[str, int]
    example: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run found of its platform."""

    rules: Mapping[str, Broken]
    messages: Mapping[str, int]
    """How many requests of each funcId there were, and commands."""

    def messages_of(self, func_ids: Mapping[str, int]) -> int:
        """How many messages there were of these funcIds; of all where none of them is counted."""
        return sum(self.messages.get(name, 0) for name in func_ids) or sum(self.messages.values())


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One rule, before and after."""

    rule: str
    before: int
    """The most that a base run counted."""
    after: int
    excess: float
    """How many more than the base runs let expect of as many messages."""
    mark: str
    broken: Broken
    """As the new run has it; of a rule that is gone as the base had it."""

    @property
    def reason(self) -> str:
        """Why it is worse: a sentence."""
        found = [text.counted(self.after, "time") if self.after != 1 else _("once")]
        found += [text.counted(self.broken.devices, "device")] if self.broken.devices else []
        found += [text.tally(self.broken.func_ids)] if self.broken.func_ids else []
        values = {"rule": f"violations.{self.rule}", "now": text.listed(found), "example": retold(self.broken.example)}
        if self.mark == NEWLY_BROKEN:
            return _("{rule}: not in the base, now {now}; {example}", **values)
        values["before"] = text.count(self.before)
        return _("{rule}: more often than in the base, now {now}, before {before}; {example}", **values)


def judged(measurements: RunMeasurements) -> Judged:
    """What a comparison needs of a run's violations."""
    messages: dict[str, int] = {}
    for tag, totals in measurements.totals.items():
        if is_request(tag) or is_command(tag):
            messages[name_of(tag)] = totals.count
    return Judged({rule: _broken(item) for rule, item in measurements.violations.by_rule.items()}, messages)


def compare_rules(bases: Sequence[Judged], new: Judged) -> list[RuleDifference]:
    """Every rule that any of the runs broke: what got worse first, each by its count."""
    rules = {rule for run in (*bases, new) for rule in run.rules}
    found = [_difference(rule, bases, new) for rule in rules]
    order = (NEWLY_BROKEN, MORE, NOT_ASKED, FEW, LIKE, LESS, GONE)
    return sorted(found, key=lambda item: (order.index(item.mark), -item.after, -item.before, item.rule))


def _difference(rule: str, bases: Sequence[Judged], new: Judged) -> RuleDifference:
    after = new.rules.get(rule)
    broken = [run for run in bases if rule in run.rules]
    before = max((run.rules[rule].count for run in broken), default=0)
    if after is None:
        return RuleDifference(rule, before, 0, 0.0, GONE, broken[0].rules[rule])
    if not broken:
        asked = not rule.startswith(OF_REQUESTS) or any(_occurred(run, after.func_ids) for run in bases)
        mark = NEWLY_BROKEN if asked else NOT_ASKED
        if asked and rule in NOW_AND_THEN and _chance(after, bases, new) > MISSED:
            mark = FEW
        return RuleDifference(rule, 0, after.count, after.count, mark, after)
    names = {name: 0 for run in (*broken, new) for name in run.rules[rule].func_ids}
    messages = max(new.messages_of(names), 1)
    counts = [(run.rules[rule].count if rule in run.rules else 0, max(run.messages_of(names), 1)) for run in bases]
    most, least = max(count / of for count, of in counts), min(count / of for count, of in counts)
    high, low = max(_high(*pair) for pair in counts), min(_low(*pair) for pair in counts)
    rate = after.count / messages
    mark = LIKE
    if rate >= FAR_TIMES * most and _low(after.count, messages) > high:
        mark = MORE
    elif FAR_TIMES * rate <= least and _high(after.count, messages) < low:
        mark = LESS
    return RuleDifference(rule, before, after.count, max(after.count - most * messages, 0.0), mark, after)


def _occurred(run: Judged, func_ids: Mapping[str, int]) -> bool:
    return not func_ids or any(run.messages.get(name) for name in func_ids)


def _chance(after: Broken, bases: Sequence[Judged], new: Judged) -> float:
    """How probable it is that all of them fell into the new run, if the platform is the same."""
    messages = new.messages_of(after.func_ids)
    share = messages / max(messages + sum(run.messages_of(after.func_ids) for run in bases), 1)
    return math.pow(share, after.count)


def _low(count: int, messages: int) -> float:
    return max(count + Z * Z / 2.0 - Z * math.sqrt(count + Z * Z / 4.0), 0.0) / messages


def _high(count: int, messages: int) -> float:
    """The upper bound of a Poisson count by its score, as Wilson's is of a share."""
    return (count + Z * Z / 2.0 + Z * math.sqrt(count + Z * Z / 4.0)) / messages


def _broken(found: Occurrence) -> Broken:
    func_ids = dict(sorted(found.func_ids.items(), key=lambda item: (-item[1], item[0])))
    return Broken(found.tally.count, len(found.devices), func_ids, mask(found.example))
