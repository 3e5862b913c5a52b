"""Topics into sessions, with a hub in memory and no broker at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from simulator.clock import ManualClock
from simulator.platform.broker import Broker
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.mqtt.backend import SILENT, UNKNOWN_TOPIC, Backend
from simulator.platform.mqtt.devices import DeviceTopics, TopicDirectory
from simulator.platform.mqtt.topic_connection import LATE, OVERSIZED, REPEATED, TOO_LARGE
from simulator.platform.pushes import Pushes
from simulator.platform.settings import PlatformSettings
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.registry import channel_suite
from simulator.pubsub.shipped import shipped
from tests.platform.harness import DEVICE_KEY, IDENTITIES, OK, record, report_params
from tests.platform.parts import mqtt_settings, platform_settings, services_of

ONE, TWO = IDENTITIES[:2]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}
NOT_AUTHORISED = "E0010004"


class Hub:
    """Keeps what is published."""

    def __init__(self, sees_connections: bool) -> None:
        self.sees_connections = sees_connections
        self.published: list[tuple[str, dict[str, Any], int]] = []
        self.dropped: list[str] = []

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        self.published.append((topic, orjson.loads(payload), qos))

    def drop(self, sn: str) -> None:
        self.dropped.append(sn)

    def device_of(self, topic: str) -> DeviceTopics | None:
        return None


class Loop:
    """Does at once what would be done soon."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        callback()


class Stage:
    """A backend, and a device that speaks plain."""

    def __init__(self, sees_connections: bool = True, settings: PlatformSettings | None = None, **mqtt: Any) -> None:
        settings = settings or platform_settings(mqtt=mqtt_settings(**mqtt))
        self.clock = ManualClock()
        self.hub = Hub(sees_connections)
        self.errors: list[BaseException] = []
        self.ledger = Ledger(None)
        services = services_of(settings, self.ledger, self.clock, tuple(IDENTITIES))
        self.services = replace(services, loop=Loop())  # type: ignore[arg-type]
        self.pushes = Pushes(self.services, photo_url=lambda sn, pin: "http://h/p")
        plain, suite = channel_suite("plain"), channel_suite(settings.mqtt.channel)
        self.broker = Broker(self.services, self.pushes, plain, suite, KeyRing([DEVICE_KEY]))
        directory = TopicDirectory(
            (shipped("best-m").profile, shipped("tencent").profile), self.services.authority.identity
        )
        self.backend = Backend(self.services, self.broker, directory, self.hub, self.errors.append)
        self.mids = 0
        self.up = f"best/{ONE.product_id}/{ONE.sn}/up"

    def say(self, func_id: str, params: Any, *, mid: str | None = None, dup: bool = False, **more: Any) -> str:
        self.mids += 1
        mid = mid or f"m{self.mids}"
        message = {"funcId": func_id, "mid": mid, "payload": {"params": params}, **more}
        self.backend.receive(self.up, orjson.dumps(message), dup)
        return mid

    def ask(self, func_id: str, params: Any, **more: Any) -> dict[str, Any]:
        mid = self.say(func_id, params, **more)
        found = [message for _, message, _ in self.hub.published if message["mid"] == mid]
        assert len(found) == 1
        return found[0]

    def code(self, func_id: str = HEARTBEAT, params: Any = FREE, **more: Any) -> str:
        return str(self.ask(func_id, params, **more)["code"])

    def log_in(self) -> None:
        register = {"protType": "best-m", "protVer": "1", "devType": "meet", "devKey": ONE.digest}
        proof = {"productId": ONE.product_id, "devKey": ONE.digest}
        proof["authCode"] = self.ask("dev.register", register)["payload"]["results"]["authCode"]
        proof["secret"] = self.ask("dev.accredit", proof, sn=ONE.sn)["payload"]["results"]["secret"]
        assert self.code("dev.login", proof, sn=ONE.sn) == OK

    def online(self) -> None:
        self.log_in()
        assert self.code("dev.report", report_params(), sn=ONE.sn) == OK
        assert self.is_online

    @property
    def is_online(self) -> bool:
        return ONE.sn in self.broker.online.serial_numbers

    @property
    def events(self) -> dict[str, int]:
        return dict(self.services.tally._events)


def test_replies_go_to_the_devices_topic_with_the_profiles_quality_of_service() -> None:
    stage = Stage()
    stage.online()
    assert {(topic, qos) for topic, _, qos in stage.hub.published} == {(f"best/{ONE.product_id}/{ONE.sn}/down", 1)}
    assert stage.code() == OK
    assert stage.events == {}


def test_a_device_that_was_seen_to_leave_has_to_log_in_again() -> None:
    stage = Stage()
    stage.online()
    stage.backend.left(ONE.sn, "lost")
    assert not stage.is_online
    stage.backend.left(ONE.sn, "lost")
    stage.backend.left(TWO.sn, "lost")
    assert stage.code() == NOT_AUTHORISED


