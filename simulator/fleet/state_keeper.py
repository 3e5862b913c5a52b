"""Writes what devices leave for the next run to the state file: on a thread of its own, a few times a second.

So nobody waits for a disk that is slow or full, or for another process that has locked the file. What could not be
written is tried again with the next batch. A process that is killed loses what was made since the last one
(docs/deviations.md, Records and photos).
"""

import _thread
import contextlib
from _queue import Empty, SimpleQueue  # gevent patches the one of `queue`, which would make a hub on this thread
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.faults import describe
from simulator.fleet.login_store import BUSY_SECONDS, LoginStore
from simulator.fleet.record_store import Changes, RecordStore
from simulator.fleet.warm_state import WarmState, WarmStateError
from simulator.measurements.names import KEPT, PHOTO_KEPT
from simulator.texts.translation import _

WRITE_INTERVAL: Final = 0.2
"""Seconds between two looks for what is new."""
_LAST_SECONDS: Final = 3 * BUSY_SECONDS
"""How long the last batch may take."""

StartThread = Callable[[Callable[[], None], tuple[()]], int]


class StateKeeper:
    """The state file of a run at one dispatch server; all methods belong to one thread, but for `join`.

    Attributes:
        logins: the devices' `CredentialStore`.
        records: the devices' `UnsentStore`.
        found: a sentence about the records that the file held, for the log; empty for none.

    Args:
        count: told of records and pictures (`names.RECORD_EVENTS`).
        start_thread: starts a native thread.

    Raises:
        WarmStateError: If the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        dispatch: str,
        count: Callable[[str, int], None],
        start_thread: StartThread = _thread.start_new_thread,
    ) -> None:
        self._dispatch = dispatch
        self._count = count
        self._state = WarmState(path, busy=BUSY_SECONDS)
        try:
            rows = self._state.load_unsent(dispatch)
            self.records = RecordStore(rows, self._state.unsent_elsewhere(dispatch), count)
            self.logins = LoginStore(path, dispatch)
        except WarmStateError:
            self._state.close()
            raise
        records, devices = self.records.unclaimed
        self.found = (
            _(
                "taking back {records:,} unsent records of {devices:,} devices from {path}, as the devices are started",
                records=records,
                devices=devices,
                path=path,
            )
            if records
            else ""
        )
        self._batches: SimpleQueue[tuple[Changes, bool]] = SimpleQueue()
        self._results: SimpleQueue[str | None] = SimpleQueue()
        self._on_its_way: tuple[int, int] | None = None
        """How many records and pictures there were when the batch that is being written was taken."""
        self._told = (0, 0)
        self.problem: str | None = None
        """Why the last batch could not be written."""
        start_thread(self._write, ())

    def tick(self) -> str | None:
        """Hand on what is new; every `WRITE_INTERVAL`. Returns what went wrong since the last call, once."""
        before = self.problem
        if self._on_its_way is not None:
            with contextlib.suppress(Empty):
                self._written(self._results.get_nowait())
        if self._on_its_way is None:
            self._hand_on(last=False)
        return self.problem if self.problem != before else None

    def close(self) -> None:
        """Hand on the last batch; `join` waits for it."""
        if self._on_its_way is None:
            self._hand_on(last=True)
        else:
            # What was taken in between belongs to the last batch.
            self._batches.put((self.records.take(), True))
            self._on_its_way = (self.records.records, self.records.photos)

    def join(self) -> str | None:
        """Wait for the last batch, which `close` has handed on. Returns what could not be written, and why."""
        result: str | None = None
        try:
            while (found := self._results.get(timeout=_LAST_SECONDS)) != _ENDED:
                result = found
        except Empty:
            result = f"the state file was not written within {_LAST_SECONDS:g} s"
        self._written(result)
        return self.problem

    def _hand_on(self, *, last: bool) -> None:
        self._on_its_way = (self.records.records, self.records.photos)
        self._batches.put((self.records.take(), last))

    def _written(self, problem: str | None) -> None:
        self.problem = problem
        counts, self._on_its_way = self._on_its_way, None
        if problem is None and counts is not None:
            for event, now, told in zip((KEPT, PHOTO_KEPT), counts, self._told, strict=True):
                if now != told:
                    self._count(event, now - told)
            self._told = counts

    # --- On the thread ---

    def _write(self) -> None:
        waiting: Changes = {}
        last = False
        while not last:
            changes, last = self._batches.get()
            waiting.update(changes)
            problem = self._try(waiting)
            if problem is None:
                waiting = {}
            self._results.put(problem)
        self.logins.close()
        self._state.close()
        self._results.put(_ENDED)

    def _try(self, changes: Changes) -> str | None:
        try:
            problem = self.logins.save()
            if problem is None and changes:
                self._state.save_unsent(
                    self._dispatch,
                    [(sn, row) for (sn, _), row in changes.items() if row is not None],
                    [key for key, row in changes.items() if row is None],
                )
        except WarmStateError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whoever waits for the thread must hear of it
            return describe(error)
        return problem


_ENDED: Final = ""
"""Behind the result of the last batch: the thread has let go of the file."""
