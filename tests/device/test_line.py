"""A connection as its session steers it: why it ended, and when a message may go out."""

from __future__ import annotations

import pytest

from simulator.clock import ManualClock
from simulator.device.end_reason import EndReason
from simulator.device.line import MAX_MESSAGE_BYTES, Line
from simulator.device.witness import Witness
from tests.device.recording import Nobody, Recording


class Wire:
    """A connection that notes what is asked of it."""

    paused = False
    redelivered = False
    bytes_in = 17

    def __init__(self, *, resumed: bool = False, fault: tuple[int | str, str] | None = None) -> None:
        self.resumed = resumed
        self.fault = fault
        self.calls: list[tuple[object, ...]] = []

    def send(self, payload: bytes, binary: bool) -> None:
        self.calls.append(("send", payload))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.calls.append(("close", code, reason))

    def abort(self) -> None:
        self.calls.append(("abort",))

    def ping(self) -> None:
        self.calls.append(("ping",))

    def trust(self, max_size: int) -> None:
        self.calls.append(("trust", max_size))

    async def drain(self) -> None:
        """Nothing waits."""


def line() -> tuple[Line, Recording]:
    recorder = Recording()
    return Line(Witness(recorder, ManualClock(), Nobody(), 0)), recorder


@pytest.mark.parametrize("resumed", [False, True])
def test_it_is_usable_from_its_opening_on(resumed: bool) -> None:
    made, _ = line()
    assert (made.usable, made.bytes_in) == (False, 0)
    made.ping()
    made.opened(Wire(resumed=resumed))
    assert (made.usable, made.resumed, made.bytes_in) == (True, resumed, 17)


def test_what_was_ended_before_it_opened_is_not_usable() -> None:
    made, _ = line()
    made.abort(EndReason.STOPPED)
    made.opened(Wire())
    assert not made.usable


def test_the_first_reason_counts() -> None:
    made, recorder = line()
    wire = Wire()
    made.opened(wire)
    made.end(EndReason.REBOOT)
    made.end(EndReason.VIOLATION, 1008)
    made.abort(EndReason.TIMEOUT)
    assert wire.calls == [("close", 1000, ""), ("close", 1008, EndReason.VIOLATION), ("abort",)]
    assert made._has_ended(1006) == (EndReason.REBOOT, True)
    assert recorder.broken() == {}


def test_after_its_end_nothing_is_asked_of_the_connection() -> None:
    made, _ = line()
    wire = Wire()
    made.opened(wire)
    made.trust()
    assert made._has_ended(1000) == ("closed 1000", False)
    made.trust()
    made.ping()
    made.end(EndReason.STOPPED)
    made.abort(EndReason.STOPPED)
    assert wire.calls == [("trust", MAX_MESSAGE_BYTES)]
    assert made.ended


@pytest.mark.parametrize(
    ("ending", "fault", "reason"),
    [
        (1001, None, "closed 1001"),
        ("closed by the broker", None, "closed by the broker"),
        ("taken over", None, "taken over"),
        (1002, (1002, "reserved bits"), "closed 1002 by the device: no proper WebSocket frame"),
        ("no proper MQTT", ("no proper MQTT", "packet type 0"), "no proper MQTT"),
    ],
)
def test_why_a_connection_ended(ending: int | str, fault: tuple[int | str, str] | None, reason: str) -> None:
    made, recorder = line()
    made.opened(Wire(fault=fault))
    assert made._has_ended(ending) == (reason, False)
    assert len(recorder.violations) == (fault is not None)
