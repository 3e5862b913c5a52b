"""The envelope of a device's messages: mid, funcId, payload and params, what a refusal leaves, unasked answers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import orjson

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, failed, non_strict, ok
from simulator.conform.declare import ACCEPTED, SILENT, Family
from simulator.conform.expect import accepted, both, refused, told
from simulator.conform.repetitions import TWICE, answered_no_more
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.protocol.envelope import MAX_MID_LENGTH, encode_command_response
from simulator.texts.told import Told

_MID: Final = "mid: 消息id, 消息唯一标识, 保障同一台设备不重复即可, 最长为32位"
_NO_MID: Final = "docs/deviations.md, Envelope: a message without mid is answered E0000002 with an empty mid"
_REPEATED: Final = "docs/deviations.md, Envelope: a mid used twice by one device on one connection is refused"
_FUNC_ID: Final = "funcId: 是, 请求业务功能唯一标识"
_STRINGS: Final = "所有字段值都是以字符串表示"
_EXTRA: Final = "已存在字段名不能删除, 只能扩展"
_RESPONSE: Final = "docs/deviations.md, Envelope: dev.cmd.response gets no reply"
_QUIET_S: Final = 0.5
"""How long a reply that must not come is waited for, after one that had to come."""

Verdict = Callable[[Answer], Outcome]

_case = Family("envelope", "4.2.2 设备请求")

# --- What is sent ---


async def _probe(change: Mapping[str, Any], drop: Sequence[str], verdict: Verdict, bench: Bench) -> Outcome:
    """A right message with members laid over it and left out."""
    async with bench.device() as device:
        message = {**device.probe(), **change}
        return verdict(await device.ask({name: value for name, value in message.items() if name not in drop}))


async def _no_mid(change: Mapping[str, Any], drop: Sequence[str], bench: Bench) -> Outcome:
    async with bench.device() as device:
        message = {**device.probe(), **change}
        answer = await device.ask({name: value for name, value in message.items() if name not in drop})
    verdict = refused(answer)
    if verdict.result is Result.OK and isinstance(answer, Reply) and answer.message.get("mid") != "":
        return non_strict(Told("{told}, but its mid is not an empty text", told=answer.told))
    return verdict


async def _longest_mid(bench: Bench) -> Outcome:
    async with bench.device() as device:
        return accepted(await device.ask({**device.probe(), "mid": device.mid().ljust(MAX_MID_LENGTH, "x")}))


async def _wrong_mid(make: Callable[[Device], object], bench: Bench) -> Outcome:
    """A mid that is none: what the refusal carries for it, the same as a text or an empty one, is not said."""
    async with bench.device() as device:
        message = {**device.probe(), "mid": make(device)}
        waiter = device.expect(str(message["mid"]), message["funcId"], loose=True)
        device.send_json(orjson.dumps(message))
        return refused(await device.wait_for(waiter, str(message["mid"])))


def _too_long(device: Device) -> object:
    return device.mid().ljust(MAX_MID_LENGTH + 1, "x")


def _number(device: Device) -> object:
    return int(device.mid(), 16) % 10**9


async def _mid_twice(bench: Bench) -> Outcome:
    async with bench.device() as device:
        message = device.probe()
        first = accepted(await device.ask(message))
        if first.result is not Result.OK:
            return failed(Told("the first of the two: {observed}", observed=first.observed))
        return refused(await device.ask({**device.probe(), "mid": message["mid"]}))


async def _message_twice(bench: Bench) -> Outcome:
    """Over MQTT, where a broker may deliver twice and hide it."""
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        message = device.probe()
        first = accepted(await device.ask(message))
        if first.result is not Result.OK:
            return failed(Told("the first of the two: {observed}", observed=first.observed))
        payload, binary = device.channel.seal(orjson.dumps(message))
        device.send_frame(payload, binary=binary, what="the same again")
        return await answered_no_more(device, message["mid"])


async def _mid_after_refusal(bench: Bench) -> Outcome:
    async with bench.device() as device:
        message = device.probe()
        await device.ask({**message, "funcId": "dev.no.such"})
        return told(await device.ask({**device.probe(), "mid": message["mid"]}))


async def _mid_elsewhere(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        message = device.probe()
        await device.ask(message)
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        return told(await device.ask(message))


async def _params(params: object, bench: Bench) -> Outcome:
    async with bench.device() as device:
        return refused(await device.request("dev.data.upload.user", params))


async def _payload(payload: object, bench: Bench) -> Outcome:
    async with bench.device() as device:
        return refused(await device.request("dev.data.upload.user", members={"payload": payload}))


async def _lives_on(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        wrong = refused(await device.request("dev.no.such", {}))
        malformed = refused(await device.request("dev.data.upload.user", []))
        return both(wrong, malformed, accepted(await device.ask(device.probe())))


async def _unasked_response(bench: Bench) -> Outcome:
    async with bench.device() as device:
        mid = device.mid()
        waiter = device.expect(mid)
        device.send_json(encode_command_response(mid, f"none-{mid}", "00000000", "done"))
        alive = accepted(await device.ask(device.probe()))
        if alive.result is not Result.OK:
            return failed(Told("the message after it: {observed}", observed=alive.observed))
        try:
            async with asyncio.timeout(_QUIET_S):
                answer: Answer = await asyncio.shield(waiter.answer)
        except TimeoutError:
            device.forget(mid, waiter)
            return ok("no reply, and the next message was answered")
        return failed(Told("it was answered: {told}", told=answer.told))


# --- Declarations ---


def _open(name: str, told_as: str, change: Mapping[str, Any], why: str = SILENT) -> Case:
    return _case(
        name,
        Told("A message {told_as}", told_as=told_as),
        Told("a right message {told_as}", told_as=told_as),
        why,
        partial(_probe, change, (), told),
        required=False,
    )


def _wrong(name: str, told_as: str, change: Mapping[str, Any], why: str, drop: Sequence[str] = ()) -> Case:
    return _case(
        name,
        Told("A message {told_as} is refused", told_as=told_as),
        Told("a right message {told_as}", told_as=told_as),
        why,
        partial(_probe, change, drop, refused),
    )


CASES = (
    _case(
        "mid.missing",
        "A message without mid is refused, with an empty mid",
        "a right message without mid",
        _NO_MID,
        partial(_no_mid, {}, ("mid",)),
        expects="a code other than 00000000 and an empty mid",
    ),
    _case(
        "mid.empty",
        "A message with an empty mid is refused, with an empty mid",
        'a right message with "mid": ""',
        _NO_MID,
        partial(_no_mid, {"mid": ""}, ()),
        expects="a code other than 00000000 and an empty mid",
    ),
    _case(
        "mid.number",
        "A message whose mid is a number is refused",
        "a right message whose mid is a number",
        _STRINGS,
        partial(_wrong_mid, _number),
    ),
    _case(
        "mid.32",
        "A mid of 32 characters is accepted",
        "a right message with a mid of 32 characters",
        _MID,
        _longest_mid,
        expects=ACCEPTED,
    ),
    _case(
        "mid.33",
        "A mid of 33 characters is refused",
        "a right message with a mid of 33 characters",
        _MID,
        partial(_wrong_mid, _too_long),
    ),
    _case(
        "mid.repeated",
        "A mid that was used is refused",
        "two right messages with the same mid, one after the other",
        _REPEATED,
        _mid_twice,
    ).but_over_mqtt(
        title="A message that comes twice is answered once",
        sends="the same right message in two publishes",
        expects="one reply",
        why=TWICE,
        run=_message_twice,
    ),
    _case(
        "mid.after-refusal",
        "The mid of a message that was refused",
        "a right message with the mid of one that was refused",
        Told("{silent} whether a refused message uses its mid up", silent=SILENT),
        _mid_after_refusal,
        required=False,
    ),
    _case(
        "mid.elsewhere",
        "A mid of an earlier connection",
        "the same message on two connections of one device",
        "保障同一台设备不重复即可; docs/deviations.md speaks of one connection",
        _mid_elsewhere,
        required=False,
    ),
    _wrong("funcId.missing", "without funcId", {}, _FUNC_ID, ("funcId",)),
    _wrong("funcId.empty", "with an empty funcId", {"funcId": ""}, _FUNC_ID),
    _wrong("funcId.number", "whose funcId is a number", {"funcId": 7}, _STRINGS),
    _wrong("funcId.unknown", "with an unknown funcId", {"funcId": "dev.no.such"}, _FUNC_ID),
    _wrong("funcId.command", "with the funcId of a command", {"funcId": "cmd.data.clear.user"}, "cmd表示命令下发"),
    _wrong("funcId.case", "whose funcId has other capitals", {"funcId": "DEV.HEARTBEAT"}, "驼峰式的, 首字母小写"),
    *(
        _case(
            f"payload.{name}",
            Told("dev.data.upload.user with {told_as} for payload is refused", told_as=told_as),
            Told("dev.data.upload.user with {told_as} for payload", told_as=told_as),
            "payload, params: JSON",
            partial(_payload, value),
        )
        for name, told_as, value in (("text", "a text", "users"), ("list", "a list", []), ("null", "null", None))
    ),
    *(
        _case(
            f"params.{name}",
            Told("dev.data.upload.user with {told_as} for params is refused", told_as=told_as),
            Told("dev.data.upload.user with {told_as} for params", told_as=told_as),
            "params: JSON, 请求内容",
            partial(_params, value),
        )
        for name, told_as, value in (("text", "a text", "users"), ("list", "a list", []), ("empty", "nothing in", {}))
    ),
    _case(
        "list.object",
        "dev.data.upload.user with one object for its list is refused",
        "dev.data.upload.user with users as an object",
        "users: 数组",
        partial(_params, {"users": {"pin": "1", "firstName": "x", "funSwitch": "0", "disable": "0"}}),
    ),
    _case(
        "list.of-texts",
        "dev.data.upload.user with texts for users is refused",
        "dev.data.upload.user with users as a list of texts",
        "users: 数组",
        partial(_params, {"users": ["1", "2"]}),
    ),
    _open("imme.number", "whose imme is a number", {"imme": 1}, "imme: 整型; 所有字段值都是以字符串表示"),
    _open("imme.word", "whose imme is no number", {"imme": "now"}, "imme: 参数值为0时不紧急, 否则为紧急消息"),
    _open(
        "further-number",
        "with an unknown member that is a number",
        {"vendor": 5},
        Told("{strings}; {extra}", strings=_STRINGS, extra=_EXTRA),
    ),
    _case(
        "lives-on",
        "After refused messages the connection is as it was",
        "an unknown funcId, params of the wrong kind, then a right message",
        "docs/deviations.md, Envelope: a refusal leaves the connection",
        _lives_on,
        expects="two refusals, then code 00000000",
    ),
    _case(
        "response.unasked",
        "dev.cmd.response gets no reply",
        "dev.cmd.response to a cmdId that was never given out, then a right message",
        _RESPONSE,
        _unasked_response,
        expects="no reply to the first, code 00000000 to the second",
    ),
)
