"""Figures of a fault, or of several of the same text, as the cells of a table tell them.

`reports.weather_shown` has the rows.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports import text
from simulator.texts.translation import N_, _

UNTOLD: Final = -1.0
"""In place of seconds: nothing is known."""
Fault = Mapping[str, Any]


def kind_text(what: str) -> str:
    """A kind of fault (`outage`, `slow_link`); marked in `simulator.fleet.forecast`."""
    return _(what)


def state_of(fault: Fault) -> str:
    """What is odd about it, in English; empty for nothing."""
    if not fault["came"]:
        return N_("never came")
    if not fault["hit"]:
        return N_("hit nobody")
    return "" if fault["over"] else N_("under way at the end")


def seconds_to_recover(fault: Fault, key: str) -> float:
    """Seconds; infinite: never, -0.5: too early to tell, -1: nothing to tell."""
    value = fault["recovery_ms"][key]
    if value is not None:
        return float(value) / 1000.0
    if fault["never_back"]:
        return math.inf
    # A fault that is not over may yet hit anybody it hit again.
    open_ = fault["undecided"] or (not fault["over"] and fault["hit"] > fault["overtaken"] + fault["ended"])
    return -0.5 if open_ else UNTOLD


def seconds_to_deliver(fault: Fault) -> float:
    """Of the records that had piled up; `UNTOLD` where nobody saw it."""
    value = fault["backlog"]["delivered_ms"]
    if value is not None:
        return float(value) / 1000.0
    return UNTOLD


def longest(seconds: Iterable[float], unknown: str) -> str:
    """The longest of seconds as above, in words; `unknown` is what is said of those that are too early."""
    found = list(seconds)
    most = max(found, default=UNTOLD)
    if math.isinf(most):
        return text.ENDLESS
    if most >= 0:
        told = text.short_duration(most)
        return _("{duration} ({unknown} for some)", duration=told, unknown=unknown) if -0.5 in found else told
    return unknown if most == -0.5 else text.NOTHING


def summed(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts added up by name, the largest first."""
    added: dict[str, int] = {}
    for counts in found:
        for name, count in counts.items():
            added[name] = added.get(name, 0) + count
    return dict(sorted(added.items(), key=lambda item: (-item[1], item[0])))


def codes_by_name(found: Iterable[Mapping[str, Mapping[str, int]]]) -> str:
    """Names with their codes and counts."""
    together: dict[str, dict[str, int]] = {}
    for names in found:
        for name, codes in names.items():
            together[name] = summed((together.get(name, {}), codes))
    return text.clauses(f"{name}: {text.tally(codes)}" for name, codes in together.items())


def held_up_text(faults: Iterable[Fault]) -> str:
    """What was held up, with how long it took."""
    found: dict[str, tuple[int, float, float]] = {}
    for fault in faults:
        for name, figures in fault["delayed"].items():
            count, p99, most = found.get(name, (0, 0.0, 0.0))
            found[name] = (count + figures["count"], max(p99, figures["p99"]), max(most, figures["max"]))
    several = len(list(faults)) > 1
    told = []
    for name, (count, p99, most) in found.items():
        values = {"count": text.count(count), "p99": text.milliseconds(p99), "max": text.milliseconds(most)}
        if several:
            told.append(_("{name}: {count}, p99 at most {p99} ms, max {max} ms", name=name, **values))
        else:
            told.append(_("{name}: {count}, p99 {p99} ms, max {max} ms", name=name, **values))
    return text.clauses(told)
