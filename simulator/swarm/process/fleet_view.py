"""What our web page is told of the devices of a run: the local process asks its own engine, the master its workers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from simulator.fleet.desk import ACT, MESSAGES, ask_act, ask_device, ask_messages, ask_outage, ask_rows
from simulator.fleet.device_rows import NotThere, Query, merged, rows
from simulator.fleet.plan import FleetPlan, scale_counts
from simulator.measurements.actions import NOT_HELD, NOT_ON, START
from simulator.measurements.names import DeviceState
from simulator.scenario.scenario import Scenario
from simulator.swarm.generator.questions import answer_here
from simulator.swarm.process.holders import Holders
from simulator.swarm.process.inquiry import Inquiry
from simulator.weather.kinds import How

STATES = tuple(state.value for state in DeviceState)


class NoAnswerError(Exception):
    """Who has the device does not answer in time; the text names the process."""


class FleetView(ABC):
    """The devices of one run.

    Args:
        total: devices of the fleet.
        groups: how many of them each group has, by its name.
    """

    def __init__(self, total: int, groups: Mapping[str, int]) -> None:
        self.total = total
        self.groups = groups

    def count(self, group: str | None) -> int:
        """Devices of a group, or of all."""
        return self.total if group is None else self.groups[group]

    def table(self, query: Query) -> dict[str, Any]:
        """One page of the table; `missing` names the processes whose devices are not in it."""
        answers, missing = self._rows(query)
        return {
            "total": self.total,
            "size": query.size,
            **merged(answers, query),
            "groups": list(self.groups),
            "states": list(STATES),
            "missing": missing,
        }

    def device(self, sn: str) -> dict[str, Any] | None:
        """Everything about one device; None where there is none.

        Raises:
            NoAnswerError: If its process does not answer.
        """
        return self._of(sn, ask_device(sn))

    def messages(self, sn: str, after: int) -> dict[str, Any] | None:
        """What it said and heard behind the id `after`, as `device`."""
        return self._of(sn, ask_messages(sn, after))

    def act(self, sn: str, action: str, seconds: float, number: int) -> dict[str, Any] | None:
        """Have one device do something (`measurements.actions`), as `device`: `done`, and why not as `problem`."""
        return self._of(sn, ask_act(sn, action, seconds, number))

    @abstractmethod
    def outage(self, how: How, seconds: float, number: int, group: str | None) -> list[str]:
        """Take the network from a group or from all; returns the processes of which it is not known that they did."""

    @abstractmethod
    def _rows(self, query: Query) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Each process' answer by its name, and the names of those that gave none."""

    @abstractmethod
    def _of(self, sn: str, question: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of the process that has a device, with its name as `worker`; None where there is no such device.

        Raises:
            NoAnswerError: If it does not answer.
        """


class LocalView(FleetView):
    """The one process of a run that is not distributed.

    Args:
        ask: its engine; None where that does not answer in time.
    """

    def __init__(
        self,
        total: int,
        groups: Mapping[str, int],
        ask: Callable[[Mapping[str, Any]], dict[str, Any] | None],
        name: str = "local",
    ) -> None:
        super().__init__(total, groups)
        self._ask = ask
        self._name = name

    def outage(self, how: How, seconds: float, number: int, group: str | None) -> list[str]:
        answer = self._ask(ask_outage(how, seconds, number, group))
        return [] if answer and answer["done"] else [self._name]

    def _rows(self, query: Query) -> tuple[dict[str, dict[str, Any]], list[str]]:
        answer = self._ask(ask_rows(query, [[0, self.total]]))
        return ({}, [self._name]) if answer is None else ({self._name: answer}, [])

    def _of(self, sn: str, question: dict[str, Any]) -> dict[str, Any] | None:
        answer = self._ask(question)
        if answer is None:
            raise NoAnswerError(self._name)
        return answer | {"worker": self._name} if answer else None


class WorkersView(FleetView):
    """The workers of a distributed run, as the master sees them.

    Args:
        plan: made when it is asked for the first time.
        present: the workers that are there.
    """

    def __init__(
        self,
        run_id: str,
        total: int,
        groups: Mapping[str, int],
        *,
        plan: Callable[[], FleetPlan],
        inquiry: Inquiry,
        present: Callable[[], set[str]],
    ) -> None:
        super().__init__(total, groups)
        self.holders = Holders(total)
        self._run_id = run_id
        self._plan = plan
        self._inquiry = inquiry
        self._present = present

    def outage(self, how: How, seconds: float, number: int, group: str | None) -> list[str]:
        question = ask_outage(how, seconds, number, group)
        found = self._inquiry.ask(self._run_id, dict.fromkeys(sorted(self._present()), question))
        return [worker for worker, answer in found.items() if not (answer and answer["done"])]

    def _rows(self, query: Query) -> tuple[dict[str, dict[str, Any]], list[str]]:
        holders, present = self.holders, self._present()
        workers = holders.workers()
        asked = [worker for worker in workers if worker in present]
        questions = {worker: ask_rows(query, holders.of(worker).to_wire()) for worker in asked}
        found = self._inquiry.ask(self._run_id, questions)
        gone = [worker for worker in workers if worker not in present]
        answers = {worker: answer for worker, answer in found.items() if answer}
        answers |= {worker: answer_here(rows(self._not_there(gone=True), holders.of(worker), query)) for worker in gone}
        answers[""] = answer_here(rows(self._not_there(gone=False), holders.nobodys, query))
        return answers, sorted([*gone, *(worker for worker in asked if worker not in answers)])

    def _of(self, sn: str, question: dict[str, Any]) -> dict[str, Any] | None:
        index = self._plan().place(sn)
        if index is None:
            return None
        worker = self.holders.holder(index)
        if worker is not None and worker in self._present():
            answer = self._inquiry.ask(self._run_id, {worker: question})[worker]
            if not answer:
                raise NoAnswerError(worker)
            return answer | {"worker": worker}
        return self._without_worker(sn, index, worker or "", question)

    def _without_worker(self, sn: str, index: int, worker: str, question: dict[str, Any]) -> dict[str, Any]:
        if question["what"] == MESSAGES:
            return {"watching": False, "messages": [], "dropped": 0, "worker": worker}
        if question["what"] == ACT:
            problem = NOT_HELD if question["action"] == START else NOT_ON
            return {"done": False, "problem": problem, "worker": worker}
        there = self._not_there(gone=bool(worker))
        nothing: dict[str, Any] = {"history": [], "memory": {}, "outbox": {}, "figures": {}}
        known = {"sn": sn, "index": index, "group": there.group(index), "state": there.state(index), "since": None}
        return known | nothing | {"worker": worker}

    def _not_there(self, *, gone: bool) -> NotThere:
        plan, names = self._plan(), list(self.groups)
        return NotThere(plan.sn, lambda index: names[plan.group_of[index]], gone)


def devices_of_groups(scenario: Scenario, total: int) -> dict[str, int]:
    """How many devices each group has in a fleet of `total`, by its name and in the scenario's order."""
    counts = scale_counts([group.count for group in scenario.groups], total)
    return {group.name: count for group, count in zip(scenario.groups, counts, strict=True)}
