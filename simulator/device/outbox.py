"""The store of verification records: kept before they are sent, in order, until the platform has acknowledged them.

Pure bookkeeping: what to send next, and what an acknowledgement, a refusal or a lost connection means for it
(docs/deviations.md, Records and photos).
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING

from simulator.device.fifo import Fifo
from simulator.device.retries import Retried

if TYPE_CHECKING:
    from simulator.device.uploads import Upload

_by_log_id = attrgetter("log_id")


class Record(Retried):
    """One verification, as it waits in the store."""

    __slots__ = ("alone", "fields", "log_id", "photo", "restored", "sent", "verified", "what")

    def __init__(self, log_id: int, fields: dict[str, str], verified: float, photo: "Upload | None" = None) -> None:
        super().__init__()
        self.log_id = log_id
        self.fields = fields
        """The item of dev.data.upload.verifyLog."""
        self.verified = verified
        """Monotonic seconds at which the person verified."""
        self.photo = photo
        """Goes up once the record is acknowledged."""
        self.sent = False
        """Whether it has been sent before, on any connection."""
        self.alone = False
        """Whether it was in a message that was refused: sent alone from then on, so that one bad record is found."""
        self.what = ""
        """What somebody did at a meeting (`simulator.measurements.attendance.WHAT`), and empty else."""
        self.restored = False
        """Whether an earlier run made it, or this device before it was switched off; `verified` says nothing then."""


class Outbox:
    """The records of one device, `capacity` at most, acknowledged ones included.

    A record is in one of three places: `_fresh` and `_again` wait (the first in order of `logId`, the second after a
    refusal), or it is in a batch that somebody is sending.
    """

    __slots__ = ("_again", "_capacity", "_fresh", "_in_flight", "_kept", "rejected")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._fresh: Fifo[Record] = Fifo()
        self._again: list[Record] = []
        self._in_flight = 0
        self._kept = 0
        self.rejected = 0

    @property
    def pending(self) -> int:
        """Records that the platform has not acknowledged and that were not given up."""
        return len(self._fresh) + len(self._again) + self._in_flight

    @property
    def in_flight(self) -> int:
        """Of those, the ones in a batch that somebody is sending."""
        return self._in_flight

    @property
    def stored(self) -> int:
        """Records in the store: pending, given up and acknowledged ones that still have room."""
        return self.pending + self.rejected + self._kept

    def add(self, record: Record) -> bool:
        """Store a record; the oldest acknowledged one makes room. False when every place holds one that is needed."""
        if self.stored >= self._capacity:
            if self._kept == 0:
                return False
            self._kept -= 1
        self._fresh.append(record)
        return True

    def restore(self, records: Sequence[Record]) -> None:
        """Take in what an earlier life left, in order of `logId`: it has its places, also where they are too many."""
        self._fresh.extend(records)

    def waiting_after(self, log_id: int) -> list[Record]:
        """The records behind `log_id` that wait and were not refused, the latest first."""
        return list(takewhile(lambda record: record.log_id > log_id, reversed(self._fresh)))

    def waiting(self) -> Iterator[Record]:
        """The records that wait, those of a batch that is being sent excepted."""
        yield from self._fresh
        yield from self._again

    def take(self, now: float, limit: int) -> list[Record]:
        """The next records to send in one message, `limit` at most; empty when none is due at `now` (monotonic s)."""
        batch: list[Record] = []
        if self._again and self._again[0].due <= now:
            batch.append(self._again.pop(0))
        else:
            while self._fresh and len(batch) < limit and not (batch and self._fresh.first.alone):
                record = self._fresh.popleft()
                batch.append(record)
                if record.alone:
                    break
        self._in_flight += len(batch)
        return batch

    def next_due(self) -> float | None:
        """Monotonic time at which the next record may be sent; 0 for at once, None when none waits."""
        if self._fresh:
            return 0.0
        return self._again[0].due if self._again else None

    def acknowledged(self, batch: Sequence[Record]) -> None:
        """The platform has them; they stay in the store until their room is needed."""
        self._in_flight -= len(batch)
        self._kept += len(batch)

    def refused(self, batch: Sequence[Record], now: float) -> list[Record]:
        """The platform refused the message at `now` (monotonic s). Returns the records that are given up."""
        self._in_flight -= len(batch)
        given_up = []
        for record in batch:
            record.alone = True
            if record.refused(now):
                insort(self._again, record, key=attrgetter("due"))
            else:
                given_up.append(record)
        self.rejected += len(given_up)
        return given_up

    def interrupted(self, batch: Sequence[Record]) -> None:
        """Nobody knows whether they arrived: they are sent again, before the others."""
        self._in_flight -= len(batch)
        for record in reversed(batch):
            self._fresh.appendleft(record)

    def clear(self) -> list[Record]:
        """Nothing waits any more, and nobody is sending. Returns what waited, in order of `logId`."""
        lost = sorted([*self._again, *self._fresh], key=_by_log_id)
        self._again.clear()
        self._fresh.clear()
        return lost

    def given_up(self, record: Record) -> None:
        """A record that was taken out can never be sent: set aside, as after too many refusals."""
        self._in_flight -= 1
        self.rejected += 1

    def reconnected(self) -> None:
        """A new connection: everything that waits goes up in order of `logId`, back-offs are forgotten."""
        if self._again:
            waiting = sorted([*self._again, *self._fresh], key=_by_log_id)
            self._again.clear()
            self._fresh.clear()
            self._fresh.extend(waiting)
