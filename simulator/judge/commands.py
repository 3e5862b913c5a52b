"""Reads the platform's commands (document 4.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.judge.departures import Family, Judgement, Notes, number_text, shown
from simulator.judge.replies import DEFAULT_ZONE, read_urgency
from simulator.judge.shapes import ObjectReader
from simulator.measurements.violation_rules import (
    COMMAND_CMD_ID,
    COMMAND_FIELD_FORMAT,
    COMMAND_FIELD_MISSING,
    COMMAND_FIELD_TYPE,
    COMMAND_MID,
    COMMAND_UNKNOWN,
)
from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS
from simulator.protocol.catalogue.spec import Object
from simulator.protocol.envelope import MAX_MID_LENGTH
from simulator.texts.told import Told

_FAMILY: Final = Family(COMMAND_FIELD_MISSING, COMMAND_FIELD_FORMAT, COMMAND_FIELD_TYPE)
_MID_FORM: Final = Told("a text of 1 to {most} characters", most=MAX_MID_LENGTH)
_MOST_MID: Final = 1_024
"""Characters of a mid that are sent back; what is longer belongs to nobody."""
_CMD_ID: Final = "cmdId"
_READERS: Final[Mapping[str, ObjectReader]] = {
    name: ObjectReader(
        Object(tuple(field for field in CATALOGUE[name].params.fields if field.name != _CMD_ID)), loose=False
    )
    for name in COMMAND_FUNC_IDS
}


@dataclass(frozen=True, slots=True)
class ReadCommand:
    """A command as it is meant."""

    func_id: str
    """As it came; empty where it is no text."""
    known: bool
    """Whether the document has such a command."""
    mid: str
    """Empty where there is none that could be sent back."""
    cmd_id: str
    """Empty where there is none."""
    params: Mapping[str, Any]
    """Texts, lists and objects as the catalogue declares them; what is not declared, as it came."""
    urgent: bool
    judgement: Judgement


def read_command(message: Mapping[str, Any], zone: str = DEFAULT_ZONE) -> ReadCommand:
    """What a message of the platform that is no reply means, and what departs in it.

    Args:
        zone: the platform's offset `±HH:mm`, for times without one.
    """
    notes = Notes(_FAMILY, zone)
    mid = _read_mid(message, notes)
    func_id = message.get("funcId", "")
    reader = _READERS.get(func_id) if isinstance(func_id, str) else None
    if reader is None:
        what = Told("is {func_id}", func_id=shown(func_id)) if func_id or func_id is None else "is missing"
        notes.fail(COMMAND_UNKNOWN, "funcId", Told("{what}, should be one of the document's commands", what=what))
    urgent = read_urgency(message, notes)
    params = _read_params(message, notes)
    cmd_id = ""
    if params is not None:
        cmd_id = _read_cmd_id(params, notes)
        if reader is not None and not reader.right(params):
            params = reader.read(params, "params", notes)
        if params.get(_CMD_ID) != cmd_id:
            params = {**params, _CMD_ID: cmd_id}
    name = func_id if isinstance(func_id, str) else ""
    return ReadCommand(name, reader is not None, mid, cmd_id, params or {}, urgent, notes.judgement())


def _read_mid(message: Mapping[str, Any], notes: Notes) -> str:
    value = message.get("mid")
    if type(value) is str and value:
        if len(value) > _MOST_MID:
            notes.fail(
                COMMAND_MID,
                "mid",
                Told("has {count:,} characters, should be {right}", count=len(value), right=_MID_FORM),
            )
            return ""
        if len(value) > MAX_MID_LENGTH:
            notes.depart(
                COMMAND_MID, "mid", Told("has {count} characters, should be {right}", count=len(value), right=_MID_FORM)
            )
        return value
    text = number_text(value)
    what = Told("is {value}", value=shown(value)) if "mid" in message else "is missing"
    if text is None:
        notes.fail(COMMAND_MID, "mid", Told("{what}, should be {right}", what=what, right=_MID_FORM))
        return ""
    notes.depart(COMMAND_MID, "mid", Told('{what}, should be the text "{text}"', what=what, text=text))
    return text


def _read_params(message: Mapping[str, Any], notes: Notes) -> dict[str, Any] | None:
    holder: Any = message
    for name, path in (("payload", "payload"), ("params", "params")):
        value = holder.get(name)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            notes.depart(notes.family.type, path, "is a list, should be the object in it")
            value = value[0]
        if not isinstance(value, dict):
            missing = value is None
            what = "is missing" if name not in holder else Told("is {value}", value=shown(value))
            rule = notes.family.missing if missing else notes.family.type
            notes.fail(rule, path, Told("{what}, should be an object with the cmdId", what=what))
            return None
        holder = value
    return dict(holder)


def _read_cmd_id(params: Mapping[str, Any], notes: Notes) -> str:
    value = params.get(_CMD_ID)
    if type(value) is str and value:
        return value
    path = f"params.{_CMD_ID}"
    if value is None or value == "":
        what = Told("is {value}", value=shown(value)) if _CMD_ID in params else "is missing"
        notes.fail(COMMAND_CMD_ID, path, Told("{what}, should be the command's own text", what=what))
        return ""
    text = number_text(value)
    if text is None:
        notes.fail(notes.family.type, path, Told("is {value}, should be a text", value=shown(value)))
        return ""
    notes.depart(
        notes.family.type, path, Told('is {value}, should be the text "{text}"', value=shown(value), text=text)
    )
    return text
