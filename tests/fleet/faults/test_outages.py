"""Outages under open connections, as the kernel at the other end sees them, over each transport and TLS."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from simulator.fields.range import Range
from simulator.mqtt.connection import MqttConnection
from simulator.weather.kinds import How, SlowLink
from tests.fleet.faults.conftest import MakeField
from tests.fleet.faults.field import EOF, RESET, Field, rng, until

# --- Silence ---


async def test_in_silence_nothing_goes_out_or_comes_in_and_all_of_it_arrives_afterwards(field: Field) -> None:
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.outage_begins(How.SILENT)
    connection.send(b"up 1", True)
    connection.send(b"up 2", True)
    field.tell(b"down 1")
    field.tell(b"down 2")
    await field.still()
    assert (leg.came, leg.ended, field.came, owner.messages) == (before, None, [], [])
    assert not owner.ended.done()
    field.line.outage_ends(How.SILENT)
    await until(lambda: field.came == [b"up 1", b"up 2"] and len(owner.messages) == 2)
    assert [payload for payload, _ in owner.messages] == [b"down 1", b"down 2"]
    await until(lambda: field.line.idle)
    connection.send(b"up 3", True)
    await until(lambda: field.came[-1] == b"up 3")


async def test_a_platforms_end_in_silence_is_told_afterwards(field: Field) -> None:
    _, owner, leg = await field.connect()
    field.line.outage_begins(How.SILENT)
    leg.hang_up()
    await field.still()
    assert not owner.ended.done()
    field.line.outage_ends(How.SILENT)
    await owner.ended
    await until(lambda: field.line.idle)


async def test_what_the_device_gives_up_in_silence_is_silent_until_that_is_over_and_then_reset(field: Field) -> None:
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.outage_begins(How.SILENT)
    connection.send(b"lost", True)
    connection.abort()
    await owner.ended
    await field.still()
    assert (leg.came, leg.ended) == (before, None)
    assert not field.line.idle
    assert field.network.kept.count == 1
    field.line.outage_ends(How.SILENT)
    await until(lambda: leg.ended is not None)
    assert (leg.came, leg.ended) == (before, RESET)
    assert field.line.idle
    assert field.network.kept.count == 0


def hurried(connection: Any) -> None:
    """Let a connection wait for its peer's end no longer than a test wants to."""
    if isinstance(connection, MqttConnection):
        means = connection._means
        connection._means = replace(means, patience=replace(means.patience, closing=0.05))
    else:
        connection._close_timeout = 0.05


async def test_an_end_in_order_in_silence_is_not_answered(field: Field) -> None:
    connection, owner, leg = await field.connect()
    hurried(connection)
    before = leg.came
    field.line.outage_begins(How.SILENT)
    loop = asyncio.get_running_loop()
    asked = loop.time()
    connection.close(1000)
    _, _, detail = await owner.ended
    # Nobody answered before that, however long it really took; a loop's timers count whole ms.
    assert loop.time() - asked >= 0.048
    if not field.over_mqtt:
        assert detail == "no answer to the closing handshake within 0.05 s"
    await field.still()
    assert (leg.came, leg.ended) == (before, None)
    field.line.outage_ends(How.SILENT)
    await until(lambda: leg.ended == RESET)
    assert leg.came == before


async def test_silence_that_comes_while_a_connection_closes(field: Field) -> None:
    connection, owner, leg = await field.connect()
    hurried(connection)
    connection.close(1000)
    field.line.outage_begins(How.SILENT)
    await owner.ended
    field.line.outage_ends(How.SILENT)
    await until(lambda: leg.ended is not None)
    await until(lambda: field.line.idle)


async def test_a_connection_that_closes_over_a_slow_line_that_gets_fast_again(field: Field) -> None:
    connection, owner, leg = await field.connect()
    hurried(connection)
    field.relay.deaf = True
    field.line.slow(SlowLink(latency=Range(low=0.1, high=0.1)), rng())
    connection.close(1000)
    field.line.fast()
    await until(lambda: field.advance(0.05) or owner.ended.done())
    await until(lambda: leg.ended is not None)
    await until(lambda: field.line.idle)


