"""One device's connection: its states, the rules that every message must keep, and the replies.

What a message does is a handler's affair (`handlers`); here stands what is common to all: channel, size, envelope, mid,
state, serial number, negotiation, and the answer at the right moment (docs/deviations.md).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.platform.answers import BARE_SUCCESS, Decision
from simulator.platform.connection import PlatformConnection
from simulator.platform.handlers import Handler
from simulator.platform.ledger.errors import FAULT, LedgerBusy, LedgerFault
from simulator.platform.mids import SeenMids
from simulator.platform.online import OnlineDevices, Phase
from simulator.platform.publisher import Publisher
from simulator.platform.pushes import Pushes
from simulator.platform.reading import Refused
from simulator.platform.reported import Reports
from simulator.platform.rules import EXCHANGE_KEY, EXCHANGES, LOGIN, REGISTER, REPORT, STARTS, is_allowed, is_supported
from simulator.platform.services import Services
from simulator.platform.tally import SILENT
from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE, OVER_PUBLISH_SUBSCRIBE
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.channel.base import ChannelViolation, ExchangeRefused, PlatformChannel
from simulator.protocol.envelope import (
    COMMAND_RESPONSE,
    MAX_MID_LENGTH,
    REPLY,
    MalformedMessage,
    UnreadableMessage,
    decode,
    encode_reply,
    params_of,
)
from simulator.wire.phase import POLICY_VIOLATION

UNKNOWN = "unknown"
"""Stands for every funcId that the protocol does not have, in the counts."""

_ENVELOPE = frozenset(("funcId", "imme"))
"""Paths of violations that come, after the mid's own, before the question who is asking."""

REPEATED = "repeated"
"""In place of a code: a message over publish/subscribe that was delivered twice. It gets no answer."""


