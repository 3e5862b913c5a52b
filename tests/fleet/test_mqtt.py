"""A fleet over MQTT, alive against the embedded platform and its broker: what it delivers, and what a cut costs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from simulator.mqtt.codec import PacketReader
from simulator.mqtt.packets import Connect, Puback, Publish
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.fleet.small_proxy import Ends, SmallProxy
from tests.fleet.test_runtime import SCENARIO, Fleet, fleet_of, within

LOG = b'"funcId":"dev.data.upload.verifyLog"'


def over_mqtt(
    broker_type: str = "best-m", count: int = 10, suite: str = "plain", more: str = "", defaults: str = ""
) -> Scenario:
    """A small fleet that is never long away."""
    text = SCENARIO.format(count=count, suite=suite, more=more)
    return parse_scenario(
        text.replace("defaults:\n", f"defaults:\n  broker_type: {broker_type}\n{defaults}"), "test.yaml"
    )


async def ledger(fleet: Fleet) -> dict[str, Any]:
    """What the platform holds."""
    url = f"{fleet.plan.dispatch_urls[0]}/ledger"
    async with aiohttp.ClientSession() as http, http.get(url, ssl=False) as answer:
        return dict(await answer.json())


async def lives_and_stops(fleet: Fleet, count: int) -> None:
    fleet.start(*range(count))
    await fleet.online(count)
    await fleet.until(lambda: len(fleet.recorder.codes("dev.heartbeat")) > count)
    await fleet.until(lambda: fleet.recorder.records["acknowledged"] > 3 * count)
    await within(fleet.runtime.stop_all())
    fleet.check(count)
    counts = fleet.recorder.records
    assert counts["acknowledged"] == counts["generated"]
    assert fleet.recorder.broken() == {}
    assert (await ledger(fleet))["totals"]["records"] == counts["generated"]


@pytest.mark.parametrize("suite", ["plain", "rsa-aes", "exchange-only"])
async def test_ten_devices_live_and_stop_in_order(suite: str) -> None:
    async with fleet_of(over_mqtt(suite=suite)) as fleet:
        await lives_and_stops(fleet, 10)
        assert fleet.recorder.failed() == Counter()
        assert Counter(fleet.recorder.reasons()) == {"stopped": 10}
        assert fleet.recorder.codes("connect") == fleet.recorder.codes("subscribe") == ["00000000"] * 10
        published = fleet.recorder.flow_codes("puback")
        assert set(published) == {"00000000"}
        sent = [entry for entry in fleet.recorder.requests if entry[0].startswith(("dev.", "device."))]
        answers = len(fleet.recorder.commands)
        assert len(published) == len(sent) + answers


@pytest.mark.parametrize(
    ("broker_type", "defaults"),
    [("best-a", ""), ("best-t", "  mqtt: {password: none}\n"), ("best-m", "  mqtt: {qos: 0, clean_session: true}\n")],
)
async def test_other_profiles(broker_type: str, defaults: str) -> None:
    async with fleet_of(over_mqtt(broker_type, count=4, defaults=defaults)) as fleet:
        await lives_and_stops(fleet, 4)
        assert fleet.recorder.failed() == Counter()


async def test_over_tls_with_certificates_of_the_look_ups() -> None:
    scenario = over_mqtt(count=4)
    text = "  tls: {device_certificates: true}\n"
    certified = parse_scenario(scenario.text.replace("platform:\n", f"platform:\n{text}"), "test.yaml")
    async with fleet_of(certified) as fleet:
        await lives_and_stops(fleet, 4)
        assert fleet.recorder.failed() == Counter()


# --- Cuts ---


@dataclass
class CuttingProxy(SmallProxy):
    """Lets a record's PUBLISH through, and cuts the connection instead of its PUBACK, `cuts` times.

    Attributes:
        published: of each client, what it published and whether that was cut, with its CONNECTs in between.
    """

    cuts: int = 0
    published: dict[str, list[Publish | Connect]] = field(default_factory=dict)
    cut: list[tuple[str, Publish]] = field(default_factory=list)

    async def _tunnel(self, near: Ends, far: Ends) -> None:
        doomed: dict[int, tuple[str, Publish]] = {}
        await asyncio.gather(self._up(near[0], far[1], doomed), self._down(far[0], near[1], far[1], doomed))

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: dict[int, tuple[str, Publish]]
    ) -> None:
        packets, client = PacketReader(), ""
        try:
            while data := await reader.read(65_536):
                for packet in packets.feed(data):
                    if isinstance(packet, Connect):
                        client = packet.client_id
                        self.published.setdefault(client, []).append(packet)
                    elif isinstance(packet, Publish):
                        self.published[client].append(packet)
                        # One of a connection: what is on its way beside it goes with the cut, and is not cut itself.
                        if self.cuts and not doomed and not packet.dup and self._is_chosen(packet):
                            self.cuts -= 1
                            doomed[packet.packet_id] = (client, packet)
                writer.write(data)
        finally:
            writer.close()

    def _is_chosen(self, packet: Publish) -> bool:
        """A record; where nobody can read what is published, any message after the initial flow."""
        return LOG in packet.payload if packet.payload[:1] == b"{" else packet.payload[7] > 8

    async def _down(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far: asyncio.StreamWriter,
        doomed: dict[int, tuple[str, Publish]],
    ) -> None:
        packets = PacketReader()
        try:
            while data := await reader.read(65_536):
                for packet in packets.feed(data):
                    if isinstance(packet, Puback) and packet.packet_id in doomed:
                        self.cut.append(doomed.pop(packet.packet_id))
                        far.transport.abort()
                        return
                writer.write(data)
        finally:
            writer.transport.abort()


@pytest_asyncio.fixture
async def cutting() -> AsyncIterator[CuttingProxy]:
    made = CuttingProxy()
    await made.open()
    yield made
    await made.close()


async def test_cut_before_the_puback_a_record_is_sent_again_with_dup_and_held_once(cutting: CuttingProxy) -> None:
    cutting.cuts = 8
    more = f"network: {{proxy: '{cutting.url}'}}\n"
    async with fleet_of(over_mqtt(count=4, more=more)) as fleet:
        fleet.start(*range(4))
        await fleet.until(lambda: len(cutting.cut) == 8)
        await fleet.online(4)
        enough = fleet.recorder.records["acknowledged"] + 20
        await fleet.until(lambda: fleet.recorder.records["acknowledged"] > enough)
        await within(fleet.runtime.stop_all())
        fleet.check(4)
        counts, held = fleet.recorder.records, await ledger(fleet)
        assert fleet.recorder.broken() == {}
        assert counts["acknowledged"] == counts["generated"] == held["totals"]["records"]
        # The broker has the session, so nothing is lost, nothing times out, and no record is made anew.
        assert counts["resent"] == 0
        assert fleet.recorder.failed() == Counter()
        assert fleet.recorder.flow_codes("puback").count("disconnected") == 0
    for client, first in cutting.cut:
        history = cutting.published[client]
        place = next(at for at, packet in enumerate(history) if packet is first)
        again = [packet for packet in history[place + 1 :] if isinstance(packet, Publish) and packet.dup]
        same = [packet for packet in again if (packet.packet_id, packet.payload) == (first.packet_id, first.payload)]
        assert len(same) == 1, (client, first)
        # It comes right after the CONNECT, before anything new.
        back = next(at for at, packet in enumerate(history) if at > place and isinstance(packet, Connect))
        assert isinstance(history[back + 1], Publish)
        assert history[back + 1].dup  # type: ignore[union-attr]


async def test_keys_of_before_a_cut_are_no_good_and_everything_is_delivered_all_the_same(
    cutting: CuttingProxy,
) -> None:
    cutting.cuts = 4
    more = f"network: {{proxy: '{cutting.url}'}}\n"
    async with fleet_of(over_mqtt(count=4, suite="rsa-aes", more=more)) as fleet:
        fleet.start(*range(4))
        await fleet.until(lambda: len(cutting.cut) == 4)
        await fleet.online(4)
        await within(fleet.runtime.stop_all())
        fleet.check(4)
        counts = fleet.recorder.records
        assert fleet.recorder.broken() == {}
        assert counts["acknowledged"] == counts["generated"]
        assert (await ledger(fleet))["totals"]["records"] == counts["generated"]


async def test_the_platform_killed_in_the_middle_is_told_as_such_and_nothing_is_lost_silently() -> None:
    async with fleet_of(over_mqtt(count=4)) as fleet:
        fleet.start(*range(4))
        await fleet.online(4)
        await fleet.until(lambda: fleet.recorder.records["acknowledged"] > 8)
        waiting = {index: fleet.runtime.device(index) for index in range(4)}
    counts = fleet.recorder.records
    held = sum(device.delivery.outbox.pending for device in waiting.values() if device is not None)
    assert counts["generated"] == counts["acknowledged"] + held
    assert set(fleet.recorder.flow_codes("puback")) <= {"00000000", "disconnected"}
