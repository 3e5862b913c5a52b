"""Limits of change (`--fail-on`): their grammar, and whether a comparison keeps them, crosses them, or cannot tell.

    limit  = [ name or glob ] metric "+" amount | "violations" [ "." rule or glob ] "+" number
    metric = "p" number | "failures"
    amount = number ( "%" | "ms" | "s" )      of failures: percentage points

A limit is crossed by a change beyond it that is larger than chance explains (see `reports.compare`). A figure that has
too few samples is unjudged. That is a result of its own, no pass, if the limit names it, if none of the figures that
the limit speaks of could be judged, or if it looks as if it had crossed the limit.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from reports import text as texts
from reports.compare import (
    BETTER,
    FOLLOWS,
    LEAST_MS,
    MISSING,
    NEW,
    UNKNOWN,
    WORSE,
    Difference,
    beyond_chance,
    change_text,
    metric_text,
)
from reports.compare_rules import WORSE_MARKS, RuleDifference
from reports.measures import FAILURES, PERCENTILE_PATTERN
from reports.noise import LEAST_SAMPLES, LEAST_SPANS, least_samples
from reports.occurrences import VIOLATIONS, known_rules
from simulator.closest import closest_words
from simulator.measurements.names import KNOWN_NAMES
from simulator.texts.translation import _, pgettext


@dataclass(frozen=True, slots=True)
class RuleLimit:
    """How many violations more than the base lets expect there may be."""

    expression: str
    rules: str
    """A rule or a glob."""
    amount: float

    def excess(self, differences: Sequence[RuleDifference]) -> float:
        """By how many violations those that got worse exceed what the base lets expect."""
        return sum(
            item.excess for item in differences if item.mark in WORSE_MARKS and fnmatchcase(item.rule, self.rules)
        )


@dataclass(frozen=True, slots=True)
class FailOn:
    """A limit of change. `amount` is in `unit`: `%` of a quantile, `ms`, or percentage points of failures (`%`)."""

    expression: str
    subject: str
    metric: str
    amount: float
    unit: str

    @property
    def is_name(self) -> bool:
        """Whether it speaks of one name, not of all that a glob fits."""
        return not any(letter in self.subject for letter in "*?[")

    def matches(self, difference: Difference) -> bool:
        """Whether it speaks of this figure."""
        return difference.metric == self.metric and fnmatchcase(difference.name, self.subject)

    def exceeded(self, difference: Difference, least_ms: float | None = None) -> bool:
        """Whether the figures, taken as they are, differ by more than this limit and by `least_ms`.

        Unless `least_ms` is given, it is the usual 1 ms for percentages; a limit in ms says itself what matters.
        """
        base, new = difference.base, difference.new
        if base is None or new is None or not new.value > base.value:
            return False
        change = new.value - base.value
        if self.metric == FAILURES:
            return 100.0 * change > self.amount
        if self.unit == "ms":
            return change > self.amount and change >= (least_ms or 0.0)
        return new.value > base.value * (1.0 + self.amount / 100.0) and change >= (
            LEAST_MS if least_ms is None else least_ms
        )


_FAIL_ON: Final = re.compile(rf"(?:(\S+)\s+)?({PERCENTILE_PATTERN}|{FAILURES})\s*\+\s*(\d+(?:\.\d+)?)\s*(%|ms|s)")


_RULES: Final = re.compile(rf"{VIOLATIONS}(?:\.(\S+?))?\s*\+\s*(\d+(?:\.\d+)?)")


def parse_fail_on(text: str) -> FailOn | RuleLimit:
    """Read one `--fail-on` expression: `p99 +10%`, `dev.heartbeat p95 +20 ms`, `failures +0.5%`, `violations +0`.

    Raises:
        ValueError: If it is none; the message shows the form.
    """
    of_rules = _RULES.fullmatch(text.strip())
    if of_rules is not None:
        return RuleLimit(" ".join(text.split()), of_rules[1] or "*", float(of_rules[2]))
    match = _FAIL_ON.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            _(
                "{given!r}: expected [name] metric +amount, as in 'p99 +10%', 'dev.heartbeat p95 +20 ms' or "
                "'violations +0'",
                given=text,
            )
        )
    subject, metric, amount, unit = match.groups()
    if metric == FAILURES and unit != "%":
        raise ValueError(_("{given!r}: failures change by percentage points, as in 'failures +0.5%'", given=text))
    if metric != FAILURES and not 0.0 < float(metric[1:]) < 100.0:
        raise ValueError(_("{given!r}: a percentile lies between 0 and 100", given=text))
    value = float(amount) * (1000.0 if unit == "s" else 1.0)
    return FailOn(" ".join(text.split()), subject or "*", metric, value, "ms" if unit == "s" else unit)


def unknown_names(limits: Sequence[FailOn], measured: Collection[str]) -> list[str]:
    """What is wrong with limits that speak of nothing there is: neither measured in a run nor known to the protocol."""
    known = {*measured, *KNOWN_NAMES}
    problems = []
    for limit in limits:
        if any(fnmatchcase(name, limit.subject) for name in known):
            continue
        close = closest_words(limit.subject, sorted(known), most=3)
        what = _("there is no funcId, flow or command {subject!r}", subject=limit.subject)
        if not limit.is_name:
            what = _("no funcId, flow or command fits {subject!r}", subject=limit.subject)
        problems.append(f"{limit.expression!r}: {what}{_hint(close)}")
    return problems


def unknown_rules(limits: Sequence[RuleLimit], found: Collection[str]) -> list[str]:
    """What is wrong with limits whose rule is none and was found in no run."""
    known = sorted({*known_rules(VIOLATIONS), *found})
    problems = []
    for limit in limits:
        if not any(fnmatchcase(rule, limit.rules) for rule in known):
            close = closest_words(limit.rules, known, most=3)
            what = _("no rule of the violations fits {rules!r}", rules=limit.rules)
            problems.append(f"{limit.expression!r}: {what}{_hint(close)}")
    return problems


def _hint(close: Sequence[str]) -> str:
    """Behind what is unknown: what was meant perhaps; empty where nothing is alike."""
    names = pgettext("between names of which one is meant", " or ").join(close)
    return _(" (did you mean {names}?)", names=names) if close else ""


def broken_rules(
    differences: Sequence[RuleDifference], limits: Sequence[RuleLimit], *, others: bool = False
) -> dict[str, str]:
    """Why violations make the new run not pass, by rule: with limits those beyond them, without any all that got worse.

    Args:
        others: whether limits of figures were given: then only limits of violations ask for these.
    """
    reasons: dict[str, str] = {}
    for item in differences:
        if item.mark not in WORSE_MARKS:
            continue
        if not limits and not others:
            reasons[item.rule] = item.reason
        for limit in limits:
            if fnmatchcase(item.rule, limit.rules) and limit.excess(differences) > limit.amount:
                reasons.setdefault(item.rule, _("{reason}: over {limit}", reason=item.reason, limit=limit.expression))
    return reasons


def regressions(
    differences: Sequence[Difference],
    limits: Sequence[FailOn],
    least_ms: float | None = None,
    *,
    may_lack: Container[str] = (),
) -> dict[str, list[str]]:
    """Why the new run does not pass, by name: with limits what crosses them, without any whatever got worse or is gone.

    The worst name stands first, and of a name its worst figure: what is gone, what fails more, what got slower.

    Args:
        may_lack: what the new run cannot have, and nobody is to blame for.
    """
    found: dict[str, list[tuple[tuple[int, float], str]]] = defaultdict(list)
    for difference in differences:
        reasons = found[difference.name]
        crossed = [limit.expression for limit in limits if _crosses(limit, difference, least_ms)]
        if crossed:
            told = _("{reason}: over {limit}", reason=_changed(difference), limit=crossed[0])
            reasons.append((_badness(difference), told))
        elif not limits and difference.mark == WORSE:
            reasons.append((_badness(difference), _changed(difference)))
        if difference.mark == MISSING and difference.metric == FAILURES and difference.name not in may_lack:
            told = _("{name} never occurred in the new run", name=difference.name)
            reasons.append((_badness(difference), told))
    # equally bad ones stay in the protocol's order
    for reasons in found.values():
        reasons.sort(key=lambda each: each[0])
    names = sorted((name for name, reasons in found.items() if reasons), key=lambda name: found[name][0][0])
    return {name: [told for _bad, told in found[name]] for name in names}


def _badness(difference: Difference) -> tuple[int, float]:
    """The worst is the least: gone, then failures by their share, then slowness."""
    if difference.mark == MISSING:
        return 0, 0.0
    change = math.inf if difference.change is None else difference.change
    return (1 if difference.metric == FAILURES else 2), -change


def unjudged(differences: Sequence[Difference], limits: Sequence[FailOn], least_ms: float | None = None) -> list[str]:
    """What was asked and cannot be told, because there are too few samples; without limits, only if nothing can be."""
    if not limits:
        judged = any(item.mark not in (UNKNOWN, NEW) for item in differences)
        return [] if judged else [_("no figure has samples enough in both runs")]
    found: list[str] = []
    for limit in limits:
        asked = [item for item in differences if limit.matches(item) and item.mark != MISSING]
        if not any(map(limit.matches, differences)):
            found.append(_("{limit}: {name} occurred in none of the runs", limit=limit.expression, name=limit.subject))
            continue
        open_ones = [item for item in asked if not _judged(item)]
        if limit.is_name or (asked and len(open_ones) == len(asked)):
            told = open_ones
        else:
            told = [item for item in open_ones if limit.exceeded(item, least_ms)]
        for item in told:
            figure = f"{item.name} {metric_text(item.metric)}"
            found.append(
                _("{figure}: {why} (asked for by {limit})", figure=figure, why=_why(item), limit=limit.expression)
            )
    return found


def _changed(difference: Difference) -> str:
    return f"{difference.name} {metric_text(difference.metric)} {change_text(difference)}"


def _crosses(limit: FailOn, difference: Difference, least_ms: float | None) -> bool:
    base, new = difference.base, difference.new
    if not limit.matches(difference) or base is None or new is None or not beyond_chance(base, new):
        return False
    if difference.mark == FOLLOWS and limit.subject != difference.name:
        return False
    return limit.exceeded(difference, least_ms)


def _judged(difference: Difference) -> bool:
    base, new = difference.base, difference.new
    if base is None or new is None:
        return False
    if difference.mark in (BETTER, FOLLOWS) or beyond_chance(base, new):
        return True
    return base.enough and new.enough and not base.open


def _why(difference: Difference) -> str:
    base, new = difference.base, difference.new
    if base is None or new is None:
        return _("it is new, so that there is nothing to compare it with")
    counts = _(
        "{base} samples in the base and {new} in the new run", base=texts.count(base.count), new=texts.count(new.count)
    )
    needed = LEAST_SAMPLES if difference.metric == FAILURES else least_samples(float(difference.metric[1:]))
    if min(base.count, new.count) >= needed:
        return _(
            "{counts} came too close together: it takes {seconds} s or more to judge",
            counts=counts,
            seconds=LEAST_SPANS,
        )
    few = _("{counts} are too few, it takes about {needed}", counts=counts, needed=texts.count(needed))
    change = change_text(difference)
    return _("{few}; it looks like {change}", few=few, change=change) if change else few
