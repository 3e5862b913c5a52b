"""MQTT beneath the protocol: logins, acknowledgements, keep-alive, and what a broker sends that it must not send."""

import secrets
from dataclasses import replace
from functools import partial
from typing import Any, Final

from simulator.conform.answers import Closed
from simulator.conform.bench import Bench
from simulator.conform.case import Outcome, failed, informational, not_run, ok
from simulator.conform.declare import SILENT
from simulator.conform.expect import accepted, both, holds, told
from simulator.conform.mqtt_cases import STANDARD, mqtt_case, open_case, profile_of
from simulator.conform.repetitions import QUIET_S, pause
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.conform.whole_run import none_of
from simulator.measurements.violation_rules import MQTT_RULES
from simulator.mqtt.login import Login
from simulator.pubsub.profile import PasswordKind
from simulator.texts.told import Told

_NOBODY: Final = Told("{silent} who may connect to a broker; MQTT 3.1.1 leaves it to the broker", silent=SILENT)
_KEEP_ALIVE_S: Final = 1
_GRACE_S: Final = 4.0
"""A broker that looks now and then has noticed by then: 1.5 s are due."""
_SHARE: Final = 0.8
_OVER: Final = 1024
"""Bytes that a payload is above the profile's `max_packet`."""


# --- Logins ---


async def _wrong_password(bench: Bench) -> Outcome:
    if profile_of(bench).password.kind is PasswordKind.NONE:
        return not_run("the profile has no password")
    return await _with_another(lambda login: replace(login, password=secrets.token_hex(32)), bench)


async def _unknown_client(bench: Bench) -> Outcome:
    return await _with_another(lambda login: replace(login, client_id=f"nobody{secrets.token_hex(5)}"), bench)


async def _with_another(change: Any, bench: Bench) -> Outcome:
    async with bench.client() as client:
        tried = await client.tried(Stage.OPENED, change)
        return informational("the broker accepted the client") if isinstance(tried, Device) else told(tried)


async def _anothers_topic(name: str, bench: Bench) -> Outcome:
    """Subscribe or publish to the topic of another device."""
    if bench.devices < 2:
        return not_run("needs two serial numbers")
    topics: dict[str, str] = {}

    def note(login: Login) -> Login:
        topics[name] = getattr(login, name)
        return login

    def use(login: Login) -> Login:
        return replace(login, down=topics[name]) if name == "down" else replace(login, up=topics[name])

    async with bench.client(1) as other:
        await other.tried(Stage.OPENED, note)
    async with bench.client() as client:
        tried = await client.tried(Stage.OPENED, use)
        if not isinstance(tried, Device):
            return told(tried)
        if name == "down":
            return informational("the broker granted the subscription")
        tried.broken = True
        return told(await tried.request("dev.heartbeat", {"isFree": "1"}, timeout=QUIET_S))


# --- Acknowledgements ---


async def _acknowledged(bench: Bench) -> Outcome:
    if not profile_of(bench).qos:
        return not_run("the profile has quality of service 0: nothing is acknowledged")
    async with bench.client() as client:
        device = await client.connect(Stage.ONLINE, clean=True)
        alive = accepted(await device.ask(device.probe()))
        await pause()
        left = len(client.state.in_flight)
        return both(
            alive, holds(not left, "every publish got its PUBACK", Told("{left} publishes got no PUBACK", left=left))
        )


async def _too_large(bench: Bench) -> Outcome:
    size = profile_of(bench).max_packet + _OVER
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        message = {**device.probe(), "vendor": "x" * max(size, device.package_bytes + _OVER)}
        return told(await device.ask(message))


# --- Keep-alive ---


async def _ping(stage: Stage, bench: Bench) -> Outcome:
    async with bench.device(stage) as device:
        answered = await device.ping()
        return holds(answered, "PINGRESP came", "no PINGRESP came within the request time-out")


