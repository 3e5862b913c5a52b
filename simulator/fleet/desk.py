"""Answers what somebody asks of the fleet's devices in one process: rows, one device, its messages, an action.

Questions and answers are plain data, so that they travel between processes as they are. All of it runs on the devices'
loop, in slices.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from simulator.clock import Clock
from simulator.device.device import Device
from simulator.device.states import Stage
from simulator.fleet.device_actions import ACTIONS
from simulator.fleet.device_notes import DeviceNotes
from simulator.fleet.device_rows import Query, rows
from simulator.fleet.device_view import figures_of, last_heartbeat, memory_of, outbox_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.watching import Watching
from simulator.measurements.actions import AWAY, NOT_ON, STOPPING
from simulator.measurements.names import DeviceState
from simulator.weather.kinds import How, Outage
from simulator.weather.schedule import Fault

ROWS: Final = "rows"
DEVICE: Final = "device"
MESSAGES: Final = "messages"
ACT: Final = "act"
OUTAGE: Final = "outage"

_NOT_STARTED: Final[str] = DeviceState.OFFLINE.value

_OVER: Final = (DeviceState.FAILED, DeviceState.STOPPED)

Answer = dict[str, Any]


def ask_rows(query: Query, indexes: list[list[int]]) -> dict[str, Any]:
    """The question for the table's rows of `indexes` (pairs of first and end)."""
    return {"what": ROWS, "query": query.dump(), "indexes": indexes}


def ask_device(sn: str) -> dict[str, Any]:
    """The question for everything about one device; the answer is empty where there is none."""
    return {"what": DEVICE, "sn": sn}


def ask_messages(sn: str, after: int) -> dict[str, Any]:
    """The question for a device's messages behind an id; the answer is empty where there is none."""
    return {"what": MESSAGES, "sn": sn, "after": after}


def ask_act(sn: str, action: str, seconds: float = 0.0, number: int = -1) -> dict[str, Any]:
    """The question that has device `sn` do something (`done`, or why not: `problem`, of `measurements.actions`).

    Args:
        seconds: how long it is to be offline.
        number: of the fault that this is, among those of the run.
    """
    return {"what": ACT, "sn": sn, "action": action, "seconds": seconds, "number": number}


def ask_outage(how: How, seconds: float, number: int, group: str | None) -> dict[str, Any]:
    """The question that takes the network from the devices of a group, or from all."""
    return {"what": OUTAGE, "how": how.value, "seconds": seconds, "number": number, "group": group}


class Desk:
    """The devices of one process as they are shown; the table's `Devices`.

    Args:
        device: those of this process by index, while they are switched on.
        clock: the devices'.
        improvise: has a fault begin now.
    """

    def __init__(
        self,
        plan: FleetPlan,
        notes: DeviceNotes,
        device: Callable[[int], Device | None],
        watching: Watching,
        clock: Clock,
        improvise: Callable[[Fault], None],
    ) -> None:
        self._plan = plan
        self._notes = notes
        self._device = device
        self._watching = watching
        self._clock = clock
        self._improvise = improvise
        self._groups = [group.name for group in plan.scenario.groups]
        self.sn = plan.sn

    def answer(self, question: Mapping[str, Any]) -> Generator[None, None, Answer]:
        """Answer a question, in slices.

        Raises:
            ValueError: If it is none.
        """
        what = question["what"]
        if what == ROWS:
            # One that was granted this very moment may not have come with its name yet.
            asked = (index for first, end in question["indexes"] for index in range(first, end))
            indexes = filter(self._plan.knows, asked)
            return (yield from rows(self, indexes, Query.load(question["query"])))
        if what == OUTAGE:
            return self._outage(question)
        index = self._plan.place(question["sn"])
        if index is None:
            return {}
        if what == DEVICE:
            return self._one(index)
        if what == MESSAGES:
            return self._watching.ask(index, question["after"])
        if what == ACT:
            return self._act(index, question)
        raise ValueError(f"unknown question: {what!r}")

    def _one(self, index: int) -> Answer:
        device = self._device(index)
        return {
            "sn": self.sn(index),
            "index": index,
            "group": self.group(index),
            "state": self.state(index),
            "since": self.since(index),
            "history": [list(change) for change in self._notes.history(index)],
            "memory": {} if device is None else memory_of(device),
            "outbox": {} if device is None else outbox_of(device),
            "figures": {"heartbeat": self.heartbeat(index)} | figures_of(device, self._notes, index),
        }

    # --- Actions ---

    def _act(self, index: int, question: Mapping[str, Any]) -> Answer:
        device, action = self._device(index), question["action"]
        if device is None or device.state in _OVER:
            return _done(NOT_ON)
        if action != AWAY:
            return _done(ACTIONS[action](device, self._clock.monotonic()))
        # One that is told to stop is not to come back.
        if device.lifecycle.stage is not Stage.LIVING:
            return _done(STOPPING)
        self._begin(question["number"], Outage(how=How.RESET), question["seconds"], [index])
        return _done("")

    def _outage(self, question: Mapping[str, Any]) -> Answer:
        hit: Sequence[int] = range(self._plan.total)
        if question["group"] is not None:
            group = self._groups.index(question["group"])
            hit = [index for index, its in enumerate(self._plan.group_of) if its == group]
        self._begin(question["number"], Outage(how=How(question["how"])), question["seconds"], hit)
        return _done("")

    def _begin(self, number: int, kind: Outage, lasts: float, devices: Sequence[int]) -> None:
        self._improvise(Fault(number=number, entry=-1, at=0.0, lasts=lasts, kind=kind, devices=devices, seed=number))

    # --- Devices, of which the table is made ---

    def group(self, index: int) -> str:
        return self._groups[self._plan.group_of[index]]

    def state(self, index: int) -> str:
        device = self._device(index)
        if device is not None:
            return str(device.state.value)
        latest = self._notes.latest(index)
        return _NOT_STARTED if latest is None else latest[1]

    def since(self, index: int) -> float | None:
        latest = self._notes.latest(index)
        return None if latest is None else latest[0]

    def heartbeat(self, index: int) -> float | None:
        device = self._device(index)
        last = None if device is None else last_heartbeat(device)
        return None if last is None else round(last + self._clock.wall() - self._clock.monotonic(), 2)

    def waiting(self, index: int) -> int:
        device = self._device(index)
        return 0 if device is None else device.delivery.outbox.pending

    def reconnects(self, index: int) -> int:
        return self._notes.reconnects(index)

    def violations(self, index: int) -> int:
        return self._notes.violations(index)


def _done(problem: str) -> Answer:
    return {"done": not problem, "problem": problem}