async def test_a_broker_that_cannot_be_heard_fails_keep_alive(make_field: MakeField) -> None:
    field = await make_field("mqtt")
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.outage_begins(How.SILENT)
    field.advance(200)
    assert (await owner.ended)[0] == "keep-alive"
    assert connection.pings == 1
    assert (leg.came, leg.ended) == (before, None)


async def test_what_is_held_counts_for_back_pressure(field: Field) -> None:
    connection, _, _ = await field.connect()
    field.line.outage_begins(How.SILENT)
    sent = 0
    while not connection.paused:
        connection.send(bytes(10_000), True)
        sent += 1
    assert 5 <= sent <= 7
    field.line.outage_ends(How.SILENT)
    await connection.drain()
    await until(lambda: len(field.came) == sent)
    await until(lambda: field.line.idle)


# --- The other outages ---


async def test_a_reset_is_one_for_both_ends(make_field: MakeField) -> None:
    for transport in ("ws", "wss", "mqtt", "mqtts"):
        for how in (How.RESET, How.DNS, How.REFUSED):
            field = await make_field(transport)
            _, owner, leg = await field.connect()
            field.line.outage_begins(how)
            code, _, detail = await owner.ended
            assert code == ("connection lost" if field.over_mqtt else 1006)
            assert detail == "the scenario's outage reset the connection"
            await until(lambda leg=leg: leg.ended is not None)
            assert leg.ended == RESET
            field.line.outage_ends(how)
            assert field.line.idle


async def test_an_end_in_order_was_not_asked_for_by_the_device(field: Field) -> None:
    connection, owner, leg = await field.connect()
    field.line.outage_begins(How.CLOSE)
    ended = await owner.ended
    assert ended[0] == ("disconnected" if field.over_mqtt else 1001)
    assert connection.fault is None
    await until(lambda: leg.ended is not None)
    assert leg.ended == EOF
    field.line.outage_ends(How.CLOSE)
    assert field.line.idle


async def test_power_gone_is_silence_and_its_return_a_reset(field: Field) -> None:
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.power_gone()
    connection.send(b"never", True)
    await field.still()
    assert (leg.came, leg.ended) == (before, None)
    field.line.power_back()
    await owner.ended
    await until(lambda: leg.ended is not None)
    assert (leg.came, leg.ended) == (before, RESET)
    assert field.line.idle


# --- Several at a time ---


async def test_an_outage_is_over_when_all_are(field: Field) -> None:
    connection, owner, _ = await field.connect()
    field.line.outage_begins(How.SILENT)
    field.line.outage_begins(How.SILENT)
    field.line.outage_ends(How.SILENT)
    connection.send(b"held", True)
    await field.still()
    assert field.came == []
    assert not field.line.idle
    field.line.outage_ends(How.SILENT)
    await until(lambda: field.came == [b"held"])
    assert not owner.ended.done()


async def test_a_reset_is_not_seen_before_the_silence_is_over(field: Field) -> None:
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.outage_begins(How.SILENT)
    connection.send(b"never", True)
    field.line.outage_begins(How.RESET)
    await field.still()
    assert not owner.ended.done()
    assert leg.ended is None
    field.line.outage_ends(How.SILENT)
    await owner.ended
    await until(lambda: leg.ended is not None)
    assert (leg.came, leg.ended) == (before, RESET)
    assert not field.line.idle
    field.line.outage_ends(How.RESET)
    assert field.line.idle


async def test_where_no_descriptor_is_left_the_reset_comes_early(make_field: MakeField) -> None:
    field = await make_field("ws")
    field.network.kept._most = 0
    connection, owner, leg = await field.connect()
    field.line.outage_begins(How.SILENT)
    connection.abort()
    await owner.ended
    await until(lambda: leg.ended == RESET)
    assert field.network.kept.reset_early == 1
    field.line.outage_ends(How.SILENT)
    assert field.line.idle
