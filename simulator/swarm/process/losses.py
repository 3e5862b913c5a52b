"""What becomes of a run whose workers are lost: others take over, as fast as they can, and not for ever.

Two parts of the master's: whose users the other workers get and when (`Replacing`), and how long the fleet may stay
short of what it was (`Recovery`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from locust.runners import STATE_MISSING, STATE_RUNNING

from simulator.swarm.locust.dispatcher import FleetDispatcher
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
