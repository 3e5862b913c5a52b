"""What becomes of a run whose workers are lost: others take over, as fast as they can, and not for ever.

Three parts of the master's: whose users the other workers get and when (`Replacing`), how long the fleet may stay short
of what it was (`Recovery`), and how many devices it was about (`LostDevices`).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gevent
from locust.runners import STATE_MISSING, STATE_RUNNING

from simulator.measurements.findings import Finding
from simulator.swarm.locust.dispatcher import FleetDispatcher
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.leases import LeaseTable
from simulator.swarm.tasks import OnError, spawn

STILL_KNOWN = -1
"""Locust forgets a missing worker whose count of heartbeats has fallen to -60, by one a second."""
RECOVERED = 0.9
"""Share of the devices that were online before which must be so again."""


class Replacing:
    """Has the other workers spawn the users of those that are gone, who then wait for the devices.

    Locust would do so a minute after it missed a worker, and for that begin the ramp at nothing: the devices of the
    workers that live would go down and come back.

    Args:
        runner: Locust's, of a master.
    """

    def __init__(self, runner: Any, on_error: OnError) -> None:
        self._runner = runner
        self._on_error = on_error
        self._replaced: set[str] = set()
        self._dealing: gevent.Greenlet | None = None

    def look(self, took_part: set[str], *, held_up: bool) -> None:
        """To be called once a second.

        Args:
            took_part: workers that have had devices in this run.
            held_up: the others are overloaded, and should not get any more now.
        """
        runner = self._runner
        missing = [worker for worker in runner.clients.all if worker.state == STATE_MISSING]
        for worker in missing:
            worker.heartbeat = max(worker.heartbeat, STILL_KNOWN)
        dealing = self._dealing is not None and not self._dealing.dead
        if dealing or held_up or runner.state != STATE_RUNNING or not runner.spawning_completed:
            return
        dispatcher = runner._users_dispatcher
        if isinstance(dispatcher, FleetDispatcher):
            # As fast as the ramp was, in steps of a second.
            dispatcher.deal_lost = max(1, round(runner.spawn_rate))
            wanted = dispatcher.lost > 0
        else:
            self._replaced &= {worker.id for worker in missing}
            gone = {worker.id for worker in missing} & took_part - self._replaced
            self._replaced |= gone
            wanted = bool(gone)
        if wanted:
            start: Callable[[], None] = partial(runner.start, runner.target_user_count, runner.spawn_rate)
            self._dealing = spawn("background.replace", start, on_error=self._on_error)


class Recovery:
    """Whether a fleet that lost a worker is whole again. Pure: time is handed in.

    Args:
        bound_s: how long it may take.
    """

    def __init__(self, bound_s: float) -> None:
        self.bound_s = bound_s
        self.before = 0
        """How many devices were online before the loss."""
        self._since: float | None = None

    def overdue(self, now: float, *, lost: bool, missing: int, online: int, wanted: int) -> bool:
        """Whether it has taken too long by now (monotonic seconds).

        Args:
            lost: whether any worker was lost, or dropped its devices, since the run began.
            missing: devices that lost workers took along and nobody has yet.
            online: devices that are online.
            wanted: how many are asked for at the moment.
        """
        whole = not missing and online >= RECOVERED * min(self.before, wanted)
        if not lost or whole:
            self.before = max(online, 0 if whole else self.before)
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since > self.bound_s


class LostDevices:
    """Counts the devices that went with workers, for the run's report."""

    def __init__(self) -> None:
        self._went: dict[str, int] = {}

    def look(self, silent: Mapping[str, Ranges]) -> None:
        """To be called once a second with what workers hold whose lease has run out."""
        for worker, held in silent.items():
            self._went[worker] = max(self._went.get(worker, 0), len(held))

    def found(self, leases: LeaseTable, gone: set[str], now: float) -> Finding | None:
        """What there is to say of them when the run's end begins; None where none were lost.

        Args:
            gone: workers that had devices and are not there any more; the lease of some may not have run out yet.
        """
        self.look(leases.silent(now))
        left = leases.missing(now)
        for worker, held in leases.silent(float("inf")).items():
            if worker in gone and worker not in self._went:
                self._went[worker] = len(held)
                left += len(held)
        count = sum(self._went.values())
        return Finding("devices_lost", {"count": count, "left": left}) if count else None
