"""What all replies and look-up answers share: the code and its text."""

from typing import Any, Final

from simulator.judge.departures import Notes, number_text, shown
from simulator.texts.told import Told

CODE_CHARS: Final = 8
_NOTHING: Final = object()


def read_code(message: dict[str, Any], rule: str, notes: Notes) -> str:
    """The code of eight characters that is meant; empty where there is none."""
    value = message.get("code")
    if type(value) is str and len(value) == CODE_CHARS:
        return value
    found = number_text(value) or value
    text = found.strip() if isinstance(found, str) else ""
    if not text:
        what = Told("is {value}", value=shown(value)) if "code" in message else "is missing"
        notes.fail(
            rule, "code", Told("{what}, should be a text of {code_chars} characters", what=what, code_chars=CODE_CHARS)
        )
        return ""
    # Leading zeros are what is lost where a code passes through a number.
    plain = text.zfill(CODE_CHARS) if text.isascii() and text.isdigit() else text
    should_be = (
        Told('the text "{plain}"', plain=plain)
        if len(plain) == CODE_CHARS
        else Told("a text of {code_chars} characters", code_chars=CODE_CHARS)
    )
    notes.depart(rule, "code", Told("is {value}, should be {should_be}", value=shown(value), should_be=should_be))
    return plain


def read_text(message: dict[str, Any], rule: str, notes: Notes) -> str:
    """The code's text; empty where there is none."""
    value = message.get("message", _NOTHING)
    if type(value) is str:
        return value
    if value is _NOTHING:
        notes.depart(rule, "message", "is missing, should be the text of the code")
        return ""
    notes.depart(rule, "message", Told("is {value}, should be a text", value=shown(value)))
    return number_text(value) or ""


def read_results(message: dict[str, Any], needs: tuple[str, ...], notes: Notes) -> dict[str, Any] | None:
    """`payload.results` of a success as an object; None where what it `needs` is not there, which is told."""
    payload = _object(message, "payload", "payload", needs, notes)
    return None if payload is None else _object(payload, "results", "results", needs, notes)


def _object(
    holder: dict[str, Any], name: str, path: str, needs: tuple[str, ...], notes: Notes
) -> dict[str, Any] | None:
    value = holder.get(name, _NOTHING)
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        notes.depart(notes.family.type, path, "is a list, should be the object in it")
        return value[0]
    if needs:
        holds = Told("an object with {needs}", needs=" and ".join(needs))
        if value is _NOTHING or value is None:
            what = "is missing" if value is _NOTHING else "is null"
            notes.fail(notes.family.missing, path, Told("{what}, should be {holds}", what=what, holds=holds))
        else:
            notes.fail(notes.family.type, path, Told("is {value}, should be {holds}", value=shown(value), holds=holds))
        return None
    if value is not _NOTHING:
        notes.depart(notes.family.type, path, Told("is {value}, should be an object or left out", value=shown(value)))
    return {}