def test_what_is_sent_again_after_a_cut_belongs_to_the_session_before() -> None:
    stage = Stage()
    stage.online()
    known = stage.say("dev.data.upload.verifyLog", {"verifyLog": [record(1)]})
    stage.backend.left(ONE.sn, "lost")
    stage.say("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}, mid=known, dup=True)
    assert stage.events == {REPEATED: 1}
    assert stage.code("dev.data.upload.verifyLog", {"verifyLog": [record(2)]}, dup=True) == OK
    assert not stage.is_online, "what is sent again says nothing of now"
    stage.online()


def test_behind_another_broker_silence_is_absence() -> None:
    stage = Stage(sees_connections=False)
    stage.online()
    stage.clock.advance(119)
    stage.backend.watch()
    assert stage.is_online
    stage.clock.advance(2)
    stage.backend.watch()
    stage.backend.watch()
    assert not stage.is_online
    assert stage.events == {SILENT: 1}
    assert stage.code() == OK
    assert stage.is_online


def test_a_login_of_a_silent_device_is_a_fresh_start() -> None:
    stage = Stage(sees_connections=False)
    stage.online()
    stage.clock.advance(121)
    stage.backend.watch()
    stage.log_in()
    assert not stage.is_online
    assert stage.code() == NOT_AUTHORISED


def test_without_a_heartbeat_nobody_is_taken_for_gone() -> None:
    stage = Stage(sees_connections=False, settings=platform_settings(supports_heartbeat=False))
    stage.online()
    stage.clock.advance(1_000_000)
    stage.backend.watch()
    assert stage.is_online


def test_a_hub_that_sees_connections_needs_no_watch() -> None:
    stage = Stage()
    stage.online()
    stage.clock.advance(1_000_000)
    stage.backend.watch()
    assert stage.is_online


def test_a_device_that_connects_and_does_not_log_in_is_turned_away() -> None:
    stage = Stage()
    deadline = stage.services.settings.before_login.deadline
    stage.backend.arrived(ONE.sn)
    stage.backend.arrived(TWO.sn)
    stage.online()
    stage.clock.advance(deadline - 1)
    stage.backend.watch()
    assert stage.hub.dropped == []
    stage.clock.advance(2)
    stage.backend.watch()
    assert stage.hub.dropped == [TWO.sn]
    assert stage.events == {"turned away before the login: out of time": 1}
    stage.clock.advance(10 * deadline)
    stage.backend.watch()
    assert stage.hub.dropped == [TWO.sn]
    assert stage.is_online


def test_a_new_connection_needs_a_login_of_its_own_and_one_that_has_gone_none() -> None:
    stage = Stage()
    deadline = stage.services.settings.before_login.deadline
    stage.backend.arrived(ONE.sn)
    stage.online()
    stage.backend.watch()
    stage.backend.left(ONE.sn, "lost")
    stage.backend.arrived(ONE.sn)
    stage.backend.arrived(TWO.sn)
    stage.backend.left(TWO.sn, "lost")
    stage.clock.advance(deadline + 1)
    stage.backend.watch()
    assert stage.hub.dropped == [ONE.sn]


def test_a_device_by_the_topic_of_another_profile() -> None:
    stage = Stage()
    stage.online()
    stage.up = f"{ONE.product_id}/{ONE.sn}/event"
    assert stage.code() == NOT_AUTHORISED
    assert not stage.is_online
    assert stage.hub.published[-1][0] == f"{ONE.product_id}/{ONE.sn}/control"


@pytest.mark.parametrize("topic", ["best/x/SN0000/up", "x", "best/a/b/down"])
def test_topics_of_nobody(topic: str) -> None:
    stage = Stage()
    stage.backend.receive(topic, b"{}", False)
    assert (stage.events, stage.hub.published) == ({UNKNOWN_TOPIC: 1}, [])


def test_what_cannot_be_read_ends_session_and_connection_unless_it_was_sent_again() -> None:
    stage = Stage(channel="rsa-aes")
    stage.backend.receive(stage.up, b"\0sealed", True)
    assert (stage.events, stage.hub.dropped) == ({LATE: 1}, [])
    stage.backend.receive(stage.up, b"\0other", False)
    assert stage.events == {LATE: 1, "channel violation": 1}
    assert stage.hub.dropped == [ONE.sn]


def test_with_keys_the_session_ends_with_the_connection() -> None:
    stage = Stage(channel="exchange-only")
    stage.say("device.exchange.publicKey", {})
    stage.backend.left(ONE.sn, "lost")
    assert stage.backend._by_sn == {}
    plain = Stage()
    plain.online()
    plain.backend.left(ONE.sn, "lost")
    assert list(plain.backend._by_sn) == [ONE.sn]


def test_a_message_beyond_the_brokers_limit_is_not_published() -> None:
    stage = Stage()
    stage.online()
    connection = stage.backend._by_sn[ONE.sn]
    count = len(stage.hub.published)
    connection.send(b"x" * (64 * 1024 + 1), False)
    assert (len(stage.hub.published), stage.events) == (count, {TOO_LARGE: 1})


def test_a_message_beyond_the_profiles_limit_ends_the_connection() -> None:
    """The broker's own limit is that of the widest profile."""
    stage = Stage()
    stage.online()
    count = len(stage.hub.published)
    stage.backend.receive(stage.up, b"{" + b" " * (64 * 1024), False)
    assert (len(stage.hub.published), stage.events) == (count, {OVERSIZED: 1})
    assert stage.hub.dropped == [ONE.sn]


def test_a_fault_of_ours_ends_that_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.online()
    session = stage.backend._by_sn[ONE.sn]._handler
    monkeypatch.setattr(type(session), "message", lambda *_: 1 / 0)
    stage.say(HEARTBEAT, FREE)
    assert [type(error) for error in stage.errors] == [ZeroDivisionError]
    assert stage.hub.dropped == [ONE.sn]
    assert not stage.is_online
    monkeypatch.undo()
    stage.online()


@pytest.mark.parametrize("sees_connections", [True, False])
def test_with_keys_too_the_quality_of_service_is_the_profiles(sees_connections: bool) -> None:
    stage = Stage(sees_connections, channel="exchange-only")
    stage.say("device.exchange.publicKey", {})
    assert [each[2] for each in stage.hub.published] == [1]
