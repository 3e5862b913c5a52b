"""Messages made from the catalogue: valid ones of every funcId, and the same with one rule broken.

For property tests of every layer. What comes out is valid by its declaration; whether a platform knows the file, user
or key that it names is another matter. Generated values never lean on the validator that they are made to test.
"""

import base64
import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from hypothesis import strategies as st

from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Direction, Field, MessageSpec, Object, Objects, Reply, Shape, Strings

MALFORMED = "E0000002"
BAD_VALUE = "E0000004"
UNKNOWN_FUNC_ID = "E0000001"

Message = dict[str, Any]
Path = tuple[str | int, ...]

REQUEST_FUNC_IDS = tuple(name for name, spec in CATALOGUE.items() if spec.direction is Direction.TO_PLATFORM)
COMMAND_FUNC_IDS = tuple(name for name, spec in CATALOGUE.items() if spec.direction is Direction.TO_DEVICE)

json_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Any text that JSON can carry."""
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
mids = st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEF", min_size=1, max_size=32)
serial_numbers = st.text("0123456789ABCDEF", min_size=4, max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | json_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_text, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value, for fields that a receiver has to pass over."""

_offsets = st.builds(
    lambda sign, minutes: f"{sign}{minutes // 60:02d}:{minutes % 60:02d}", st.sampled_from("+-"), st.integers(0, 840)
)
_timestamps = st.builds(
    lambda moment, offset: moment.replace(microsecond=0).isoformat() + offset, st.datetimes(), _offsets
)


def _hex(least: int, most: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=least, max_size=most).map(bytes.hex)


def _ten(item: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(item, min_size=10, max_size=10).map(":".join)


# Formats that a regular expression alone does not say, or that it generates too slowly.
_VALID: dict[f.Format, st.SearchStrategy[str]] = {
    f.MD5_HEX: _hex(16, 16),
    f.MD5_HEX_ANY: _hex(16, 16) | _hex(16, 16).map(str.upper),
    f.DIGEST_HEX: _hex(32, 32) | _hex(32, 32).map(str.upper),
    f.SALT_HEX: _hex(1, 64),
    f.MAC: st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":")),
    f.BIO_FLAGS: _ten(st.sampled_from("01")),
    f.BIO_COUNTS: _ten(st.integers(0, 999_999_999).map(str)),
    f.BIO_VERSIONS: _ten(st.integers(0, 9999).map(str) | st.sampled_from(["10.0", "7.0", "58.1.2"])),
    f.TIMESTAMP: _timestamps,
    f.OFFSET: _offsets,
    f.PUBLIC_KEY: st.binary(min_size=1, max_size=60).map(lambda data: base64.b64encode(data).decode())
    | st.just("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
    f.BASE64: st.binary(min_size=1, max_size=60).map(lambda data: base64.b64encode(data).decode()),
    f.IPV4: st.ip_addresses(v=4).map(str),
    f.URL: st.builds(
        "{}://{}/{}".format,
        st.sampled_from(["http", "https", "ws", "wss"]),
        st.sampled_from(["127.0.0.1", "host:8080", "dc.example.com"]),
        st.text("abc/.?=&%20", max_size=20).map(lambda text: text.replace(" ", "")),
    ),
}

