"""Reads the platform's replies, which were matched with their requests by `mid` (document 4.3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from simulator.judge.departures import Family, Judgement, Notes, number_text, shown
from simulator.judge.envelopes import CODE_CHARS, read_code, read_results, read_text
from simulator.judge.shapes import results_reader
from simulator.measurements.violation_rules import (
    REPLY_CODE,
    REPLY_FIELD_FORMAT,
    REPLY_FIELD_MISSING,
    REPLY_FIELD_TYPE,
    REPLY_FUNC_ID,
    REPLY_MESSAGE,
)
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import MessageSpec, Reply
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import REPLY

DEFAULT_ZONE: Final = "+08:00"
"""The document's, of a platform that told none."""
_FAMILY: Final = Family(REPLY_FIELD_MISSING, REPLY_FIELD_FORMAT, REPLY_FIELD_TYPE)
_EMPTY: Final[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class ReadReply:
    """A reply as it is meant."""

    code: str
    """Eight characters where that is plain, else as it came; empty where there is none."""
    text: str
    """Of the code: as long as the platform likes, and unmasked."""
    results: Mapping[str, Any]
    """Of a success: texts, lists and objects as the catalogue declares them; what is not declared, as it came."""
    judgement: Judgement


class ReplyJudge:
    """Reads the replies to one funcId."""

    __slots__ = ("_bare", "_results", "func_id")

    def __init__(self, spec: MessageSpec) -> None:
        self.func_id = spec.func_id
        self._bare = spec.reply is Reply.BARE
        self._results = results_reader(spec.results) if spec.results.fields else None

    def right(self, message: Mapping[str, Any]) -> bool:
        """Whether nothing about it is worth telling: `read` finds no departure and no observation."""
        get = message.get
        if get("funcId") != REPLY and not (self._bare and get("funcId", "") == ""):
            return False
        if type(get("message")) is not str or type(get("mid", "")) is not str:
            return False
        urgency = get("imme")
        if type(urgency) is not str and urgency is not None:
            return False
        code = get("code")
        if code != SUCCESS:
            return type(code) is str and len(code) == CODE_CHARS
        reader = self._results
        payload = get("payload", _EMPTY)
        if type(payload) is not dict:
            return False
        results = payload.get("results", _EMPTY)
        return type(results) is dict and (reader is None or reader.right(results))

    def read(self, message: Mapping[str, Any], zone: str = DEFAULT_ZONE) -> ReadReply:
        """What it means, and what departs in it.

        Args:
            zone: the platform's offset `±HH:mm`, for times without one.
        """
        notes = Notes(_FAMILY, zone)
        message = dict(message)
        code = read_code(message, REPLY_CODE, notes)
        text = read_text(message, REPLY_MESSAGE, notes)
        self._func_id(message, notes)
        mid = message.get("mid", "")
        if type(mid) is not str:
            notes.depart(notes.family.type, "mid", f"is {shown(mid)}, should be a text")
        read_urgency(message, notes)
        results: Mapping[str, Any] = {}
        if code == SUCCESS:
            reader = self._results
            found = read_results(message, () if reader is None else reader.needs, notes)
            if found is not None:
                results = found if reader is None else reader.read(found, "results", notes)
        return ReadReply(code, text, results, notes.judgement())

    def _func_id(self, message: Mapping[str, Any], notes: Notes) -> None:
        func_id = message.get("funcId", "")
        if func_id == REPLY or (self._bare and func_id == ""):
            return
        what = f"is {shown(func_id)}" if "funcId" in message else "is missing"
        should_be = f'"{REPLY}" or left out' if self._bare else f'"{REPLY}"'
        notes.depart(REPLY_FUNC_ID, "funcId", f"{what}, should be {should_be}")


def read_urgency(message: Mapping[str, Any], notes: Notes) -> bool:
    """Whether a message goes before others: any `imme` does but null, an empty one and 0 (section 请求协议)."""
    value = message.get("imme")
    if value is None or type(value) is str:
        return value is not None and value.strip("0") != ""
    notes.depart(notes.family.type, "imme", f'is {shown(value)}, should be a text such as "1"')
    return value is True or (number_text(value) or "0").strip("0") != ""


@cache
def reply_judge(func_id: str) -> ReplyJudge:
    """The judge of the replies to `func_id`.

    Raises:
        KeyError: If no device sends such a message.
    """
    return ReplyJudge(CATALOGUE[func_id])
