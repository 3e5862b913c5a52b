"""A device over MQTT: what is otherwise than over WebSocket, with a broker in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator.device.settings import OnTimeout
from simulator.measurements.names import DeviceState
from simulator.mqtt.login import InFlight
from simulator.pubsub.profile import Password
from simulator.pubsub.shipped import PROFILE_OF_TYPE, profile_of
from tests.device.answers import Message, drops, refuse
from tests.device.deliveries import LOG, people
from tests.device.fake_platform import Link
from tests.device.harness import World

URL = "mqtt://broker.test:1883"
PRODUCT = "5d9b11e1a3f448ae81f9f920e976d852"


@pytest.fixture
def world_of_mqtt(world: World) -> World:
    world.network.broker_url = URL
    return world


def over_mqtt(broker_type: str = "best-m", profile: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Settings of a device whose broker keeps its session, unless `profile` says otherwise."""
    shipped = profile_of(PROFILE_OF_TYPE[broker_type])
    return {"broker_type": broker_type, "mqtt": replace(shipped, **(profile or {})), **settings}


class Holds:
    """Keeps messages for which the test answers later."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self, link: Link, message: Message) -> None:
        self.messages.append(message)


def held_then_dropped(holds: Holds) -> Callable[[Link, Message], None]:
    def take(link: Link, message: Message) -> None:
        holds(link, message)
        drops(link, message)

    return take


async def back_online(world: World, links: int = 2) -> None:
    await world.until(
        lambda: len(world.platform.links) == links and world.devices[0].state is DeviceState.ONLINE, limit=60
    )


# --- Coming online ---


@pytest.mark.parametrize(("broker_type", "named"), [("best-m", "best-m"), ("best-t", "best-t"), ("best-a", "best-m")])
async def test_register_leaves_sn_and_product_id_out_and_names_the_protocol(
    world_of_mqtt: World, broker_type: str, named: str
) -> None:
    await world_of_mqtt.online(**over_mqtt(broker_type, {"password": Password()}))
    (register,) = world_of_mqtt.platform.sent("dev.register")
    assert "sn" not in register.message
    assert "productId" not in register.params
    assert register.params["protType"] == named
    for func_id in ("dev.accredit", "dev.login", "dev.report"):
        (seen,) = world_of_mqtt.platform.sent(func_id)
        assert seen.message["sn"] == "SN0000"
    for func_id in ("dev.accredit", "dev.login"):
        assert world_of_mqtt.platform.sent(func_id)[0].params["productId"] == PRODUCT
    assert f"type={broker_type}&" in world_of_mqtt.network.lookups[0]


async def test_what_it_presents_is_its_profiles(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    login = world_of_mqtt.network.ways[0].login
    assert (login.client_id, login.username) == ("SN0000", "SN0000")
    assert login.password == "7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65"
    assert (login.up, login.down) == (f"best/{PRODUCT}/SN0000/up", f"best/{PRODUCT}/SN0000/down")
    assert login.password not in repr(login)


async def test_connect_and_subscribe_are_requests_of_their_own_and_come_before_everything(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    recorder = world_of_mqtt.recorder
    assert recorder.codes("connect") == recorder.codes("subscribe") == ["00000000"]
    (connection,) = world_of_mqtt.connections
    assert connection.sent_before_subscription == 0
    assert recorder.flow_codes("init") == ["00000000"]


async def test_a_kept_session_is_not_subscribed_again(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    drops(world_of_mqtt.platform.link, {})
    await back_online(world_of_mqtt)
    assert world_of_mqtt.recorder.codes("subscribe") == ["00000000"]
    assert world_of_mqtt.recorder.codes("connect") == ["00000000"] * 2


async def test_a_clean_session_is_subscribed_each_time(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt(profile={"clean_session": True}))
    drops(world_of_mqtt.platform.link, {})
    await back_online(world_of_mqtt)
    assert world_of_mqtt.recorder.codes("subscribe") == ["00000000"] * 2


async def test_a_refused_subscription_is_counted_and_tried_again(world_of_mqtt: World) -> None:
    network = world_of_mqtt.network
    network.subscribe_script = [network.fails("subscription refused")]
    device = await world_of_mqtt.start(**over_mqtt())
    assert device.state is DeviceState.WAITING
    await back_online(world_of_mqtt)
    assert world_of_mqtt.recorder.codes("subscribe") == ["subscription refused", "00000000"]
    assert world_of_mqtt.recorder.flow_codes("init") == ["subscription refused", "00000000"]
    assert [seen.link for seen in world_of_mqtt.platform.seen if seen.link is world_of_mqtt.platform.links[0]] == []


@pytest.mark.parametrize("kind", ["not authorized", "bad user name or password", "identifier rejected"])
async def test_a_refused_connect_is_counted_by_the_brokers_reason(world_of_mqtt: World, kind: str) -> None:
    world_of_mqtt.network.connect_script = [world_of_mqtt.network.fails(kind)]
    await world_of_mqtt.start(**over_mqtt())
    await back_online(world_of_mqtt, links=1)
    assert world_of_mqtt.recorder.codes("connect") == [kind, "00000000"]


async def test_what_the_profile_needs_and_the_look_up_lacks_is_said(world_of_mqtt: World) -> None:
    device = await world_of_mqtt.start(**over_mqtt(profile={"up": "{companyId}/{sn}/up"}))
    assert device.state is DeviceState.WAITING
    assert world_of_mqtt.recorder.codes("connect") == ["bad profile"]
    assert "companyId" in world_of_mqtt.recorder.details["connect", "bad profile"]
    assert world_of_mqtt.network.connects == []


async def test_a_port_that_there_is_not_is_the_connections_to_refuse(world_of_mqtt: World) -> None:
    world_of_mqtt.network.broker_url = "mqtt://broker.test:99999"
    await world_of_mqtt.start(**over_mqtt())
    assert "bad profile" not in world_of_mqtt.recorder.codes("connect")


# --- What outlives a cut ---


async def test_a_reply_after_the_cut_answers_the_request_from_before(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    await world_of_mqtt.online(**over_mqtt(request_timeout=60.0, **people(rate=0.2)))
    await world_of_mqtt.until(lambda: bool(holds.messages))
    await back_online(world_of_mqtt)
    assert world_of_mqtt.recorder.codes(LOG) == []
    world_of_mqtt.platform.link.answer(holds.messages[0])
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG)[0] == "00000000"
    assert world_of_mqtt.recorder.records["resent"] == 0
    assert world_of_mqtt.recorder.broken() == {}


async def test_the_deadline_runs_on_while_the_device_is_away(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    settings = over_mqtt(request_timeout=3.0, keys={"reconnect": {"first": "20s", "max": "20s"}}, **people(rate=0.01))
    device = await world_of_mqtt.online(**settings)
    await world_of_mqtt.until(lambda: bool(holds.messages))
    await world_of_mqtt.advance(3.2)
    assert device.state is DeviceState.WAITING
    assert world_of_mqtt.recorder.codes(LOG) == ["timeout"]
    (entry,) = [entry for entry in world_of_mqtt.recorder.requests if entry[0] == LOG]
    assert entry[2] == pytest.approx(3.0)
    await back_online(world_of_mqtt)
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG) == ["timeout", "00000000"]
    assert world_of_mqtt.recorder.records["resent"] == 1
    # The reply to what was given up meanwhile is nobody's fault.
    world_of_mqtt.platform.link.answer(holds.messages[0])
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {}
    assert device.state is DeviceState.ONLINE


async def test_a_session_that_the_broker_forgot_ends_what_waited(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    await world_of_mqtt.online(**over_mqtt(request_timeout=60.0, **people(rate=0.01)))
    await world_of_mqtt.until(lambda: bool(holds.messages))
    world_of_mqtt.network.kept_sessions.clear()
    await back_online(world_of_mqtt)
    assert world_of_mqtt.recorder.codes(LOG) == ["disconnected", "00000000"]
    assert "has not kept the session" in world_of_mqtt.recorder.details[LOG, "disconnected"]


@pytest.mark.parametrize("profile", [{"clean_session": True}, {"qos": 0}])
async def test_without_a_kept_session_a_cut_is_a_cut(world_of_mqtt: World, profile: dict[str, Any]) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    await world_of_mqtt.online(**over_mqtt(profile=profile, request_timeout=60.0, **people(rate=0.01)))
    await world_of_mqtt.until(lambda: bool(holds.messages))
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG) == ["disconnected"]


@pytest.mark.parametrize("func_id", ["dev.register", "dev.login", "dev.report"])
async def test_a_step_of_the_initial_flow_ends_with_its_connection(world_of_mqtt: World, func_id: str) -> None:
    world_of_mqtt.platform.script(func_id, drops)
    await world_of_mqtt.start(**over_mqtt(request_timeout=60.0))
    assert world_of_mqtt.recorder.codes(func_id) == ["disconnected"]
    await back_online(world_of_mqtt)


async def test_a_failed_attempt_in_between_ends_only_its_own_requests(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    await world_of_mqtt.online(**over_mqtt(request_timeout=60.0, **people(rate=0.01)))
    await world_of_mqtt.until(lambda: bool(holds.messages))
    world_of_mqtt.platform.script("dev.report", drops)
    await back_online(world_of_mqtt, links=3)
    assert world_of_mqtt.recorder.codes("dev.report") == ["00000000", "disconnected", "00000000"]
    assert world_of_mqtt.recorder.codes(LOG) == []
    world_of_mqtt.platform.link.answer(holds.messages[0])
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG) == ["00000000"]


async def test_a_connection_taken_for_dead_is_a_cut_too(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, holds)
    settings = over_mqtt(request_timeout=5.0, on_timeout=OnTimeout.RECONNECT, **people(rate=0.01))
    await world_of_mqtt.online(**settings)
    await world_of_mqtt.until(lambda: bool(holds.messages))
    await back_online(world_of_mqtt)
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG) == ["timeout", "00000000"]
    assert [reason for reason, _ in world_of_mqtt.recorder.disconnects] == ["timeout"]


async def test_a_device_that_is_stopped_while_away_accounts_for_what_waits(world_of_mqtt: World) -> None:
    holds = Holds()
    world_of_mqtt.platform.script(LOG, held_then_dropped(holds))
    device = await world_of_mqtt.online(**over_mqtt(request_timeout=600.0, **people(rate=0.01)))
    await world_of_mqtt.until(lambda: bool(holds.messages))
    await world_of_mqtt.settle()
    device.abort()
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.codes(LOG) == ["disconnected"]


async def test_publishes_are_measured_until_the_broker_has_them(world_of_mqtt: World) -> None:
    device = await world_of_mqtt.online(**over_mqtt())
    state = world_of_mqtt.network.ways[0].state
    sent = world_of_mqtt.clock.monotonic()
    await world_of_mqtt.advance(0.25)
    state.on_published(sent, True)
    state.on_published(sent, False)
    flows = [entry for entry in world_of_mqtt.recorder.flows if entry[0] == "puback"]
    assert [(round(entry[2], 6), entry[3]) for entry in flows] == [(0.25, "00000000"), (0.25, "disconnected")]
    assert device.state is DeviceState.ONLINE


async def test_a_stopping_device_waits_for_its_pubacks(world_of_mqtt: World) -> None:
    """The broker may be slower with them than the platform with its replies; the fleet's end is no failure."""
    device = await world_of_mqtt.online(**over_mqtt())
    state = world_of_mqtt.network.ways[0].state
    state.in_flight[7] = InFlight(b"", sent := world_of_mqtt.clock.monotonic())
    device.stop()
    device.stop()
    await world_of_mqtt.advance(1.0)
    assert device.state is DeviceState.ONLINE
    del state.in_flight[7]
    state.on_published(sent, True)
    await world_of_mqtt.settle()
    assert device.state is DeviceState.STOPPED
    assert [entry[3] for entry in world_of_mqtt.recorder.flows if entry[0] == "puback"] == ["00000000"]


