"""What devices are told that ask for something while their network is gone, slow, or goes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.fields.range import Range
from simulator.fleet.faults.line import DeviceLine
from simulator.fleet.faults.network import _on_sockets
from simulator.weather.kinds import How, SlowLink
from tests.fleet.faults.conftest import MakeField
from tests.fleet.faults.field import EOF, OPEN_TIMEOUT, RESET, Field, Leg, Owner, rng, until
from tests.fleet.network_bench import failure

SLOW = SlowLink(latency=Range(low=0.5, high=0.5), bandwidth=None, stall=0.0)


def asking(field: Field) -> list[Callable[[], Awaitable[Any]]]:
    """All ways out of a device."""
    return [
        lambda: field.network.look_up(field.http_url, index=0),
        lambda: field.network.download(field.http_url, 100, index=0),
        lambda: field.opening(Owner()),
    ]


def begin(awaitable: Awaitable[Any]) -> asyncio.Task[Any]:
    return asyncio.ensure_future(awaitable)


# --- While it is gone ---


@pytest.mark.parametrize("how", [How.CLOSE, How.DNS, How.REFUSED, How.RESET])
async def test_what_fails_at_once(make_field: MakeField, how: How) -> None:
    for transport in ("ws", "mqtts"):
        field = await make_field(transport)
        field.line.outage_begins(how)
        for ask in asking(field):
            error = await failure(ask())
            assert str(error).startswith("the scenario's outage: ")
            assert error.after is None
            if how is How.DNS:
                assert error.kind == "dns"
            elif how is not How.RESET:
                assert error.kind == "refused"
        assert field.relay.legs == field.http.legs == []


async def test_a_reset_has_the_kind_that_a_real_one_has(field: Field) -> None:
    field.relay.resets = field.http.resets = True
    real = [(await failure(ask())).kind for ask in asking(field)]
    field.line.outage_begins(How.RESET)
    assert [(await failure(ask())).kind for ask in asking(field)] == real


async def test_silence_is_a_time_out_on_the_devices_clock(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.outage_begins(How.SILENT)
    for ask in asking(field):
        task = begin(ask())
        await field.still()
        field.advance(OPEN_TIMEOUT - 0.01)
        await field.still()
        assert not task.done()
        field.advance(0.02)
        error = await failure(task)
        assert (error.kind, error.after) == ("timeout", OPEN_TIMEOUT)
        assert str(error).startswith("the scenario's outage: ")
    assert field.relay.legs == field.http.legs == []


async def test_after_silence_it_goes_on_for_real(field: Field) -> None:
    field.line.outage_begins(How.SILENT)
    tasks = [begin(ask()) for ask in asking(field)]
    await field.still()
    field.advance(OPEN_TIMEOUT / 2)
    field.line.outage_ends(How.SILENT)
    await field.still()
    # SYN is sent again after 1, 3 and 7 s, and nobody knows before that it gets through.
    field.advance(1.9)
    await field.still()
    assert field.relay.legs == field.http.legs == []
    field.advance(0.2)
    (status, body), downloaded, connection = await asyncio.gather(*tasks)
    assert (status, body, downloaded) == (200, b"hello", b"hello")
    assert connection.is_open
    assert field.line.idle


async def test_after_silence_there_is_only_the_rest_of_the_time(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.relay.deaf = True
    field.line.outage_begins(How.SILENT)
    task = begin(field.opening(Owner()))
    await field.still()
    field.advance(6.0)
    field.line.outage_ends(How.SILENT)
    await field.still()
    field.advance(1.05)
    await until(lambda: bool(field.relay.legs) and field.relay.legs[0].came > 0)
    field.advance(2.9)
    await field.still()
    assert not task.done()
    field.advance(0.1)
    error = await failure(task)
    assert (error.kind, error.after) == ("timeout", OPEN_TIMEOUT)


async def test_silence_that_ends_after_the_last_repetition_is_over_too_late(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.outage_begins(How.SILENT)
    task = begin(field.opening(Owner()))
    await field.still()
    field.advance(7.5)
    field.line.outage_ends(How.SILENT)
    await field.still()
    field.advance(2.6)
    error = await failure(task)
    assert (error.kind, error.after) == ("timeout", OPEN_TIMEOUT)
    assert field.relay.legs == []


# --- While something is under way ---


async def under_way(field: Field, ask: Callable[[], Awaitable[Any]]) -> tuple[asyncio.Task[Any], Leg]:
    """An attempt that has reached somebody who does not answer, and what the kernel sees of it."""
    field.relay.deaf = field.http.deaf = True
    before = [*field.relay.legs, *field.http.legs]
    task = begin(ask())
    await until(lambda: len(field.relay.legs) + len(field.http.legs) > len(before))
    leg = next(leg for leg in [*field.relay.legs, *field.http.legs] if leg not in before)
    await until(lambda: leg.came > 0)
    return task, leg


@pytest.mark.parametrize("how", [How.RESET, How.DNS, How.REFUSED])
async def test_an_attempt_is_reset(make_field: MakeField, how: How) -> None:
    for transport in ("ws", "mqtts"):
        for number in range(3):
            field = await make_field(transport)
            task, leg = await under_way(field, asking(field)[number])
            field.line.outage_begins(how)
            error = await failure(task)
            assert error.kind in ("http", "tls", "handshake")
            assert str(error).startswith("the scenario's outage: ")
            await until(lambda leg=leg: leg.ended is not None)
            assert leg.ended == RESET


async def test_an_attempt_is_hung_up_on(make_field: MakeField) -> None:
    field = await make_field("ws")
    task, leg = await under_way(field, asking(field)[2])
    field.line.outage_begins(How.CLOSE)
    assert (await failure(task)).kind == "handshake"
    await until(lambda: leg.ended is not None)
    assert leg.ended == EOF


async def test_an_attempt_falls_silent_and_begins_anew_afterwards(field: Field) -> None:
    for number in range(3):
        task, leg = await under_way(field, asking(field)[number])
        before = leg.came
        field.line.outage_begins(How.SILENT)
        await field.still()
        assert (leg.came, leg.ended) == (before, None)
        assert not task.done()
        assert field.network.kept.count == 1
        field.relay.deaf = field.http.deaf = False
        field.line.outage_ends(How.SILENT)
        await field.still()
        field.advance(1.05)
        await task
        await until(lambda leg=leg: leg.ended is not None)
        assert (leg.came, leg.ended) == (before, RESET)
        assert field.network.kept.count == 0


@pytest.mark.parametrize("transport", ["ws", "wss"])
async def test_a_question_that_was_put_already_falls_silent_without_a_word(
    make_field: MakeField, transport: str
) -> None:
    field = await make_field(transport)
    field.answer.clear()
    task = begin(field.network.look_up(field.http_url, index=0))
    await until(lambda: field.questions == 1)
    leg = field.http.legs[0]
    before = leg.came
    field.line.outage_begins(How.SILENT)
    await field.still()
    assert (leg.came, leg.ended) == (before, None)
    field.answer.set()
    field.line.outage_ends(How.SILENT)
    await field.still()
    field.advance(1.05)
    assert await task == (200, b"hello")
    await until(lambda: leg.ended is not None)
    assert (leg.came, leg.ended) == (before, RESET)


async def test_who_was_told_that_it_opened_is_not_told_so_twice(make_field: MakeField) -> None:
    for transport in ("ws", "mqtt"):
        field = await make_field(transport)
        line = field.line

        class Unlucky(Owner):
            """Silence comes in the very moment in which the connection opens."""

            openings = 0

            def opened(self, connection: Any, line: DeviceLine = line) -> None:
                self.openings += 1
                super().opened(connection)
                line.outage_begins(How.SILENT)

        owner = Unlucky()
        error = await failure(field.opening(owner))
        assert str(error).startswith("the scenario's outage: ")
        await owner.ended
        assert owner.openings == 1
        await field.still()
        assert field.relay.legs[0].ended is None
        line.outage_ends(How.SILENT)
        await until(lambda field=field: field.relay.legs[0].ended == RESET)


async def test_a_download_that_waits_for_its_turn_has_its_time_afterwards(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.slow(SlowLink(latency=Range(low=0.1, high=0.1)), rng())
    field.answer.clear()
    task = begin(field.network.download(field.http_url, 100, index=0))
    await until(lambda: field.advance(0.05) or field.questions == 1)
    field.advance(OPEN_TIMEOUT)
    field.answer.set()
    assert await task == b"hello"


async def test_an_attempt_that_was_cancelled_waits_for_nothing(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.outage_begins(How.SILENT)
    task = begin(field.opening(Owner()))
    await field.still()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(field.timers) == 0 or field.timers.next_due() is None


async def test_a_subscription_that_is_cut_off_says_whose_fault_it_is(make_field: MakeField) -> None:
    field = await make_field("mqtt")
    connection = await field.opening(Owner())
    field.line.outage_begins(How.SILENT)
    task = begin(field.network.subscribe(connection))
    await field.still()
    field.line.outage_begins(How.RESET)
    field.line.outage_ends(How.SILENT)
    error = await failure(task)
    assert error.kind == "connection lost"
    assert str(error).startswith("the scenario's outage: ")


async def test_a_failure_without_weather_is_the_networks_own(make_field: MakeField) -> None:
    field = await make_field("mqtt")
    connection = await field.opening(Owner())
    connection.abort()
    await until(lambda: connection.has_ended)
    error = await failure(field.network.subscribe(connection))
    assert "scenario" not in str(error)


# --- While it is slow ---


def held(field: Field) -> float:
    """Of the last seconds that an opening may take."""
    now = field.clock.wall()
    return field.line.held(now - OPEN_TIMEOUT, now, opening=True)


async def test_openings_and_look_ups_take_their_round_trips(field: Field) -> None:
    field.line.slow(SLOW, rng())
    for ask in asking(field):
        task = begin(ask())
        await field.still()
        trips = 3 if field.secure else 2
        field.advance(2 * trips * 0.5 - 0.1)
        await field.still()
        assert not task.done()
        field.advance(0.2)
        await task
    field.line.fast()
    await until(lambda: field.line.idle)


async def test_an_opening_that_is_slower_than_its_time(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.slow(SlowLink(latency=Range(low=4.0, high=4.0)), rng())
    task = begin(field.opening(Owner()))
    await field.still()
    field.advance(OPEN_TIMEOUT + 0.1)
    error = await failure(task)
    assert (error.kind, error.after) == ("timeout", OPEN_TIMEOUT)
    assert held(field) == pytest.approx(OPEN_TIMEOUT, abs=0.2)


@pytest.mark.parametrize("latency", [0.5, 2.0])
async def test_an_opening_on_a_slow_line_at_a_platform_that_hangs(make_field: MakeField, latency: float) -> None:
    field = await make_field("ws")
    field.relay.deaf = True
    field.line.slow(SlowLink(latency=Range(low=latency, high=latency), bandwidth=1_000), rng())
    began = field.clock.wall()
    task = begin(field.opening(Owner()))
    await until(lambda: field.advance(0.05) or bool(field.relay.legs))
    await field.still()
    field.advance(OPEN_TIMEOUT - 4 * latency)
    assert (await failure(task)).kind == "timeout"
    # Two round trips are the link's; the rest was the platform's.
    assert field.line.held(began, began + OPEN_TIMEOUT, opening=True) == pytest.approx(4 * latency)
    assert field.line.held(began, began + OPEN_TIMEOUT, opening=False) == 0


async def test_a_slow_opening_is_broken_off_too(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.slow(SLOW, rng())
    task = begin(field.opening(Owner()))
    await field.still()
    field.line.outage_begins(How.REFUSED)
    assert (await failure(task)).kind == "handshake"
    assert field.relay.legs == []


async def test_a_download_takes_as_long_as_its_bytes(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.line.slow(SlowLink(latency=Range(low=0.0, high=0.0), bandwidth=5), rng())
    task = begin(field.network.download(field.http_url, 100, index=0))
    await until(lambda: bool(field.http.legs) and field.http.legs[0].ended is not None)
    await field.still()
    field.advance(0.9)
    await field.still()
    assert not task.done()
    field.advance(0.2)
    assert await task == b"hello"
    assert held(field) == pytest.approx(1.0, abs=0.1)


async def test_what_has_no_socket_under_it_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="no connection that a link"):
        _on_sockets(object())  # type: ignore[arg-type]
