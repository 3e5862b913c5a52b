"""Violations that the platform's own death would explain, held back until it is known whether it lived on.

Connections end some ms before anybody can know that the platform is dead, and in other processes than the one that
watches it. So what looks like an end without a word counts as soon as the platform is known to have been there after
it, and not at all where it died before.
"""

import math
from collections.abc import Iterable
from typing import Any, Final

from simulator.measurements.occurrences import Occurrences
from simulator.measurements.violation_rules import SESSION_CLOSED_UNANNOUNCED

BY_DEATH: Final = frozenset({SESSION_CLOSED_UNANNOUNCED})
"""Rules that nobody breaks who is dead."""

Row = tuple[str, str, float, int, str, int]
"""The arguments of `Occurrences.add`."""


class HeldViolations(Occurrences):
    """A run's violations. Nothing is held before `hold`: a platform that is not ours answers for every end."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[Row] = []
        # No more of them than connections that end within seconds: `lived` settles them, or a worker's next report.
        self._lived = math.inf
        self._died = False

    def hold(self) -> None:
        """The platform is watched: what it may not have lived to see waits for `lived` or `died`."""
        self._lived = -math.inf

    @property
    def open_since(self) -> float:
        """From when on (epoch seconds) nobody knows yet whether the platform was there; infinite where all is known."""
        return math.inf if self._died else self._lived

    def lived(self, until: float) -> None:
        """The platform was there at `until` (epoch seconds), and answers for what happened before."""
        self._lived = max(self._lived, until)
        self._settle()

    def died(self) -> float:
        """It is dead, and answers for nothing since it was seen the last time: returns when that was."""
        self._died = True
        self._settle()
        return self._lived

    def add(self, rule: str, example: str, at: float, index: int = -1, func_id: str = "", count: int = 1) -> None:
        if rule not in BY_DEATH or at < self._lived:
            super().add(rule, example, at, index, func_id, count)
        elif not self._died:
            self._held.append((rule, example, at, index, func_id, count))

    def drain_held(self) -> list[Row]:
        """What waits, for `take_held` of the process that watches the platform."""
        held, self._held = self._held, []
        return held

    def take_held(self, rows: Iterable[Any]) -> None:
        """Add what another process held."""
        for row in rows:
            self.add(*row)

    def dump(self) -> dict[str, list[Any]]:
        """As ever; who reads a run that broke off finds no death in it, so that what waits counts there."""
        if not self._held:
            return super().dump()
        whole = Occurrences()
        whole.merge(super().dump())
        for row in self._held:
            whole.add(*row)
        return whole.dump()

    def _settle(self) -> None:
        self.take_held(self.drain_held())
