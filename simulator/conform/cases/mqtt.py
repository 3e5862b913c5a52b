"""MQTT beneath the protocol: logins, acknowledgements, sessions that a broker keeps, what it brings a second time."""

import asyncio
import secrets
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson

from simulator.conform.answers import Closed
from simulator.conform.bench import Bench
from simulator.conform.business import prepare, values
from simulator.conform.case import Case, Ended, Outcome, Result, Run, failed, informational, not_run, ok
from simulator.conform.client import Client
from simulator.conform.declare import EITHER, SILENT
from simulator.conform.expect import accepted, both, holds, told
from simulator.conform.generated import right_params
from simulator.conform.repetitions import ANEW, QUIET_S, TWICE, answered_no_more, pause
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.conform.whole_run import none_of
from simulator.measurements.violation_rules import MQTT_RULES
from simulator.mqtt.login import Login
from simulator.protocol.channel.base import DeviceChannel
from simulator.pubsub.profile import PasswordKind, Profile

_SECTION: Final = "1 协议类型"
_STANDARD: Final = "best-m: MQTT; MQTT 3.1.1, "
_NOBODY: Final = f"{SILENT} who may connect to a broker; MQTT 3.1.1 leaves it to the broker"
_KEPT: Final = "docs/deviations.md, MQTT: what was published while the device was away arrives after the reconnect"
_RECORDS: Final = "dev.data.upload.verifyLog"
_KEEP_ALIVE_S: Final = 1
_GRACE_S: Final = 4.0
"""A broker that looks now and then has noticed by then: 1.5 s are due."""
_SHARE: Final = 0.8
_OVER: Final = 1024
"""Bytes that a payload is above the profile's `max_packet`."""


def _profile(bench: Bench) -> Profile:
    profile = bench.site.terms.mqtt
    assert profile is not None, "of cases over MQTT alone"
    return profile


def _needs_kept_sessions(bench: Bench) -> None:
    """
    Raises:
        Ended: As NOT-RUN, where the profile asks for clean sessions, or has nothing acknowledged.
    """
    profile = _profile(bench)
    if not profile.keeps_session:
        told_so = "clean sessions" if profile.clean_session else f"quality of service {profile.qos}"
        raise Ended(not_run(f"the profile has {told_so}: nothing is kept for a device that is away"))


def _needs_no_keys(channel: DeviceChannel) -> None:
    """
    Raises:
        Ended: As NOT-RUN, in a suite whose keys belong to one connection.
    """
    if channel.has_exchange:
        raise Ended(not_run("keys belong to one connection: nothing is kept for a device that is away"))


async def _anew(client: Client) -> None:
    """The broker has nothing of this client, and keeps its next session."""
    device = await client.connect(Stage.OPENED, clean=True)
    await device.close()
    client.forget()


# --- Logins ---


async def _wrong_password(bench: Bench) -> Outcome:
    if _profile(bench).password.kind is PasswordKind.NONE:
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
    if not _profile(bench).qos:
        return not_run("the profile has quality of service 0: nothing is acknowledged")
    async with bench.client() as client:
        device = await client.connect(Stage.ONLINE, clean=True)
        alive = accepted(await device.ask(device.probe()))
        await pause()
        left = len(client.state.in_flight)
        return both(alive, holds(not left, "every publish got its PUBACK", f"{left} publishes got no PUBACK"))


async def _too_large(bench: Bench) -> Outcome:
    size = _profile(bench).max_packet + _OVER
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        message = {**device.probe(), "vendor": "x" * max(size, device.package_bytes + _OVER)}
        return told(await device.ask(message))


# --- Delivered again ---


async def _again_after_the_answer(bench: Bench) -> Outcome:
    """A message whose PUBACK was lost, so that it is sent again with DUP after the reconnect."""
    _needs_kept_sessions(bench)
    async with bench.client() as client:
        await _anew(client)
        device = await client.connect(Stage.ONLINE)
        await prepare(bench, device, (_RECORDS,))
        message = device.message(_RECORDS, right_params(_RECORDS, values(bench, device)))
        waiter = device.expect(message["mid"], _RECORDS)
        device.send_json(orjson.dumps(message))
        sent = dict(client.state.in_flight)
        first = accepted(await device.wait_for(waiter, message["mid"]))
        if first.result is not Result.OK:
            return not_run(f"the message itself: {first.observed}")
        await device.abort()
        client.state.in_flight.update(sent)
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        once = await answered_no_more(back, message["mid"])
        left = sent.keys() & client.state.in_flight.keys()
        taken = holds(not left, "it got its PUBACK", "the publish with DUP got no PUBACK")
        await back.close()
        back = await client.connect(Stage.ONLINE)
        return both(once, taken, accepted(await back.ask(back.probe())))


