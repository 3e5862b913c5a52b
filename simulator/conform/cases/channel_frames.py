"""Frames of the secure channel and of the text suites: out of turn, broken, in the clear; those of the platform."""

import asyncio
from functools import partial
from typing import Final

import orjson

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.case import Outcome, Result, failed, ok
from simulator.conform.declare import Family
from simulator.conform.ends import ends
from simulator.conform.expect import accepted
from simulator.conform.repetitions import TWICE, answered_no_more
from simulator.conform.sections import HANDSHAKE, NO_FRAMES
from simulator.conform.stages import Stage
from simulator.conform.suites import SEALING, in_binary, needs_counters, sealed
from simulator.conform.tester import Device
from simulator.texts.told import Told
from simulator.wire.phase import POLICY_VIOLATION

_SUITE: Final = "docs/deviations.md, Secure channel: "
_VIOLATION: Final = Told(
    "{suite}a wrong tag or counter, a frame that is too short, a text frame where binary "
    "is due or the other way round, anything that is no JSON object: the connection is "
    "closed with 1008",
    suite=_SUITE,
)
_COUNTER: Final = Told(
    "{suite}each direction's counter starts at 0 and goes up by one; a receiver refuses "
    "any other value (replay, loss or reordering) and closes with status 1008",
    suite=_SUITE,
)
_TEXT: Final = ("plain", "exchange-only")
_BEATS: Final = 12

_case = Family("channel", HANDSHAKE, "the connection closed with 1008", SEALING)

# --- Frames of the tester ---


def _heartbeat(device: Device) -> bytes:
    return orjson.dumps(device.probe())


def _send(device: Device, frame: bytes, what: str) -> None:
    device.send_frame(frame, binary=in_binary(device.channel), what=what)


async def _ended(device: Device) -> Outcome:
    return await ends(device, POLICY_VIOLATION)


