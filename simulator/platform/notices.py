"""What is counted each time and said now and then: one line for people, not one for each message or connection."""

import math
from collections.abc import Callable

from simulator.clock import Clock
from simulator.platform.tally import Tally

_FAULT_EVERY_S = 10.0

Log = Callable[[str], None]
"""Takes one line for people, without secrets."""


class Notices:
    """The notices of one platform."""

    def __init__(self, tally: Tally, clock: Clock, log: Log) -> None:
        self._tally = tally
        self._clock = clock
        self._log = log
        self._told: set[str] = set()
        self._fault_said: dict[str, float] = {}

    def turned_away(self, why: str, where: str = "before the login") -> None:
        """A connection of somebody unknown was ended; the first of each kind gets a line."""
        name = f"turned away {where}: {why}"
        self._tally.event(name)
        if name not in self._told:
            self._told.add(name)
            self._log(f"a connection was {name}; more of them are counted in the ledger only")

    def count(self, name: str) -> None:
        """Something that is counted and not said."""
        self._tally.event(name)

    def counted_once_said(self, name: str, of: str = "") -> None:
        """Something that is wrong: counted each time, and said the first time; `of` says of whom."""
        self._tally.event(name)
        if name not in self._told:
            self._told.add(name)
            self._log(f"{of or 'somebody'}: {name}; more of the kind are counted in the ledger only")

    def another_certificate(self, sn: str, certified: str) -> None:
        """A message in the name of `sn` came over a connection that was opened with the certificate of `certified`."""
        self._tally.event("certificate of another device")
        if "certificate" not in self._told:
            self._told.add("certificate")
            told = "refused, as are all others of the kind; the ledger counts how often"
            self._log(f"{sn}: shows the certificate of {certified}; {told}")

    def another_topic(self, sn: str, owner: str) -> None:
        """A message in the name of `sn` came by the topic of `owner`."""
        self._tally.event("topic of another device")
        if "topic" not in self._told:
            self._told.add("topic")
            told = "refused, as are all others of the kind; the ledger counts how often"
            self._log(f"{sn}: publishes to the topic of {owner}; {told}")

    def ledger_fault(self, kind: str, detail: str) -> None:
        """The ledger could not do something."""
        self._tally.event(f"ledger: {kind}")
        now = self._clock.monotonic()
        if now >= self._fault_said.get(kind, -math.inf) + _FAULT_EVERY_S:
            self._fault_said[kind] = now
            self._log(f"ledger: {kind} ({detail}); the ledger counts how often")
