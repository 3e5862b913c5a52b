"""Texts of faults read back: what a report keeps in English (`outage (reset), 30% of all`) as the parts it was made of.

`simulator.fleet.forecast` makes them of the same texts, so that both are said alike in every language.
"""

import re
from typing import Final

from simulator.texts.told import Told
from simulator.texts.translation import N_

KINDS: Final = (
    *(N_("outage"), N_("flapping"), N_("slow_link"), N_("power_cut")),
    *(N_("clock_jump"), N_("reboot_wave"), N_("platform_restart"), N_("misbehave")),
)
LIKE: Final = (N_("reset"), N_("close"), N_("silent"), N_("dns"), N_("refused"), N_("unsent lost"))
"""What an outage or a power cut is like, in the words of a scenario."""
DETAILS: Final = (
    *(N_("up {time}"), N_("down {time}"), N_("latency {time}"), N_("bandwidth {rate}")),
    *(N_("stall {share}"), N_("back after {time}"), N_("{count} ways")),
)
"""With a value in them."""
_FAULT: Final = re.compile(
    rf"(?P<kind>{'|'.join(KINDS)})(?: \((?P<details>[^()]*)\))?(?:, (?P<whom>.+?)(?P<by_hand>, by hand)?)?", re.DOTALL
)
_SHARE: Final = re.compile(r"(?P<share>[\d.]+ ?%) of (?P<names>.+)", re.DOTALL)
_PATTERNS: Final = tuple((re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^ ]+)", text)), text) for text in DETAILS)


def with_details(kind: str, details: list[str]) -> Told:
    """A kind of fault and what it is like."""
    if not details:
        return Told(kind)
    *before, together = details
    for detail in reversed(before):
        together = Told("{what}, {whom}", what=detail, whom=together)
    return Told("{what} ({details})", what=kind, details=together)


def read_back(text: str) -> Told | None:
    """The text with its parts; None where it is no fault's."""
    found = _FAULT.fullmatch(text)
    if found is None:
        return None
    what = with_details(found["kind"], [_detail(each) for each in (found["details"] or "").split(", ") if each])
    if found["whom"] is None:
        return what
    shared = _SHARE.fullmatch(found["whom"])
    whom = Told("{share} of {names}", **shared.groupdict()) if shared is not None else found["whom"]
    if found["by_hand"]:
        return Told("{what}, {whom}, by hand", what=what, whom=whom)
    return Told("{what}, {whom}", what=what, whom=whom)


def _detail(text: str) -> str:
    for pattern, message in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is not None:
            return Told(message, **found.groupdict())
    return text