async def _wrong_tag(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        _send(device, sealed(device.channel, _heartbeat(device), wrong=True), "the last bit of the tag is another")
        return await _ended(device)


async def _counter(skip: int, what: str, bench: Bench) -> Outcome:
    needs_counters(bench.site)
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        _send(device, sealed(device.channel, _heartbeat(device), skip=skip), what)
        return await _ended(device)


async def _replay(bench: Bench) -> Outcome:
    needs_counters(bench.site)
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        message = device.probe()
        frame = sealed(device.channel, orjson.dumps(message))
        waiter = device.expect(message["mid"], "dev.heartbeat")
        _send(device, frame, "a heartbeat")
        first = accepted(await device.wait_for(waiter, message["mid"]))
        if first.result is not Result.OK:
            return failed(Told("before the replay: {observed}", observed=first.observed))
        _send(device, frame, "the same frame again")
        return await _ended(device)


async def _twice(bench: Bench) -> Outcome:
    """Over MQTT, where a broker may deliver twice and hide it."""
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        message = device.probe()
        frame = sealed(device.channel, orjson.dumps(message))
        waiter = device.expect(message["mid"], message["funcId"])
        device.send_frame(frame, binary=True, what="a heartbeat")
        first = accepted(await device.wait_for(waiter, message["mid"]))
        if first.result is not Result.OK:
            return failed(Told("before the repetition: {observed}", observed=first.observed))
        device.send_frame(frame, binary=True, what="the same again")
        return await answered_no_more(device, message["mid"])


async def _of_another_connection(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        frame = sealed(device.channel, _heartbeat(device))
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        _send(device, frame, "a frame that was sealed for the connection before")
        return await _ended(device)


async def _in_the_clear(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.send_frame(_heartbeat(device), binary=False, what="a heartbeat in the clear")
        return await _ended(device)


async def _too_short(size: int, bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        _send(device, sealed(device.channel, b"", cut=size), "too short for counter and tag")
        return await _ended(device)


async def _binary(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.send_frame(_heartbeat(device), binary=True, what="a heartbeat in a binary frame")
        return await _ended(device)


async def _no_object(data: bytes, bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        device.send_json(data)
        return await _ended(device)


# --- Frames of the platform ---


async def _many_frames(bench: Bench) -> Outcome:
    """Twelve heartbeats, and what the channel showed in the whole run."""
    if (fault := _channel_fault(bench)) is not None:
        return failed(fault)
    # The first device listens meanwhile.
    async with bench.device(which=min(1, bench.devices - 1)) as device:
        messages = [device.probe() for _ in range(_BEATS)]
        waiters = [(device.expect(message["mid"], "dev.heartbeat"), message["mid"]) for message in messages]
        for message in messages:
            device.send_json(orjson.dumps(message))
        answers: list[Answer] = await asyncio.gather(*(device.wait_for(*each) for each in waiters))
    if (fault := _channel_fault(bench)) is not None:
        return failed(fault)
    for answer in answers:
        if not isinstance(answer, Reply) or not answer.ok:
            return failed(answer.told)
    return ok(Told("{beats} heartbeats were answered in frames that all opened in turn", beats=_BEATS))


def _channel_fault(bench: Bench) -> str | None:
    for rule, found in bench.site.violations.by_rule.items():
        if rule.startswith("channel."):
            return Told(
                "{rule}: {example} ({count} times in this run)",
                rule=rule,
                example=found.example,
                count=found.tally.count,
            )
    return None


# --- Declarations ---


CASES = (
    _case(
        "tag.wrong",
        "A frame with a wrong tag ends the connection",
        "a heartbeat whose tag has another last bit",
        _VIOLATION,
        _wrong_tag,
    ),
    _case(
        "counter.skipped",
        "A frame that leaves a counter out ends the connection",
        "a heartbeat under the counter after the next one",
        _COUNTER,
        partial(_counter, 1, "one counter was left out"),
    ),
    _case(
        "counter.back",
        "A frame under a counter that was used ends the connection",
        "a heartbeat under the counter of the message before",
        _COUNTER,
        partial(_counter, -1, "the counter of the message before"),
    ),
    _case(
        "replayed", "A frame that comes again ends the connection", "the frame of a heartbeat twice", _COUNTER, _replay
    ).but_over_mqtt(
        title="A sealed message that comes again is ignored",
        sends="the payload of a heartbeat twice",
        expects="one reply, or the end of the connection",
        why=TWICE,
        run=_twice,
    ),
    _case(
        "of-another-connection",
        "A frame of another connection ends this one",
        "a heartbeat that was sealed for an earlier connection",
        Told("{suite}both factors, and with them the session keys, are made for each connection", suite=_SUITE),
        _of_another_connection,
    ),
    _case(
        "text",
        "A text frame after the exchange ends the connection",
        "a heartbeat in the clear",
        _VIOLATION,
        _in_the_clear,
    ),
    _case(
        "frame.23-bytes",
        "A frame of 23 bytes ends the connection",
        "a frame of 23 bytes",
        _VIOLATION,
        partial(_too_short, 23),
    ),
    _case(
        "frame.empty",
        "An empty frame ends the connection",
        "a binary frame without a byte",
        _VIOLATION,
        partial(_too_short, 0),
    ),
    _case(
        "binary",
        "A binary frame in a text suite ends the connection",
        "a heartbeat in a binary frame",
        _VIOLATION,
        _binary,
        suites=_TEXT,
    ).not_over_mqtt(NO_FRAMES),
    *(
        _case(name, title, sends, _VIOLATION, partial(_no_object, data), suites=())
        for name, title, sends, data in (
            ("no-json", "A message that is no JSON ends the connection", "hello", b"hello"),
            ("array", "A JSON array ends the connection", "a JSON array", b'[{"funcId":"dev.heartbeat"}]'),
            ("scalar", "A JSON text ends the connection", "a JSON text", b'"dev.heartbeat"'),
            (
                "truncated",
                "Half a JSON object ends the connection",
                "the first half of a heartbeat",
                b'{"funcId":"dev.heartbeat","mid"',
            ),
        )
    ),
    _case(
        "frames",
        "The platform's frames open, in turn",
        Told("{beats} heartbeats at once; all frames of the run count", beats=_BEATS),
        _COUNTER,
        _many_frames,
        expects="every frame opens with the session's key and the next counter",
        suites=(),
        waits=True,
        about_form=True,
    ),
)
