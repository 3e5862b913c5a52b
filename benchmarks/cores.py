"""Which process runs where: the measured client on one core, the server on another."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Core numbers. They are the same where the machine has only one, and then the figures are worth little."""

    client: int
    server: int

    @property
    def apart(self) -> bool:
        return self.client != self.server


def choose_cores() -> Cores:
    """The first two cores that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(client=allowed[0], server=allowed[1] if len(allowed) > 1 else allowed[0])


def pin(pid: int, core: int) -> None:
    """Keep a process on one core; threads that it starts later inherit that."""
    os.sched_setaffinity(pid, {core})
