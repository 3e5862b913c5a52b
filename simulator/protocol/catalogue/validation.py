"""Checks a device's message against its declaration and says which rule it breaks, with the code a platform answers.

E0000001: an unknown funcId. E0000002: malformed, as a required field missing or a value that is no string. E0000004: a
value out of its format (docs/deviations.md, Codes). Which state a device is in is not looked at
here. What a platform sends is read by `simulator.judge`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.formats import Format, Integer
from simulator.protocol.catalogue.spec import Direction, MessageSpec, Object, Objects, Strings
from simulator.protocol.codes import BAD_VALUE, MALFORMED, UNKNOWN_FUNC_ID

MAX_MID_LENGTH = 32
_MAX_DEPTH = 16
_IMME = Integer()
"""0 and absent: not urgent; anything else: urgent."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The first rule that a message breaks. Neither `path` nor `reason` holds a value of the message."""

    code: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"

    def within(self, outer: str) -> "Violation":
        """The same, seen from a level further out."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Violation(self.code, f"{outer}{joint}{self.path}", self.reason)


_AS_DECLARED: Mapping[str, Object] = {}

_Check = Callable[[Any, Any], Violation | None]


def validate_request(
    message: Mapping[str, Any],
    shapes: Mapping[str, Object] = _AS_DECLARED,
    catalogue: Mapping[str, MessageSpec] = CATALOGUE,
) -> Violation | None:
    """Check what a device sent, as a platform does: envelope, parameters, and that every scalar is a string.

    Args:
        shapes: parameters of messages that are other than declared, by funcId.
        catalogue: `OVER_PUBLISH_SUBSCRIBE` for what came over such a protocol.
    """
    spec_or_violation = _spec(message, catalogue)
    if isinstance(spec_or_violation, Violation):
        return spec_or_violation
    spec = spec_or_violation
    if spec.sn_required and not message.get("sn"):
        return Violation(MALFORMED, "sn", "is missing")
    if spec.func_id == "dev.cmd.response":
        for name in ("code", "message"):
            if name not in message or (name == "code" and not message[name]):
                return Violation(MALFORMED, name, "is missing")
    violation = _non_string(message, 0)
    if violation is not None:
        return violation
    return _check_params(message, shapes.get(spec.func_id, spec.params), required=spec.params_required)


def check_object(shape: Object, value: Mapping[str, Any], path: str) -> Violation | None:
    """Check `value` against `shape`; `path` is where it stands in the message."""
    violation = _check_object(shape, value)
    return None if violation is None else violation.within(path)


def _spec(message: Mapping[str, Any], catalogue: Mapping[str, MessageSpec]) -> MessageSpec | Violation:
    """The declaration of `message`'s funcId, or what is wrong with its envelope."""
    mid = message.get("mid")
    if mid is None or mid == "":
        return Violation(MALFORMED, "mid", "is missing")
    if not isinstance(mid, str):
        return Violation(MALFORMED, "mid", "is not a string")
    if len(mid) > MAX_MID_LENGTH:
        return Violation(BAD_VALUE, "mid", f"is longer than {MAX_MID_LENGTH} characters")
    func_id = message.get("funcId")
    if func_id is None or func_id == "":
        return Violation(MALFORMED, "funcId", "is missing")
    if not isinstance(func_id, str):
        return Violation(MALFORMED, "funcId", "is not a string")
    spec = catalogue.get(func_id)
    if spec is None or spec.direction is not Direction.TO_PLATFORM:
        return Violation(UNKNOWN_FUNC_ID, "funcId", "is unknown")
    imme = message.get("imme")
    if imme is not None and imme != "0" and imme != "":
        if not isinstance(imme, str):
            return Violation(MALFORMED, "imme", "is not a string")
        if problem := _IMME.problem(imme):
            return Violation(BAD_VALUE, "imme", problem)
    return spec


def _check_params(message: Mapping[str, Any], shape: Object, *, required: bool) -> Violation | None:
    payload = message.get("payload")
    if payload is None:
        if not required:
            return None
        return Violation(MALFORMED, "payload", "is missing")
    if not isinstance(payload, dict):
        return Violation(MALFORMED, "payload", "is not an object")
    values = payload.get("params")
    if values is None:
        if not required:
            return None
        return Violation(MALFORMED, "payload.params", "is missing")
    if not isinstance(values, dict):
        return Violation(MALFORMED, "payload.params", "is not an object")
    return check_object(shape, values, "params")


# The checks below run for every message of a fleet. They build no path and no text until something is wrong: what is
# wrong deep inside a message collects its path on the way out.


def _check_object(shape: Object, value: Any) -> Violation | None:
    if not isinstance(value, dict):
        return Violation(MALFORMED, "", "is not an object")
    for field in shape.fields:
        item = value.get(field.name)
        if not item and field.aliases:
            item = next((other for alias in field.aliases if (other := value.get(alias))), item)
        if item is None or item == "":
            if field.required:
                return Violation(MALFORMED, field.name, "is missing")
            if item is None and field.name in value:
                return Violation(MALFORMED, field.name, "is not a string")
            continue
        check: _Check = _CHECKS.get(type(field.shape), _check_scalar)
        violation = check(field.shape, item)
        if violation is not None:
            return violation.within(field.name)
    for group in shape.exactly_one:
        given = [name for name in group if _given(shape, value, name)]
        if len(given) != 1:
            names = " and ".join(group)
            return Violation(MALFORMED, "", f"must hold one of {names}" if not given else f"must not hold both {names}")
    return None


def _check_scalar(shape: Format, value: Any) -> Violation | None:
    if not isinstance(value, str):
        return Violation(MALFORMED, "", "is not a string")
    problem = shape.problem(value)
    return None if problem is None else Violation(BAD_VALUE, "", problem)


def _check_strings(shape: Strings, value: Any) -> Violation | None:
    if not isinstance(value, list):
        return Violation(MALFORMED, "", "is not a list")
    for position, item in enumerate(value):
        violation = _check_scalar(shape.item, item)
        if violation is not None:
            return violation.within(f"[{position}]")
    return None


def _check_objects(shape: Objects, value: Any) -> Violation | None:
    if not isinstance(value, list):
        return Violation(MALFORMED, "", "is not a list")
    for position, item in enumerate(value):
        violation = _check_object(shape.item, item)
        if violation is not None:
            return violation.within(f"[{position}]")
    return None


_CHECKS: Mapping[type, _Check] = {
    Object: _check_object,
    Objects: _check_objects,
    Strings: _check_strings,
}


def _given(shape: Object, value: Mapping[str, Any], name: str) -> bool:
    for field in shape.fields:
        if field.name == name:
            return bool(value.get(name)) or any(bool(value.get(alias)) for alias in field.aliases)
    return False


def _non_string(value: Any, depth: int) -> Violation | None:
    """The first scalar below `value` that is no string."""
    if isinstance(value, dict):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return Violation(MALFORMED, "", "is not a string")
    if depth > _MAX_DEPTH:
        return Violation(MALFORMED, "", "is not a string")
    for name, item in items:
        if not isinstance(item, str) and (violation := _non_string(item, depth + 1)) is not None:
            return violation.within(name if isinstance(name, str) else f"[{name}]")
    return None
