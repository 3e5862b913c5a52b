"""What all replies and look-up answers share: the code and its text."""

from typing import Any, Final

from simulator.judge.departures import Notes, number_text, shown

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
        what = f"is {shown(value)}" if "code" in message else "is missing"
        notes.fail(rule, "code", f"{what}, should be a text of {CODE_CHARS} characters")
        return ""
    # Leading zeros are what is lost where a code passes through a number.
    plain = text.zfill(CODE_CHARS) if text.isascii() and text.isdigit() else text
    should_be = f'the text "{plain}"' if len(plain) == CODE_CHARS else f"a text of {CODE_CHARS} characters"
    notes.depart(rule, "code", f"is {shown(value)}, should be {should_be}")
    return plain


def read_text(message: dict[str, Any], rule: str, notes: Notes) -> str:
    """The code's text; empty where there is none."""
    value = message.get("message", _NOTHING)
    if type(value) is str:
        return value
    if value is _NOTHING:
        notes.depart(rule, "message", "is missing, should be the text of the code")
        return ""
    notes.depart(rule, "message", f"is {shown(value)}, should be a text")
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
        holds = f"an object with {' and '.join(needs)}"
        if value is _NOTHING or value is None:
            what = "is missing" if value is _NOTHING else "is null"
            notes.fail(notes.family.missing, path, f"{what}, should be {holds}")
        else:
            notes.fail(notes.family.type, path, f"is {shown(value)}, should be {holds}")
        return None
    if value is not _NOTHING:
        notes.depart(notes.family.type, path, f"is {shown(value)}, should be an object or left out")
    return {}
