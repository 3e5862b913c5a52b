"""What of a connection is counted as the platform's fault beside the messages that fit: strays, frames, its end.

Whoever receives goes on as it would without this: here is only said which rule was broken.
"""

from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from simulator.device.recall import Recall
from simulator.device.witness import Witness
from simulator.judge.departures import Departure
from simulator.judge.replies import ReadReply, ReplyJudge, reply_judge
from simulator.measurements.names import MALFORMED_REPLY
from simulator.measurements.violation_rules import (
    CHANNEL_COUNTER,
    CHANNEL_FACTOR_REPEATED,
    CHANNEL_FRAME,
    CHANNEL_IV_REPEATED,
    CHANNEL_KEY,
    CHANNEL_PLAIN_AFTER_EXCHANGE,
    CHANNEL_TAG,
    COMMAND_BEFORE_ONLINE,
    RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY,
    REPLY_DOUBLED,
    REPLY_LATE,
    REPLY_NOT_JSON,
    REPLY_TOO_LARGE,
    REPLY_UNKNOWN_MID,
    SESSION_CLOSE_CODE,
    SESSION_CLOSED_UNANNOUNCED,
    SESSION_MQTT,
    SESSION_WEBSOCKET,
)
from simulator.mqtt.endings import BROKERS_FAULTS
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.protocol.channel.base import ChannelFault, ChannelViolation
from simulator.protocol.envelope import MalformedMessage, MidSource, params_of
from simulator.shown import label

_COMMANDS: Final = frozenset(COMMAND_FUNC_IDS)
_UPLOADS: Final = "dev.data.upload."
_CHANNEL_RULES: Final = {
    ChannelFault.FRAME: CHANNEL_FRAME,
    ChannelFault.PLAIN: CHANNEL_PLAIN_AFTER_EXCHANGE,
    ChannelFault.COUNTER: CHANNEL_COUNTER,
    ChannelFault.TAG: CHANNEL_TAG,
    ChannelFault.KEY: CHANNEL_KEY,
    ChannelFault.IV: CHANNEL_IV_REPEATED,
}
_WEBSOCKET_CODES: Final = frozenset({1002, 1007, 1009})
"""With these this side ends a connection because of what a peer sent; 1011 would be a fault of ours."""
_NO_CLOSE_FRAME: Final = 1006
_MOST_GIVEN_UP: Final = 1_000


class Strays:
    """Names the fault of replies that no request waits for.

    Args:
        mids: the device's.
        earlier: how many of them earlier connections used.
        repeats: whether the transport itself may deliver twice, and after a cut what was meant for before it (MQTT).
        resumed: whether the broker has kept the session since a connection before, perhaps one of another run.
    """

    __slots__ = ("_earlier", "_given_up", "_mids", "_recall", "_repeats", "_resumed", "_witness", "taker")

    def __init__(
        self,
        witness: Witness,
        recall: Recall,
        mids: MidSource,
        earlier: int,
        *,
        repeats: bool = False,
        resumed: bool = False,
    ) -> None:
        self._repeats = repeats
        self._resumed = resumed
        self._witness = witness
        self._recall = recall
        self._mids = mids
        self._earlier = earlier
        self._given_up: dict[str, str] = {}
        """funcIds by mid of requests whose time was over, the oldest first."""
        self.taker: Callable[[Mapping[str, Any]], bool] | None = None
        """Asked before: a reply that it takes for its own is none of a stray."""

    def gave_up(self, mid: str, func_id: str) -> None:
        """A request's time is over; a reply to it is late from now on."""
        given_up = self._given_up
        if len(given_up) >= _MOST_GIVEN_UP:
            del given_up[next(iter(given_up))]
        given_up[mid] = func_id

    def came(self, message: Mapping[str, Any]) -> None:
        """A reply came that no request waits for."""
        if self.taker is not None and self.taker(message):
            return
        mid, witness = message.get("mid"), self._witness
        number = self._mids.number_of(mid)
        given_up = self._given_up
        if isinstance(mid, str) and mid and not number and self._resumed:
            return  # Of an earlier run, or process: the broker has kept it for this device.
        if not isinstance(mid, str) or not number:
            found = "a reply with a mid that the device never sent" if mid else "a reply without a mid"
            witness.violation(REPLY_UNKNOWN_MID, "", found)
        elif self._repeats and number <= self._earlier:
            pass  # The cut, not the platform, made it late.
        elif mid in given_up or number <= self._earlier or len(given_up) >= _MOST_GIVEN_UP:
            func_id = given_up.get(mid, "")
            late(witness, func_id)
        else:
            func_id, first = self._recall.reply_to(witness.index, mid) or ("", "")
            if not self._repeats:
                witness.violation(REPLY_DOUBLED, func_id, f"{func_id or 'a request'}: a second reply")
            if not func_id.startswith(_UPLOADS):
                return
            # As the first was noted.
            code = label(witness.shown(reply_judge(func_id).read(message).code or MALFORMED_REPLY))
            if code != first and MALFORMED_REPLY not in (code, first):
                witness.violation(
                    RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY,
                    func_id,
                    f"{func_id}: code {first} at first, then {code} for the same message",
                )


