"""The three classes of findings as every report shows them: rows with their texts, and what is said where none is.

Texts that a platform wrote (examples, funcIds) are as they were counted: who shows them escapes them for its format.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from reports import text
from reports.former import NOT_JUDGED
from reports.occurrences import CLASSES, INTERNAL_ERRORS, OBSERVATIONS, VIOLATIONS
from simulator.measurements.rules import RULES
from simulator.texts.translation import N_, _, ngettext

TITLES: Final = {
    VIOLATIONS: N_("Violations"),
    OBSERVATIONS: N_("Observations"),
    INTERNAL_ERRORS: N_("Errors of best-fleet itself"),
}
ABOUT: Final = {
    VIOLATIONS: N_(
        "What the platform sent against the protocol's document. Devices used whatever had a plain meaning."
    ),
    OBSERVATIONS: N_("What is unusual, and allowed: nothing that the document forbids."),
    INTERNAL_ERRORS: N_("Faults of the load generator, not of the platform. Any of them makes the run invalid."),
}
"""By class, in English: whoever shows them translates them."""
_OURS: Final = (N_("best-fleet itself failed here"), N_("Please report it, with the example and the run's logs."))
_UNKNOWN: Final = (
    N_("The platform did what this version has no text for"),
    N_("See docs/violations.md of the version that ran."),
)
_CROSSED: Final = re.compile(rf"({VIOLATIONS}|{OBSERVATIONS})(?:\.([\w.*?\[\]\-]+))?\s*[<>=!]")


@dataclass(frozen=True, slots=True)
class Row:
    """One rule that occurred."""

    rule: str
    count: int
    devices: int
    func_ids: Mapping[str, int]
    """The most frequent first."""
    section: str
    first: str
    """ISO 8601."""
    last: str
    example: str
    meaning: str
    """A sentence without its full stop."""
    advice: str
    """What to do about it, a sentence."""

    @property
    def messages(self) -> str:
        """The messages that it concerns, as a list on one line; empty for none."""
        return text.tally(self.func_ids)

    @property
    def on_devices(self) -> str:
        """`12 devices`."""
        return text.counted(self.devices, "device")


def rows_of(summary: Mapping[str, Any], of_class: str) -> list[Row]:
    """The rules of a class that occurred, the most frequent first."""
    found = [_row(of_class, rule, item) for rule, item in summary[of_class]["by_rule"].items()]
    return sorted(found, key=lambda row: (-row.count, -row.devices, row.rule))


def none_found(summary: Mapping[str, Any], of_class: str) -> str:
    """What is said of a class of which nothing occurred: a sentence."""
    if of_class == INTERNAL_ERRORS:
        return _("None: best-fleet itself met no error.")
    if any(note["key"] == NOT_JUDGED for note in summary["notes"]):
        return _("Not known: the run was made by a version that did not judge the platform yet.")
    if not summary["fleet"]["came_online"]:
        return _("None, but no device came online: there was hardly anything to judge.")
    if of_class == OBSERVATIONS:
        return _("None: nothing unusual was seen.")
    return _("None: nothing that the platform sent was found to depart from the document.")


def further_rules(rows: Sequence[Row]) -> str:
    """Those that are left out, in a few words."""
    times = text.count(sum(row.count for row in rows))
    return ngettext("{number} more rule ({times} times)", "{number} more rules ({times} times)", len(rows), times=times)


def total_text(summary: Mapping[str, Any], of_class: str) -> str:
    """How many there were, of how many rules: `12 of 3 rules`; `none`."""
    total, rules = summary[of_class]["total"], len(summary[of_class]["by_rule"])
    if not total:
        return _("none")
    return _("{count} of {rules}", count=text.count(total), rules=text.counted(rules, "rule"))


def counted(number: int, what: str) -> str:
    """`1 device`, `12 devices`."""
    return text.counted(number, what)


def unjudged(summary: Mapping[str, Any]) -> str:
    """Why few rules or none say little; empty where they say what there is to say."""
    if summary["fleet"]["came_online"]:
        return ""
    return _("no device came online, so that little could be judged")


def crossed_rules(summary: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Class -> rule that occurred -> the threshold that was crossed and speaks of it."""
    found: dict[str, dict[str, str]] = {name: {} for name in CLASSES}
    for result in summary["thresholds"]:
        match = None if result["passed"] else _CROSSED.match(result["expression"])
        if match is None:
            continue
        of_class, asked = match.groups()
        for rule in summary[of_class]["by_rule"]:
            if asked is None or fnmatchcase(rule, asked):
                found[of_class].setdefault(rule, result["expression"])
    return found


def _row(of_class: str, rule: str, item: Mapping[str, Any]) -> Row:
    known = RULES.get(rule)
    meaning, advice = map(_, _OURS if of_class == INTERNAL_ERRORS else _UNKNOWN)
    if known is not None:
        meaning, advice = _("The platform {did}", did=_(known.meaning)), _(known.advice)
    return Row(
        rule,
        item["count"],
        item["devices"],
        item.get("func_ids", {}),
        item.get("section", ""),
        str(item["first"]),
        str(item["last"]),
        item["example"],
        meaning,
        advice,
    )
