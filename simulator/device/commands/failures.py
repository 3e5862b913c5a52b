"""Commands that fail though nothing is wrong with them, as on real devices now and then; by the scenario's shares.

The answers are those that the same device gives in earnest (docs/deviations.md, Codes of a device).
"""

import random
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.fields.range import Range
from simulator.protocol.codes import DOWNLOAD_FAILED, STORE_FULL

DOWNLOADING: Final = frozenset({"cmd.data.update.bioPhoto"})
"""Commands that fetch something."""
STORING: Final = DOWNLOADING | {
    "cmd.data.update.user",
    "cmd.data.update.meeting",
    "cmd.data.update.meetingMember",
    "cmd.data.update.multiCard",
}
"""Commands that need room."""


class Fate(Enum):
    """What is to become of a command."""

    CARRIED_OUT = "carried out"
    BUSY = "busy"
    STORE_FULL = "store full"
    DOWNLOAD = "download"
    SILENT = "silent"


REFUSALS: Final = {
    Fate.STORE_FULL: (STORE_FULL, "the store is full"),
    Fate.DOWNLOAD: (DOWNLOAD_FAILED, "download failed: not reached"),
}
"""How a command is answered that is not carried out; a busy device answers before it takes it at all."""


def is_wanted(outcome: tuple[str, str]) -> bool:
    """Whether it is one of `REFUSALS` itself: a real one in the same words is another object.

    A device keeps the outcome as it is, so that a command that is sent again is known, too.
    """
    return any(outcome is refusal for refusal in REFUSALS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailures:
    """Shares (0..1) of commands that end in each way.

    Attributes:
        busy: refused as if too many waited; the platform may send it again at once, under the same cmdId.
        store_full: of commands that need room.
        download: of commands that fetch something.
        silent: carried out and not answered; sent again, it is answered from memory.
        slow: seconds more that a slow one takes, None for none.
        slow_share: which of them are slow.
    """

    busy: float = 0.0
    store_full: float = 0.0
    download: float = 0.0
    silent: float = 0.0
    slow: Range | None = None
    slow_share: float = 1.0

    def draw(self, func_id: str, rng: random.Random) -> Fate:
        """What becomes of the next command `func_id`."""
        ways = (
            (Fate.BUSY, self.busy),
            (Fate.STORE_FULL, self.store_full if func_id in STORING else 0.0),
            (Fate.DOWNLOAD, self.download if func_id in DOWNLOADING else 0.0),
            (Fate.SILENT, self.silent),
        )
        drawn = rng.random()
        for fate, share in ways:
            if drawn < share:
                return fate
            drawn -= share
        return Fate.CARRIED_OUT

    def delay(self, rng: random.Random) -> float:
        """Seconds more that the next command takes."""
        if self.slow is None or rng.random() >= self.slow_share:
            return 0.0
        return rng.uniform(self.slow.low, self.slow.high)
