"""Leases of device indexes: no serial number is ever live on two workers.

Pure on both sides: time is handed in, and messages are plain dictionaries that `master` and `worker` carry. They may
be lost, repeated or late, workers may stall or die.

The rules:

- A worker asks with a numbered message: what it still holds (devices that are closing included), how many more it
  wants, and the number of the newest answer that it has seen. The master answers with *everything* that the worker
  holds from now on and for how long, so a lost answer is made good by the next.
- The worker counts the lease from the moment it *sent* the question, the master from the moment it *received* it. So,
  however late a message, the worker's lease always runs out first. Then the worker drops its devices (the fence).
- What a silent worker held rests for a quarantine before another gets it. A stopped process keeps its connections
  open, though nobody serves them; the quarantine is longer than a platform keeps a connection that fell silent. The
  scenario's `workers` section says how long lease and quarantine are.
- A worker gets `MOST_AT_ONCE` indexes with an answer at most, because what it must know of each goes along.
- While many are free it gets some ahead of those that it wants, for the users to come. A fleet that comes online for
  half an hour would ask for every device by itself otherwise, and each worker hold every thirteenth index: lists of
  thousands of ranges, a hundred times a second. What nobody took for a while goes back.
- An index is free again when its worker no longer names it, in a message sent after it had seen the grant.
- What a lost worker held is dealt at `deal_rate`, and not to a worker that says that it is overloaded: all at once
  would be a storm of logins, and the next worker lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.scenario.sections.run import LEASE_S, QUARANTINE_S
from simulator.swarm.process.index_ranges import Ranges

RENEWALS = 4
"""How often a worker renews within a lease: three messages may be lost in a row."""
MOST_AT_ONCE = 1_000
"""Indexes that a worker is granted before it has said that it knows: with all that goes along a message of 200 KB."""
MOST_AHEAD = 64
"""Indexes that it is granted for users to come."""
SHARE_AHEAD = 4
"""All workers together get one in so many of the free ones ahead: the last users must find theirs at once."""
CLOCK_MARGIN = 0.02
"""Part of the lease that the worker does not use: two machines' clocks may not run equally fast."""


@dataclass(slots=True)
class _Holding:
    """What the master knows of one worker."""

    expires: float
    held: Ranges = field(default_factory=Ranges)
    seen: int = 0
    """Number of the worker's newest message."""
    unseen: dict[int, Ranges] = field(default_factory=dict)
    """Grants by the answer that carried them, which the worker has not confirmed yet."""


