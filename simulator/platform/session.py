"""One device's connection: its states, the rules that every message must keep, and the replies.

What a message does is a handler's affair (`handlers`); here stands what is common to all: channel, size, envelope, mid,
state, serial number, negotiation, and the answer at the right moment (docs/deviations.md).
"""

import sqlite3
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.platform.answers import Decision
from simulator.platform.ledger import FAULT, LedgerBusy
from simulator.platform.mids import SeenMids
from simulator.platform.tally import SILENT
from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.channel.base import ChannelViolation
from simulator.protocol.envelope import (
    MAX_MID_LENGTH,
    MalformedMessage,
    UnreadableMessage,
    decode,
    encode_reply,
    params_of,
)
from simulator.wire.connection import Connection

if TYPE_CHECKING:
    from simulator.platform.broker import Broker

POLICY_VIOLATION = 1008
KB = 1024
UNKNOWN = "unknown"
"""Stands for every funcId that the protocol does not have, in the counts."""
DEFAULT_MAX_PENDING = 20

_EXCHANGE_KEY = "device.exchange.publicKey"
_EXCHANGE_FACTOR = "device.exchange.factor"
_REPORT = "dev.report"
_HEARTBEAT = "dev.heartbeat"
_ANSWER = "dev.cmd.response"
_EXCHANGES = frozenset((_EXCHANGE_KEY, _EXCHANGE_FACTOR))
_LOGIN_FLOW = frozenset(("dev.register", "dev.accredit", "dev.login"))
_ENVELOPE = frozenset(("funcId", "imme"))
"""Paths of violations that come, after the mid's own, before the question who is asking."""

_SUCCESS = b'{"funcId":"cmd.dev.response","code":"%b","message":"%b","mid":"%%b"}' % (
    codes.SUCCESS.encode(),
    codes.MESSAGES[codes.SUCCESS].encode(),
)
"""`encode_reply` of a success without results, the most frequent message of all."""


class Phase(Enum):
    """Where a connection is in the initial flow."""

    EXCHANGE = auto()
    """The channel is not established yet."""
    CONNECTED = auto()
    """The channel is there; nobody has logged in."""
    LOGGED_IN = auto()
    """The login was accepted; the report's reply has not been sent."""
    ONLINE = auto()
    """The report's reply has been sent: business is allowed."""
    ENDED = auto()


