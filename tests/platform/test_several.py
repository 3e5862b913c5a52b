"""What a platform in several processes serves: TLS, MQTT, and a state that outlives its death."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from simulator import wire
from simulator.platform.ledger.inspection import summary
from simulator.platform.split import owner_of
from simulator.wire.resumption import Handshake, KeptSession
from simulator.wire.tls import client_context
from tests.platform.harness import OK, Device, Identity, Running, record, report_params
from tests.platform.mqtt.over_mqtt import MqttDevice, connect, device_of
from tests.platform.several import Several, of_each, several
from tests.platform.test_device_certificates import connected, shows
from tests.wire.helpers import PATIENCE, Collector

RECORDS = "dev.data.upload.verifyLog"


@asynccontextmanager
async def asking(
    platform: Several, identity: Identity, context: ssl.SSLContext | None = None
) -> AsyncIterator[Running]:
    """The platform by connections of the device's own, which any of the processes takes."""
    connector = aiohttp.TCPConnector(ssl=True if context is None else context)
    async with aiohttp.ClientSession(connector=connector) as http:
        running = platform.running(http, identity)
        yield running
        for device in running.devices:
            await device.close()


async def looked_up(running: Running, identity: Identity, **changes: Any) -> dict[str, Any]:
    answer = await running.look_up(identity, **changes)
    assert answer["code"] == OK, answer
    results: dict[str, Any] = answer["payload"]["results"]
    return results


async def come_online(device: Device) -> None:
    await device.log_in()
    assert await device.code("dev.report", report_params(), sn=device.identity.sn) == OK


async def test_tls() -> None:
    """One certificate for all ports of all processes."""
    with several("tls=1") as platform:
        root = platform.root
        context = ssl.create_default_context(cadata=root)
        for identity in of_each():
            async with asking(platform, identity, context) as running:
                results = await looked_up(running, identity)
                assert results == {"url": running.info.broker, "rootCA": root}
                assert running.info.broker.startswith("wss://")
                device = await connected(running, identity, context)
                await come_online(device)
                assert await device.code(RECORDS, {"verifyLog": [record(1)]}) == OK
                await device.close()
                results = await looked_up(running, identity, type="best-m")
                assert results == {"url": running.info.mqtt, "rootCA": root}
                assert running.info.mqtt.startswith("mqtts://")
                socket, connack = await connect(running.info.mqtt, identity, ssl=context)
                assert connack.code == 0
                await socket.close()
        assert platform.end(signal.SIGTERM) == (0, "")
        assert platform.left == []


async def test_each_process_goes_on_with_the_tls_sessions_that_it_gave() -> None:
    """A device always comes to the same one; another one, as after a restart, makes a full handshake."""
    with several("tls=1") as platform:
        context = client_context(platform.told["ca"])
        brokers = [each["broker"] for each in platform.told["processes"]]
        handshakes: list[Handshake] = []
        kept = KeptSession(time.monotonic, lambda handshake, _seconds: handshakes.append(handshake))
        for number in (0, 0, 1, 1, 0):
            handler = Collector()
            settings = kept.resuming(context)
            connection = await wire.connect(
                brokers[number], handler, ssl=settings, max_size=1024, open_timeout=PATIENCE
            )
            # Before the end of a connection its tickets have come.
            connection.close()
            await handler.wait_closed()
        assert platform.end(signal.SIGTERM) == (0, "")
    first, *others = handshakes
    assert first is Handshake.FIRST
    assert others == [Handshake.RESUMED, Handshake.REFUSED, Handshake.RESUMED, Handshake.REFUSED]


async def test_mqtt() -> None:
    """Each process is the broker of its devices, their sessions and commands; and of nobody else's."""
    with several() as platform:
        brokers = [each["mqtt"] for each in platform.told["processes"]]
        assert len(set(brokers)) == 2
        for identity in of_each():
            async with asking(platform, identity) as running:
                own = brokers[owner_of(identity.sn, 2)]
                assert (await looked_up(running, identity, type="best-m"))["url"] == own == running.info.mqtt
                (other,) = set(brokers) - {own}
                stranger, connack = await connect(other, identity)
                assert connack.code == 2
                await stranger.ended()
                device = await device_of(running, identity)
                await come_online(device)
                await device.answer(await device.command())
                assert await device.code(RECORDS, {"verifyLog": [record(1)]}) == OK
                device.socket.abort()
                socket, connack = await connect(running.info.mqtt, identity)
                assert connack.session_present
                again = MqttDevice(identity, socket)  # type: ignore[arg-type]
                running.devices.append(again)
                await again.log_in(device.credentials)
                assert await again.code("dev.report", report_params(), sn=identity.sn) == OK
                totals = (await running.ledger())["totals"]
        assert (totals["devices"], totals["records"]) == (4, 4)
        assert platform.end(signal.SIGTERM)[0] == 0