async def test_a_puback_that_never_comes_holds_up_the_end_for_five_seconds(world_of_mqtt: World) -> None:
    device = await world_of_mqtt.online(**over_mqtt())
    world_of_mqtt.network.ways[0].state.in_flight[7] = InFlight(b"", world_of_mqtt.clock.monotonic())
    device.stop()
    await world_of_mqtt.advance(4.9)
    assert device.state is DeviceState.ONLINE
    await world_of_mqtt.advance(0.2)
    assert device.state is DeviceState.STOPPED
    assert [entry[3] for entry in world_of_mqtt.recorder.flows if entry[0] == "puback"] == ["disconnected"]
    assert [reason for reason, _ in world_of_mqtt.recorder.disconnects] == ["stopped"]


async def test_a_rebooting_device_waits_for_the_puback_of_its_answer(world_of_mqtt: World) -> None:
    device = await world_of_mqtt.online(**over_mqtt(profile={"clean_session": True}))
    state = world_of_mqtt.network.ways[0].state
    state.in_flight[7] = InFlight(b"", sent := world_of_mqtt.clock.monotonic())
    world_of_mqtt.platform.link.command("cmd.control.reboot")
    await world_of_mqtt.advance(1.0)
    assert device.state is DeviceState.ONLINE
    del state.in_flight[7]
    state.on_published(sent, True)
    await world_of_mqtt.settle()
    assert device.state is DeviceState.REBOOTING


