"""Right messages and their mutations, made from the catalogue: each field left out, out of its format, or a number.

Pure: what a mutation does to a message, and what a platform has to do then. The cases that send them are
`simulator.conform.cases.generated`'s.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, reduce
from typing import Any, Final

from simulator.conform.stated import NOT_OF_THE_DOCUMENT, open_format, stated_format
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue import common as c
from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.report import COMM_TYPE
from simulator.protocol.catalogue.spec import Field, MessageSpec, Object, Objects, Shape, Strings
from simulator.protocol.reading import NO_MEETING
from simulator.texts.told import Told

PREFIXES: Final[Mapping[str, str]] = {
    "dev.register": "register",
    "dev.accredit": "accredit",
    "dev.login": "login",
    "dev.report": "report",
    "dev.heartbeat": "heartbeat",
    "dev.file.upload.start": "file.start",
    "dev.file.upload.package": "file.package",
    "dev.file.upload.end": "file.end",
    "dev.data.upload.user": "upload.user",
    "dev.data.upload.userPhoto": "upload.userPhoto",
    "dev.data.upload.bioPhoto": "upload.bioPhoto",
    "dev.data.upload.multiCard": "upload.multiCard",
    "dev.data.upload.verifyLog": "upload.verifyLog",
    "dev.data.upload.verifyPhoto": "upload.verifyPhoto",
}
"""Messages with parameters that a device sends and gets a reply to, and what the ids of their cases begin with."""

Message = dict[str, Any]
Step = str | int

_PARAMS: Final = ("payload", "params")
_STRINGS: Final = "所有字段值都是以字符串表示; docs/deviations.md, Codes: a value that is no string is refused"
_REQUIRED: Final = "是否必须: 是; docs/deviations.md, Codes: a message with a required field missing is refused"
_IN_TEMPLATES: Final = "如果bioDatas字段存在, 该字段必须存在"
_EITHER: Final = "content, contentFileDialog: 是, 不能同时为空"

# --- Values ---

_RIGHT: Final[Mapping[f.Format, str]] = {
    f.TIMESTAMP: "2024-06-26T00:00:00+08:00",
    f.PUBLIC_KEY: "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==",
    f.BASE64: "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==",
    f.IPV4: "192.168.0.2",
    f.MAC: "00:17:61:12:e5:07",
    f.DECIMAL: "37.00",
    f.DIGITS: "1000000001",
    f.LOG_ID: "1",
    f.MD5_HEX_ANY: "d41d8cd98f00b204e9800998ecf8427e",
    f.DIGEST_HEX: "fbfe82e76c06ea568e3301ab17a9d4677c1481b8a4f1ca137411e10153deabc3",
    f.SALT_HEX: "c09eb7463827cda245f3a398bd453c42",
    f.FILE_ID: "e78dc2cef23d495ab4f890fe3362bee9",
    f.BITS: "01",
    f.BIO_FLAGS: "0:1:1:0:0:0:0:0:0:0",
    f.BIO_COUNTS: "0:1:2:0:0:0:0:0:0:0",
    f.BIO_VERSIONS: "0:10.0:7.0:0:0:0:0:0:0:0",
}
_BROKEN: Final[Mapping[f.Format, str]] = {
    f.TIMESTAMP: "2024-06-26 00:00:00",
    f.PUBLIC_KEY: "会议%%",
    f.BASE64: "会议%%",
    f.IPV4: "192.168.0.256",
    f.MAC: "00-17-61",
    f.DECIMAL: "warm",
    f.DIGITS: "CC11000001xxx",
    f.LOG_ID: "x1",
    f.MD5_HEX_ANY: "no digest",
    f.DIGEST_HEX: "123456",
    f.SALT_HEX: "no salt",
    f.FILE_ID: "no-file!",
    f.BITS: "01x",
    f.BIO_FLAGS: "yes",
    f.BIO_COUNTS: "many",
    f.BIO_VERSIONS: "newest",
}
_BROKEN_ENUMERATIONS: Final[tuple[tuple[f.OneOf, str], ...]] = (
    # Of an appendix other values may be known; a number that a table does not name is none of its own.
    (c.VERIFY_STYLE, "x"),
    (c.BIO_TYPE, "x"),
    (c.TEMPLATE_FORMAT, "x"),
    (c.PROT_TYPE, "best-x"),
    (c.DEV_TYPE, "none"),
    (COMM_TYPE, "none"),
)
_NAMED: Final = {
    "valid": "1",
    "isFree": "1",
    "majorVer": "10",
    "firstName": "Tester",
    "extension": "jpg",
    "meetCode": NO_MEETING,
    "protVer": "1.0.0",
    "tmp": "VGVtcGxhdGU=",
    "funcIds": "dev.heartbeat",
}


def right_text(name: str, shape: f.Format) -> str:
    """A string of the format that makes sense in a field of that name."""
    named = _NAMED.get(name)
    if named is not None and shape.problem(named) is None:
        return named
    match shape:
        case f.Text():
            return "1"
        case f.Integer(low):
            return str(max(low, 0))
        case f.OneOf(values):
            return next(iter(values))
    return _RIGHT[shape]


def broken_text(shape: f.Format) -> str | None:
    """A string that does not belong to the format; None where every string does."""
    match shape:
        case f.Text(max_length):
            return None if max_length is None else "x" * (max_length + 1)
        case f.Integer(_, high):
            return "x" if high is None or high < 10 else str(high + 1)
        case f.OneOf():
            return next((text for known, text in _BROKEN_ENUMERATIONS if known == shape), "7")
    if shape not in _BROKEN:
        raise LookupError(
            Told("no broken value for the format {label!r}: add one to {name}", label=shape.label, name=__name__)
        )
    return _BROKEN[shape]


def right_params(
    func_id: str, given: Mapping[str, Any] | None = None, including: frozenset[str] = frozenset()
) -> Message:
    """The smallest right parameters of a message: what is required, and one entry in each list of objects.

    Args:
        given: Values by the name of their field, at whatever depth, instead of the examples.
        including: Names of optional fields that are there as well.
    """
    return _right_object(CATALOGUE[func_id].params, given or {}, including)


def _right_object(shape: Object, given: Mapping[str, Any], including: frozenset[str]) -> Message:
    chosen = {next((name for name in group if name in including), group[0]) for group in shape.exactly_one}
    in_groups = {name for group in shape.exactly_one for name in group}
    value: Message = {}
    for field in shape.fields:
        if field.name in chosen or (field.name not in in_groups and (field.required or field.name in including)):
            known = given.get(field.name)
            value[field.name] = known if known is not None else _right_shape(field.name, field.shape, given, including)
    return value


def _right_shape(name: str, shape: Shape, given: Mapping[str, Any], including: frozenset[str]) -> Any:
    match shape:
        case Object():
            return _right_object(shape, given, including)
        case Objects(item):
            return [_right_object(item, given, including)]
        case Strings(text):
            return [right_text(name, text)]
    return right_text(name, shape)


# --- Mutations ---


class Kind(StrEnum):
    """What is done to a message; the second part of a case's id."""

    MISSING = "missing"
    FORMAT = "format"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One thing that is done to a right message, and what it says in the report."""

    id: str
    func_id: str
    kind: Kind
    path: str
    """Of the field, as `users[].pin`; `sn`, `payload` and `params` for those of the envelope."""
    steps: tuple[Step, ...]
    """Where it stands in the message."""
    siblings: tuple[str, ...] = ()
    """Fields of which exactly one is given: the others go."""
    text: str = ""
    """Instead of the right value, for `FORMAT`."""
    required: bool = True
    """Whether a platform has to refuse it."""
    title: str
    sends: str
    why: str

    @property
    def including(self) -> frozenset[str]:
        """Optional fields that the right message needs for it: `right_params`."""
        return frozenset(step for step in self.steps if isinstance(step, str))

    def applied(self, message: Mapping[str, Any]) -> Message:
        """A copy of a right message (with these optional fields) that has this one fault."""
        changed: Message = copy.deepcopy(dict(message))
        parent: Any = changed
        for step in self.steps[:-1]:
            parent = parent[step]
        last = self.steps[-1]
        right = parent[last]
        for name in self.siblings:
            parent.pop(name, None)
        match self.kind:
            case Kind.MISSING:
                if isinstance(parent, dict):
                    parent.pop(last, None)
            case Kind.FORMAT:
                parent[last] = self.text
            case Kind.NUMBER:
                parent[last] = int(right) if right.isascii() and right.isdigit() else 1
        return changed


@cache
def mutations(func_id: str) -> tuple[Mutation, ...]:
    """All mutations of a message: first what is left out, then formats, then numbers."""
    spec = CATALOGUE[func_id]
    return (
        *_envelope(spec),
        *_missing(spec, spec.params, (), ""),
        *(
            each
            for path, field, steps, group in _scalars(spec.params)
            for each in _format(spec, path, field, steps, group)
        ),
        *(_number(spec, path, field, steps, group) for path, field, steps, group in _scalars(spec.params)),
    )


def _envelope(spec: MessageSpec) -> Iterator[Mutation]:
    needed = spec.params_required
    if spec.sn_required:
        # Later a connection's sn may be known, and the document has no table of the envelope there.
        told = spec.func_id == "dev.register"
        why = (
            Told("sn: {required}", required=_REQUIRED)
            if told
            else "By then a platform may know who is on the connection"
        )
        yield _left_out(spec, ("sn",), "sn", "without sn at the top level", why, required=told)
    why = "请求协议: payload.params" if needed else "The document does not say whether the payload may be left out"
    for steps, sends in ((_PARAMS, 'with "payload": {}'), (_PARAMS[:1], "without payload")):
        yield _left_out(spec, steps, steps[-1], sends, why, required=needed)


def _missing(spec: MessageSpec, shape: Object, steps: tuple[Step, ...], prefix: str) -> Iterator[Mutation]:
    for field in shape.fields:
        path, here = f"{prefix}{field.name}", (*steps, field.name)
        if field.required:
            why = (
                _IN_TEMPLATES
                if "bioDatas[]" in path
                else Told("{name}: {required}", name=field.name, required=_REQUIRED)
            )
            yield _left_out(spec, (*_PARAMS, *here), path, Told("without {path}", path=path), why)
        if isinstance(field.shape, Objects):
            yield from _missing(spec, field.shape.item, (*here, 0), f"{path}[].")
    for group in shape.exactly_one:
        told = reduce(_and_without, [f"{prefix}{name}" for name in group])
        yield _left_out(
            spec, (*_PARAMS, *steps, group[0]), f"{prefix}{group[0]}", Told("without {told}", told=told), _EITHER, group
        )


def _and_without(before: str, name: str) -> str:
    return Told("{before} and without {name}", before=before, name=name)


def _left_out(
    spec: MessageSpec,
    steps: tuple[Step, ...],
    path: str,
    sends: str,
    why: str,
    siblings: tuple[str, ...] = (),
    *,
    required: bool = True,
) -> Mutation:
    return Mutation(
        id=_id(spec, Kind.MISSING, path),
        func_id=spec.func_id,
        kind=Kind.MISSING,
        path=path,
        steps=steps,
        siblings=siblings,
        required=required,
        title=Told("{func_id} {sends} is refused", func_id=spec.func_id, sends=sends)
        if required
        else Told("What becomes of {func_id} {sends}", func_id=spec.func_id, sends=sends),
        sends=Told("{func_id} {sends}", func_id=spec.func_id, sends=sends),
        why=why,
    )


def _format(
    spec: MessageSpec, path: str, field: Field, steps: tuple[Step, ...], group: tuple[str, ...]
) -> Iterator[Mutation]:
    shape = field.shape
    text = broken_text(shape.item if isinstance(shape, Strings) else _scalar(shape))
    if text is None:
        return
    stated = stated_format(spec.func_id, path)
    told = (
        Told("whose {path} is {text!r}", path=path, text=text)
        if len(text) < 30
        else Told("whose {path} is a text of {count} characters", path=path, count=len(text))
    )
    yield Mutation(
        id=_id(spec, Kind.FORMAT, path),
        func_id=spec.func_id,
        kind=Kind.FORMAT,
        path=path,
        steps=(*_PARAMS, *steps),
        siblings=group,
        text=text,
        required=stated is not None,
        title=Told(
            "{func_id} {told} {value}",
            func_id=spec.func_id,
            told=told,
            value="is refused" if stated is not None else "(the document leaves it open)",
        ),
        sends=Told("{func_id} {told}", func_id=spec.func_id, told=told),
        why=stated if stated is not None else open_format(spec.func_id, path),
    )


def _number(spec: MessageSpec, path: str, field: Field, steps: tuple[Step, ...], group: tuple[str, ...]) -> Mutation:
    known = field.name not in NOT_OF_THE_DOCUMENT or spec.func_id != "dev.report"
    told = Told("whose {path} is a number", path=path)
    return Mutation(
        id=_id(spec, Kind.NUMBER, path),
        func_id=spec.func_id,
        kind=Kind.NUMBER,
        path=path,
        steps=(*_PARAMS, *steps),
        siblings=group,
        required=known,
        title=Told(
            "{func_id} {told} {value}",
            func_id=spec.func_id,
            told=told,
            value="is refused" if known else "(the document does not have it)",
        ),
        sends=Told("{func_id} {told}, no text", func_id=spec.func_id, told=told),
        why=_STRINGS if known else "The document does not have this parameter in dev.report",
    )


def _scalars(
    shape: Object, steps: tuple[Step, ...] = (), prefix: str = ""
) -> Iterator[tuple[str, Field, tuple[Step, ...], tuple[str, ...]]]:
    """Path, declaration, place and group of every scalar; the first item stands for a list of texts."""
    for field in shape.fields:
        path, here = f"{prefix}{field.name}", (*steps, field.name)
        group = next((group for group in shape.exactly_one if field.name in group), ())
        match field.shape:
            case Objects(item):
                yield from _scalars(item, (*here, 0), f"{path}[].")
            case Object():
                yield from _scalars(field.shape, here, f"{path}.")
            case Strings():
                yield f"{path}[]", field, (*here, 0), group
            case _:
                yield path, field, here, group


def _scalar(shape: Shape) -> f.Format:
    if not isinstance(shape, f.Format):
        raise TypeError(f"{shape} is no scalar")
    return shape


def _id(spec: MessageSpec, kind: Kind, path: str) -> str:
    """Such as `upload.user.missing.bioDatas.type`: the list that gives the message its name is left out."""
    _, _, inner = path.partition("[].")
    short = (inner or path).replace("[]", "")
    return f"{PREFIXES[spec.func_id]}.{kind}.{short}"