async def _again_before_the_answer(bench: Bench) -> Outcome:
    """A message that the connection was cut behind: whether the platform has it is not known, so it is sent again."""
    _needs_kept_sessions(bench)
    async with bench.client() as client:
        await _anew(client)
        device = await client.connect(Stage.ONLINE)
        _needs_no_keys(device.channel)
        message = device.probe()
        device.send_json(orjson.dumps(message))
        await device.abort()
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        await pause()
        codes = {str(each.get("code")) for each in back.strays if each.get("mid") == message["mid"]}
    if len(codes) > 1:
        return failed(f"it was answered twice and differently: {', '.join(sorted(codes))}")
    return ok(f"it was answered with {codes.pop()}") if codes else informational("it was not answered")


def _must_be_kept(device: Device) -> None:
    """
    Raises:
        Ended: As NOT-RUN, if the broker has forgotten the session, which `mqtt.session.kept` is about.
    """
    if not device.resumed:
        raise Ended(not_run("the broker had not kept the session"))


# --- Sessions ---


async def _kept(bench: Bench) -> Outcome:
    _needs_kept_sessions(bench)
    async with bench.client() as client:
        await _anew(client)
        first = await client.connect(Stage.OPENED)
        if first.resumed:
            return failed("CONNACK says that a session is present, which a clean one had ended")
        await first.abort()
        again = await client.connect(Stage.OPENED)
        return holds(
            again.resumed, "CONNACK says that the session is present", "CONNACK says that no session is present"
        )


async def _ended_by_a_clean_one(bench: Bench) -> Outcome:
    _needs_kept_sessions(bench)
    async with bench.client() as client:
        await (await client.connect(Stage.OPENED)).abort()
        await _anew(client)
        last = await client.connect(Stage.OPENED)
        wrong = "CONNACK says that a session is present, which a clean one had ended"
        return holds(not last.resumed, "CONNACK says that no session is present", wrong)


async def _commands_while_away(bench: Bench) -> Outcome:
    """The connection is cut as soon as the report is answered: what the platform sends then is published to nobody."""
    _needs_kept_sessions(bench)
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.client(bench.devices - 1) as client:
        await _anew(client)
        device = await client.connect(Stage.LOGGED_IN)
        _needs_no_keys(device.channel)
        message = device.message("dev.report", device.report_params(), sn=device.sn)
        waiter = device.expect(message["mid"], "dev.report")
        waiter.accept = lambda reply: device.cut()
        device.send_json(orjson.dumps(message))
        report = accepted(await device.wait_for(waiter, message["mid"]))
        if report.result is not Result.OK:
            return not_run(f"the report was not accepted: {report.observed}")
        await asyncio.sleep(min(max(bench.left, 0.0), QUIET_S))
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        await pause()
        came = [push for push in bench.pushes if push.connection == back.number]
    if not came:
        return not_run("no command was sent while the device was away, or none was kept: nobody can tell from here")
    unusable = [push.read.judgement.unusable for push in came if push.read.judgement.unusable is not None]
    return failed(f"{unusable[0]}") if unusable else ok(f"{len(came)} commands came after the reconnect")


async def _taken_over(bench: Bench) -> Outcome:
    async with bench.client() as client:
        older = await client.connect(Stage.ONLINE, clean=True)
        client.forget()
        newer = await client.connect(Stage.ONLINE, clean=True)
        ended = await older.end(QUIET_S)
        alive = accepted(await newer.ask(newer.probe()))
    if not isinstance(ended, Closed):
        return failed("both connections stay open")
    return both(ok(ended.told), alive)


