"""What a device says of its platform: each departure from the document, and what is merely unusual.

What was found may repeat what the platform said; the device's own secrets are taken out before anybody is told.
"""

from collections.abc import Collection
from typing import Protocol

from simulator.clock import Clock
from simulator.measurements.recorder import Recorder
from simulator.shown import without_values


class SecretHolder(Protocol):
    """Who knows what nobody may be shown, should the platform say it."""

    def secrets(self) -> Collection[str]: ...


class Witness:
    """Tells the recorder of one device's findings.

    Args:
        holder: knows the device's secrets.
        index: the device's place in the fleet.
    """

    __slots__ = ("_clock", "_recorder", "holder", "index")

    def __init__(self, recorder: Recorder, clock: Clock, holder: SecretHolder, index: int) -> None:
        self._recorder = recorder
        self._clock = clock
        self.holder = holder
        self.index = index

    def violation(self, rule: str, func_id: str, found: str, count: int = 1) -> None:
        """The platform departed from the document, `count` times.

        Args:
            rule: one of `measurements.rules`.
            func_id: the message that it concerns; empty for none.
            found: what, for people.
        """
        self._recorder.violation(rule, func_id, self.shown(found), self._clock.wall(), self.index, count)

    def observation(self, rule: str, func_id: str, found: str, count: int = 1) -> None:
        """As `violation`, of what is allowed and unusual."""
        self._recorder.observation(rule, func_id, self.shown(found), self._clock.wall(), self.index, count)

    def shown(self, text: str) -> str:
        """`text` without the device's secrets."""
        return without_values(text, self.holder.secrets())
