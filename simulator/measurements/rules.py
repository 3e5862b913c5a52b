"""The rules by which a platform is judged, all in one table.

Whatever departs from the protocol's document is counted as a *violation* under its rule's name; what is unusual but
allowed as an *observation*. The two and the *internal errors* of this program never mix. Devices find them by
`simulator.judge`; every report, `docs/violations.md` and the thresholds take names and texts from here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.measurements.observation_rules import OBSERVATION_RULES
from simulator.measurements.rule import Rule
from simulator.measurements.violation_rules import VIOLATION_RULES

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.name: rule for rule in (*VIOLATION_RULES, *OBSERVATION_RULES)}
)
"""Every rule by name, in the order of tables."""


def section_of(rule: str) -> str:
    """The section a rule belongs to; empty for one that is not declared (`others`, internal errors)."""
    known = RULES.get(rule)
    return "" if known is None else known.section