async def test_a_connack_that_the_standard_forbids_breaks_its_rule(world_of_mqtt: World) -> None:
    """A refusal by its reason is the broker's right."""
    network = world_of_mqtt.network
    network.connect_script += [network.fails("not authorized"), network.fails("no proper MQTT")]
    device = await world_of_mqtt.start(**over_mqtt())
    await world_of_mqtt.until(lambda: device.state is DeviceState.ONLINE)
    assert world_of_mqtt.recorder.codes("connect") == ["not authorized", "no proper MQTT", "00000000"]
    assert [rule for rule, *_ in world_of_mqtt.recorder.violations] == ["session.mqtt"]


# --- What comes twice, or early ---


async def test_a_command_delivered_twice_is_answered_once(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    platform, link = world_of_mqtt.platform, world_of_mqtt.platform.link
    cmd_id = link.command("cmd.system.sync.time", mid="m1")
    await world_of_mqtt.settle()
    link.command("cmd.system.sync.time", mid="m1", cmd_id=cmd_id)
    await world_of_mqtt.settle()
    assert len(platform.answers_to(cmd_id)) == 1
    link.command("cmd.system.sync.time", mid="m2", cmd_id=cmd_id)
    await world_of_mqtt.settle()
    assert [answer["mid"] for answer in platform.answers_to(cmd_id)] == ["m1", "m2"]
    assert world_of_mqtt.recorder.broken() == {}


async def test_a_command_delivered_again_before_its_answer_is_answered_once(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt(keys={"handling": {"cmd": "2s"}}))
    link = world_of_mqtt.platform.link
    cmd_id = link.command("cmd.system.sync.time", mid="m1")
    await world_of_mqtt.settle()
    link.command("cmd.system.sync.time", mid="m1", cmd_id=cmd_id)
    await world_of_mqtt.advance(5.0)
    assert len(world_of_mqtt.platform.answers_to(cmd_id)) == 1
    assert world_of_mqtt.recorder.observations == []


async def test_over_websocket_a_repeated_command_is_answered_again(world: World) -> None:
    await world.online()
    cmd_id = world.platform.link.command("cmd.system.sync.time", mid="m1")
    await world.settle()
    world.platform.link.command("cmd.system.sync.time", mid="m1", cmd_id=cmd_id)
    await world.settle()
    assert len(world.platform.answers_to(cmd_id)) == 2


async def test_what_was_sent_while_away_is_answered_after_the_reconnect_and_is_no_fault(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    drops(world_of_mqtt.platform.link, {})
    asked: list[str] = []

    def early(link: Link, message: Message) -> None:
        asked.append(link.command("cmd.system.sync.time"))
        link.answer(message)

    world_of_mqtt.platform.script("dev.login", early)
    await back_online(world_of_mqtt)
    await world_of_mqtt.settle()
    assert world_of_mqtt.platform.code_of(asked[0]) == "00000000"
    order = world_of_mqtt.platform.link.order
    assert order.index("dev.system.sync.time") > order.index("dev.report")
    assert world_of_mqtt.recorder.broken() == {}


async def test_a_command_before_the_report_is_a_fault_where_the_session_is_new(world_of_mqtt: World) -> None:
    def early(link: Link, message: Message) -> None:
        link.command("cmd.system.sync.time")
        link.answer(message)

    world_of_mqtt.platform.script("dev.login", early)
    await world_of_mqtt.online(**over_mqtt())
    assert world_of_mqtt.recorder.broken() == {"command.before-online": 1}


async def test_a_reply_that_comes_twice_is_no_fault_unless_it_says_something_else(world_of_mqtt: World) -> None:
    seen: list[Message] = []

    def twice(link: Link, message: Message) -> None:
        seen.append(message)
        link.answer(message)
        link.answer(message)

    world_of_mqtt.platform.script(LOG, twice)
    await world_of_mqtt.online(**over_mqtt(**people(rate=0.01)))
    await world_of_mqtt.until(lambda: bool(seen))
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {}
    refuse("E0000002")(world_of_mqtt.platform.link, seen[0])
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {"record.acknowledged-twice-differently": 1}


async def test_a_reply_of_an_earlier_run_is_no_fault_where_the_broker_has_kept_the_session(
    world_of_mqtt: World,
) -> None:
    stale = {"funcId": "cmd.dev.response", "mid": "00000000beef7", "code": "00000000", "message": "success"}
    await world_of_mqtt.online(**over_mqtt())
    world_of_mqtt.platform.link.say(stale)
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {"reply.unknown-mid": 1}
    drops(world_of_mqtt.platform.link, {})
    await back_online(world_of_mqtt)
    world_of_mqtt.platform.link.say(stale)
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {"reply.unknown-mid": 1}
    world_of_mqtt.platform.link.say({**stale, "mid": ""})
    await world_of_mqtt.settle()
    assert world_of_mqtt.recorder.broken() == {"reply.unknown-mid": 2}


async def test_a_retained_message_is_counted_and_the_device_goes_on(world_of_mqtt: World) -> None:
    device = await world_of_mqtt.online(**over_mqtt())
    device.lifecycle.online.session.unusual("a retained message")  # type: ignore[union-attr]
    assert world_of_mqtt.recorder.broken() == {"session.retained": 1}
    assert device.state is DeviceState.ONLINE


async def test_over_plain_mqtt_what_is_no_json_ends_the_connection(world_of_mqtt: World) -> None:
    await world_of_mqtt.online(**over_mqtt())
    world_of_mqtt.platform.link.transmit(b"\x00\x01garbage")
    await world_of_mqtt.until(lambda: bool(world_of_mqtt.recorder.disconnects))
    assert world_of_mqtt.recorder.broken() == {"reply.not-json": 1}
    assert world_of_mqtt.recorder.disconnects[0][0] == "protocol violation"
