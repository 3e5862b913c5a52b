"""Templates of a profile: text with placeholders such as `{sn}`, and what fills them in.

Which placeholders there are depends on where a template stands: secrets stand in passwords alone. A template that is
wrong is found when the scenario is read; a value that is missing or cannot stand there fails the device that lacks it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from simulator.closest import closest
from simulator.fields.section import WrongWord
from simulator.pubsub.profile import Identity
from simulator.texts.translation import _

IDENTITY: Final = ("sn", "productId", "companyId", "siteId", "deviceName")
"""Of every template. `deviceName` is the serial number."""
CONNECTION: Final = ("clientId", "sdkappid", "connid", "expiry")
"""Of user names and passwords: made anew for each connect, but for `sdkappid`, which is Tencent's for all devices."""
SECRETS: Final = ("devKey", "deviceSecret")
"""Of passwords alone."""

OF_TOPIC: Final = IDENTITY
OF_CLIENT_ID: Final = IDENTITY
OF_USERNAME: Final = (*IDENTITY, *CONNECTION)
OF_PASSWORD: Final = (*IDENTITY, *CONNECTION, *SECRETS)
OF_KEY: Final = (*IDENTITY, *SECRETS)

MOST_BYTES: Final = 65_535
"""Of any text in a packet (standard, 1.5.3)."""

_FROM_LOOKUP: Final = ("companyId", "siteId")
_PIECE: Final = re.compile(r"\{([^{}]*)\}|[{}]")
_BREAKS_TOPICS: Final = re.compile(r"[+#/\0]")
_NAMES: Final = {"+": "'+'", "#": "'#'", "/": "'/'", "\0": "a NUL character"}

Pieces = tuple[tuple[str, str | None], ...]
"""Literal text, each with the placeholder that follows it; None at the end."""


class CannotFill(Exception):  # noqa: N818 - it says what happened to one device
    """A template cannot be filled in for this device; the text says what is missing or wrong, and holds no secret."""


@lru_cache(maxsize=4096)
def pieces(template: str) -> Pieces:
    """A template taken apart.

    Raises:
        ValueError: If a brace stands alone, or a pair holds nothing.
    """
    found: list[tuple[str, str | None]] = []
    at = 0
    for match in _PIECE.finditer(template):
        name = match[1]
        if not name:
            raise ValueError(_("has a brace that is no placeholder: write {sn}, {productId} …"))
        found.append((template[at : match.start()], name))
        at = match.end()
    return (*found, (template[at:], None))


def placeholders(template: str) -> tuple[str, ...]:
    """The names that stand in braces, in their order.

    Raises:
        ValueError: As of `pieces`.
    """
    return tuple(name for _, name in pieces(template) if name is not None)


def checked(template: str, known: tuple[str, ...]) -> str:
    """The template itself, where it can stand in a packet and names only placeholders that are `known`.

    Raises:
        ValueError: If not.
    """
    if not template:
        raise ValueError(_("must not be empty"))
    text_problem = _problem_of_text(template)
    if text_problem is not None:
        raise ValueError(text_problem)
    for name in placeholders(template):
        if name in known:
            continue
        if name in SECRETS:
            raise ValueError(_("{{{name}}} is a secret: it may stand in `password` alone", name=name))
        near = closest(name, known)
        listed = ", ".join(f"{{{each}}}" for each in known)
        raise WrongWord(
            _("{{{name}}} is no placeholder here; known: {listed}", name=name, listed=listed), near and f"{{{near}}}"
        )
    return template


def values_of(identity: Identity) -> dict[str, str | None]:
    """What a device has for each placeholder of identities and secrets; None or empty where it has none."""
    return {
        "sn": identity.sn,
        "deviceName": identity.sn,
        "productId": identity.product_id,
        "companyId": identity.company_id,
        "siteId": identity.site_id,
        "devKey": identity.dev_key,
        "deviceSecret": identity.device_secret or identity.dev_key,
    }


def fill(
    template: str, values: Identity | Mapping[str, str | None], *, key: str = "template", in_topic: bool = False
) -> str:
    """The template with its placeholders filled in.

    Args:
        values: a device's identity, or values by the name of the placeholder.
        key: the profile's key that it stands under, for errors.
        in_topic: values that would change the topic's levels, or make a filter of it, are refused.

    Raises:
        CannotFill: If a value is missing, or cannot stand there.
        ValueError: As of `pieces`.
    """
    known = values_of(values) if isinstance(values, Identity) else values
    filled = "".join(
        literal if name is None else literal + _value(name, known.get(name), key, in_topic)
        for literal, name in pieces(template)
    )
    problem = _problem_of_text(filled)
    if problem is not None:
        raise CannotFill(f"`{key}` of the profile {problem}, filled in for this device")
    return filled


def _value(name: str, value: str | None, key: str, in_topic: bool) -> str:
    if not value:
        where = "the look-up's answer has" if name in _FROM_LOOKUP else "the device has"
        raise CannotFill(f"{where} no {name}, which `{key}` of the profile needs")
    broken = _BREAKS_TOPICS.search(value) if in_topic else None
    if broken is not None:
        raise CannotFill(f"{name} holds {_NAMES[broken[0]]}, which cannot stand in a topic (`{key}` of the profile)")
    return value


def _problem_of_text(text: str) -> str | None:
    """Why MQTT cannot carry it (standard, 1.5.3)."""
    if "\0" in text:
        return "holds a NUL character, which no packet may hold"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which no packet may hold"
    return f"has {size:,} bytes; a packet has room for {MOST_BYTES:,}" if size > MOST_BYTES else None
