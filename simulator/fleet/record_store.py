"""What the devices of a process could not deliver yet: in memory, with what has changed since it was last taken.

The same in all processes of a run. Where the state file is, `StateKeeper` writes what is taken to it; a worker sends it
to its master, whose own store takes it in.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from simulator.device.unsent import Unsent
from simulator.measurements.names import PHOTO_RESTORED, RESTORED, UNCLAIMED, UNKEPT

MOST: Final = 500_000
"""Rows that a state file takes: some 110 MB of file and 160 MB of memory, and twice that where all have pictures."""

Changes = dict[tuple[str, int], Unsent | None]
"""What became of rows, by serial number and `logId`: None for one that is gone."""


def _nobody(event: str, count: int) -> None:
    """Counts nothing: in a worker, whose master counts."""


class RecordStore:
    """The devices' `UnsentStore`. Every method belongs to one thread, but for `give`.

    Args:
        rows: what earlier runs left, by serial number.
        elsewhere: rows of the state file beside these.
        count: told how often each of `names.STATE_FILE_FIGURES` happened.
    """

    def __init__(
        self,
        rows: Mapping[str, Iterable[Unsent]] | None = None,
        elsewhere: int = 0,
        count: Callable[[str, int], None] = _nobody,
    ) -> None:
        self._count = count
        self._rows = {sn: {row.log_id: row for row in found} for sn, found in (rows or {}).items()}
        self._unclaimed = {sn: _counts(found.values()) for sn, found in self._rows.items()}
        """Records and pictures of devices that were not switched on in this run."""
        self._given: dict[str, list[Unsent]] = {}
        self.known = set(self._rows)
        """Serial numbers of which there were rows, but for what this process' own devices made."""
        self._total = elsewhere + sum(map(len, self._rows.values()))
        self._made: dict[tuple[str, int], Unsent] = {}
        """Rows that nobody has taken yet: what comes and goes between two looks is never written."""
        self._changed: Changes = {}
        self.records = 0
        """Records of this run's devices, restored ones included."""
        self.photos = 0
        unclaimed, _ = self.unclaimed
        if unclaimed:
            count(UNCLAIMED, unclaimed)

    @property
    def unclaimed(self) -> tuple[int, int]:
        """Records of earlier runs whose devices were not switched on in this one yet, and how many these are."""
        found = [records for records, _ in self._unclaimed.values() if records]
        return sum(found), len(found)

    # --- UnsentStore ---

    def restore(self, sn: str) -> list[Unsent]:
        given = self._given.pop(sn, None)
        if given is not None:
            self._replace(sn, given)
        claimed = self._unclaimed.pop(sn, None)
        if claimed is not None:
            records, photos = claimed
            self.records += records
            self.photos += photos
            for event, number in ((RESTORED, records), (UNCLAIMED, -records), (PHOTO_RESTORED, photos)):
                if number:
                    self._count(event, number)
        rows = self._rows.get(sn)
        return [] if rows is None else [rows[log_id] for log_id in sorted(rows)]

    def keep(self, sn: str, row: Unsent) -> None:
        if self._total >= MOST:
            self._count(UNKEPT, 1)
            return
        self._total += 1
        self._rows.setdefault(sn, {})[row.log_id] = row
        self._made[sn, row.log_id] = row
        self._counted(row, 1)

    def acknowledged(self, sn: str, log_id: int) -> None:
        row = self._rows.get(sn, {}).get(log_id)
        if row is not None:
            self._put(sn, row._replace(record=None))

    def drop(self, sn: str, log_id: int) -> None:
        rows = self._rows.get(sn)
        row = None if rows is None else rows.pop(log_id, None)
        if rows is None or row is None:
            return
        if not rows:
            del self._rows[sn]
        self._total -= 1
        self._counted(row, -1)
        if self._made.pop((sn, log_id), None) is None:
            self._changed[sn, log_id] = None

    # --- What leaves it, and what comes from other processes ---

    def take(self) -> Changes:
        """What has changed since the last call."""
        made, changed = self._made, self._changed
        if not made and not changed:
            return {}
        self._made, self._changed = {}, {}
        changed.update(made)
        return changed

    def apply(self, changes: Iterable[Sequence[Any]]) -> None:
        """Take in what another process' store gave out, as `to_wire` wrote it."""
        for sn, log_id, *row in changes:
            self.known.add(sn)
            if not row:
                self.drop(sn, log_id)
            elif log_id in self._rows.get(sn, {}):
                self._put(sn, Unsent(log_id, *row))
            elif row[0] is not None:
                self.keep(sn, Unsent(log_id, *row))

    def give(self, sn: str, rows: Iterable[Sequence[Any]]) -> None:
        """What the master holds of a device that will be switched on here; from any thread."""
        self._given[sn] = [Unsent(*row) for row in rows]

    # --- Inside ---

    def _put(self, sn: str, row: Unsent) -> None:
        rows = self._rows[sn]
        self._counted(rows[row.log_id], -1)
        self._counted(row, 1)
        rows[row.log_id] = row
        key = (sn, row.log_id)
        if key in self._made:
            self._made[key] = row
        else:
            self._changed[key] = row

    def _replace(self, sn: str, given: list[Unsent]) -> None:
        for row in self._rows.pop(sn, {}).values():
            self._total -= 1
            self._counted(row, -1)
        if given:
            self._rows[sn] = {row.log_id: row for row in given}
            self._total += len(given)
            for row in given:
                self._counted(row, 1)

    def _counted(self, row: Unsent, step: int) -> None:
        if row.record is not None:
            self.records += step
        if row.photo is not None:
            self.photos += step


class TravellingRecords(RecordStore):
    """The store of a worker: what has changed waits for a message to the master."""

    def __init__(self) -> None:
        super().__init__()
        self._outgoing: deque[list[tuple[Any, ...]]] = deque()

    def tick(self) -> None:
        """Put what has changed where another thread finds it; every `StateKeeper`'s interval."""
        changes = self.take()
        if changes:
            self._outgoing.append(to_wire(changes))

    def drain(self) -> list[tuple[Any, ...]]:
        """What has changed since the last call, for `RecordStore.apply`; from any thread."""
        outgoing = self._outgoing
        return [row for _ in range(len(outgoing)) for row in outgoing.popleft()]

    def put_back(self, changes: list[tuple[Any, ...]]) -> None:
        """What `drain` gave did not leave; from any thread."""
        self._outgoing.appendleft(changes)


def to_wire(changes: Changes) -> list[tuple[Any, ...]]:
    """Changes as plain values for a message: (sn, logId) for a row that is gone, else the row behind these."""
    return [(*key, *(() if row is None else row[1:])) for key, row in changes.items()]


def _counts(rows: Iterable[Unsent]) -> tuple[int, int]:
    """How many records and how many pictures there are."""
    found = list(rows)
    return sum(row.record is not None for row in found), sum(row.photo is not None for row in found)