class Session:
    """The platform's end of one connection; a `MessageHandler` of the wire and the commander's `Link`."""

    __slots__ = (
        "_broker",
        "_channel",
        "_connection",
        "_func_ids",
        "_mids",
        "heard",
        "max_pending",
        "package_bytes",
        "phase",
        "sn",
        "template_type",
    )

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._channel = broker.suite.platform_side(broker.keys)
        self._connection: Connection | None = None
        self._func_ids: frozenset[str] = frozenset()
        self._mids = SeenMids()
        self.phase = Phase.EXCHANGE if self._channel.has_exchange else Phase.CONNECTED
        self.sn = ""
        self.heard = 0.0
        """Monotonic time of the last message."""
        self.max_pending = DEFAULT_MAX_PENDING
        self.package_bytes = broker.settings.max_package_kb * KB
        self.template_type: str | None = None

    # What the wire calls

    def opened(self, connection: Connection) -> None:
        """The WebSocket is open."""
        self._connection = connection
        self.heard = self._broker.clock.monotonic()
        self._broker.joined(self)

    def message(self, payload: bytes, binary: bool) -> None:
        """A message has come."""
        self.heard = self._broker.clock.monotonic()
        try:
            data = self._channel.open(payload, binary)
            message = decode(data)
        except UnreadableMessage as fault:
            self._unreadable(fault.message)
            return
        except (ChannelViolation, MalformedMessage) as fault:
            self._violation(str(fault))
            return
        mid = message.get("mid")
        func_id = message.get("funcId")
        name = func_id if isinstance(func_id, str) and func_id in CATALOGUE else UNKNOWN
        try:
            code = self._fault(message, name, mid, len(data))
            if name == _ANSWER:
                self._command_answered(message, code)
            elif code is not None:
                self._answer(name, mid if isinstance(mid, str) else "", code, None, self._broker.answers.decide(name))
            else:
                assert isinstance(mid, str)
                self._handle(name, mid, params_of(message), message)
        except ChannelViolation as fault:
            self._violation(str(fault))

    def closed(self, code: int, reason: str, detail: str) -> None:
        """The connection has ended."""
        self.phase = Phase.ENDED
        self._connection = None
        self._broker.left(self, code, detail)

    # What the broker and the commander call

    def close(self, code: int, reason: str) -> None:
        """End the connection; no message is taken from it any more."""
        self.phase = Phase.ENDED
        if self._connection is not None:
            self._connection.close(code, reason)

    def supports(self, func_id: str) -> bool:
        """Whether the device listed the funcId in its report."""
        return func_id in self._func_ids

    def deliver(self, func_id: str, json: bytes) -> bool:
        """Send a command; False where the connection is gone."""
        if self._connection is None or not self._connection.is_open:
            return False
        self._broker.trace(self, ">", func_id, "")
        self._send(json)
        return True

    def reported(self, params: Mapping[str, Any]) -> None:
        """Take from `dev.report` what the platform has to respect."""
        settings = self._broker.settings
        self.package_bytes = int(params.get("maxPackageSize") or settings.max_package_kb) * KB
        self.max_pending = int(params.get("maxPendingCmdCount") or DEFAULT_MAX_PENDING)
        # Thousands of devices list the same; each list is kept once.
        self._func_ids = self._broker.shared_list(frozenset(params["funcIds"]))
        device = params["multiBioDataSupport"].split(":")
        platform = settings.multi_bio_data_support.split(":")
        both = [str(kind) for kind, pair in enumerate(zip(device, platform, strict=False)) if pair == ("1", "1")]
        self.template_type = both[-1] if both else None

    # The rules

    def _fault(self, message: Mapping[str, Any], name: str, mid: Any, size: int) -> str | None:
        """The code to refuse a message with, or None. Its mid is used up either way."""
        violation = validate_request(message)
        if violation is not None and violation.path == "mid":
            return violation.code
        # An answer carries its command's mid, which may come again after a repeated command.
        fresh = name == _ANSWER or self._mids.add(mid)
        if violation is not None and violation.path in _ENVELOPE:
            return violation.code
        if not fresh:
            return codes.MALFORMED
        if size > self.package_bytes:
            return codes.MALFORMED
        if not self._allowed(name, message):
            return codes.NOT_AUTHORISED
        if not self._supported(name):
            return codes.UNKNOWN_FUNC_ID
        return None if violation is None else violation.code

    def _unreadable(self, message: Mapping[str, Any]) -> None:
        """A JSON object that cannot be read as a whole: refused under what can be read of it, and counted."""
        broker = self._broker
        broker.tally.event("unreadable message")
        func_id, mid = message.get("funcId"), message.get("mid")
        name = func_id if isinstance(func_id, str) and func_id in CATALOGUE else UNKNOWN
        if name == _ANSWER:
            self._command_answered(message, codes.MALFORMED)
            return
        if not isinstance(mid, str) or len(mid) > MAX_MID_LENGTH:
            mid = ""
        if mid:
            self._mids.add(mid)
        self._answer(name, mid, codes.MALFORMED, None, broker.answers.decide(name))

    def _allowed(self, name: str, message: Mapping[str, Any]) -> bool:
        phase = self.phase
        sn = message.get("sn")
        if self.sn and isinstance(sn, str) and sn and sn != self.sn:
            return False
        if phase is Phase.ONLINE:
            return True
        if name in _EXCHANGES:
            return True
        if phase is Phase.EXCHANGE:
            return False
        return name in _LOGIN_FLOW or (phase is Phase.LOGGED_IN and name == _REPORT)

    def _supported(self, name: str) -> bool:
        settings = self._broker.settings
        if name == _HEARTBEAT:
            return settings.supports_heartbeat
        if settings.func_ids is None:
            return True
        spec = CATALOGUE[name]
        return spec.always_supported or not spec.negotiated or name in settings.func_ids

    # Handling and answering

    def _handle_again(
        self, name: str, mid: str, params: Mapping[str, Any], message: Mapping[str, Any], decision: Decision
    ) -> None:
        if self.phase is not Phase.ENDED:
            self._handle(name, mid, params, message, decision)

    def _handle(
        self,
        name: str,
        mid: str,
        params: Mapping[str, Any],
        message: Mapping[str, Any],
        decided: Decision | None = None,
    ) -> None:
        broker = self._broker
        decision = decided or broker.answers.decide(name)
        if decision.code is not None:
            self._answer(name, mid, decision.code, None, decision)
            return
        if name in _EXCHANGES:
            self._exchange(name, mid, params, decision)
            return
        sn = self.sn or str(message.get("sn") or "")
        try:
            handler = broker.handlers[name]
            code, results = handler.handle(self, sn, params)
        except LedgerBusy:
            # It met the lock before it had done anything, and is done as a whole when the lock is gone.
            again = partial(self._handle_again, name, mid, params, message, decision)
            broker.ledger.wait(again, partial(self._answer, name, mid, codes.INTERNAL, None, decision))
            return
        except sqlite3.Error as fault:
            broker.ledger.on_fault(FAULT, str(fault))
            self._answer(name, mid, codes.INTERNAL, None, decision)
            return
        if not handler.writes or code != codes.SUCCESS:
            self._answer(name, mid, code, results, decision)
        else:
            broker.ledger.when_durable(partial(self._answer_durable, name, mid, code, results, decision))

    def _answer_durable(
        self, name: str, mid: str, code: str, results: Mapping[str, Any] | None, decision: Decision, durable: bool
    ) -> None:
        if durable:
            self._answer(name, mid, code, results, decision)
        else:
            self._answer(name, mid, codes.INTERNAL, None, decision)

    def _exchange(self, name: str, mid: str, params: Mapping[str, Any], decision: Decision) -> None:
        channel = self._channel
        if name == _EXCHANGE_KEY:
            self._answer(name, mid, codes.SUCCESS, channel.answer_public_key(params), decision)
        else:
            self._answer(name, mid, codes.SUCCESS, channel.answer_factor(params), decision, self._established)

    def _established(self) -> None:
        self._channel.established()
        self.phase = Phase.CONNECTED

    def _answer(
        self,
        name: str,
        mid: str,
        code: str,
        results: Mapping[str, Any] | None,
        decision: Decision,
        sent: Callable[[], None] | None = None,
    ) -> None:
        """Send the reply, after its delay; `sent` is called right after it."""
        broker = self._broker
        if decision.silent:
            broker.tally.message(name, SILENT)
            return
        if sent is None and name == _REPORT and code == codes.SUCCESS:
            sent = self._came_online
        if decision.delay > 0:
            broker.loop.call_later(decision.delay, self._reply, name, mid, code, results, sent)
        else:
            self._reply(name, mid, code, results, sent)

    def _reply(
        self, name: str, mid: str, code: str, results: Mapping[str, Any] | None, sent: Callable[[], None] | None
    ) -> None:
        broker = self._broker
        broker.tally.message(name, code)
        if broker.verbose:
            broker.trace(self, "<", name, code)
        if self._connection is None or self.phase is Phase.ENDED:
            return
        if results is None and code == codes.SUCCESS and mid.isalnum():
            self._send(_SUCCESS % mid.encode())
        else:
            func_id = None if name in _EXCHANGES else "cmd.dev.response"
            self._send(encode_reply(mid, code, codes.MESSAGES.get(code, "refused"), results=results, func_id=func_id))
        if sent is not None:
            sent()

    def _came_online(self) -> None:
        if self.phase is Phase.LOGGED_IN:
            self.phase = Phase.ONLINE
            self._broker.online(self)

    def _command_answered(self, message: Mapping[str, Any], code: str | None) -> None:
        """An answer gets no reply, not even a wrong one; it is counted."""
        broker = self._broker
        broker.tally.message(_ANSWER, code or codes.SUCCESS)
        if broker.verbose:
            broker.trace(self, "<", _ANSWER, code or str(message.get("code")))
        if code is None:
            cmd_id = params_of(message)["cmdId"]
            answered = partial(broker.commander.answered, self.sn, cmd_id, str(message["mid"]), str(message["code"]))
            broker.ledger.perform(answered)

    def _violation(self, what: str) -> None:
        broker = self._broker
        broker.tally.event("channel violation")
        broker.log(f"{self.sn or 'a device'}: {what}; closed with {POLICY_VIOLATION}")
        self.close(POLICY_VIOLATION, what)

    def _send(self, json: bytes) -> None:
        connection = self._connection
        if connection is not None:
            payload, binary = self._channel.seal(json)
            connection.send(payload, binary)