_BROKEN: dict[f.Format, tuple[str, ...]] = {
    f.TIMESTAMP: (
        "2024-06-26 00:00:00",
        "2024-06-26T00:00:00",
        "2024-06-26T00:00:00Z",
        "2024-02-30T00:00:00+08:00",
        "2024-06-26T24:00:00+08:00",
        "2024-06-26T00:00:00.5+08:00",
        "2024-06-26T00:00:00+0800",
        "1719331200",
    ),
    f.OFFSET: ("8", "+8:00", "+0800", "08:00", "+15:00", "+08:60", "Z"),
    f.PUBLIC_KEY: ("A", "AA=A", "AAAA\n", "-----", "BEGIN PUBLIC KEY", "会议"),
    f.BASE64: ("A", "AAA", "AA=A", "A A=", "AAAA\n", "AA-_", "AAAA====", "会议"),
    f.IPV4: ("192.168.1", "192.168.1.256", "192.168.1.1.1", "::1", "host", "192.168.01.1"),
    f.URL: ("host", "/path.jpg", "://host", "https://", "https:// host", "https://host/a b"),
    f.MAC: ("00:17:61:12:e5", "00-17-61-12-e5-07", "00:17:61:12:e5:0g", "0017.6112.e507"),
    f.DECIMAL: ("1,5", "37.", ".5", "1e3", "NaN", "+1", "１"),
    f.DIGITS: ("CC11000001", "12 3", "-1", "1.0", "１２", "9" * 65),
    f.LOG_ID: ("x1", "-1", "1.0", "１", "9" * 21),
    f.EPOCH_MS: ("yesterday", "-1", "1.5", "１", "9" * 21),
    f.MD5_HEX: ("0" * 31, "0" * 33, "g" * 32, "A" * 32),
    f.MD5_HEX_ANY: ("0" * 31, "0" * 33, "g" * 32),
    f.DIGEST_HEX: ("0" * 63, "0" * 65, "g" * 64, "123456"),
    f.SALT_HEX: ("0", "abc", "zz", "0" * 130),
    f.FILE_ID: ("a-b", "a b", "../x", "x" * 65, "会"),
    f.BITS: ("2", "01x", "0" * 33, "0:1", "１"),
    f.BIO_FLAGS: (
        "0:1:1:0:0:0:0:0:0",
        "0:1:1:0:0:0:0:0:0:0:0",
        "0:1:2:0:0:0:0:0:0:0",
        "0110000000",
        "0:1:1:0:0:0:0:0:0:",
    ),
    f.BIO_COUNTS: ("0:100:200", "0:1:1:0:0:0:0:0:0:x", "0:1:1:0:0:0:0:0:0:-1", "0:1:1:0:0:0:0:0:0:1.5", "100"),
    f.BIO_VERSIONS: ("0:10.0:7.0", "0:1:1:0:0:0:0:0:0:x", "0:1:1:0:0:0:0:0:0:1.", "10.0"),
}


def valid_text(shape: f.Format) -> st.SearchStrategy[str]:
    """Non-empty strings that belong to the format."""
    match shape:
        case f.Text(max_length):
            return words if max_length is None else st.text("0123456789abcXYZ_-", min_size=1, max_size=max_length)
        case f.Integer(low, high):
            return st.integers(low, 10**9 if high is None else high).map(str)
        case f.OneOf(values):
            return st.sampled_from(sorted(values))
    if shape in _VALID:
        return _VALID[shape]
    if isinstance(shape, f.Pattern):
        return st.from_regex(re.compile(shape.expression, re.ASCII), fullmatch=True)
    raise LookupError(f"no strategy for the format {shape.label!r}: add one to {__name__}")


def broken_texts(shape: f.Format) -> tuple[str, ...]:
    """Some non-empty strings that do not belong to the format; none where it takes every string."""
    match shape:
        case f.Text(max_length):
            return () if max_length is None else ("x" * (max_length + 1),)
        case f.Integer(low, high):
            above = () if high is None else (str(high + 1),)
            return ("x", "1.0", "１", " 1", "9" * 21, str(low - 1), *above)
        case f.OneOf(values):
            return tuple(text for text in ("no such value", "-1", "99999") if text not in values)
    return _BROKEN[shape]


def valid_object(shape: Object, *, complete: bool = False) -> st.SearchStrategy[Message]:
    """Objects of that shape: optional fields now and then; all of them, and no empty list, where `complete`."""
    return _objects(shape, complete)


@st.composite
def _objects(draw: st.DrawFn, shape: Object, complete: bool) -> Message:
    left_out: set[str] = set()
    for group in shape.exactly_one:
        left_out |= set(group) - {draw(st.sampled_from(group))}
    value: Message = {}
    for field in shape.fields:
        in_group = any(field.name in group for group in shape.exactly_one)
        if field.name in left_out:
            if not complete and draw(st.integers(0, 3)) == 0:
                value[field.name] = ""  # an empty string counts as absent
            continue
        if not (complete or field.required or in_group or draw(st.booleans())):
            continue
        name = field.name
        if field.aliases and not complete and draw(st.integers(0, 3)) == 0:
            name = draw(st.sampled_from(field.aliases))
        value[name] = draw(_shapes(field.shape, complete))
    return value


def _shapes(shape: Shape, complete: bool) -> st.SearchStrategy[Any]:
    least = 1 if complete else 0
    match shape:
        case Object():
            return valid_object(shape, complete=complete)
        case Objects(item):
            return st.lists(valid_object(item, complete=complete), min_size=least, max_size=2)
        case Strings(item):
            return st.lists(valid_text(item), min_size=least, max_size=3)
    return valid_text(shape)


