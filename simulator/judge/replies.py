"""Reads the platform's replies, which were matched with their requests by `mid` (document 4.3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from simulator.judge.departures import Departure, Family, Judgement, Notes, number_text, shown
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
from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import MessageSpec, Object, Reply, required
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import REPLY, results_of
from simulator.protocol.reading import SyncTime
from simulator.shown import detail
from simulator.texts.told import Told

DEFAULT_ZONE: Final = "+08:00"
"""The document's, of a platform that told none."""
SYNC_TIME: Final = "dev.system.sync.time"
_AGREED: Final = SyncTime()
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
            notes.depart(notes.family.type, "mid", Told("is {mid}, should be a text", mid=shown(mid)))
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
        what = Told("is {func_id}", func_id=shown(func_id)) if "funcId" in message else "is missing"
        should_be = Told('"{reply}" or left out', reply=REPLY) if self._bare else f'"{REPLY}"'
        notes.depart(REPLY_FUNC_ID, "funcId", Told("{what}, should be {should_be}", what=what, should_be=should_be))


def read_urgency(message: Mapping[str, Any], notes: Notes) -> bool:
    """Whether a message goes before others: any `imme` does but null, an empty one and 0 (section 请求协议)."""
    value = message.get("imme")
    if value is None or type(value) is str:
        return value is not None and value.strip("0") != ""
    notes.depart(notes.family.type, "imme", Told('is {value}, should be a text such as "1"', value=shown(value)))
    return value is True or (number_text(value) or "0").strip("0") != ""


class TimeReplyJudge(ReplyJudge):
    """Reads the replies to `dev.system.sync.time`, and says which setting a platform needs that tells it otherwise.

    Args:
        sync_time: how the platform is taken to tell it.
    """

    __slots__ = ("_field",)

    def __init__(self, sync_time: SyncTime) -> None:
        spec = CATALOGUE[SYNC_TIME]
        shape = f.TIME_MS if sync_time.epoch_ms else f.TIMESTAMP
        told = required(sync_time.field, shape, spec.results.fields[0].description)
        super().__init__(replace(spec, results=Object((told,))))
        self._field = sync_time.field

    def read(self, message: Mapping[str, Any], zone: str = DEFAULT_ZONE) -> ReadReply:
        found = super().read(message, zone)
        if not found.judgement.departures:
            return found
        told = {departure: self._with_setting(departure, message) for departure in found.judgement.departures}
        unusable = found.judgement.unusable
        judgement = Judgement(
            tuple(told.values()), found.judgement.observations, None if unusable is None else told[unusable]
        )
        return replace(found, judgement=judgement)

    def _with_setting(self, departure: Departure, message: Mapping[str, Any]) -> Departure:
        if departure.path != f"results.{self._field}":
            return departure
        if departure.rule != REPLY_FIELD_MISSING:
            return replace(departure, text=Told("{text}: sync_time.form", text=departure.text))
        others = ", ".join(sorted(results_of(message)))
        there = Told(" (there is {others})", others=detail(others)) if others else ""
        return replace(departure, text=Told("{text}{there}: sync_time.field", text=departure.text, there=there))


ReplyJudges = Callable[[str], ReplyJudge]
"""Takes a funcId, returns the judge of the replies to it; raises KeyError if no device sends such a message."""


@cache
def reply_judge(func_id: str) -> ReplyJudge:
    """The judge of the replies to `func_id` of a platform that reads the document as docs/deviations.md does.

    Raises:
        KeyError: If no device sends such a message.
    """
    return TimeReplyJudge(_AGREED) if func_id == SYNC_TIME else ReplyJudge(CATALOGUE[func_id])


@cache
def reply_judges(sync_time: SyncTime) -> ReplyJudges:
    """The judges for a platform that tells the time so."""
    if sync_time == _AGREED:
        return reply_judge
    judge = TimeReplyJudge(sync_time)
    return lambda func_id: judge if func_id == SYNC_TIME else reply_judge(func_id)
