"""The messages of single devices, live, while somebody looks: decrypted, masked, both directions.

A device's conversation is traced from the first time that somebody asks for it until nobody has asked for some seconds.
Whoever is not looked at has no trace in its path. What is kept is bounded; what had to go before it was asked for is
counted.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from simulator.clock import TimerHandle, TimerQueue
from simulator.device.device import Device
from simulator.faults import describe
from simulator.fleet.trace import DIRECTIONS, CredentialMask, line_of, no_message, read
from simulator.shown import label

MOST_WATCHED: Final = 8
"""Devices that are traced at a time."""
KEPT_S: Final = 10.0
"""How long a device is traced after somebody has asked the last time."""
MOST_MESSAGES: Final = 500
MOST_CHARS: Final = 64 * 1024
"""Of one message's text."""
MOST_KEPT_CHARS: Final = 4 * 1024 * 1024
"""Of all that are kept of a device."""

Message = dict[str, Any]
"""`id`, `at` (epoch seconds), `direction`, `funcId`, `mid`, `bytes` (of its JSON), `text` (masked JSON)."""


Trace = Callable[[str, bytes], None]


class Watch:
    """What is kept of one device.

    Args:
        first: the id of its first message; ids grow by one.
        wall: epoch seconds.
        device: the device as it is now; it may go.
    """

    def __init__(self, first: int, wall: Callable[[], float], device: Callable[[], Device | None]) -> None:
        self.deadline = 0.0
        self._begun = self._next = first
        self._wall = wall
        self._device = device
        self._mask = CredentialMask()
        self._kept: deque[Message] = deque()
        self._chars = 0

    def message(self, direction: str, data: bytes) -> None:
        """A decrypted message, `>` sent or `<` received. Never raises: it is called amid the device's own work."""
        try:
            func_id, mid, text = self._shown(data)
        except Exception as error:  # noqa: BLE001 - the device goes on, and its watcher sees that something is wrong
            func_id, mid, text = "", "", describe(error)
        if len(text) > MOST_CHARS:
            text = f"{text[:MOST_CHARS]}… ({len(text)})"
        self._kept.append(
            {
                "id": self._next,
                "at": round(self._wall(), 3),
                "direction": DIRECTIONS[direction],
                "funcId": func_id,
                "mid": mid,
                "bytes": len(data),
                "text": text,
            }
        )
        self._next += 1
        self._chars += len(text)
        while len(self._kept) > MOST_MESSAGES or self._chars > MOST_KEPT_CHARS:
            self._chars -= len(self._kept.popleft()["text"])

    def after(self, last: int) -> tuple[list[Message], int]:
        """The messages behind the id `last` that are kept, and how many behind it are kept no more."""
        before = last if self._begun <= last < self._next else self._begun - 1
        missed = self._next - len(self._kept) - before - 1
        return list(islice(self._kept, max(-missed, 0), None)), max(missed, 0)

    def _shown(self, data: bytes) -> tuple[str, str, str]:
        message, _ = read(data)
        if message is None:
            return "", "", no_message(data)
        device = self._device()
        if device is not None:
            self._mask.knows(device.secrets())
        shown = self._mask.masked(message)
        return _word(message.get("funcId")), _word(message.get("mid")), line_of(shown)


def _word(value: Any) -> str:
    return "" if value in (None, "") else label(str(value))


class Watching:
    """Who is looked at in one process.

    Args:
        traces: of the devices' environment.
        device: those of this process by index, while they are switched on.
    """

    def __init__(
        self,
        traces: dict[int, Callable[[str, bytes], None]],
        timers: TimerQueue,
        device: Callable[[int], Device | None],
    ) -> None:
        self._traces = traces
        self._timers = timers
        self._device = device
        self._watches: dict[int, Watch] = {}
        self._ends: dict[int, TimerHandle] = {}
        self._closed = False

    def ask(self, index: int, after: int) -> dict[str, Any]:
        """What device `index` said and heard behind the id `after`; it is traced from now on, where it was not.

        Returns:
            `watching` (false where too many others are traced), `messages`, `dropped`.
        """
        watch = self._watches.get(index)
        if watch is None:
            if self._closed or len(self._watches) >= MOST_WATCHED:
                return {"watching": False, "messages": [], "dropped": 0}
            watch = self._begin(index)
        watch.deadline = self._timers.clock.monotonic() + KEPT_S
        messages, dropped = watch.after(after)
        return {"watching": True, "messages": messages, "dropped": dropped}

    def close(self) -> None:
        """The run is over: nobody is traced any more."""
        self._closed = True
        for index in list(self._watches):
            self._end(index)

    def _begin(self, index: int) -> Watch:
        wall = self._timers.clock.wall
        # Grows from watch to watch, also from process to process: nobody sends a million messages a second.
        watch = self._watches[index] = Watch(int(wall() * 1e6), wall, lambda: self._device(index))
        self._traces[index] = watch.message
        self._put(index, watch.message)
        self._ends[index] = self._timers.call_later(KEPT_S, self._look, index)
        return watch

    def _look(self, index: int) -> None:
        watch = self._watches[index]
        if self._timers.clock.monotonic() >= watch.deadline:
            self._end(index)
        else:
            self._ends[index] = self._timers.call_at(watch.deadline, self._look, index)

    def _end(self, index: int) -> None:
        self._ends.pop(index).cancel()
        del self._watches[index], self._traces[index]
        self._put(index, None)

    def _put(self, index: int, trace: Trace | None) -> None:
        device = self._device(index)
        session = None if device is None else device.lifecycle.session
        if session is not None:
            session.trace = trace
