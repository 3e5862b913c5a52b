"""How a request ends: the reply as whoever asked is told of it, and what waits until then."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.measurements.names import DISCONNECTED, MALFORMED_REPLY, TIMEOUT, TOO_LARGE
from simulator.protocol.codes import SUCCESS

_SILENT = frozenset({TIMEOUT, DISCONNECTED, TOO_LARGE})

OnReply = Callable[["Reply"], object]
Judge = Callable[[Mapping[str, Any]], str]
"""Looks at the results of a successful reply; returns the code that the request is recorded under."""

Pending = tuple[str, float, int, float, OnReply | None, Judge | None]
"""A request that waits for its reply: name, monotonic seconds of sending, bytes sent, seconds late, who is told, and
who judges a success."""


class Reply:
    """How a request ended. `code` is the platform's, or one of the device's own such as `timeout`."""

    __slots__ = ("code", "message", "received", "results")

    def __init__(self, code: str, message: str, results: Mapping[str, Any], received: float) -> None:
        self.code = code
        self.message = message
        self.results = results
        self.received = received
        """Monotonic seconds."""

    @property
    def ok(self) -> bool:
        return self.code == SUCCESS

    @property
    def answered(self) -> bool:
        """Whether the platform said anything."""
        return self.code not in _SILENT

    @property
    def refused(self) -> bool:
        """Whether the platform said no, as against nothing, or nothing that makes sense."""
        return self.answered and self.code not in (SUCCESS, MALFORMED_REPLY)
