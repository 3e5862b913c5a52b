"""Fleet and embedded platform on either side of a broker that neither of us wrote: mosquitto."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simulator.device.environment import MqttWay
from simulator.mqtt.login import ClientState, Login
from simulator.scenario.scenario import Scenario, parse_scenario
from simulator.wire.authority import CertificateAuthority
from tests import mosquitto as reference
from tests.fleet.network_bench import Bench, failure
from tests.fleet.network_bench import broker as answer
from tests.fleet.test_mqtt import CuttingProxy, lives_and_stops, over_mqtt
from tests.fleet.test_mqtt_network import Owner
from tests.fleet.test_runtime import fleet_of, within
from tests.mosquitto import Mosquitto, mosquitto

pytestmark = reference.needed


@pytest_asyncio.fixture
async def cutting() -> AsyncIterator[CuttingProxy]:
    made = CuttingProxy()
    await made.open()
    yield made
    await made.close()


def through(url: str, *, count: int = 5, suite: str = "plain", more: str = "", platform: str = "") -> Scenario:
    """A small fleet whose platform is behind the broker at `url`."""
    text = over_mqtt(count=count, suite=suite, more=more).text
    section = f"platform:\n  mqtt:\n    broker: '{url}'\n{platform}"
    return parse_scenario(text.replace("platform:\n", section), "test.yaml")


def quickly(scenario: Scenario) -> Scenario:
    """With devices that do not wait long for a platform that is not back yet."""
    return parse_scenario(scenario.text.replace("request_timeout: 15s", "request_timeout: 3s"), "test.yaml")


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_five_devices_live_and_stop_in_order(tmp_path: Path, suite: str) -> None:
    async with mosquitto(tmp_path) as broker, fleet_of(through(broker.url(), suite=suite)) as fleet:
        await lives_and_stops(fleet, 5)
        assert fleet.recorder.failed() == Counter()
        assert set(fleet.recorder.flow_codes("puback")) == {"00000000"}


async def test_with_certificates_on_both_sides(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority("tests", now)
    files = authority.server(tmp_path, ["127.0.0.1"], now)
    for name in ("device", "platform"):
        issued = authority.client(name, now - datetime.timedelta(days=1), now + datetime.timedelta(days=1))
        (tmp_path / f"{name}.pem").write_text(issued.certificate)
        (tmp_path / f"{name}.key").write_text(issued.private_key)
    config = f"cafile {files.ca}\ncertfile {files.cert}\nkeyfile {files.key}\nrequire_certificate true\n"
    tls = "{{ca: {ca}, client_cert: {at}/{name}.pem, client_key: {at}/{name}.key}}"
    own, platforms = (tls.format(ca=files.ca, at=tmp_path, name=name) for name in ("device", "platform"))
    async with mosquitto(tmp_path, f"{config}allow_anonymous true") as broker:
        scenario = through(broker.url("mqtts"), more=f"tls: {own}\n", platform=f"    tls: {platforms}\n")
        async with fleet_of(scenario) as fleet:
            await lives_and_stops(fleet, 5)
            assert fleet.recorder.failed() == Counter()
        without = through(
            broker.url("mqtts"), count=1, more=f"tls: {{ca: {files.ca}}}\n", platform=f"    tls: {platforms}\n"
        )
        async with fleet_of(without) as fleet:
            fleet.start(0)
            await fleet.until(lambda: bool(fleet.recorder.codes("connect")))
            assert fleet.recorder.codes("connect")[0] in ("tls", "handshake", "closed", "reset")
            assert "no certificate was shown" in fleet.recorder.details["connect", fleet.recorder.codes("connect")[0]]


async def test_a_refused_login_is_told_in_the_brokers_word(bench: Bench, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(0o600)
    async with mosquitto(tmp_path, f"password_file {passwords}\nallow_anonymous false") as broker:
        network = await bench.network()
        login = Login(client_id="SN1", username="SN1", password="wrong and secret", up="a", down="b")
        way = MqttWay(login, ClientState(lambda sent, taken: None))
        error = await failure(network.connect_mqtt(answer(broker.url()), Owner(), index=0, way=way))
        assert error.kind == "not authorized"
        assert "wrong and secret" not in str(error)


async def test_cut_before_the_puback_a_record_is_sent_again_and_held_once(
    tmp_path: Path, cutting: CuttingProxy
) -> None:
    cutting.cuts = 5
    async with mosquitto(tmp_path) as broker:
        scenario = through(broker.url(), more=f"network: {{proxy: '{cutting.url}'}}\n")
        async with fleet_of(scenario) as fleet:
            fleet.start(*range(5))
            await fleet.until(lambda: len(cutting.cut) == 5)
            await fleet.online(5)
            enough = fleet.recorder.records["acknowledged"] + 20
            await fleet.until(lambda: fleet.recorder.records["acknowledged"] > enough)
            await within(fleet.runtime.stop_all())
            fleet.check(5)
            assert fleet.recorder.broken() == {}
            assert fleet.recorder.records["acknowledged"] == fleet.recorder.records["generated"]
            assert fleet.recorder.failed() == Counter()


async def test_a_broker_that_crashes_and_comes_back_loses_no_record(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    await broker.start()
    try:
        async with fleet_of(quickly(through(broker.url()))) as fleet:
            fleet.start(*range(5))
            await fleet.online(5)
            await fleet.until(lambda: fleet.recorder.records["acknowledged"] > 10)
            await broker.kill()
            await fleet.until(lambda: len(fleet.recorder.reasons()) >= 5)
            await broker.start()
            await fleet.online(5)
            enough = fleet.recorder.records["acknowledged"] + 20
            await fleet.until(lambda: fleet.recorder.records["acknowledged"] > enough)
            await within(fleet.runtime.stop_all())
            fleet.check(5)
            counts = fleet.recorder.records
            assert counts["acknowledged"] == counts["generated"]
            assert fleet.recorder.broken() == {}
            # A device that is back before the platform is heard by nobody.
            assert set(fleet.recorder.reasons()) <= {"connection lost", "closed by the broker", "timeout", "stopped"}
    finally:
        await broker.kill()
