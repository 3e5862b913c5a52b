"""What a worker has of one run, from its order until its last figures have left."""

import gevent.event

from simulator.fleet.login_store import LoginCollector
from simulator.fleet.record_store import TravellingRecords
from simulator.fleet.travelled import Travelled
from simulator.measurements.run import RunMeasurements
from simulator.scenario.sections.run import LEASE_S
from simulator.swarm.generator.generator import Generator
from simulator.swarm.process.clock_offset import ClockOffset
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.leases import RENEWALS, LeaseHolder
from simulator.swarm.run.order import RunOrder


class Part:
    """This worker's part in one run."""

    def __init__(self, order: RunOrder, process: str) -> None:
        self.order = order
        self.holder = LeaseHolder()
        self.measurements = RunMeasurements(process, order.run_id)
        if order.embedded:
            # The master watches the platform.
            self.measurements.violations.hold()
        self.travelled = Travelled(order.total, listed=order.listed)
        self.logins = LoginCollector()
        self.unsent = TravellingRecords()
        self.telling: gevent.Greenlet | None = None
        self.offset = ClockOffset()
        self.compared = gevent.event.Event()
        """The master told its time."""
        self.renewal_s = LEASE_S / RENEWALS
        self.generator: Generator | None = None
        self.away: set[int] = set()
        """Faults by which the embedded platform is away, by number."""
        self.lost: set[int] = set()
        """Indexes that are another's by now: their devices are closing and their place is not taken again."""
        self.asking: gevent.Greenlet | None = None
        self.wanted = gevent.event.Event()
        self.answered = gevent.event.Event()
        self.full = False
        """Whether it has told that more users wait than it has files for."""
        self.over = False
        self.done = gevent.event.Event()
        """Its devices are down and all was reported."""

    def give_back(self, indexes: Ranges) -> None:
        """`indexes` have no device any more: the master learns it, and nothing secret of theirs is kept here."""
        self.holder.give_back(indexes)
        self.travelled.forget(indexes)
