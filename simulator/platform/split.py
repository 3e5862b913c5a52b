"""Which of several processes of one platform a device belongs to, and what so many ask for. Pure.

A device is always with one process: its look-ups, its connection and all that the ledger keeps of it.
"""

import hashlib
import math
import signal
from dataclasses import dataclass
from pathlib import Path

from simulator.platform.directory import DeviceIdentity, Directory

MOST_PROCESSES = 64
BREAK_OFF = signal.SIGQUIT
"""Tells the parent of the processes to end them as SIGKILL does and, when none is left, itself so: only it can wait for
them, and one that is still there has its ports and its ledger."""
_END_S = 10.0
"""A process gives its devices 5 s for their closing handshakes, and commits its ledger."""
_END_A_PROCESS_S = 2.0
"""More for each further process, as they end side by side on few cores."""
_SPARE_FILES = 200
"""Files besides the devices' connections: the ledger, the ports, the way to the other processes, look-ups under way."""
_FULL = 0.92
"""Share of the other files that a fleet may take: the split is even on average only, and old connections end late."""


def owner_of(sn: str, processes: int) -> int:
    """The process, from 0, that a serial number belongs to: the same one on every machine and with every start."""
    digest = hashlib.blake2b(sn.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % processes


def processes_needed(devices: int, open_files: int) -> int:
    """How many processes carry a fleet of so many devices.

    Args:
        open_files: how many a process may have.
    """
    each = max(1, int((open_files - _SPARE_FILES) * _FULL))
    return min(MOST_PROCESSES, max(1, math.ceil(devices / each)))


def end_timeout_s(processes: int) -> float:
    """So long a platform in so many processes has to end in order; what is left of it then is killed."""
    return _END_S + _END_A_PROCESS_S * (processes - 1)


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of a platform a process is."""

    number: int
    """From 0."""
    of: int
    """How many processes there are."""
    meeting_place: Path
    """Directory of this platform alone, in which its processes find one another."""

    def owns(self, sn: str) -> bool:
        """Whether the device belongs to this process."""
        return owner_of(sn, self.of) == self.number


class ShareDirectory:
    """The devices of one process; the others' are unknown to it, so that none is ever served twice."""

    def __init__(self, inner: Directory, share: Share) -> None:
        self._inner = inner
        self._share = share

    def lookup(self, sn: str) -> DeviceIdentity | None:
        """As the directory of all; None for a device of another process."""
        return self._inner.lookup(sn) if self._share.owns(sn) else None