class LeaseTable:
    """The master's side: who holds which of the indexes `0..total-1`.

    Every method takes `now`, monotonic seconds of the master.
    """

    def __init__(self, total: int, *, lease_s: float = LEASE_S, quarantine_s: float = QUARANTINE_S) -> None:
        self._free = Ranges([(0, total)])
        self.lease_s = lease_s
        self.quarantine_s = quarantine_s
        self._holdings: dict[str, _Holding] = {}
        self._orphans = Ranges()
        """Rested long enough, and nobody has taken them yet."""
        self.deal_rate: float | None = None
        """How many of these are dealt a second; None for all at once."""
        self._allowed = 0.0
        self._allowed_at = float("-inf")

    @property
    def free(self) -> int:
        """How many indexes can be granted at once."""
        return len(self._free)

    def resting(self, now: float) -> int:
        """How many indexes of silent workers rest in quarantine."""
        return sum(map(len, self.silent(now).values()))

    def silent(self, now: float) -> dict[str, Ranges]:
        """Workers whose lease has run out, and what they held; until that has rested long enough."""
        return {
            worker: holding.held
            for worker, holding in self._holdings.items()
            if holding.expires <= now and holding.held
        }

    def in_use(self, now: float) -> int:
        """How many indexes are held by workers that are heard of."""
        return sum(len(holding.held) for holding in self._holdings.values() if holding.expires > now)

    def missing(self, now: float) -> int:
        """How many indexes silent workers have taken along: resting, or free again and not taken by others yet."""
        return self.resting(now) + len(self._orphans)

    def answer(self, worker: str, question: Mapping[str, Any], now: float) -> dict[str, Any] | None:
        """Handle one message of `LeaseHolder.question` and return the answer to send back.

        None for a message that was overtaken by a newer one of the same worker: it must not undo that.
        """
        self.sweep(now)
        number = int(question["number"])
        holding = self._holdings.setdefault(worker, _Holding(expires=now))
        if number <= holding.seen:
            return None
        holding.seen = number
        holding.expires = now + self.lease_s
        for granted_in in [key for key in holding.unseen if key <= int(question["seen"])]:
            del holding.unseen[granted_in]
        claimed = Ranges.from_wire(question["held"])
        unseen = Ranges()
        for grant in holding.unseen.values():
            unseen = unseen | grant
        # What the worker names and nobody else holds is its own, even if it was given up for lost: its devices may
        # not have closed yet.
        returning = claimed & self._free
        self._free = (self._free - returning) | (holding.held - claimed - unseen)
        holding.held = (holding.held & (claimed | unseen)) | returning
        self._orphans = self._orphans - returning
        on_the_way = len(unseen - claimed)
        want = max(0, min(int(question["want"]), MOST_AT_ONCE) - on_the_way)
        held_back = Ranges() if not self._orphans else self._orphans - self._may_deal(now, busy=question["busy"])
        ahead = self._ahead(min(int(question["ahead"]), MOST_AT_ONCE - on_the_way - want), want)
        granted = (self._free - held_back).take(want + ahead)
        if granted:
            self._free = self._free - granted
            self._allowed = max(0.0, self._allowed - len(self._orphans & granted))
            self._orphans = self._orphans - granted
            holding.held = holding.held | granted
            holding.unseen[number] = granted
        return {"number": number, "lease_s": self.lease_s, "held": holding.held.to_wire()}

    def _ahead(self, most: int, want: int) -> int:
        """How many more than it wants a worker gets, `most` at most; none for who wants none."""
        plenty = len(self._free) - len(self._orphans) - want
        return max(0, min(most, plenty // (SHARE_AHEAD * len(self._holdings)))) if want else 0

    def _may_deal(self, now: float, *, busy: bool) -> Ranges:
        """What may be dealt now of what lost workers held."""
        if self.deal_rate is None or busy:
            return Ranges() if busy else self._orphans
        # What nobody took for longer than until the next question is not saved up for a burst.
        most = max(1.0, self.deal_rate * self.lease_s / RENEWALS)
        self._allowed = min(most, self._allowed + self.deal_rate * min(self.lease_s, now - self._allowed_at))
        self._allowed_at = now
        return self._orphans.take(int(self._allowed))

    def unseen(self, worker: str) -> Ranges:
        """What was granted to `worker` and not confirmed by it yet: what it needs for these it must be told again."""
        found = Ranges()
        for grant in self._holdings[worker].unseen.values() if worker in self._holdings else ():
            found = found | grant
        return found

    def dismiss(self, worker: str) -> Ranges:
        """Free at once what `worker` holds, because it said that all its devices are closed."""
        holding = self._holdings.pop(worker, None)
        if holding is None:
            return Ranges()
        self._free = self._free | holding.held
        return holding.held

    def sweep(self, now: float) -> Ranges:
        """Free what rested long enough; returns it."""
        freed = Ranges()
        for holding in self._holdings.values():
            if holding.held and now >= holding.expires + self.quarantine_s:
                freed = freed | holding.held
                holding.held = Ranges()
                holding.unseen.clear()
        self._free = self._free | freed
        self._orphans = self._orphans | freed
        return freed


class LeaseHolder:
    """The worker's side: what it may run, and until when.

    Every method takes `now`, monotonic seconds of the worker.
    """

    def __init__(self) -> None:
        self.held = Ranges()
        self.valid_until = float("-inf")
        """Monotonic time at which every device must be down unless the lease was renewed."""
        self._number = 0
        self._seen = 0
        self._sent: dict[int, float] = {}

    def expired(self, now: float) -> bool:
        """Whether nothing may run any more."""
        return now >= self.valid_until

    def ran_out(self, now: float) -> bool:
        """Whether there was a lease, which nobody has renewed."""
        return self.valid_until > 0 and self.expired(now)

    def question(self, want: int, now: float, *, ahead: int = 0, busy: bool = False) -> dict[str, Any]:
        """The next message to the master.

        Args:
            want: how many indexes are needed beyond those held.
            ahead: how many more may come with them.
            busy: this worker is overloaded and takes none of a lost worker's.
        """
        self._number += 1
        self._sent[self._number] = now
        return {
            "number": self._number,
            "seen": self._seen,
            "held": self.held.to_wire(),
            "want": max(0, want),
            "ahead": max(0, ahead),
            "busy": busy,
        }

    def accept(self, answer: Mapping[str, Any], now: float) -> tuple[Ranges, Ranges]:
        """Take the master's answer.

        Returns:
            (granted, lost): indexes that may be started now, and indexes whose devices must be dropped at once.
        """
        number = int(answer["number"])
        sent = self._sent.get(number)
        if number <= self._seen or sent is None:
            return Ranges(), Ranges()
        until = sent + float(answer["lease_s"]) * (1 - CLOCK_MARGIN)
        self._seen = number
        for older in [key for key in self._sent if key <= number]:
            del self._sent[older]
        held = Ranges.from_wire(answer["held"])
        if now >= until:
            # Too late to run any of it. `seen` tells the master that these grants are not used.
            return Ranges(), Ranges()
        self.valid_until = max(self.valid_until, until)
        # An index that a later question gave back may be another worker's by now, though this answer still names it.
        granted = held - self.held if number == self._number else Ranges()
        lost = self.held - held
        self.held = self.held | granted
        return granted, lost

    def give_back(self, indexes: Ranges) -> None:
        """`indexes` have no device any more; the master learns it from the next question."""
        self.held = self.held - indexes