class DeviceSession:
    """The platform's end of one connection: its `MessageHandler`, and a `Session` of `online`.

    Attributes:
        sn: Who has logged in; empty for nobody.
        heard: Monotonic time of the last message.
        reported: What holds for the device since its last report.
    """

    __slots__ = (
        "_catalogue",
        "_channel",
        "_connection",
        "_handlers",
        "_mids",
        "_online",
        "_owner",
        "_publisher",
        "_pushes",
        "_reports",
        "_services",
        "_takes",
        "heard",
        "phase",
        "reported",
        "sn",
    )

    def __init__(
        self,
        services: Services,
        channel: PlatformChannel,
        handlers: Mapping[str, Handler],
        reports: Reports,
        online: OnlineDevices,
        pushes: Pushes,
        publisher: Publisher | None = None,
    ) -> None:
        self._services = services
        self._channel = channel
        self._handlers = handlers
        self._reports = reports
        self._online = online
        self._pushes = pushes
        self._connection: PlatformConnection | None = None
        self._publisher = publisher
        self._catalogue = CATALOGUE if publisher is None else OVER_PUBLISH_SUBSCRIBE
        self._owner: str | None = None
        """Whom the topic names, or the device's certificate where the platform issues them."""
        self._mids = SeenMids()
        self.phase = Phase.EXCHANGE if channel.has_exchange else Phase.CONNECTED
        self.sn = ""
        self.heard = 0.0
        self.reported = reports.none
        self._takes = reports.none.package_bytes
        """Bytes of a message at most."""

    # --- What the connection calls ---

    def opened(self, connection: PlatformConnection) -> None:
        """The connection is open."""
        self._connection = connection
        tls = self._services.settings.tls
        if self._publisher is not None:
            self._owner = self._publisher.sn
        elif tls is not None and tls.device_certificates:
            self._owner = connection.peer_name
        self.heard = self._services.clock.monotonic()
        self._online.joined(self)

    def message(self, payload: bytes, binary: bool) -> None:
        """A message has come."""
        self.heard = self._services.clock.monotonic()
        try:
            data = self._channel.open(payload, binary)
            message = decode(data)
        except UnreadableMessage as fault:
            self._unreadable(fault.message)
            return
        except (ChannelViolation, MalformedMessage) as fault:
            self._violation(str(fault))
            return
        self.take(message, len(data))

    def take(self, message: Mapping[str, Any], size: int) -> None:
        """A message has been read, which had so many bytes."""
        mid = message.get("mid")
        func_id = message.get("funcId")
        name = func_id if isinstance(func_id, str) and func_id in CATALOGUE else UNKNOWN
        try:
            code = self._fault(message, name, mid, size)
            publisher = self._publisher
            if publisher is not None and code is REPEATED:
                publisher.repeated()
            elif name == COMMAND_RESPONSE:
                self._command_answered(message, code)
            elif code is not None:
                self._refuse(name, mid if isinstance(mid, str) else "", code, message)
            else:
                assert isinstance(mid, str)
                if publisher is None or name not in STARTS or not publisher.begins_anew(name, message, size):
                    self._handle(name, mid, params_of(message), message)
        except ChannelViolation as fault:
            self._violation(str(fault))

    def closed(self, code: int, reason: str, detail: str) -> None:
        """The connection has ended."""
        self.phase = Phase.ENDED
        self._connection = None
        self._online.left(self, code, detail)

    # --- What `online` and the pushes call ---

    def close(self, code: int, reason: str) -> None:
        """End the connection; no message is taken from it any more."""
        self.phase = Phase.ENDED
        if self._connection is not None:
            self._connection.close(code, reason)

    def deliver(self, func_id: str, json: bytes) -> bool:
        """Send a command; False where the connection is gone."""
        if self._connection is None or not self._connection.is_open:
            return False
        if self._services.verbose:
            self._trace(">", func_id)
        self._send(json)
        return True

    # --- The rules ---

    def _fault(self, message: Mapping[str, Any], name: str, mid: Any, size: int) -> str | None:
        """The code to refuse a message with, or None. Its mid is used up either way."""
        violation = validate_request(message, self._services.demands.shapes, self._catalogue)
        if violation is not None and violation.path == "mid":
            return violation.code
        # An answer carries its command's mid, which may come again after a repeated command.
        fresh = name == COMMAND_RESPONSE or self._mids.add(mid)
        publisher = self._publisher
        if publisher is not None and (not fresh or (name == COMMAND_RESPONSE and publisher.answered_before(mid))):
            return REPEATED
        if violation is not None and violation.path in _ENVELOPE:
            return violation.code
        if not fresh:
            return codes.MALFORMED
        if size > self._takes:
            return codes.MALFORMED
        allowed = is_allowed(name, message.get("sn"), self.phase, self.sn)
        if not allowed and publisher is not None and self.phase is not Phase.EXCHANGE:
            # A broker keeps commands: they may arrive, and be answered, before the device is online again.
            allowed = name == COMMAND_RESPONSE
        if not allowed or self._is_anothers(message.get("sn")):
            return codes.NOT_AUTHORISED
        if not is_supported(name, self._services.settings):
            return codes.UNKNOWN_FUNC_ID
        return None if violation is None else violation.code

    def _is_anothers(self, sn: object) -> bool:
        """Whether a message comes in the name of another device than that of the certificate, or the topic."""
        owner = self._owner
        if owner is None or not sn or sn == owner:
            return False
        if self._publisher is None:
            self._services.notices.another_certificate(str(sn), owner)
        else:
            self._services.notices.another_topic(str(sn), owner)
        return True

    def _refuse(self, name: str, mid: str, code: str, message: Mapping[str, Any]) -> None:
        """Answer a message that breaks some rule."""
        self._answer(name, mid, code, None, self._services.answers.decide(name))

    def _unreadable(self, message: Mapping[str, Any]) -> None:
        """A JSON object that cannot be read as a whole: refused under what can be read of it, and counted."""
        services = self._services
        services.tally.event("unreadable message")
        func_id, mid = message.get("funcId"), message.get("mid")
        name = func_id if isinstance(func_id, str) and func_id in CATALOGUE else UNKNOWN
        if name == COMMAND_RESPONSE:
            self._command_answered(message, codes.MALFORMED)
            return
        if not isinstance(mid, str) or len(mid) > MAX_MID_LENGTH:
            mid = ""
        if mid and not self._mids.add(mid) and self._publisher is not None:
            self._publisher.repeated()
            return
        self._refuse(name, mid, codes.MALFORMED, message)

    # --- Handling and answering ---

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
        services = self._services
        decision = decided or services.answers.decide(name)
        if decision.code is not None:
            self._answer(name, mid, decision.code, None, decision)
            return
        if name in EXCHANGES:
            self._exchange(name, mid, params, decision)
            return
        sn = self.sn or str(message.get("sn") or "")
        if name == REGISTER and self._publisher is not None:
            sn, params = self._publisher.sn, self._publisher.completed(params)
        try:
            handler = self._handlers[name]
            if name == LOGIN and not self.sn:
                services.demands.login(sn)
            code, results = handler.handle(sn, params)
            if handler.writes and code == codes.SUCCESS:
                self._take_effect(name, sn, params)
        except Refused as refused:
            self._answer(name, mid, refused.code, None, decision, text=refused.text)
            return
        except LedgerBusy:
            # It met the lock before it had done anything, and is done as a whole when the lock is gone.
            again = partial(self._handle_again, name, mid, params, message, decision)
            services.ledger.wait(again, partial(self._answer, name, mid, codes.INTERNAL, None, decision))
            return
        except LedgerFault as fault:
            services.ledger.on_fault(FAULT, str(fault))
            self._answer(name, mid, codes.INTERNAL, None, decision)
            return
        if not handler.writes or code != codes.SUCCESS:
            self._answer(name, mid, code, results, decision)
        else:
            services.ledger.when_durable(partial(self._answer_durable, name, mid, code, results, decision))

    def _take_effect(self, name: str, sn: str, params: Mapping[str, Any]) -> None:
        """What an accepted message changes in the session itself."""
        if name == LOGIN:
            self._online.logged_in(self, sn)
            self._services.demands.logged_in(sn)
        elif name == REPORT:
            self.reported = self._reports.read(params)
            self._takes = self.reported.package_bytes
            if self._publisher is not None:
                self.reported = self._reports.bounded(self.reported, self._publisher.most_bytes)

    def _answer_durable(
        self, name: str, mid: str, code: str, results: Mapping[str, Any] | None, decision: Decision, durable: bool
    ) -> None:
        session = self
        if self.phase is Phase.ENDED and self._publisher is not None and name not in STARTS and name != REPORT:
            # What a device sends again after a cut is stored while it logs in, and it waits for the answer.
            heir = self._publisher.heir
            session = heir if isinstance(heir, DeviceSession) else self
        if durable:
            session._answer(name, mid, code, results, decision)
        else:
            session._answer(name, mid, codes.INTERNAL, None, decision)

    def _exchange(self, name: str, mid: str, params: Mapping[str, Any], decision: Decision) -> None:
        channel = self._channel
        try:
            if name == EXCHANGE_KEY:
                self._answer(name, mid, codes.SUCCESS, channel.answer_public_key(params), decision)
            else:
                self._answer(name, mid, codes.SUCCESS, channel.answer_factor(params), decision, self._established)
        except ExchangeRefused as refusal:
            self._services.log(f"a device: {name} refused: {refusal}")
            self._answer(name, mid, refusal.code, None, decision, text=str(refusal))

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
        text: str = "",
    ) -> None:
        """Send the reply, after its delay; `sent` is called right after it. `text` is its message, not the code's."""
        services = self._services
        if decision.silent:
            services.tally.message(name, SILENT)
            return
        if sent is None and name == REPORT and code == codes.SUCCESS:
            sent = partial(self._online.reported, self)
        if decision.delay > 0:
            services.loop.call_later(services.left(decision.delay), self._reply, name, mid, code, results, sent, text)
        else:
            self._reply(name, mid, code, results, sent, text)

    def _reply(
        self,
        name: str,
        mid: str,
        code: str,
        results: Mapping[str, Any] | None,
        sent: Callable[[], None] | None,
        text: str = "",
    ) -> None:
        services = self._services
        services.tally.message(name, code)
        if services.verbose:
            self._trace("<", name, code)
        if self._connection is None or self.phase is Phase.ENDED:
            return
        if results is None and code == codes.SUCCESS and mid.isalnum():
            self._send(BARE_SUCCESS % mid.encode())
        else:
            func_id = None if name in EXCHANGES else REPLY
            told = text or codes.MESSAGES.get(code, "refused")
            self._send(encode_reply(mid, code, told, results=results, func_id=func_id))
        if sent is not None:
            sent()

    def _command_answered(self, message: Mapping[str, Any], code: str | None) -> None:
        """An answer gets no reply, not even a wrong one; it is counted."""
        services = self._services
        services.tally.message(COMMAND_RESPONSE, code or codes.SUCCESS)
        if services.verbose:
            self._trace("<", COMMAND_RESPONSE, code or str(message.get("code")))
        if code is None:
            cmd_id = params_of(message)["cmdId"]
            sn = self.sn or self._owner or ""
            answered = partial(self._pushes.answered, sn, cmd_id, str(message["mid"]), str(message["code"]))
            services.ledger.perform(answered)

    def _trace(self, direction: str, func_id: str, code: str = "") -> None:
        self._services.log(f"{self.sn or '-'} {direction} {func_id} {code}".rstrip())

    def _violation(self, what: str) -> None:
        services = self._services
        if self._publisher is not None and self._publisher.is_late():
            return
        services.tally.event("channel violation")
        services.log(f"{self.sn or 'a device'}: {what}; closed with {POLICY_VIOLATION}")
        self.close(POLICY_VIOLATION, what)

    def _send(self, json: bytes) -> None:
        connection = self._connection
        if connection is not None:
            payload, binary = self._channel.seal(json)
            connection.send(payload, binary)
