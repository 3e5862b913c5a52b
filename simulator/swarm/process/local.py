"""The one process of a run that is not distributed: it coordinates the run and runs all devices."""

import logging

from simulator.swarm.generator.generator import Generator
from simulator.swarm.generator.health import limits_of
from simulator.swarm.locust.request_event import RequestEvent
from simulator.swarm.process.base import START_FAILURES
from simulator.swarm.process.coordinator import Coordinator
from simulator.swarm.process.fleet_view import FleetView, LocalView, devices_of_groups
from simulator.swarm.run.runtime_factory import runtime_factory
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")


class Local(Coordinator):
    """Coordinates the run and has its only generator; every index is free from the beginning."""

    generator: Generator | None = None
    _view: LocalView | None = None

    def view(self) -> FleetView | None:
        return self._view

    def test_start(self) -> None:
        self._view = None
        run = self.open_run(travels=False)
        if run is None or run.order is None:
            return
        try:
            make_runtime = runtime_factory(run.order, run.scenario, self.clock)
            generator = Generator(
                make_runtime,
                run.measurements,
                RequestEvent(self.environment),
                self,
                clock=self.clock,
                limits=limits_of(run.scenario),
            )
            self.generator = generator
            generator.start()
        except START_FAILURES as error:
            self.start_failed(error)
            return
        groups = devices_of_groups(run.scenario, run.order.total)
        self._view = LocalView(run.order.total, groups, generator.ask)
        generator.give(range(run.order.total))
        run.begin_weather(generator.platform_changed)

    def test_stopping(self) -> None:
        if self.run is not None:
            self.run.begin_end()
        if self.generator is not None and self.run is not None and self.run.order is not None:
            self.generator.finish(self.run.order.drain_s, self.run.order.closing_s)

    def test_stop(self) -> None:
        generator, self.generator = self.generator, None
        if generator is not None:
            generator.detach()
            if self.run is not None and generator.turned_away:
                self.run.find("users_turned_away", devices=self.run.order.total if self.run.order else 0)
        self.close_run()

    # --- GeneratorOwner ---

    def indexes_wanted(self) -> None:
        """Wait for devices that are stopping; turn away whoever is more than that."""
        generator = self.generator
        if generator is not None and generator.running and generator.turn_away():
            total = self.run.order.total if self.run and self.run.order else 0
            logger.error(
                _(
                    "more users than the fleet has devices (%d): the fleet's size is fixed when a run starts, so "
                    "stop it and start one with more users"
                ),
                total,
            )

    def index_free(self, index: int) -> None:
        if self.generator is not None:
            self.generator.give((index,))

    def fenced(self, devices: int) -> None:
        """Does not happen: a local process holds every index for as long as it lives."""

    def generator_failed(self, reason: str) -> None:
        if self.run is not None:
            self.run.find("engine_died", process=self.process_name, problem=reason)
        self._abort_soon("the run ends, because its engine has died")