def is_reply(message: Mapping[str, Any], mids: MidSource, waiting: Container[str]) -> bool:
    """Whether a message whose funcId is not a reply's answers a request all the same.

    Its `mid` decides, whatever funcId it carries; where that says nothing, what the message looks like.

    Args:
        waiting: the mids of requests without a reply.
    """
    coded = "code" in message
    if coded and mids.number_of(message.get("mid")):
        return True
    if "cmdId" in params_of(message):
        return False
    func_id, mid = message.get("funcId"), message.get("mid")
    if not func_id or (isinstance(mid, str) and mid in waiting):
        return True
    return coded and not (isinstance(func_id, str) and func_id in _COMMANDS)


def read_departing(
    witness: Witness,
    judge: ReplyJudge,
    message: Mapping[str, Any],
    *,
    zone: str,
    strict: bool,
    too_large: bool,
    unreadable: str,
) -> ReadReply:
    """A reply in which something is not right, as it is meant, after all that is wrong with it was counted.

    What has no plain meaning is `malformed reply`; to a strict device so is whatever departs.

    Args:
        zone: the platform's offset `±HH:mm`, for times without one.
        too_large: whether it is larger than the device's packages.
        unreadable: why a part of it could not be read; the message lacks that part.
    """
    func_id = judge.func_id
    read = judge.read(message, zone)
    found = list(read.judgement.departures)
    if unreadable:
        # What else is missing may be what could not be read.
        found = [Departure(REPLY_NOT_JSON, "the reply", unreadable)]
    if too_large:
        found.append(Departure(REPLY_TOO_LARGE, "the reply", "is larger than the device's maxPackageSize"))
    for departure in found:
        witness.violation(departure.rule, func_id, f"{func_id}: {departure}")
    for unusual in read.judgement.observations:
        witness.observation(unusual.rule, func_id, f"{func_id}: {unusual}")
    refused = read.judgement.unusable or (found[0] if strict and found else None)
    return read if refused is None else ReadReply(MALFORMED_REPLY, str(refused), {}, read.judgement)


def early_command(witness: Witness, message: Mapping[str, Any]) -> None:
    """A command came before the platform had answered dev.report."""
    func_id = message.get("funcId")
    name = label(func_id) if isinstance(func_id, str) else ""
    witness.violation(COMMAND_BEFORE_ONLINE, name, f"{name or 'a command'} came before the reply to dev.report")


def late(witness: Witness, func_id: str) -> None:
    """A reply to `func_id` (empty where that is forgotten) came after its time."""
    witness.violation(REPLY_LATE, func_id, f"{func_id or 'a request'}: answered after the device had given it up")


def unreadable(witness: Witness, error: ChannelViolation | MalformedMessage) -> None:
    """A message came that nobody can read."""
    if isinstance(error, ChannelViolation):
        broke_channel(witness, error)
    else:
        witness.violation(REPLY_NOT_JSON, "", str(error))


def broke_channel(witness: Witness, error: ChannelViolation, func_id: str = "") -> None:
    """The platform broke the rules of the channel, in its reply to `func_id` where there is one."""
    witness.violation(_CHANNEL_RULES[error.fault], func_id, str(error))


def look_at_factor(witness: Witness, recall: Recall, mark: bytes, last: bytes) -> None:
    """The platform's factor, by its mark, should be neither the one of this device's last connection nor of another's.

    Args:
        last: the mark of this device's last connection; empty for none.
    """
    if not mark:
        return
    first = recall.factors.before(mark, witness.index)
    if mark == last or first == witness.index:
        found = "the platform's factor is that of an earlier connection of the device"
    elif first is not None:
        found = "the platform's factor is that of another device's connection"
    else:
        return
    witness.violation(CHANNEL_FACTOR_REPEATED, "device.exchange.factor", found)


def ended(witness: Witness, code: int | str, fault: tuple[int | str, str] | None, *, online: bool) -> None:
    """A connection ended that the device had not asked to end.

    Args:
        code: of the close frame; 1006 for none. Over MQTT a word; there a broker ends a connection without one.
        fault: close code, or word, and cause where this side's transport ended it.
        online: whether the platform had answered dev.report.
    """
    if fault is not None:
        sent, why = fault
        if isinstance(sent, str):
            if sent in BROKERS_FAULTS:
                witness.violation(SESSION_MQTT, "", f"{sent}: {why}")
        elif sent in _WEBSOCKET_CODES:
            rule = SESSION_CLOSE_CODE if "status code" in why else SESSION_WEBSOCKET
            witness.violation(rule, "", f"closed with {sent} by the device: {why}")
    elif code == _NO_CLOSE_FRAME and online:
        witness.violation(SESSION_CLOSED_UNANNOUNCED, "", "the connection ended without a close frame")
