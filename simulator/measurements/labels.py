"""The names under which is counted: a bounded number of them, each short and in one line, with the rest as `others`.

A platform may make up a new code, funcId or close reason for every message. What it makes up is counted exactly as
well, but from a number on under one name, so that neither memory nor a report grows with it. Names of our own and of
the protocol never fall among the others.
"""

from collections.abc import Iterable
from typing import Final

from simulator.measurements.names import (
    COMMAND_PREFIX,
    FAILED_PREFIX,
    FLOW_PREFIX,
    FLOWS,
    GENERATOR_TAGS,
    GROUP_PREFIX,
    INTENDED_PREFIX,
    KNOWN_CODES,
    OTHERS,
)
from simulator.protocol.catalogue import PROTOCOL_ORDER
from simulator.shown import label

MOST_CODES: Final = 40
"""Foreign ones, beside those of the protocol and of the device itself; the vendor's public list has fewer."""
MOST_CODES_OF_A_SERIES: Final = 20
"""Likewise, of one series: a row of a table shows them all."""
MOST_SERIES: Final = 40
"""Beside the protocol's own funcIds and commands."""
MOST_REASONS: Final = 40

OWN_SERIES: Final = frozenset({*PROTOCOL_ORDER, *(flow.tag for flow in FLOWS), *GENERATOR_TAGS})


class Labels:
    """A vocabulary that stops growing.

    Args:
        most: names beside `own`.
        own: names that always keep their own place.
    """

    __slots__ = ("_most", "_names")

    def __init__(self, most: int, own: Iterable[str] = ()) -> None:
        self._names = dict.fromkeys(own, True)
        self._most = most + len(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def of(self, name: str, others: str = OTHERS) -> str:
        """The label under which `name` is counted; for one that is known, a look-up in a dictionary."""
        if name in self._names:
            return name
        shown = label(name)
        if shown in self._names:
            return shown
        if len(self._names) >= self._most:
            return others
        self._names[shown] = True
        return shown


class Vocabulary:
    """Everything that a run counts by name."""

    __slots__ = ("_codes", "_codes_of", "_reasons", "_series")

    def __init__(self) -> None:
        own = (*OWN_SERIES, OTHERS, COMMAND_PREFIX + OTHERS, FLOW_PREFIX + OTHERS)
        self._series = Labels(MOST_SERIES, own)
        self._codes = Labels(MOST_CODES, KNOWN_CODES)
        self._codes_of: dict[str, Labels] = {}
        self._reasons = Labels(MOST_REASONS)

    def tag(self, tag: str) -> str:
        """The series in which `tag` is counted: itself, or the others of its kind."""
        if tag in self._series:
            return tag
        if tag.startswith(GROUP_PREFIX):
            group, _, series = tag.removeprefix(GROUP_PREFIX).partition(":")
            return f"{GROUP_PREFIX}{group}:{self.tag(series)}"
        for view in (FAILED_PREFIX, INTENDED_PREFIX):
            if tag.startswith(view):
                return view + self.tag(tag.removeprefix(view))
        kind = next((prefix for prefix in (COMMAND_PREFIX, FLOW_PREFIX) if tag.startswith(prefix)), "")
        return self._series.of(tag, kind + OTHERS)

    def code(self, tag: str, code: str) -> str:
        """The code under which a failure of the series `tag` (one that `tag` gave) is counted."""
        of_series = self._codes_of.get(tag)
        if of_series is None:
            of_series = self._codes_of[tag] = Labels(MOST_CODES_OF_A_SERIES, (*KNOWN_CODES, OTHERS))
        return code if code in of_series else of_series.of(self._codes.of(code))

    def reason(self, reason: str) -> str:
        """The reason under which the end of a connection is counted."""
        return self._reasons.of(reason)