def valid_params(func_id: str, *, complete: bool = False) -> st.SearchStrategy[Message]:
    """The params of a message, or the query parameters of `getBrokerServer`."""
    return valid_object(CATALOGUE[func_id].params, complete=complete)


def valid_results(func_id: str, *, complete: bool = False) -> st.SearchStrategy[Message]:
    """The results of a successful reply."""
    return valid_object(CATALOGUE[func_id].results, complete=complete)


@st.composite
def valid_message(
    draw: st.DrawFn, func_id: str, *, mid: str | None = None, sn: str | None = None, complete: bool = False
) -> Message:
    """A request, command or `dev.cmd.response`, envelope and all; not for `getBrokerServer`.

    Args:
        mid: fixed, or drawn where None.
        sn: fixed, or drawn where None and the message needs one.
        complete: with every optional field, as `broken_rules` needs it.
    """
    spec = CATALOGUE[func_id]
    message: Message = {"funcId": func_id}
    if complete or draw(st.booleans()):
        message["imme"] = draw(st.sampled_from(["0", "1", "2"] if complete else ["0", "1", "2", ""]))
    if spec.sn_required or sn is not None:
        message["sn"] = sn if sn is not None else draw(serial_numbers)
    message["mid"] = mid if mid is not None else draw(mids)
    if spec.reply is Reply.NONE:
        message["code"] = draw(st.sampled_from(["00000000", "E0000004", "B1"]))
        message["message"] = draw(json_text)
    if complete or spec.params_required or draw(st.booleans()):
        params = draw(valid_params(func_id, complete=complete))
        if not complete and draw(st.integers(0, 9)) == 0:
            # A receiver passes over what it does not know; only a platform insists on strings there.
            extra = json_values if spec.direction is Direction.TO_DEVICE else json_text
            params[f"extra{draw(st.integers(0, 9))}"] = draw(extra)
        message["payload"] = {"params": params}
    return message


@st.composite
def valid_reply(draw: st.DrawFn, func_id: str, mid: str, *, complete: bool = False) -> Message:
    """A platform's success in answer to a request with that `mid`."""
    spec = CATALOGUE[func_id]
    message: Message = {} if spec.reply is Reply.BARE else {"funcId": "cmd.dev.response"}
    message |= {"code": "00000000", "message": draw(json_text), "mid": mid}
    if spec.results.fields:
        message["payload"] = {"results": draw(valid_results(func_id, complete=complete))}
    return message


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to break a complete message, and the code it is refused with."""

    description: str
    code: str
    _change: Callable[[Message], None]

    def broken(self, message: Message) -> Message:
        """A copy of a complete message with this one rule broken."""
        changed = copy.deepcopy(message)
        self._change(changed)
        return changed

    def __str__(self) -> str:
        return self.description


@cache
def broken_rules(func_id: str) -> tuple[Rule, ...]:
    """Every rule of the funcId's declaration and of its envelope, each broken in every way that we know."""
    spec = CATALOGUE[func_id]
    rules = [*_envelope_rules(spec), *_object_rules(spec.params, ("payload", "params"))]
    if spec.direction is Direction.TO_PLATFORM:
        rules += _scalar_rules(spec)
    return tuple(rules)


@cache
def broken_results(func_id: str) -> tuple[Rule, ...]:
    """Every rule of the results in the reply to the funcId, each broken in every way that we know."""
    return tuple(_object_rules(CATALOGUE[func_id].results, ("payload", "results")))


@st.composite
def mutations(draw: st.DrawFn, func_id: str) -> tuple[str, Message, str]:
    """A valid message with one rule broken: what was done, the broken message, the code to expect."""
    rule = draw(st.sampled_from(broken_rules(func_id)))
    message = draw(valid_message(func_id, complete=True))
    return rule.description, rule.broken(message), rule.code


