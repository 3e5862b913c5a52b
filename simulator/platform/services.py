"""What the parts of one platform share: its settings, time, ledger and counts, who may do what, and its log."""

import asyncio
from dataclasses import dataclass, field

from simulator.clock import Clock, TimerQueue
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.notices import Log, Notices
from simulator.platform.reading import Demands
from simulator.platform.settings import PlatformSettings
from simulator.platform.tally import Tally
from simulator.received import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Handed to each part, which takes from it what it needs."""

    settings: PlatformSettings
    seed: int
    """Of everything that is made up or drawn."""
    clock: Clock
    timers: TimerQueue
    """Where the pushes wait; whoever owns the event loop runs it."""
    loop: asyncio.AbstractEventLoop
    """Delays answers."""
    ledger: Ledger
    devices: DeviceTable
    tally: Tally
    authority: Authority
    demands: Demands
    answers: AnswerPolicy
    notices: Notices
    log: Log
    verbose: bool
    """Whether every message gets a line."""
    received: Received = field(default_factory=Received)
    """When the message that is being handled arrived, where the wire knows it."""

    def age(self) -> float:
        """Seconds since the message that is being handled arrived; a platform that reads late still answers in time."""
        arrived = self.received.at
        return self.clock.monotonic() - arrived if arrived else 0.0

    def left(self, delay: float) -> float:
        """How much of a delay in seconds is left of the message that is being handled: it begins with its arrival."""
        return max(0.0, delay - self.age())