# --- With a state ---

SCENARIO = """\
channel: {suite: plain}
groups: [{name: doors, count: 3}]
platform: {users: 0, tls: {device_certificates: true}}
"""


async def keep_sending(device: Device, acknowledged: set[int], until: asyncio.Event, enough: int) -> None:
    for number in range(1, 100_000):
        if await device.code(RECORDS, {"verifyLog": [record(number)]}) == OK:
            acknowledged.add(number)
        if len(acknowledged) == enough:
            until.set()


def command_of(directory: Path, devices: Sequence[Identity]) -> list[str]:
    """As a user starts it."""
    (directory / "scenario.yaml").write_text(SCENARIO)
    rows = [f"{each.sn},{each.secret_key},{each.product_id},{each.dev_key}" for each in devices]
    (directory / "devices.csv").write_text("\n".join(["sn,secretKey,productId,devKey", *rows]))
    files = {"--scenario": "scenario.yaml", "--identities": "devices.csv", "--state": "state"}
    named = [each for option, name in files.items() for each in (option, str(directory / name))]
    return [sys.executable, "-m", "simulator.cli", "platform", *named, "--processes", "2"]


async def test_a_state_outlives_the_death_of_all_processes(tmp_path: Path) -> None:
    """Whatever was acknowledged is there afterwards, once; devices need no other certificate and no other login."""
    used = of_each()
    command = command_of(tmp_path, used)
    acknowledged: dict[str, set[int]] = {identity.sn: set() for identity in used}
    devices: dict[str, Device] = {}
    contexts: dict[str, ssl.SSLContext] = {}
    with several(command=command) as platform:
        root = platform.root
        context = ssl.create_default_context(cadata=root)
        enough, sending = [asyncio.Event() for _ in used], []
        for identity in used:
            async with asking(platform, identity, context) as running:
                results = await looked_up(running, identity, nonce="once")
                assert results["rootCA"] == root
                contexts[identity.sn] = shows(results, root, tmp_path)
                devices[identity.sn] = await connected(running, identity, contexts[identity.sn])
                running.devices.clear()
            await come_online(devices[identity.sn])
        for identity, until in zip(used, enough, strict=True):
            sender = keep_sending(devices[identity.sn], acknowledged[identity.sn], until, 50)
            sending.append(asyncio.create_task(sender))
        async with asyncio.timeout(30):
            for until in enough:
                await until.wait()
        with several(command=command) as second:
            code, errors = second.end()
            assert second.left == []
        assert code == 2
        assert "another platform is using it" in errors
        platform.kill()
        for device in devices.values():
            await asyncio.wait_for(device.socket.wait_closed(), 20)
        for sender_task in sending:
            sender_task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        assert platform.end()[0] == -signal.SIGKILL
    account = tmp_path / "account.json"
    kept = 0
    with several("--account-file", str(account), command=command) as platform:
        assert platform.root == root
        for identity in used:
            async with asking(platform, identity, context) as running:
                held = [int(row["logId"]) for row in await running.records(identity.sn)]
                assert acknowledged[identity.sn] <= set(held)
                # One more may have been stored whose acknowledgement was cut off.
                assert len(held) == len(set(held)) <= len(acknowledged[identity.sn]) + 1
                kept += len(held)
                assert (await running.look_up(identity, nonce="once"))["code"] != OK
                again = await connected(running, identity, contexts[identity.sn])
                await again.log_in(devices[identity.sn].credentials)
                assert await again.code("dev.report", report_params(), sn=identity.sn) == OK
                assert await again.code(RECORDS, {"verifyLog": [record(1)]}) == OK
        assert platform.end(signal.SIGTERM) == (0, "")
    assert json.loads(account.read_text()) == {"records": kept, "photos": 0, "duplicates": len(used)}
    assert summary(tmp_path / "state" / "ledger.sqlite")["totals"]["records"] == kept
