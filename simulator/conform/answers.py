"""What the tester gets for something that it sent: a reply, a look-up's answer, silence, or the end of the connection.

Every answer has `told`, a few words for `observed`. `Reply` and `LookedUp` have `ok` and `code` as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.judge.departures import Departure
from simulator.judge.lookup import ReadLookup
from simulator.judge.replies import ReadReply
from simulator.protocol import envelope
from simulator.protocol.codes import SUCCESS
from simulator.shown import detail, label
from simulator.texts.told import Told


@dataclass(frozen=True, slots=True)
class Reply:
    """The platform's reply to a request."""

    func_id: str
    """Of the request; the reply's own is in `message`."""
    mid: str
    message: Mapping[str, Any]
    """As it came."""
    read: ReadReply
    """As it is meant, and what departs from the letter."""
    size: int
    """Bytes of its JSON."""
    ms: float

    @property
    def code(self) -> str:
        """In its plain meaning: eight characters; empty where there is none."""
        return self.read.code

    @property
    def ok(self) -> bool:
        """Whether the platform accepted the request."""
        return self.read.code == SUCCESS

    @property
    def results(self) -> Mapping[str, Any]:
        """In their plain meaning: strings, lists and objects."""
        return self.read.results

    @property
    def departures(self) -> tuple[Departure, ...]:
        """What of the reply's form departs from the document."""
        return self.read.judgement.departures

    @property
    def told(self) -> str:
        """In a few words."""
        return _told(self.func_id or "the message", self.ok, self.code, self.read.text)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The dispatch's answer to a look-up."""

    status: int
    body: bytes
    read: ReadLookup
    ms: float

    @property
    def code(self) -> str:
        """In its plain meaning; `http 500` and the like for another status than a success."""
        return self.read.code

    @property
    def ok(self) -> bool:
        """Whether it names a broker."""
        return self.read.answer is not None and self.read.code == SUCCESS

    @property
    def departures(self) -> tuple[Departure, ...]:
        """What of the answer's form departs from the document."""
        return self.read.judgement.departures

    @property
    def told(self) -> str:
        """In a few words."""
        if self.read.answer is None:
            unusable = self.read.judgement.unusable
            problem = "" if unusable is None else unusable.told
            return Told("the look-up got no usable answer: {problem}", problem=problem)
        return _told("the look-up", self.ok, self.code, self.read.text)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing came in time."""

    seconds: float

    @property
    def told(self) -> str:
        """In a few words."""
        return Told("no answer within {seconds:g} s", seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection has ended."""

    code: int | str
    """Of the platform's close frame; 1006 where there was none. Over MQTT a word for how it ended."""
    reason: str
    detail: str
    by_us: bool = False
    """Whether this side began: it was asked to, or what the platform had sent broke the channel."""

    @property
    def told(self) -> str:
        """In a few words."""
        reason = Told(" ({reason})", reason=detail(self.reason)) if self.reason else ""
        if self.by_us:
            return Told("this side closed the connection: {detail}", detail=self.detail)
        if isinstance(self.code, str):
            return Told("the connection ended ({code}): {detail}", code=self.code, detail=self.detail)
        if self.code == 1006:
            return Told("the connection ended without a close frame: {detail}", detail=self.detail)
        return Told("the platform closed the connection with {code}{reason}", code=self.code, reason=reason)


@dataclass(frozen=True, slots=True)
class Unreached:
    """HTTP or TCP did not come about; `kind` is a word such as `refused`, `timeout` or `tls`."""

    kind: str
    detail: str

    @property
    def told(self) -> str:
        """In a few words."""
        return self.detail


Answer = Reply | LookedUp | Silence | Closed | Unreached


def is_reply(message: Mapping[str, Any]) -> bool:
    """Whether a platform's message is a reply, or else a command, whatever is missing in it."""
    func_id = message.get("funcId")
    if func_id == envelope.REPLY or not func_id:
        return "cmdId" not in envelope.params_of(message) or func_id == envelope.REPLY
    return "code" in message and "cmdId" not in envelope.params_of(message)


def _told(what: str, ok: bool, code: str, text: str) -> str:
    if ok:
        return Told("{what} was accepted", what=what)
    said = Told(" ({text})", text=detail(text, 100)) if text else ""
    return Told("{what} was refused with {value}{said}", what=what, value=label(code) if code else "no code", said=said)
