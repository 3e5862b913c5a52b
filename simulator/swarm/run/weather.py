"""The faults of one run, in the process that answers for it: their schedule, how long they go on, and the platform's.

Engines play the devices' faults by themselves, from the order: when the run began, and how long there are faults.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from simulator.fields.units import format_duration
from simulator.fleet.forecast import forecast, kind_told, planned
from simulator.fleet.identities import IdentitySource
from simulator.fleet.plan import FleetPlan, scale_counts
from simulator.measurements.actions import Action, Away, still_away
from simulator.measurements.weather import PlannedFault
from simulator.scenario.fault_rules import MOST_OCCURRENCES, occurrences
from simulator.scenario.scenario import Scenario
from simulator.swarm.off_the_hub import off_the_hub
from simulator.swarm.run.platform_weather import KillablePlatform, PlatformWeather, Tell
from simulator.swarm.tasks import OnError
from simulator.texts.told import Told
from simulator.texts.translation import _
from simulator.weather.kinds import Outage
from simulator.weather.schedule import Fault

logger = logging.getLogger("simulator.swarm")

UNPLANNED_S: Final = 86_400
"""Of a run until it is stopped: for so long there are faults, at most."""


class RunWeather:
    """What goes wrong in one run.

    Args:
        total: devices of the fleet.
        identities: of the fleet; by default those that the scenario names.
        planned_s: how long the run will take; None if until it is stopped.

    Attributes:
        length: seconds of the run in which faults begin; the whole run, unless there would be too many.
        planned: the schedule, as reports show it.
        actions: what somebody did by hand so far; of what was refused, the latest.
        refused: actions that were refused, all of them.

    Raises:
        ScenarioError: If the identities are wrong or too few.
    """

    def __init__(
        self, scenario: Scenario, total: int, identities: IdentitySource | None = None, planned_s: float | None = None
    ) -> None:
        self.length = _length(scenario, planned_s)
        self.planned: tuple[PlannedFault, ...] = ()
        self.actions: list[Action] = []
        self.refused = 0
        self._scenario, self._total, self._identities = scenario, total, identities
        self._faults: tuple[Fault, ...] = ()
        self._plan: FleetPlan | None = None
        """Made where somebody needs it."""
        self._platform: PlatformWeather | None = None
        if scenario.document.faults:
            self._faults, self.planned = off_the_hub(self._forecast)

    def told(self) -> dict[str, Any]:
        """What reports are told of it: the fields of `RunInfo`."""
        return {"faults": self.planned, "actions": tuple(self.actions), "actions_refused": self.refused}

    def away_by_hand(self, end: float) -> Away:
        """Who is stopped or off the network by hand, `end` seconds after the run's begin."""
        if not self.actions:
            return Away(0, 0.0)
        groups = self._scenario.groups
        sizes = scale_counts([group.count for group in groups], self._total)
        names = [group.name for group in groups]
        return still_away(self.actions, end, dict(zip(names, sizes, strict=True)), self._group_of)

    def _group_of(self, sn: str) -> str | None:
        plan = self._plan_of_fleet()
        place = plan.place(sn)
        return None if place is None else self._scenario.groups[plan.group(place)].name

    def _forecast(self) -> tuple[tuple[Fault, ...], tuple[PlannedFault, ...]]:
        plan = self._plan_of_fleet()
        faults = forecast(plan, self.length)
        return faults, planned(plan, faults)

    def _plan_of_fleet(self) -> FleetPlan:
        if self._plan is None:
            self._plan = FleetPlan(self._scenario, self._total, self._identities)
        return self._plan

    def improvise(self, kind: Outage, *, at: float, lasts: float, devices: int, whom: str) -> int:
        """A fault by hand, which begins now: reports tell of it as of the others. Returns its number.

        Args:
            at: seconds after the run's begin.
            devices: meant by it.
            whom: for people.
        """
        number = 1 + max((fault.number for fault in self.planned), default=-1)
        text = Told("{what}, {whom}, by hand", what=kind_told(kind), whom=whom)
        told = PlannedFault(number=number, what=kind.what, at=at, lasts=lasts, devices=devices, text=text)
        self.planned = tuple(sorted((*self.planned, told), key=lambda fault: (fault.at, fault.number)))
        return number

    def withdraw(self, number: int) -> None:
        """The fault by hand that was told of last did not begin in any process."""
        self.planned = tuple(fault for fault in self.planned if fault.number != number)

    def begin(
        self,
        platform: KillablePlatform,
        elapsed: Callable[[], float],
        *,
        tell: Tell,
        lost: Callable[[str], None],
        on_error: OnError,
    ) -> None:
        """Play what is meant for the embedded platform; see `PlatformWeather`."""
        self._platform = PlatformWeather(self._faults, platform, elapsed, tell=tell, lost=lost, on_error=on_error)
        self._platform.start()

    @property
    def away(self) -> tuple[int, ...]:
        """See `PlatformWeather.away`."""
        return () if self._platform is None else self._platform.away

    def clear_up(self) -> None:
        """See `PlatformWeather.clear_up`."""
        if self._platform is not None:
            self._platform.clear_up()

    def stop(self) -> None:
        """See `PlatformWeather.stop`."""
        if self._platform is not None:
            self._platform.stop()


def _length(scenario: Scenario, planned_s: float | None) -> float:
    """Seconds in which faults begin: of a run without a planned end for a day, and of any no more faults than fit."""
    length = float(UNPLANNED_S) if planned_s is None else planned_s

    def count(seconds: float) -> int:
        return sum(occurrences(fault, seconds) for fault in scenario.document.faults)

    if count(length) > MOST_OCCURRENCES:
        seconds = bisect_left(range(int(length)), MOST_OCCURRENCES + 1, key=count) - 1
        logger.warning(
            _("faults begin in the first %s of this run only: those are %d, and there can be no more"),
            *(format_duration(seconds), count(seconds)),
        )
        return float(seconds)
    return length
