"""JSON of any form: how a right message may be written, and what is too deep, too much, or none at all."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import orjson

from simulator.conform.answers import Answer, Closed, Silence
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, failed, ok
from simulator.conform.declare import ACCEPTED, REFUSED, SILENT, Family
from simulator.conform.ends import ends
from simulator.conform.expect import accepted, refused, refused_or_lost, told
from simulator.conform.stages import Stage
from simulator.texts.told import Told

_GENERAL: Final = "4 协议通用描述"
_EXTRA: Final = "已存在字段名不能删除, 只能扩展"
_JSON: Final = "The messages are JSON: order, blanks and escapes mean nothing in it"
_SIZE: Final = (
    "docs/deviations.md, Envelope: larger than maxPackageSize is refused, the connection stays; what is absurdly large "
    "may be closed with 1009"
)
_NO_OBJECT: Final = "docs/deviations.md, Secure channel: something that is no JSON object: close 1008"
_DEEP: Final = 5_000
_MEGABYTE: Final = 1_000_000
_INVALID_PAYLOAD: Final = 1007
_POLICY: Final = 1008

Verdict = Callable[[Answer], Outcome]
Writer = Callable[[Mapping[str, Any]], bytes]
"""Writes a message as JSON."""

_case = Family("envelope", "4.2.2 设备请求")

# --- How a right message is written ---


def _pretty(message: Mapping[str, Any]) -> bytes:
    return orjson.dumps(message, option=orjson.OPT_INDENT_2).replace(b"\n", b"\r\n\t")


def _escaped(message: Mapping[str, Any]) -> bytes:
    """Every letter of every text as a \\u escape."""
    found = bytearray()
    inside = False
    for char in orjson.dumps(message).decode():
        if char == '"':
            inside = not inside
        found += f"\\u{ord(char):04x}".encode() if inside and char != '"' else char.encode()
    return bytes(found)


def _reversed(message: Mapping[str, Any]) -> bytes:
    return orjson.dumps({name: message[name] for name in reversed(list(message))})


def _marked(message: Mapping[str, Any]) -> bytes:
    return b"\xef\xbb\xbf" + orjson.dumps(message)


def _with(raw: bytes) -> Writer:
    """The message with one more member, as it stands in `raw`."""

    def write(message: Mapping[str, Any]) -> bytes:
        return orjson.dumps(message)[:-1] + b"," + raw + b"}"

    return write


def _over_mqtt(case: Case) -> Case:
    """A broker may take no such payload, and has no word for it."""
    if case.id != "envelope.megabyte":
        return case
    other = partial(_odd, _with(b'"vendor":"' + b"x" * _MEGABYTE + b'"'), refused_or_lost)
    return case.but_over_mqtt(
        title="A message of a megabyte is not accepted",
        expects=Told("{refused}, or no answer at all", refused=REFUSED),
        run=other,
    )


def _survived(answer: Answer) -> Outcome:
    """Whether an answer came at all, be it the end of the connection."""
    if isinstance(answer, Silence):
        return failed(Told("{told}, and the connection stayed open", told=answer.told))
    if isinstance(answer, Closed) and answer.by_us:
        return failed(answer.told)
    return ok(answer.told)


def _refused_or_closed(answer: Answer) -> Outcome:
    return refused(answer, or_closed=True)


# --- What is sent ---


async def _written(write: Writer, bench: Bench) -> Outcome:
    """A right message, its JSON written in another way."""
    async with bench.device() as device:
        message = device.probe()
        return accepted(await device.ask(write(message), mid=message["mid"]))


async def _odd(write: Writer, verdict: Verdict, bench: Bench) -> Outcome:
    """As `_written`, of what may end the connection."""
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        message = device.probe()
        return verdict(await device.ask(write(message), mid=message["mid"]))


async def _no_utf8(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        device.send_json(_with(b'"vendor":"\xff\xfe"')(device.probe()))
        return await ends(device, _INVALID_PAYLOAD, _POLICY)


# --- Declarations ---


def _written_so(name: str, told_as: str, write: Writer, why: str = _JSON) -> Case:
    return _case(
        name,
        Told("A message {told_as} is accepted", told_as=told_as),
        Told("a right message {told_as}", told_as=told_as),
        why,
        partial(_written, write),
        expects=ACCEPTED,
        section=_GENERAL,
    )


CASES = (
    _written_so("further-member", "with a member that the document does not have", _with(b'"vendor":"x"'), _EXTRA),
    _written_so("further-object", "with an object that it does not have", _with(b'"vendor":{"a":{"b":"c"}}'), _EXTRA),
    _written_so("pretty", "with line ends and blanks between its members", _pretty),
    _written_so("escaped", "with every letter escaped", _escaped),
    _written_so("reversed", "with its members in reverse order", _reversed),
    *(
        _over_mqtt(
            _case(
                name,
                title,
                sends,
                why,
                partial(_odd, write, verdict),
                expects=expects,
                required=required,
                section=_GENERAL,
            )
        )
        for name, title, sends, why, write, verdict, expects, required in (
            (
                "deep",
                "A message that is nested without reason is answered, or ends the connection",
                Told("a right message with a further member {deep} lists deep", deep=_DEEP),
                SILENT,
                _with(b'"vendor":' + b"[" * _DEEP + b"]" * _DEEP),
                _survived,
                "an answer of whatever kind, or the end of the connection",
                True,
            ),
            (
                "megabyte",
                "A message of a megabyte is refused, or ends the connection",
                "a right message with a further member of 1,000,000 characters",
                _SIZE,
                _with(b'"vendor":"' + b"x" * _MEGABYTE + b'"'),
                _refused_or_closed,
                "a code other than 00000000, or the end of the connection",
                True,
            ),
            (
                "half-a-pair",
                "A text with half a surrogate pair",
                Told("a right message with a further member {member}", member='"\\ud83d"'),
                SILENT,
                _with(b'"vendor":"\\ud83d"'),
                told,
                "either",
                False,
            ),
            (
                "keys-twice",
                "A member that comes twice",
                "a right message with two members of the name funcId",
                SILENT,
                _with(b'"funcId":"dev.no.such"'),
                told,
                "either",
                False,
            ),
            (
                "byte-order-mark",
                "A byte-order mark before the JSON",
                "a right message behind a byte-order mark",
                SILENT,
                _marked,
                told,
                "either",
                False,
            ),
        )
    ),
    _case(
        "utf-8",
        "A message that is no UTF-8 ends the connection",
        "a right message with a further member of two bytes that are no UTF-8",
        _NO_OBJECT,
        _no_utf8,
        expects="the connection closed with 1007 or 1008",
        section=_GENERAL,
    ),
)
