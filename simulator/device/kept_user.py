"""A user as the memory keeps one that a platform or an enrolment gave: JSON, and before it what the door asks for.

JSON takes a quarter of the room of a dict; the door looks at the few bytes before it alone.
"""

import struct
from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

import orjson

from simulator.protocol.times import parse_iso

VISITOR_ROLE = "4"
"""`role` of a visitor, as `category` of records has it (section 上传验证记录)."""
_PLATFORMS_OWN = ("role", "ruleType")
"""Kept, and not uploaded again: they are no fields of dev.data.upload.user."""
_HEAD = struct.Struct("<IBdd")
_BLOCKED, _VISITOR = 1, 2
_PHOTOS = 11
CARD = 1 << 22
"""What somebody has who has a card that is not lost."""
PASSWORD = 1 << 23


def template(kind: int) -> int:
    """What somebody has who has a valid template of the biometric type `kind`, 0 to 10."""
    return 1 << kind


def photo(kind: int) -> int:
    """What somebody has who has a photo of the biometric type `kind`, 0 to 10."""
    return 1 << kind + _PHOTOS


class Person(NamedTuple):
    """What the door knows of a user."""

    has: int
    """The union of `template`, `photo`, `CARD` and `PASSWORD`."""
    blocked: bool
    """`disable` 1."""
    visitor: bool
    since: float
    """Valid from, in epoch seconds."""
    until: float
    """Valid to this second, itself included."""


def packed(user: Mapping[str, Any]) -> bytes:
    """`user`, in the shape of dev.data.upload.user with `role` and `ruleType`, as it is kept."""
    has = PASSWORD if user.get("password") else 0
    for each in user.get("bioDatas") or ():
        if each.get("valid") != "0":
            has |= template(int(each["type"]))
    flags = _BLOCKED * (user.get("disable") == "1") | _VISITOR * (user.get("role") == VISITOR_ROLE)
    head = _HEAD.pack(
        has,
        flags,
        _time(user.get("startTime"), -inf),
        _time(user.get("endTime"), inf),
    )
    return head + orjson.dumps(dict(user))


def person(kept: bytes) -> Person:
    """What the door knows of a user that was `packed`, beside his photos and cards."""
    has, flags, since, until = _HEAD.unpack_from(kept)
    return Person(has, flags & _BLOCKED != 0, flags & _VISITOR != 0, since, until)


def shown(kept: bytes) -> dict[str, Any]:
    """A user that was `packed`, as he is uploaded."""
    user: dict[str, Any] = orjson.loads(memoryview(kept)[_HEAD.size :])
    for name in _PLATFORMS_OWN:
        user.pop(name, None)
    return user


def _time(text: str | None, default: float) -> float:
    return parse_iso(text) if text else default
