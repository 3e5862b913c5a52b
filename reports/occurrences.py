"""The three classes of findings in `summary.json`: violations, observations and internal errors, each by rule.

They never mix: a violation is what the platform did against the document, an observation what is unusual and allowed,
an internal error a fault of this program.
"""

from datetime import UTC, datetime
from typing import Any, Final

from reports.masking import mask
from simulator.measurements.occurrences import Occurrence, Occurrences
from simulator.measurements.rule import RuleKind
from simulator.measurements.rules import RULES, section_of
from simulator.measurements.run import RunMeasurements

VIOLATIONS: Final = "violations"
OBSERVATIONS: Final = "observations"
INTERNAL_ERRORS: Final = "internal_errors"
KINDS: Final = {VIOLATIONS: RuleKind.VIOLATION, OBSERVATIONS: RuleKind.OBSERVATION}
"""The classes that have rules which are known before a run."""
CLASSES: Final = (VIOLATIONS, OBSERVATIONS, INTERNAL_ERRORS)
"""Keys of the summary, in the order in which they are shown."""


def known_rules(of_class: str) -> list[str]:
    """The rules of a class that a run may find."""
    return [rule.name for rule in RULES.values() if rule.kind is KINDS.get(of_class)]


def dump_classes(measurements: RunMeasurements) -> dict[str, dict[str, Any]]:
    """All three classes of a run, by their keys in the summary."""
    found = (measurements.violations, measurements.observations, measurements.internal_errors)
    return {name: dump_occurrences(of_class) for name, of_class in zip(CLASSES, found, strict=True)}


def dump_occurrences(found: Occurrences) -> dict[str, Any]:
    """One class in the form of the summary; the moments in ISO 8601, UTC, to the millisecond."""
    by_rule = {rule: _dump(rule, item) for rule, item in sorted(found.by_rule.items())}
    return {"total": found.total, "by_rule": by_rule}


def _dump(rule: str, found: Occurrence) -> dict[str, Any]:
    func_ids = sorted(found.func_ids.items(), key=lambda item: (-item[1], item[0]))
    return {
        "count": found.tally.count,
        "devices": len(found.devices),
        "func_ids": dict(func_ids),
        "section": section_of(rule),
        "first": moment(found.tally.first),
        "last": moment(found.tally.last),
        "example": mask(found.example),
    }


def moment(epoch_s: float) -> str:
    """Epoch seconds as the summary tells moments."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")
