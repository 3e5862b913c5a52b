"""What connections may cost before they have proved who they are."""

from __future__ import annotations

from typing import Any, cast

import pytest
from websockets.frames import Opcode

from simulator.wire.strangers import NO_ROOM, TOO_LATE, TOO_MUCH, StrangerLimits, Strangers
from tests.wire.helpers import Collector, Network, close_payload, frame, until, upgrade_request


class Loop:
    """A loop's clock and timers, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Any) -> Any:
        self.timers.append((self.now + delay, call))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((when, number) for number, (when, _) in enumerate(self.timers) if when <= end):
            when, number = due[0]
            self.now = when
            self.timers.pop(number)[1]()
        self.now = end


class Guest:
    def __init__(self, strangers: Strangers) -> None:
        self.strangers = strangers
        self.told: list[str] = []

    def turn_away(self, why: str) -> None:
        self.told.append(why)


class Room:
    def __init__(self, **limits: Any) -> None:
        self.loop = Loop()
        self.reasons: list[str] = []
        self.strangers = Strangers(cast("Any", self.loop), StrangerLimits(**limits), self.reasons.append)

    def enter(self) -> Guest | None:
        guest = Guest(self.strangers)
        return guest if self.strangers.join(guest) else None


def test_each_has_its_time() -> None:
    room = Room(deadline=10)
    first = room.enter()
    room.loop.pass_time(4)
    second, known = room.enter(), room.enter()
    assert first is not None
    assert second is not None
    assert known is not None
    room.strangers.leave(known)
    room.loop.pass_time(5.9)
    assert first.told == []
    room.loop.pass_time(0.2)
    assert (first.told, second.told) == ([TOO_LATE], [])
    room.loop.pass_time(4)
    assert (first.told, second.told, known.told) == ([TOO_LATE], [TOO_LATE], [])
    room.loop.pass_time(100)
    assert room.reasons == [TOO_LATE, TOO_LATE]
    assert len(room.strangers) == 2, "they count until they have gone"
    room.strangers.leave(first)
    room.strangers.leave(second)
    assert len(room.strangers) == 0
    third = room.enter()
    room.loop.pass_time(11)
    assert third is not None
    assert third.told == [TOO_LATE], "the clock is wound up again"


def test_a_full_room_turns_newcomers_away_until_somebody_had_his_share_of_time() -> None:
    room = Room(deadline=40, connections=3)
    guests = [room.enter() for _ in range(3)]
    assert all(guests)
    assert room.enter() is None
    assert room.reasons == [NO_ROOM]
    room.loop.pass_time(10)
    late = room.enter()
    assert late is not None
    assert [guest.told for guest in guests if guest] == [[NO_ROOM], [], []]
    assert late.told == []


def test_unread_bytes_are_bounded_over_all() -> None:
    room = Room(held_bytes=100)
    one, two, three = (room.enter() for _ in range(3))
    assert one is not None
    assert two is not None
    assert three is not None
    room.strangers.holds(one, 30)
    room.strangers.holds(two, 30)
    room.strangers.holds(one, 60)
    assert room.strangers.held_bytes == 90
    room.strangers.holds(one, 0)
    room.strangers.holds(one, 60)
    room.strangers.holds(three, 20)
    assert (one.told, two.told, three.told) == ([], [TOO_MUCH], []), "who began first, goes first"
    assert room.strangers.held_bytes == 80
    room.strangers.holds(two, 1_000)
    room.strangers.leave(two)
    assert room.strangers.held_bytes == 80
    room.strangers.leave(one)
    room.strangers.leave(three)
    room.strangers.holds(three, 1_000)
    assert room.strangers.held_bytes == 0


# On sockets.


LIMITS = StrangerLimits(deadline=30, connections=50, message_bytes=1_000, held_bytes=5_000)


async def test_a_message_has_a_small_limit_until_the_peer_is_known(network: Network) -> None:
    server, handlers = await network.serve(Collector, strangers=LIMITS)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.BINARY, b"x" * 1_000, masked=True))
    await handlers[0].wait_messages(1)
    handlers[0].connection.admit(handlers[0])
    await peer.send(frame(Opcode.BINARY, b"x" * 100_000, masked=True))
    await handlers[0].wait_messages(2)
    other = await network.raw_client(server.port)
    await other.send(frame(Opcode.BINARY, b"x" * 1_001, masked=True))
    assert (await other.read_frame())[1][:2] == close_payload(1009)
    fragments = await network.raw_client(server.port)
    await fragments.send(frame(Opcode.BINARY, b"x" * 600, fin=False, masked=True))
    await fragments.send(frame(Opcode.CONT, b"x" * 600, fin=False, masked=True))
    assert (await fragments.read_frame())[1][:2] == close_payload(1009)


async def test_a_limit_that_is_raised_in_the_middle_of_a_message_holds_for_it(network: Network) -> None:
    server, handlers = await network.serve(Collector, strangers=LIMITS)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.BINARY, b"x" * 600, fin=False, masked=True))
    await until(lambda: bool(handlers) and handlers[0].connection is not None and server.strangers.held_bytes > 0)
    handlers[0].connection.admit(handlers[0])
    await peer.send(frame(Opcode.CONT, b"x" * 600, masked=True))
    assert [len(payload) for payload, _ in await handlers[0].wait_messages(1)] == [1_200]


async def test_half_messages_of_many_are_bounded(network: Network) -> None:
    reasons: list[str] = []
    server, _ = await network.serve(Collector, strangers=LIMITS, on_turned_away=reasons.append)
    for _ in range(20):
        peer = await network.raw_client(server.port)
        await peer.send(frame(Opcode.BINARY, b"x" * 900, masked=True)[:-1])
    await until(lambda: len(reasons) >= 14)
    assert set(reasons) == {TOO_MUCH}
    assert server.strangers is not None
    assert server.strangers.held_bytes <= 5_000
    await until(lambda: server.connections <= 6)


async def test_who_does_not_log_in_is_closed_with_a_word(network: Network) -> None:
    server, handlers = await network.serve(Collector, strangers=StrangerLimits(deadline=0.05))
    idle = await network.raw_client(server.port)
    assert await idle.read_frame() == (Opcode.CLOSE, close_payload(1008, TOO_LATE))
    known = await network.raw_client(server.port)
    (await handlers[1].wait_opened()).admit(handlers[1])
    silent = await network.raw_client(server.port, upgrade=False)
    assert await silent.read_to_end() == b""
    await known.send(frame(Opcode.TEXT, b"here", masked=True))
    assert await handlers[1].wait_messages(1) == [(b"here", False)]


@pytest.mark.parametrize("rest", [b"X: " + b"y" * 8_000 + b"\r\n", b"X: y\r\n" * 20])
async def test_an_opening_without_end_is_cut_off(network: Network, rest: bytes) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port, upgrade=False)
    await peer.send(upgrade_request()[:-2])
    peer.writer.write(rest * (40_000 // len(rest)))
    await until(lambda: server.connections == 0)
    assert handlers == []
