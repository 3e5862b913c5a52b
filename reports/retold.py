"""Texts that a file holds in English, said in the language that is spoken: read back into what they were made of.

A summary keeps texts of ours as plain English: how a request failed, what a fault is, why a threshold was crossed. In
the process that made them they still know their parts (`simulator.texts.told`); of a file each is matched with the
texts that there are, the one with the most letters of its own first. What is not ours, such as a platform's own words,
matches none and stays.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reports import text
from simulator.texts.language import ENGLISH, spoken
from simulator.texts.shape import Shape, parts_of
from simulator.texts.told import Told, said
from simulator.texts.translation import _, translations
from simulator.weather.words import read_back

_LEAST_LETTERS: Final = 6
"""A text with fewer letters of its own would match too much: of those only the ones that join others are tried."""
_SHARED: Final = "{share} of {names}"
_JOINTS: Final = ("{remarks}; {more}", "{what}, {whom}", "{what} ({details})", _SHARED)
_SHARE: Final = re.compile(r"[\d.]+ ?%")
_DEEPEST: Final = 6
"""Texts within texts; ours are never so many deep."""
_PART_END: Final = "; "
"""A value of a text that joins nothing does not reach into the next part."""
_DURATION: Final = re.compile(r"(?:(\d+) h (\d\d) min|(\d+) min (\d\d) s|(\d+\.\d) s)")
_COUNTED: Final = re.compile(r"([\d,]+) ([a-z]+(?: [a-z]+)?)")


def retold(stored: str) -> str:
    """The text in the reader's language; as it is where it is none of ours."""
    if spoken() == ENGLISH or not stored:
        return stored
    if isinstance(stored, Told):
        return said(stored)
    return _retold(stored, 0, {})


def _retold(stored: str, depth: int, known: dict[str, str]) -> str:
    """Each part once: a text that a platform made of nothing but joints must not hold a report up."""
    if depth > _DEEPEST:
        return stored
    if stored not in known:
        known[stored] = _anew(stored, depth, known)
    return known[stored]


def _anew(stored: str, depth: int, known: dict[str, str]) -> str:
    if (whole := _(stored)) != stored:
        return whole
    if (fault := read_back(stored)) is not None:
        return said(fault)
    if (figure := _figure(stored)) is not None:
        return figure
    for shape, message in _shapes(spoken()):
        if (found := shape.values(stored)) is None:
            continue
        parts = {name: _retold(value, depth + 1, known) for name, value in found.items()}
        if _is_of_ours(message, found, parts):
            return _(message, **parts)
    return stored


def _is_of_ours(message: str, found: Mapping[str, str], parts: Mapping[str, str]) -> bool:
    """Whether what looks as if `message` had joined it is of ours: a platform's own sentence may look like that too."""
    if message == _SHARED:
        return _SHARE.fullmatch(found["share"]) is not None
    return message not in _JOINTS or parts != found


def _figure(stored: str) -> str | None:
    """A duration, or a number of things."""
    if (found := _DURATION.fullmatch(stored)) is not None:
        hours, of_hour, minutes, of_minute, seconds = (float(part or 0) for part in found.groups())
        return text.duration(3600 * hours + 60 * (of_hour + minutes) + of_minute + seconds)
    if (found := _COUNTED.fullmatch(stored)) is not None:
        number, things = int(found[1].replace(",", "")), found[2]
        for thing in (things, things.removesuffix("s"), things.removesuffix("es")):
            if thing in text.THINGS:
                return text.counted(number, thing)
    return None


@lru_cache
def _shapes(language: str) -> list[tuple[Shape, str]]:
    """Every text with values in it, as what it looks like with them."""
    known = getattr(translations(language), "_catalog", {})
    found = {message: _shape(message) for message in known if isinstance(message, str) and "\x04" not in message}
    usable = [(shape, message) for message, shape in found.items() if shape is not None]
    return sorted(usable, key=lambda item: (_place_of_joint(item[1]), -_letters(item[1]), item[1]))


def _place_of_joint(message: str) -> int:
    """0 for all that joins nothing; what joins the most is taken apart first."""
    return _JOINTS.index(message) + 1 if message in _JOINTS else 0


def _shape(message: str) -> Shape | None:
    try:
        parts = parts_of(message)
    except ValueError:
        return None
    names = [name for _text, name, _spec in parts if name is not None]
    plain = all(name.isidentifier() for name in names) and not any(spec for _text, _name, spec in parts)
    if not names or not plain or len(set(names)) < len(names):
        return None
    if message not in _JOINTS and _letters(message) < _LEAST_LETTERS:
        return None
    return Shape([(literal, name) for literal, name, _spec in parts], "" if message in _JOINTS else _PART_END)


def _letters(message: str) -> int:
    return sum(len(literal.replace(" ", "")) for literal, *_rest in parts_of(message))
