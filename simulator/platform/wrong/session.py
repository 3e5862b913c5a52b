"""A device's connection to a platform that makes mistakes: the right session, with what it sends spoiled."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from simulator.platform.connection import PlatformConnection
from simulator.platform.device_session import REPEATED, DeviceSession
from simulator.platform.handlers import Handler, report_results
from simulator.platform.online import SECOND_LOGIN, OnlineDevices, Phase
from simulator.platform.publisher import Publisher
from simulator.platform.pushes import Pushes
from simulator.platform.reported import Reports
from simulator.platform.rules import EXCHANGES, LOGIN, REGISTER, REPORT
from simulator.platform.services import Services
from simulator.platform.wrong import command_modes as commands
from simulator.platform.wrong import leniency_modes as leniency
from simulator.platform.wrong import mqtt_modes as topics
from simulator.platform.wrong import session_modes as sessions
from simulator.platform.wrong.certificate_modes import ACCEPTS_OTHER
from simulator.platform.wrong.frames import Frames
from simulator.platform.wrong.mistakes import Mistakes
from simulator.platform.wrong.mode import Outgoing
from simulator.platform.wrong.transport import CLOSE_OPCODE, lay_under
from simulator.platform.wrong.verdicts import forgiving_mode, has_unknown_field, refusing_modes
from simulator.protocol import codes
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.channel.base import PlatformChannel
from simulator.protocol.envelope import COMMAND_RESPONSE, encode_command, encode_reply, params_of
from simulator.wire.connection import Connection
from simulator.wire.phase import NORMAL, POLICY_VIOLATION

UNSUPPORTED = 1003
"""Close status: a kind of message that is not taken."""

_OWN_CMD_IDS = 2 * 10**15
"""cmdIds of commands that the ledger does not know begin here: no answer to them is taken for another's."""
_SENT_AGAIN = 10**15
"""Added to the cmdId of a command that is sent again as if it were new."""


