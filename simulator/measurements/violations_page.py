"""The page of rules by which a platform is judged in Markdown, made from `simulator.measurements.rules`."""

from collections.abc import Iterable

from simulator.measurements.handling import HANDLING
from simulator.measurements.rule import Rule, RuleKind
from simulator.measurements.rules import RULES

_HEAD = """\
# What a run finds wrong with a platform

While devices work they check every reply, command, look-up answer and frame against the protocol's document. What
departs from it is a *violation*, counted by rule, funcId and device. What is unusual and allowed is an *observation*. A
fault of best-fleet itself is an *internal error*, and never counted among the two.

A message is used wherever its meaning is plain; a device of a group with `strict: true` refuses what departs, and
counts it too. A rule's name is stable: thresholds (`violations.reply.* == 0`), `summary.json` and the JUnit file use
it. Sections are those of the document, or of `deviations.md` where that settles what the document leaves open; its part
"What the judge takes and what it counts" says what is plain.

This page is generated from the declarations in `simulator/measurements` (`make docs`); a test fails when it is out of
date.
"""
_FAMILIES = {
    "reply": "Replies",
    "command": "Commands",
    "session": "Connections",
    "channel": "The secure channel",
    "lookup": "The look-up",
    "record": "Records",
}
_OBSERVATIONS = """\
## Observations

Nothing here is forbidden; a run that shows surprising figures is often explained by one of them.
"""


def violations_page() -> str:
    """The whole page; `docs/violations.md` holds it."""
    violations = [rule for rule in RULES.values() if rule.kind is RuleKind.VIOLATION]
    families = dict.fromkeys(rule.name.partition(".")[0] for rule in violations)
    parts = [_HEAD]
    for family in families:
        parts.append(f"## {_FAMILIES[family]}\n")
        parts += map(_rule, (rule for rule in violations if rule.name.startswith(f"{family}.")))
    parts.append(_OBSERVATIONS)
    parts += map(_rule, _observations())
    return "\n".join(parts)


def _observations() -> Iterable[Rule]:
    return (rule for rule in RULES.values() if rule.kind is RuleKind.OBSERVATION)


def _rule(rule: Rule) -> str:
    return (
        f"### {rule.name}\n\nThe platform {rule.meaning}.\n\n- Section: {rule.section}\n"
        f"- What the device does: {HANDLING[rule.name]}\n- What helps: {rule.advice}\n"
    )
