"""Judging over MQTT: which cases are others there, what a broker may bring twice, and platforms that do it wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, failed, ok
from simulator.conform.ends import ends
from simulator.conform.over_mqtt import OverMqtt
from simulator.conform.reference import conformance_page
from simulator.conform.registry import all_cases, over
from simulator.conform.stages import Stage
from simulator.pubsub.shipped import profile_of
from simulator.scenario.scenario import SYSTEM_TRUST
from tests.conform.harness import Conformed, conform, embedded
from tests.platform.harness import running
from tests.platform.parts import mqtt_settings, platform_settings, platform_tls

BEST_M = profile_of("best-m")


async def _fine(bench: Bench) -> Outcome:
    return ok("fine")


async def _otherwise(bench: Bench) -> Outcome:
    return failed("otherwise")


def case(name: str = "lookup.one", **changes: object) -> Case:
    texts = dict.fromkeys(("section", "title", "sends", "expects", "why"), "-")
    return Case(id=name, run=_fine, **texts, **changes)  # type: ignore[arg-type]


async def over_mqtt(*only: str, suite: str = "plain", **options: object) -> Conformed:
    async with embedded(suite, mqtt=mqtt_settings(channel=suite)) as platform:
        return await conform(platform.info.dispatch, only=only, suite=suite, mqtt=BEST_M, **options)  # type: ignore[arg-type]


# --- Which cases there are ---


def test_a_case_is_the_same_over_mqtt_unless_it_says_so() -> None:
    one = case()
    assert one.over(mqtt=True) is one
    assert one.over(mqtt=False) is one


def test_another_one_stands_in_its_place() -> None:
    one = case(needs=("lookup.two",)).but_over_mqtt(title="another", run=_otherwise)
    assert one.over(mqtt=False) is one
    other = one.over(mqtt=True)
    assert (other.id, other.title, other.run, other.needs) == (one.id, "another", _otherwise, one.needs)


@pytest.mark.parametrize(
    ("one", "mqtt", "why"),
    [
        (case(waits=True, needs=("lookup.two",)).not_over_mqtt("there are no frames"), True, "over MQTT: there are no"),
        (case(only_mqtt=True, suites=("plain",)), False, "over WebSocket: it is about MQTT"),
    ],
)
async def test_what_is_not_applicable_says_why_and_needs_nothing(one: Case, mqtt: bool, why: str) -> None:
    left = one.over(mqtt=mqtt)
    outcome = await left.run(None)  # type: ignore[arg-type]
    assert outcome.result is Result.NOT_RUN
    assert outcome.observed.startswith(f"not applicable {why}")
    assert (left.needs, left.waits, left.suites) == ((), False, ())
    assert one.over(mqtt=not mqtt).run is _fine


def test_no_case_is_lost() -> None:
    assert [each.id for each in over(all_cases(), mqtt=True)] == [each.id for each in all_cases()]


def test_a_variant_waits_where_its_case_does() -> None:
    # All that wait run in one period, whatever the transport.
    others = [(each, each.over_mqtt) for each in all_cases() if isinstance(each.over_mqtt, Case)]
    assert [each.id for each, other in others if (other.id, other.waits) != (each.id, each.waits)] == []


def test_the_page_has_both() -> None:
    page = conformance_page()
    assert "| `register.sn.missing` over MQTT | dev.register without sn and productId is accepted |" in page
    assert "not over MQTT" in page
    assert "over MQTT alone" in page


# --- The embedded platform ---


PLAIN = ("mqtt", "register.sn", "register.missing", "register.again", "login.second-connection", "channel.no-json")
SEALED = ("mqtt.dup", "mqtt.session.kept", "register.again", "channel.tag.wrong")
BOTH = ("register.sn.missing", "login.again", "envelope.mid.repeated", "channel.replayed", "channel.binary")


@pytest.mark.parametrize(("suite", "cases"), [("plain", PLAIN), ("rsa-aes", SEALED)])
async def test_the_embedded_platform_conforms(suite: str, cases: tuple[str, ...]) -> None:
    found = await over_mqtt(*cases, *BOTH, suite=suite, wait=1.6)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    assert found.site.violations.counts() == {}
    assert found.result("register.sn.missing") is Result.OK
    assert found.result("mqtt.session.kept") is Result.OK
    assert found.outcome("channel.binary").observed == "not applicable over MQTT: there are no kinds of frames"


async def test_over_mqtts(tmp_path: Path) -> None:
    settings = platform_settings(tls=platform_tls())
    async with running(settings, tls_directory=tmp_path) as platform:
        assert platform.info.ca is not None
        found = await conform(
            platform.info.dispatch,
            only=["lookup.url", "report.accepted", "mqtt.ping"],
            tls=replace(SYSTEM_TRUST, ca=Path(platform.info.ca)),
            mqtt=BEST_M,
        )
    assert found.of(Result.OK).keys() >= {"lookup.url", "report.accepted", "mqtt.ping"}
    assert found.site.broker_url.startswith("mqtts://")


async def test_who_is_not_let_in_is_told() -> None:
    stranger = replace(BEST_M, client_id="{sn}-other")
    async with embedded() as platform:
        found = await conform(platform.info.dispatch, only=["heartbeat.free"], mqtt=stranger)
    assert found.result("channel.opened") is Result.FAILED
    assert "identifier rejected" in found.outcome("channel.opened").observed
    assert found.result("heartbeat.free") is Result.NOT_RUN


async def test_an_identity_that_the_profile_cannot_use_is_not_the_platforms_fault() -> None:
    async with embedded() as platform:
        found = await conform(
            platform.info.dispatch, only=["heartbeat.free"], mqtt=profile_of("tencent"), broker_type="best-t"
        )
    assert "is no base64" in found.judged.reason
    assert found.of(Result.FAILED) == {}


async def test_a_message_that_no_device_could_publish_is_not_sent() -> None:
    small = replace(BEST_M, max_packet=2_000)
    async with embedded() as platform:
        found = await conform(platform.info.dispatch, only=["file.package.at-limit"], mqtt=small)
    assert "by the profile it has 2000 at most" in found.outcome("file.package.at-limit").observed


# --- Ends ---


async def test_a_session_that_goes_on_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.conform.ends._WITHIN_S", 1.0)

    async def nothing(bench: Bench) -> Outcome:
        async with bench.device(Stage.ONLINE, fresh=True) as device:
            return await ends(device, 1008)

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[replace(case("lookup.end"), run=nothing)], mqtt=BEST_M)
    assert found.result("lookup.end") is Result.FAILED
    assert "connection and session go on" in found.outcome("lookup.end").observed


# --- What comes twice ---


@dataclass
class Came:
    """Of a connection with a broker, what decides."""

    resumed: bool = False
    redelivered: bool = False


@dataclass
class Keys:
    """Of a channel, likewise."""

    has_exchange: bool


def test_the_same_reply_again_is_the_transports() -> None:
    link = OverMqtt(BEST_M)
    link.answered("m1", {"code": "00000000"})
    assert link.may_repeat(Came(), "m1", {"code": "00000000"}, {"m1"})  # type: ignore[arg-type]
    assert not link.may_repeat(Came(), "m1", {"code": "E0000002"}, {"m1"})  # type: ignore[arg-type]
    assert not link.may_repeat(Came(), "m2", {}, {"m1"})  # type: ignore[arg-type]


def test_a_kept_session_brings_replies_of_the_connection_before() -> None:
    link = OverMqtt(BEST_M)
    assert link.may_repeat(Came(resumed=True), "m0", {}, {"m1"})  # type: ignore[arg-type]
    assert not link.may_repeat(Came(resumed=True), "m1", {}, {"m1"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("came", "keys", "reported", "old"),
    [
        (Came(resumed=True), Keys(True), False, True),
        (Came(resumed=True), Keys(True), True, False),
        (Came(resumed=True, redelivered=True), Keys(True), True, True),
        (Came(resumed=True), Keys(False), False, False),
        (Came(redelivered=True), Keys(True), False, False),
    ],
)
def test_what_is_sealed_with_keys_of_the_connection_before(came: Came, keys: Keys, reported: bool, old: bool) -> None:
    assert OverMqtt(BEST_M).of_old_keys(came, keys, reported=reported) is old  # type: ignore[arg-type]


def test_a_payload_has_its_limit() -> None:
    link = OverMqtt(replace(BEST_M, max_packet=10))
    assert link.too_large(bytes(10)) == ""
    assert link.too_large(bytes(11)) == "a payload of 11 bytes; by the profile it has 10 at most"
