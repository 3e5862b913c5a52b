"""What the parts of one platform share: its settings, time, ledger and counts, who may do what, and its log."""

import asyncio
from dataclasses import dataclass

from simulator.clock import Clock, TimerQueue
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.notices import Log, Notices
from simulator.platform.reading import Demands
from simulator.platform.settings import PlatformSettings
from simulator.platform.tally import Tally


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