async def _registered_anew(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        steps = [accepted(await step()) for step in (device.register, device.accredit, device.login, device.report)]
        return both(*steps, accepted(await device.ask(device.probe())))


# --- Keep-alive ---


async def _ping(stage: Stage, bench: Bench) -> Outcome:
    async with bench.device(stage) as device:
        answered = await device.ping()
        return holds(answered, "PINGRESP came", "no PINGRESP came within the request time-out")


async def _silent(bench: Bench) -> Outcome:
    """A client that breaks its own promise."""
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    limits = _profile(bench).limits.keep_alive
    if limits is not None and limits[0] > _KEEP_ALIVE_S:
        return not_run(f"by the profile the shortest keep-alive is {limits[0]} s, too long to wait for")
    async with bench.client(1) as client:
        device = await client.connect(Stage.OPENED, clean=True, keep_alive=_KEEP_ALIVE_S)
        device.fall_silent()
        ended = await device.end(_GRACE_S)
    if isinstance(ended, Closed):
        return ok(ended.told)
    return failed(f"the connection was open after {_GRACE_S:g} s of silence; keep-alive was {_KEEP_ALIVE_S} s")


async def _idle(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.ONLINE, fresh=True, which=1) as device:
        interval = device.terms.heartbeat_interval if device.terms.heartbeat else bench.left
        waited = max(min(_SHARE * interval, bench.left), 0.0)
        ended = await device.end(waited)
        if isinstance(ended, Closed):
            return failed(f"within {waited:.1f} s of silence {ended.told}")
        return accepted(await device.ask(device.probe()))


# --- Declarations ---


def _case(
    name: str, title: str, sends: str, run: Run, *, expects: str, why: str, required: bool = True, **rest: Any
) -> Case:
    return Case(
        id=f"mqtt.{name}",
        section=_SECTION,
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=run,
        required=required,
        only_mqtt=True,
        **rest,
    )


def _open(name: str, title: str, sends: str, run: Run, *, why: str = _NOBODY, **rest: Any) -> Case:
    return _case(name, title, sends, run, expects=EITHER, why=why, required=False, **rest)


CASES = (
    _open("connect.wrong-password", "A wrong password", "CONNECT with a password made up", _wrong_password),
    _open("connect.unknown-client", "A client id that is nobody's", "CONNECT with another client id", _unknown_client),
    _open(
        "subscribe.of-another",
        "A subscription to another device's topic",
        "SUBSCRIBE for the topic of the second serial number",
        partial(_anothers_topic, "down"),
    ),
    _open(
        "publish.of-another",
        "A message by another device's topic",
        "dev.heartbeat published to the topic of the second serial number",
        partial(_anothers_topic, "up"),
    ),
    _case(
        "ping",
        "PINGREQ is answered",
        "PINGREQ",
        partial(_ping, Stage.ONLINE),
        expects="PINGRESP",
        why=f"{_STANDARD}3.12.4",
    ),
    _case(
        "ping.early",
        "PINGREQ before the initial flow is answered",
        "PINGREQ on a connection that was just opened",
        partial(_ping, Stage.OPENED),
        expects="PINGRESP",
        why=f"{_STANDARD}3.12.4",
    ),
    _case(
        "puback",
        "Every publish with quality of service 1 is acknowledged",
        "the initial flow and a right message",
        _acknowledged,
        expects="a PUBACK for each",
        why=f"{_STANDARD}4.3.2",
    ),
    _open(
        "payload.too-large",
        "A payload above max_packet",
        "a message whose payload is larger than the profile's max_packet and the device's package",
        _too_large,
        why=f"{SILENT} how large a payload may be; max_packet is the profile's",
    ),
    _case(
        "register.anew",
        "A registration in any state is a fresh start",
        "dev.register, dev.accredit, dev.login and dev.report while online, then a right message",
        _registered_anew,
        expects="code 00000000, each time",
        why=ANEW,
    ),
    _case(
        "dup.answered",
        "A message that comes again with DUP after its answer is acknowledged and ignored",
        f"{_RECORDS}, and after its reply and a cut the same publish with DUP",
        _again_after_the_answer,
        expects="PUBACK, and no second reply",
        why=f"{TWICE}; {_STANDARD}4.4",
    ),
    _case(
        "dup.unanswered",
        "A message that comes again with DUP before its answer is answered once",
        "a right message, a cut at once, and the same publish with DUP",
        _again_before_the_answer,
        expects="no two replies that differ",
        why=f"{TWICE}; {_STANDARD}4.4",
    ),
    _case(
        "session.kept",
        "The broker keeps the session of a client that is away",
        "CONNECT with clean session 0, a cut, CONNECT again",
        _kept,
        expects="session present in the second CONNACK, not in the first",
        why=f"{_STANDARD}3.1.2.4, 3.2.2.2",
    ),
    _case(
        "session.clean",
        "A clean session ends the one before",
        "CONNECT with clean session 0, then 1, then 0",
        _ended_by_a_clean_one,
        expects="no session present in the last CONNACK",
        why=f"{_STANDARD}3.1.2.4",
    ),
    _case(
        "session.taken-over",
        "Of two connections with one client id the older is closed",
        "the whole flow on a second connection with the same client id",
        _taken_over,
        expects="the older connection at its end, the newer one at work",
        why=f"{_STANDARD}3.1.4",
    ),
    _case(
        "session.commands",
        "Commands for a device that is away come after its reconnect",
        "any command at the time at which a device comes online; its connection is cut before they come",
        _commands_while_away,
        expects="the commands, on the next connection of the session",
        why=_KEPT,
        waits=True,
    ),
    _open(
        "keep-alive",
        "A client that breaks its keep-alive is taken for gone",
        f"CONNECT with a keep-alive of {_KEEP_ALIVE_S} s, then nothing",
        _silent,
        why=f"{_STANDARD}3.1.2.10; how soon a broker notices is its own affair",
        waits=True,
    ),
    _case(
        "idle",
        "A device may be silent between two heartbeats",
        "nothing but PINGREQ for four fifths of the heartbeat's interval, or as long as cases may wait",
        _idle,
        expects="the connection stays, and a right message is accepted afterwards",
        why="heartbeatInterval: 设备业务心跳间隔时间, 默认值为60, 单位为秒",
        waits=True,
    ),
    _case(
        "deliveries",
        "Everything that the broker sends keeps to MQTT, and to the device's own topic",
        "everything that this run sends",
        partial(none_of, MQTT_RULES),
        expects="no packet that MQTT 3.1.1 forbids, no retained message, no other topic",
        why=f"{_STANDARD}3.3; docs/deviations.md, MQTT: no retained message in any profile",
        waits=True,
        about_form=True,
    ),
)
