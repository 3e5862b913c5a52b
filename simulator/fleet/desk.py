"""Answers what somebody asks of the fleet's devices in one process: rows, one device, its messages.

Questions and answers are plain data, so that they travel between processes as they are. All of it runs on the devices'
loop, in slices.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

from simulator.device.device import Device
from simulator.fleet.device_notes import DeviceNotes
from simulator.fleet.device_rows import Query, rows
from simulator.fleet.device_view import figures_of, last_heartbeat, memory_of, outbox_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.watching import Watching
from simulator.measurements.names import DeviceState

ROWS: Final = "rows"
DEVICE: Final = "device"
MESSAGES: Final = "messages"

_NOT_STARTED: Final[str] = DeviceState.OFFLINE.value

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


class Desk:
    """The devices of one process as they are shown; the table's `Devices`.

    Args:
        device: those of this process by index, while they are switched on.
        ahead: what is added to the devices' monotonic clock for epoch seconds.
    """

    def __init__(
        self,
        plan: FleetPlan,
        notes: DeviceNotes,
        device: Callable[[int], Device | None],
        watching: Watching,
        ahead: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._notes = notes
        self._device = device
        self._watching = watching
        self._ahead = ahead
        self._groups = [group.name for group in plan.scenario.groups]
        self.sn = plan.sn

    def answer(self, question: Mapping[str, Any]) -> Generator[None, None, Answer]:
        """Answer a question, in slices.

        Raises:
            ValueError: If it is none.
        """
        what = question["what"]
        if what == ROWS:
            indexes = (index for first, end in question["indexes"] for index in range(first, end))
            return (yield from rows(self, indexes, Query.load(question["query"])))
        index = self._plan.place(question["sn"])
        if index is None:
            return {}
        if what == DEVICE:
            return self._one(index)
        if what == MESSAGES:
            return self._watching.ask(index, question["after"])
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
        return None if last is None else round(last + self._ahead(), 2)

    def waiting(self, index: int) -> int:
        device = self._device(index)
        return 0 if device is None else device.delivery.outbox.pending

    def reconnects(self, index: int) -> int:
        return self._notes.reconnects(index)

    def violations(self, index: int) -> int:
        return self._notes.violations(index)