async def _silent(bench: Bench) -> Outcome:
    """A client that breaks its own promise."""
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    limits = profile_of(bench).limits.keep_alive
    if limits is not None and limits[0] > _KEEP_ALIVE_S:
        return not_run(
            Told("by the profile the shortest keep-alive is {limits} s, too long to wait for", limits=limits[0])
        )
    async with bench.client(1) as client:
        device = await client.connect(Stage.OPENED, clean=True, keep_alive=_KEEP_ALIVE_S)
        device.fall_silent()
        ended = await device.end(_GRACE_S)
    if isinstance(ended, Closed):
        return ok(ended.told)
    return failed(
        Told(
            "the connection was open after {grace_s:g} s of silence; keep-alive was {keep_alive_s} s",
            grace_s=_GRACE_S,
            keep_alive_s=_KEEP_ALIVE_S,
        )
    )


async def _idle(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.ONLINE, fresh=True, which=1) as device:
        interval = device.terms.heartbeat_interval if device.terms.heartbeat else bench.left
        waited = max(min(_SHARE * interval, bench.left), 0.0)
        ended = await device.end(waited)
        if isinstance(ended, Closed):
            return failed(Told("within {waited:.1f} s of silence {told}", waited=waited, told=ended.told))
        return accepted(await device.ask(device.probe()))


# --- Declarations ---


CASES = (
    open_case(
        "connect.wrong-password", "A wrong password", "CONNECT with a password made up", _wrong_password, why=_NOBODY
    ),
    open_case(
        "connect.unknown-client",
        "A client id that is nobody's",
        "CONNECT with another client id",
        _unknown_client,
        why=_NOBODY,
    ),
    open_case(
        "subscribe.of-another",
        "A subscription to another device's topic",
        "SUBSCRIBE for the topic of the second serial number",
        partial(_anothers_topic, "down"),
        why=_NOBODY,
    ),
    open_case(
        "publish.of-another",
        "A message by another device's topic",
        "dev.heartbeat published to the topic of the second serial number",
        partial(_anothers_topic, "up"),
        why=_NOBODY,
    ),
    mqtt_case(
        "ping",
        "PINGREQ is answered",
        "PINGREQ",
        partial(_ping, Stage.ONLINE),
        expects="PINGRESP",
        why=f"{STANDARD}3.12.4",
    ),
    mqtt_case(
        "ping.early",
        "PINGREQ before the initial flow is answered",
        "PINGREQ on a connection that was just opened",
        partial(_ping, Stage.OPENED),
        expects="PINGRESP",
        why=f"{STANDARD}3.12.4",
    ),
    mqtt_case(
        "puback",
        "Every publish with quality of service 1 is acknowledged",
        "the initial flow and a right message",
        _acknowledged,
        expects="a PUBACK for each",
        why=f"{STANDARD}4.3.2",
    ),
    open_case(
        "payload.too-large",
        "A payload above max_packet",
        "a message whose payload is larger than the profile's max_packet and the device's package",
        _too_large,
        why=Told("{silent} how large a payload may be; max_packet is the profile's", silent=SILENT),
    ),
    open_case(
        "keep-alive",
        "A client that breaks its keep-alive is taken for gone",
        Told("CONNECT with a keep-alive of {keep_alive_s} s, then nothing", keep_alive_s=_KEEP_ALIVE_S),
        _silent,
        why=Told("{standard}3.1.2.10; how soon a broker notices is its own affair", standard=STANDARD),
        waits=True,
    ),
    mqtt_case(
        "idle",
        "A device may be silent between two heartbeats",
        "nothing but PINGREQ for four fifths of the heartbeat's interval, or as long as cases may wait",
        _idle,
        expects="the connection stays, and a right message is accepted afterwards",
        why="heartbeatInterval: 设备业务心跳间隔时间, 默认值为60, 单位为秒",
        waits=True,
    ),
    mqtt_case(
        "deliveries",
        "Everything that the broker sends keeps to MQTT, and to the device's own topic",
        "everything that this run sends",
        partial(none_of, MQTT_RULES),
        expects="no packet that MQTT 3.1.1 forbids, no retained message, no other topic",
        why=Told("{standard}3.3; docs/deviations.md, MQTT: no retained message in any profile", standard=STANDARD),
        waits=True,
        about_form=True,
    ),
)
