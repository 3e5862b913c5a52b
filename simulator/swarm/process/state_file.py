"""The state file of a distributed run, which the master alone has: what workers tell goes in, and comes with leases."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import gevent

from simulator.fleet.identities import IdentitySource
from simulator.fleet.state_keeper import WRITE_INTERVAL, StateKeeper
from simulator.measurements.events import RECORD
from simulator.swarm.off_the_hub import off_the_hub
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.run.order import identities_in
from simulator.swarm.run.run import Run
from simulator.swarm.run.runtime_factory import NATIVE_THREAD
from simulator.swarm.tasks import counted

logger = logging.getLogger("simulator.swarm")


class StateFile:
    """The file of one run, which `open_state_file` opens."""

    def __init__(self, keeper: StateKeeper, identities: IdentitySource, on_error: Callable[[str, str], None]) -> None:
        self._keeper = keeper
        self._identities = identities
        if keeper.found:
            logger.info("%s", keeper.found)
        self._ticker = gevent.spawn(self._work, counted("background.state_file", self._tick, on_error))

    def keep(self, logins: Iterable[Sequence[str]]) -> None:
        """What a worker's `LoginCollector` collected."""
        self._keeper.logins.apply(logins)

    def keep_unsent(self, changes: Iterable[Sequence[Any]]) -> None:
        """What has changed in a worker's `RecordStore`."""
        self._keeper.records.apply(changes)

    def unsent_of(self, indexes: Ranges) -> Mapping[str, list[tuple[Any, ...]]]:
        """The rows of devices that a worker will start, by serial number; empty ones for those that have none left."""
        records = self._keeper.records
        if not records.known:
            return {}
        sns = (self._identities.sn(index) for index in indexes)
        return {sn: [tuple(row) for row in records.restore(sn)] for sn in sns if sn in records.known}

    def close(self) -> str | None:
        """Write what is left. Returns what went wrong."""
        self._ticker.kill()
        self._keeper.close()
        return off_the_hub(self._keeper.join)

    def _work(self, tick: Callable[[], object]) -> None:
        while True:
            gevent.sleep(WRITE_INTERVAL)
            tick()

    def _tick(self) -> None:
        problem = self._keeper.tick()
        if problem is not None:
            logger.error("%s", problem)


def open_state_file(run: Run, on_error: Callable[[str, str], None]) -> StateFile | None:
    """The state file of a run that has its order; None where its scenario names none.

    Raises:
        WarmStateError: If the file cannot be used.
    """
    order, path = run.order, run.scenario.state_file
    if path is None or order is None:
        return None

    def count(event: str, number: int) -> None:
        run.measurements.apply([(RECORD, event, number)])

    keeper = StateKeeper(path, order.platform, count, NATIVE_THREAD)
    return StateFile(keeper, identities_in(order, run.scenario), on_error)
