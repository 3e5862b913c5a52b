"""Which worker had each device last, as the master knows from the leases. Pure."""

from simulator.swarm.process.index_ranges import Ranges


class Holders:
    """The last holder of each of the indexes `0..total-1`."""

    def __init__(self, total: int) -> None:
        self.nobodys = Ranges([(0, total)])
        """What no worker ever had."""
        self._held: dict[str, Ranges] = {}

    def held(self, worker: str, indexes: Ranges) -> None:
        """`worker` has these now; what it had before stays its own until another has it."""
        new = indexes - self.of(worker)
        if not new:
            return
        for other, theirs in self._held.items():
            self._held[other] = theirs - new
        self._held[worker] = self.of(worker) | new
        self.nobodys = self.nobodys - new

    def of(self, worker: str) -> Ranges:
        """Those that `worker` had last."""
        return self._held.get(worker, Ranges())

    def workers(self) -> list[str]:
        """Who had any last, in the order in which they came."""
        return [worker for worker, held in self._held.items() if held]

    def holder(self, index: int) -> str | None:
        """Who had `index` last; None for nobody yet."""
        return next((worker for worker, held in self._held.items() if index in held), None)