class WrongSession(DeviceSession):
    """The platform's end of one connection, with mistakes."""

    __slots__ = (
        "_again",
        "_answering",
        "_begrudged",
        "_first_cmd_id",
        "_frames",
        "_mistakes",
        "_own_commands",
        "_registered",
        "_seen_mids",
        "_size",
    )

    def __init__(
        self,
        services: Services,
        channel: PlatformChannel,
        handlers: Mapping[str, Handler],
        reports: Reports,
        online: OnlineDevices,
        pushes: Pushes,
        mistakes: Mistakes,
        publisher: Publisher | None = None,
    ) -> None:
        super().__init__(services, channel, handlers, reports, online, pushes, publisher)
        self._mistakes = mistakes
        self._answering: str | None = None
        """funcId of the request that is answered; None while a command is sent."""
        self._first_cmd_id: str | None = None
        self._own_commands = 0
        self._frames = Frames(mistakes)
        self._seen_mids: set[str] = set()
        self._registered = False
        self._size = 0
        self._again = False
        self._begrudged = False
        """Of the message that is looked at: its bytes, whether its mid was there before, and whether it is a right one
        that is refused."""

    # --- What the wire calls ---

    def opened(self, connection: PlatformConnection) -> None:
        if isinstance(connection, Connection):
            lay_under(connection, self._frames.spoil, self._frame_came)
        super().opened(connection)
        if ACCEPTS_OTHER in self._mistakes:
            self._owner = None

    def closed(self, code: int, reason: str, detail: str) -> None:
        sn = self.sn
        super().closed(code, reason, detail)
        for left in self._mistakes.on_left if sn else ():
            self._services.ledger.perform(partial(left, sn))

    def _frame_came(self, last: bool, opcode: int) -> None:
        if opcode == CLOSE_OPCODE:
            self._frames.closing = True
        elif not last and sessions.REFUSES_FRAGMENTS in self._mistakes:
            self.close(UNSUPPORTED, "fragments are not taken")

    # --- What is sent ---

    def _reply(self, name: str, *rest: Any) -> None:
        was_online = self.phase is Phase.ONLINE
        self._answering = name
        super()._reply(name, *rest)
        self._answering = None
        if name == LOGIN and self.sn and self.phase is Phase.LOGGED_IN and commands.BEFORE_ONLINE in self._mistakes:
            self._send_own("cmd.data.query.user", {"pin": "100001"})
        if not was_online and self.phase is Phase.ONLINE:
            self._online_now()

    def _send(self, json: bytes) -> None:
        message = orjson.loads(json)
        is_command = self._answering is None
        spoil = self._mistakes.command if is_command else self._mistakes.reply
        out = Outgoing(
            func_id=self._answering or message["funcId"],
            message=message,
            package_bytes=self.reported.package_bytes,
            earlier_cmd_id=self._first_cmd_id,
        )
        if is_command:
            self._first_cmd_id = self._first_cmd_id or message["payload"]["params"]["cmdId"]
        for delay, what in spoil(out):
            data = what if isinstance(what, bytes) else orjson.dumps(what)
            if delay:
                self._send_later(delay, data)
            else:
                self._send_as_it_is(data)

    def _send_later(self, delay: float, json: bytes) -> None:
        self._services.loop.call_later(delay, self._send_as_it_is, json)

    def _send_as_it_is(self, json: bytes) -> None:
        super()._send(json)

    def deliver(self, func_id: str, json: bytes) -> bool:
        if commands.NEW_CMD_ID in self._mistakes:
            message = orjson.loads(json)
            params = message["payload"]["params"]
            params["cmdId"] = self._mistakes.cmd_id_of_sending(params["cmdId"], _SENT_AGAIN)
            json = orjson.dumps(message)
        # A report's reply has the first commands go out.
        answering, self._answering = self._answering, None
        delivered = super().deliver(func_id, json)
        self._answering = answering
        return delivered

    # --- Commands of its own, which nobody asked for ---

    def _send_own(self, func_id: str, params: Mapping[str, Any]) -> None:
        self._own_commands += 1
        number = _OWN_CMD_IDS + int(self._services.clock.wall() * 1000) * 100 + self._own_commands
        self._send(encode_command(func_id, f"own{number}", {"cmdId": str(number), **params}))

    def _online_now(self) -> None:
        mistakes = self._mistakes
        if commands.UNKNOWN in mistakes:
            self._send_own("cmd.data.update.weather", {"sky": "blue"})
        if commands.NOT_NEGOTIATED in mistakes:
            unlisted = next((name for name in commands.HARMLESS if name not in self.reported.func_ids), None)
            if unlisted is not None:
                self._send_own(unlisted, commands.HARMLESS[unlisted])
        if commands.TOO_MANY in mistakes:
            for number in range(self.reported.max_pending + 5):
                self._send_own("cmd.data.delete.meeting", {"meetings": [f"none-{number}"]})
        self._services.loop.call_later(sessions.ENDS_AFTER_S, self._end_early)

    def _command_answered(self, message: Mapping[str, Any], code: str | None) -> None:
        cmd_id = params_of(message).get("cmdId")
        if commands.NEW_CMD_ID in self._mistakes and isinstance(cmd_id, str) and cmd_id.isdigit():
            params = {**params_of(message), "cmdId": str(int(cmd_id) % _SENT_AGAIN)}
            message = {**message, "payload": {"params": params}}
        super()._command_answered(message, code)
        if commands.ANSWERS_ANSWERS in self._mistakes:
            mid = message.get("mid")
            self._send_as_it_is(encode_reply(mid if isinstance(mid, str) else "", codes.SUCCESS, "success"))

    # --- Ends ---

    def _end_early(self) -> None:
        if self.phase is not Phase.ONLINE or not isinstance(self._connection, Connection):
            return
        mode = self._mistakes.next_of(sessions.CUT, sessions.CLOSE_CODE)
        if mode is sessions.CUT:
            self._connection.abort()
        elif mode is sessions.CLOSE_CODE:
            self._frames.bad_status = True
            self.close(NORMAL, "")

    def close(self, code: int, reason: str) -> None:
        if reason == SECOND_LOGIN and sessions.KEEPS_OLDER in self._mistakes:
            return
        if code == POLICY_VIOLATION and sessions.NORMAL_STATUS in self._mistakes:
            code = NORMAL
        super().close(code, reason)

    def _take_effect(self, name: str, sn: str, params: Mapping[str, Any]) -> None:
        self._registered = self._registered or name == "dev.register"
        if name == LOGIN and sessions.CLOSES_NEWER in self._mistakes and self._online.has_other(sn, self):
            self.close(POLICY_VIOLATION, "the device is logged in on another connection")
            return
        super()._take_effect(name, sn, params)

    def _violation(self, what: str) -> None:
        if sessions.SURVIVES in self._mistakes:
            self._services.tally.event("channel violation")
        else:
            super()._violation(what)

    # --- What is refused, and what is not ---

    def _fault(self, message: Mapping[str, Any], name: str, mid: Any, size: int) -> str | None:
        self._size = size
        self._again = isinstance(mid, str) and mid in self._seen_mids
        if isinstance(mid, str):
            self._seen_mids.add(mid)
        code = super()._fault(message, name, mid, size)
        if code is REPEATED and name != COMMAND_RESPONSE and self._answers_again():
            code = codes.MALFORMED
        self._begrudged = False
        if code is None and name not in EXCHANGES and name != COMMAND_RESPONSE:
            code = self._strictness(message, name, size)
            self._begrudged = code is not None
        return code

    def _strict_about_register(self, message: Mapping[str, Any]) -> bool:
        """Over MQTT, where it holds no sn and begins anew."""
        mistakes = self._mistakes
        if self._publisher is None:
            return False
        return (topics.NEEDS_SN in mistakes and not message.get("sn")) or (
            topics.REGISTERS_ONCE in mistakes and (self._registered or self.phase in (Phase.LOGGED_IN, Phase.ONLINE))
        )

    def _answers_again(self) -> bool:
        return topics.ANSWERS_AGAIN in self._mistakes or leniency.ACCEPTS_REPEATED_MID in self._mistakes

    def _strictness(self, message: Mapping[str, Any], name: str, size: int) -> str | None:
        """The code that a right message is refused with."""
        mistakes = self._mistakes
        if sessions.CLOSES_ON_EXTRA in mistakes and has_unknown_field(message):
            self.close(POLICY_VIOLATION, "a field that is not known")
            return codes.BAD_VALUE
        for mode, code in refusing_modes(message, self._services.settings.timezone):
            if mode in mistakes:
                return code
        if size == self.reported.package_bytes and leniency.REFUSES_LIMIT in mistakes:
            return codes.MALFORMED
        if name == REGISTER and self._strict_about_register(message):
            return codes.NOT_AUTHORISED
        if name == LOGIN and not self._registered and leniency.REFUSES_WARM in mistakes:
            return codes.NOT_AUTHORISED
        return None

    def _refuse(self, name: str, mid: str, code: str, message: Mapping[str, Any]) -> None:
        too_large = self._size > self.reported.package_bytes
        forgiving = forgiving_mode(message, self.phase, self.sn, too_large=too_large, again=self._again)
        if not self._begrudged and forgiving is not None and forgiving in self._mistakes and name not in EXCHANGES:
            self._forgive(name, mid, message)
            return
        mode = self._mistakes.next_of(sessions.CLOSES_ON_REFUSAL, sessions.SILENT_ON_REFUSAL)
        if mode is sessions.CLOSES_ON_REFUSAL:
            self.close(POLICY_VIOLATION, "a message that is refused")
        elif mode is None:
            super()._refuse(name, mid, code, message)

    def _forgive(self, name: str, mid: str, message: Mapping[str, Any]) -> None:
        """Take a message that should be refused: as what it is where that can be done, else with an answer alone."""
        sn = message.get("sn")
        if self.phase is Phase.ONLINE and sn in (None, "", self.sn) and validate_request(message) is None:
            self._handle(name, mid, params_of(message), message)
            return
        results: Mapping[str, Any] | None = None
        if name == "dev.register":
            results = {"authCode": self._mistakes.number()}
        elif name == "dev.accredit":
            results = {"secret": self._mistakes.number()}
        elif name == REPORT:
            results = report_results(self._services.settings)
        elif name == "dev.system.sync.time":
            results = self._handlers[name].handle(self.sn, {})[1]
        self._reply(name, mid, codes.SUCCESS, results, None)
