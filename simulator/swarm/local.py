"""The one process of a run that is not distributed: it keeps the book and runs all devices."""

import logging

from simulator.swarm.node import Node
from simulator.swarm.role import START_FAILURES, Keeper
from simulator.swarm.run_book import limits_of

logger = logging.getLogger("simulator.swarm")


class Local(Keeper):
    """Book and node in one process; every index is free from the beginning."""

    node: Node | None = None

    def test_start(self) -> None:
        book = self.open_book(travels=False)
        if book is None or book.order is None:
            return
        try:
            make_runtime = self.makes_runtime(book.order, book.scenario, self.clock)
            node = Node(
                make_runtime,
                book.measurements,
                self.environment.events.request.fire,
                self,
                clock=self.clock,
                limits=limits_of(book.scenario),
            )
            self.node = node
            node.start()
        except START_FAILURES as error:
            self.start_failed(error)
            return
        node.give(range(book.order.total))

    def test_stopping(self) -> None:
        if self.book is not None:
            self.book.stopping = True
        if self.node is not None and self.book is not None and self.book.order is not None:
            self.node.finish(self.book.order.drain_s)

    def test_stop(self) -> None:
        node, self.node = self.node, None
        if node is not None:
            node.leave_stage()
            if self.book is not None and node.turned_away:
                self.book.find("users_turned_away", devices=self.book.order.total if self.book.order else 0)
        self.close_book()

    # --- NodeOwner ---

    def seats_wanted(self) -> None:
        """Wait for devices that are stopping; turn away whoever is more than that."""
        node = self.node
        if node is not None and node.running and node.turn_away():
            total = self.book.order.total if self.book and self.book.order else 0
            logger.error(
                "more users than the fleet has devices (%d): the fleet's size is fixed when a run starts, "
                "so stop it and start one with more users",
                total,
            )

    def index_free(self, index: int) -> None:
        if self.node is not None:
            self.node.give((index,))

    def fenced(self, devices: int) -> None:
        """Does not happen: a local process holds every index for as long as it lives."""

    def node_failed(self, reason: str) -> None:
        if self.book is not None:
            self.book.find("engine_died", process=self.process_name, problem=reason)
        self._abort_soon("the run ends, because its engine has died")