def _envelope_rules(spec: MessageSpec) -> Iterator[Rule]:
    other = REQUEST_FUNC_IDS[0] if spec.direction is Direction.TO_DEVICE else COMMAND_FUNC_IDS[0]
    yield _set(("mid",), "m" * 33, BAD_VALUE)
    for name in ("mid", "funcId"):
        yield _drop((name,))
        yield _set((name,), "", MALFORMED)
        yield from _sets((name,), (None, 7, True, [], {}), MALFORMED)
    unknown = ("dev.no.such", f"{spec.func_id}s", spec.func_id.upper(), "cmd.dev.response", "getBrokerServer", other)
    yield from _sets(("funcId",), unknown, UNKNOWN_FUNC_ID)
    yield from _sets(("imme",), (1, True, []), MALFORMED)
    yield from _sets(("imme",), ("-1", "yes"), BAD_VALUE)
    if spec.sn_required:
        yield _drop(("sn",))
        yield from _sets(("sn",), ("", None, 7), MALFORMED)
    if spec.reply is Reply.NONE:
        yield _drop(("code",))
        yield _drop(("message",))
        yield from _sets(("code",), ("", None, 0), MALFORMED)
        yield _set(("message",), 5, MALFORMED)
    if spec.params_required:
        yield _drop(("payload",))
        yield _drop(("payload", "params"))
    for path in (("payload",), ("payload", "params")):
        yield from _sets(path, (None, 5, "text", []), MALFORMED)


def _object_rules(shape: Object, path: Path) -> Iterator[Rule]:
    for field in shape.fields:
        siblings = tuple(name for group in shape.exactly_one if field.name in group for name in group)
        yield from _field_rules(field, (*path, field.name), siblings)
    for group in shape.exactly_one:
        where = _shown(path)
        names = ", ".join(group)
        yield Rule(f"{where} without any of {names}", MALFORMED, partial(_clear, path=path, names=group))
        yield Rule(f"{where} with empty {names}", MALFORMED, partial(_fill, path=path, names=group, value=""))
        yield Rule(f"{where} with all of {names}", MALFORMED, partial(_fill, path=path, names=group, value="AAAA"))


def _field_rules(field: Field, path: Path, siblings: tuple[str, ...]) -> Iterator[Rule]:
    if field.required:
        yield _drop(path)
        yield _set(path, "", MALFORMED)
    yield _set(path, None, MALFORMED, siblings)
    shape = field.shape
    if isinstance(shape, f.Format):
        yield from _sets(path, (1, 1.5, True, ["1"], {"a": "1"}), MALFORMED, siblings)
        yield from _sets(path, broken_texts(shape), BAD_VALUE, siblings)
        return
    yield from _sets(path, (1, True, "text", ["text"] if isinstance(shape, Object) else {"a": "1"}), MALFORMED)
    match shape:
        case Object():
            yield from _object_rules(shape, path)
        case Objects(item):
            yield from _sets((*path, 0), (None, 1, "text", []), MALFORMED)
            yield from _object_rules(item, (*path, 0))
        case Strings(item):
            yield from _sets((*path, 0), (None, 1, [], {}), MALFORMED)
            yield from _sets((*path, 0), broken_texts(item), BAD_VALUE)


def _scalar_rules(spec: MessageSpec) -> Iterator[Rule]:
    """Every scalar value of a device's message is a string, in fields that nobody declared too."""
    places: list[Path] = [(), ("payload",), ("payload", "params")]
    places += [("payload", "params", field.name, 0) for field in spec.params.fields if isinstance(field.shape, Objects)]
    for place in places:
        yield from _sets((*place, "undeclared"), (1, 1.5, False, None, [1], {"a": {"b": [None]}}), MALFORMED)


def _set(path: Path, value: Any, code: str, siblings: tuple[str, ...] = ()) -> Rule:
    def change(message: Message) -> None:
        parent = _parent(message, path)
        for name in siblings:
            parent.pop(name, None)
        parent[path[-1]] = copy.deepcopy(value)

    shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:30]}… ({len(repr(value))} characters)"
    return Rule(f"{_shown(path)} = {shown}", code, change)


def _sets(path: Path, values: Iterable[Any], code: str, siblings: tuple[str, ...] = ()) -> Iterator[Rule]:
    for value in values:
        yield _set(path, value, code, siblings)


def _drop(path: Path) -> Rule:
    return Rule(f"{_shown(path)} is missing", MALFORMED, lambda message: _parent(message, path).pop(path[-1]))


def _clear(message: Message, path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        _parent(message, (*path, name)).pop(name, None)


def _fill(message: Message, path: Path, names: tuple[str, ...], value: str) -> None:
    for name in names:
        _parent(message, (*path, name))[name] = value


def _parent(message: Message, path: Path) -> Any:
    value: Any = message
    for step in path[:-1]:
        value = value[step]
    return value


def _shown(path: Path) -> str:
    return ".".join(map(str, path)) or "message"
