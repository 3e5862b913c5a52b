"""Slow lines and changing weather under real connections, over each transport and TLS: nothing lost, nothing twice."""

from __future__ import annotations

import array
import fcntl
import random
import termios

from simulator.device.environment import Connection
from simulator.fields.range import Range
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.measurements.weather import CUT
from simulator.weather.kinds import How, SlowLink
from tests.device.recording import Recording
from tests.fleet.faults.conftest import MakeField
from tests.fleet.faults.field import Field, rng, until

SLOW = SlowLink(latency=Range(low=0.2, high=0.8), bandwidth=64_000, stall=0.1)


async def test_a_message_takes_its_time_either_way(field: Field) -> None:
    connection, owner, leg = await field.connect()
    before = leg.came
    field.line.slow(SlowLink(latency=Range(low=0.5, high=0.5)), rng())
    connection.send(b"up", True)
    field.tell(b"down")
    await field.still()
    field.advance(0.45)
    await field.still()
    assert (leg.came, owner.messages) == (before, [])
    field.advance(0.1)
    await until(lambda: field.came == [b"up"])
    # When it came to this side, only the loop knows.
    await until(lambda: field.advance(0.05) or len(owner.messages) == 1)
    field.line.fast()
    # Over MQTT the device has acknowledged the message.
    await until(lambda: field.advance(0.05) or field.line.idle)


async def test_in_changing_weather_everything_arrives_once_and_in_order(field: Field) -> None:
    connection, owner, _ = await field.connect()
    rolls = random.Random(7)
    line = field.line
    up: list[bytes] = []
    down: list[bytes] = []
    silent = slow = 0
    for number in range(60):
        payload = b"%d " % number + rolls.randbytes(rolls.choice([1, 100, 5_000, 40_000]))
        up.append(payload)
        connection.send(payload, True)
        down.append(payload[::-1])
        field.tell(payload[::-1])
        roll = rolls.random()
        if roll < 0.2:
            line.outage_begins(How.SILENT)
            silent += 1
        elif roll < 0.45 and silent:
            line.outage_ends(How.SILENT)
            silent -= 1
        elif roll < 0.6:
            line.slow(SLOW, rng())
            slow += 1
        elif roll < 0.8 and slow:
            line.fast()
            slow -= 1
        await field.still()
        field.advance(rolls.uniform(0, 1))
    for _ in range(silent):
        line.outage_ends(How.SILENT)
    for _ in range(slow):
        line.fast()
    for _ in range(60):
        field.advance(1.0, step=1.0)
        await field.still()
    await until(lambda: len(field.came) == len(up) and len(owner.messages) == len(down))
    assert field.came == up
    assert [payload for payload, _ in owner.messages] == down
    assert not owner.ended.done()
    await until(lambda: line.idle)


class Measured:
    """A device on a slow line, and what of it stands against the platform."""

    def __init__(self, field: Field, kind: SlowLink) -> None:
        self.field = field
        self.recorded = Recording()
        self._account = DeviceAccount(0, self.recorded, field.clock.wall, grace=10.0)
        self._account.hit(3, overtakes=False)
        self._account.disturbed(3, held=field.line.held, blocks=False)
        field.line.slow(kind, rng())

    async def no_reply(self, connection: Connection, size: int) -> bool:
        """A request of `size` bytes times out; returns whether it is a failure of the platform's."""
        field = self.field
        connection.send(bytes(size), True)
        for _ in range(20):
            await field.still()
            field.advance(0.5)
        now = field.clock.wall()
        before = len(self.recorded.requests), len(self.recorded.disconnects)
        self._account.request("dev.heartbeat", now - 10, 10, "timeout", size, 0, 0)
        self._account.disconnect("timeout", now)
        after = len(self.recorded.requests), len(self.recorded.disconnects)
        assert after in (before, (before[0] + 1, before[1] + 1))
        return after != before


async def test_a_platform_that_hangs_does_so_over_a_slow_link_too(field: Field) -> None:
    connection, owner, leg = await field.connect()
    bad = SlowLink(latency=Range(low=0.1, high=0.4), bandwidth=64 * 1024, stall=0.02)
    measured = Measured(field, bad)
    field.relay.deaf = True
    before = leg.came
    assert await measured.no_reply(connection, 200)
    assert leg.came > before, "the platform had it"
    # What goes before it is in its way as far as it takes: 90 KB less than two seconds.
    assert await measured.no_reply(connection, 90 * 1024)
    assert owner.messages == []
    assert CUT not in [what for _, what, *_ in measured.recorded.faults]


async def test_a_picture_that_the_link_takes_too_long_for_is_not_the_platforms(field: Field) -> None:
    connection, _, leg = await field.connect()
    measured = Measured(field, SlowLink(latency=Range(low=0.1, high=0.4), bandwidth=8 * 1024))
    before = leg.came
    assert not await measured.no_reply(connection, 90 * 1024)
    assert before < leg.came < before + 90 * 1024


def unread(descriptor: int) -> int:
    """Bytes that lie in a socket."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


async def test_in_silence_what_comes_stays_in_the_kernel_below_tls_too(make_field: MakeField) -> None:
    for transport in ("wss", "mqtts"):
        field = await make_field(transport)
        connection, owner, _ = await field.connect()
        sock = connection._transport.get_extra_info("socket")
        field.line.outage_begins(How.SILENT)
        # One piece may be on its way through TLS when reading stops; the next may not.
        for number in range(3):
            field.tell(bytes([number]) * 9_000)
            await field.still()
        await until(lambda sock=sock: unread(sock.fileno()) > 18_000)
        assert owner.messages == []
        field.line.outage_ends(How.SILENT)
        await until(lambda owner=owner: len(owner.messages) == 3)
