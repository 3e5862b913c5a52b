"""JSON that the fast decoder does not take though it is JSON: what can be read of it, and what cannot.

Half a surrogate pair is legal and no text, nesting may be deeper than any decoder goes, a number larger than any float.
Asked only where the fast decoder has failed; `envelope` decides what that means for a message.
"""

import json
import re
from typing import Any, Final

HALF_A_PAIR: Final = "holds half a surrogate pair, which is no text"
TOO_DEEP: Final = "is nested too deeply"

_DEPTH: Final = 64
"""No message of the protocol goes deeper than seven levels."""
_SCANNED: Final = 64 * 1024
"""Characters of too deep a message that are looked through for what can be read: it takes a fifth of a µs for each
bracket, and no right message is longer."""
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[][{}]', re.DOTALL)
"""A string, complete or not, or a bracket: whatever comes, each character is looked at once."""
_LOST: Final = object()


class NotJsonError(ValueError):
    """It is no JSON at all."""


def read(text: str) -> tuple[Any, str | None]:
    """The value in `text`, and what could not be read of it: None, `HALF_A_PAIR` or `TOO_DEEP`.

    Members and items that cannot be read are left out, and None stands for what lies too deep.

    Raises:
        NotJsonError: If the text is no JSON.
    """
    try:
        return _without_halves(_parsed(text))
    except RecursionError:
        return _without_halves(_parsed(_shallow(text)))[0], TOO_DEEP


def _parsed(text: str) -> Any:
    try:
        return _decode(text)
    except ValueError:
        raise NotJsonError from None


def _whole_number(digits: str) -> int | float:
    # Python refuses to count thousands of digits.
    return int(digits) if len(digits) < 20 else float(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_decode = json.JSONDecoder(parse_int=_whole_number, parse_constant=_no_constant).decode


def _without_halves(value: Any) -> tuple[Any, str | None]:
    halves: list[str] = []
    kept = _readable(value, halves)
    return (None if kept is _LOST else kept), (HALF_A_PAIR if halves else None)


def _readable(value: Any, halves: list[str]) -> Any:
    if isinstance(value, str):
        return value if _is_text(value, halves) else _LOST
    if isinstance(value, dict):
        members = ((name, _readable(item, halves)) for name, item in value.items() if _is_text(name, halves))
        return {name: item for name, item in members if item is not _LOST}
    if isinstance(value, list):
        return [item for item in (_readable(each, halves) for each in value) if item is not _LOST]
    return value


def _is_text(value: str, halves: list[str]) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        halves.append(value)
        return False
    return True


def _shallow(text: str) -> str:
    """The text with `null` for everything below `_DEPTH` levels."""
    if len(text) > _SCANNED:
        # Whether the whole of it is JSON is not worth a second of the event loop: it is at least an object's outside.
        outside = text.strip(" \t\r\n")
        if outside[:1] != "{" or outside[-1:] != "}":
            raise NotJsonError
        return "{}"
    kept: list[str] = []
    depth = begin = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth == _DEPTH + 1:
                kept += text[begin : token.start()], "null"
        elif first in "]}":
            depth -= 1
            if depth == _DEPTH:
                begin = token.end()
    if depth:
        raise NotJsonError
    kept.append(text[begin:])
    return "".join(kept)
