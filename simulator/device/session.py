"""One connection's conversation: requests matched with replies by `mid`, deadlines, commands handed on.

It knows neither the order of the initial flow nor what a command means. Every request that was sent is recorded exactly
once: answered, timed out, or cut off.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.device import hints, receiving
from simulator.device.accounts import Accounted
from simulator.device.broker_faults import rule_of
from simulator.device.channel_context import with_doubts
from simulator.device.end_reason import EndReason
from simulator.device.environment import Connection, Environment
from simulator.device.pace import Pace
from simulator.device.replies import Judge, OnReply, Pending, Reply
from simulator.device.settings import DeviceSettings
from simulator.device.unanswered import Unanswered
from simulator.device.witness import Witness
from simulator.judge.replies import DEFAULT_ZONE, reply_judges
from simulator.measurements.names import DISCONNECTED, TOO_LARGE
from simulator.protocol import envelope
from simulator.protocol.channel.base import ChannelViolation, DeviceChannel, open_what_is_due
from simulator.protocol.codes import SUCCESS

REPORT = "dev.report"

OnCommand = Callable[[dict[str, Any], int, str, bool], None]


class Session(Accounted):
    """The device's side of one connection; a `ConnectionHandler`.

    Args:
        unanswered: what waits since the connection before, where the transport goes on after a cut.
        on_command: given each message that is no reply, the bytes of its JSON, why it cannot be read where that is so,
            and whether the platform sent it before it had answered dev.report; in order of arrival.
        on_end: called once, with the reason, when the connection has ended and all requests were settled.
        witness: told what is wrong with what the platform sends.

    Attributes:
        trace: given every message while somebody looks; None for nobody.
    """

    __slots__ = (
        "_goes_on",
        "_judge_of",
        "_monotonic",
        "_on_command",
        "_on_end",
        "_open",
        "_pace",
        "_package_bytes",
        "_reading",
        "_right_replies",
        "_seal",
        "_settled",
        "_strict",
        "trace",
        "zone",
    )

    def __init__(
        self,
        env: Environment,
        channel: DeviceChannel,
        mids: envelope.MidSource,
        settings: DeviceSettings,
        *,
        on_command: OnCommand,
        on_end: Callable[[str], None],
        witness: Witness,
        unanswered: Unanswered | None = None,
    ) -> None:
        super().__init__(env, channel, mids, settings, witness, unanswered)
        self._package_bytes = env.package_bytes(settings)
        """Largest JSON of a message, before encryption; a larger one is not sent."""
        self._strict = settings.strict
        self._reading = settings.reading
        self._judge_of = reply_judges(settings.reading.sync_time)
        self._on_command = on_command
        self._on_end = on_end
        mqtt = settings.mqtt
        self._goes_on = mqtt is not None and mqtt.keeps_session and not channel.has_exchange
        """Whether what was sent may be answered over the next connection: the broker keeps it, and no keys change."""
        self._pace = None if mqtt is None else Pace.of(mqtt.limits.publishes_per_second, env.timers)
        self.zone = DEFAULT_ZONE
        """The platform's offset `±HH:mm`, for times without one."""
        # Looked up for every message, so looked up once.
        self._monotonic = env.clock.monotonic
        self._seal = channel.seal
        self._open = channel.open if mqtt is None else partial(open_what_is_due, channel)
        self._settled = env.recall.settled
        self._right_replies = env.right_replies
        self.trace = env.trace_of(witness.index)

    @property
    def channel(self) -> DeviceChannel:
        return self._channel

    @property
    def mids(self) -> envelope.MidSource:
        return self._mids

    # --- What the device sends ---

    def send(
        self,
        func_id: str,
        params: Mapping[str, Any] | None,
        on_reply: OnReply | None = None,
        *,
        sn: str | None = None,
        late: float = 0.0,
        judge: Judge | None = None,
    ) -> None:
        """Send a request; `on_reply` is called exactly once, also when none comes.

        `late` is how many seconds after its intended moment the request goes out.
        """
        mid = self._mids.next()
        data = envelope.encode_request(func_id, mid, params, sn=sn)
        if len(data) > self._package_bytes:
            # Not sent, so not recorded; whoever asked must make less of it.
            if on_reply is not None:
                detail = f"{len(data)} bytes, and a package holds {self._package_bytes}"
                on_reply(Reply(TOO_LARGE, detail, {}, self._monotonic()))
            return
        self._send(func_id, mid, data, on_reply, late, judge)

    def send_heartbeat(self, is_free: bool, late: float) -> None:
        """As `send`, for the most frequent message; nobody is told of its reply."""
        mid = self._mids.next()
        self._send("dev.heartbeat", mid, envelope.heartbeat(mid, is_free), None, late)

    async def request(
        self,
        func_id: str,
        params: Mapping[str, Any] | None,
        *,
        sn: str | None = None,
        late: float = 0.0,
        judge: Judge | None = None,
    ) -> Reply:
        """Send a request and wait for its end, whichever that is.

        `judge` sees a success at once, before the next message is opened.
        """
        connection = self._connection
        if connection is not None and connection.paused and not self.ended:
            await connection.drain()
        if self._pace is not None:
            await self._pace.turn()
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        self.send(func_id, params, settle, sn=sn, late=late, judge=judge)
        return await future

    def answer_command(self, mid: str, cmd_id: str, code: str, message: str) -> bool:
        """Send `dev.cmd.response`; it gets no reply. False when the connection is gone."""
        if not self.usable:
            return False
        self.transmit(envelope.encode_command_response(mid, cmd_id, code, message))
        return True

    # --- What the connection tells (ConnectionHandler) ---

    def opened(self, connection: Connection) -> None:
        super().opened(connection)
        if self._pending and not self.resumed:
            self.give_up("the broker has not kept the session")

    def message(self, payload: bytes, binary: bool) -> None:
        if self._end_reason is not None and not self._pending:
            return  # A closing handshake is under way, and no reply can come any more that would be missed.
        try:
            data = self._open(payload, binary)
        except ChannelViolation as error:
            self._sense_less(error)
            return
        known = self._right_replies
        if data.startswith(known.head) and data.endswith(known.tail):
            # Read before but for the mid, which is one of our own or goes the long way.
            mid = str(data[known.start : known.end], "latin-1")
            pending = self._pending.get(mid)
            if pending is not None and pending[0] in known.names and len(data) <= self._package_bytes:
                received = self._env.received.at or self._monotonic()
                if received - pending[1] <= self._timeout:
                    if self.trace is not None:
                        self.trace("<", data)
                    del self._pending[mid]
                    self._settled((self._witness.index, mid, pending[0], SUCCESS))
                    self._succeeded(pending, received, len(payload))
                    return
        try:
            message = envelope.decode(data)
        except envelope.UnreadableMessage as error:
            self._unreadable(error, data, len(payload))
            return
        except envelope.MalformedMessage as error:
            self._sense_less(error)
            return
        if self.trace is not None:
            self.trace("<", data)
        if message.get("funcId") == envelope.REPLY or receiving.is_reply(message, self._mids, self._pending):
            self._reply(message, len(payload), data)
        else:
            self._command(message, len(data), "")

    def unusual(self, what: str) -> None:
        self._witness.violation(rule_of(what), "", what)

    def closed(self, code: int | str, reason: str, detail: str) -> None:
        ending, asked_for = self._has_ended(code)
        if not self._goes_on or not self.reported or (asked_for and ending not in EndReason.CUTS):
            told = ": ".join(filter(None, (ending, self._witness.shown(reason), detail)))
            self.give_up(with_doubts(told, self._channel), after=self._earlier if self._over_mqtt else 0)
        self._on_end(ending)

    # --- Inside ---

    def _sense_less(self, error: ChannelViolation | envelope.MalformedMessage) -> None:
        """Nobody can read what has come."""
        if not self._of_old_keys():
            receiving.unreadable(self._witness, error)
            self.end(EndReason.VIOLATION, 1008)

    def _of_old_keys(self) -> bool:
        """Whether a message that cannot be read may be one of the connection before, sealed with its keys."""
        connection = self._connection
        return (
            self._channel.has_exchange
            and self.resumed
            and connection is not None
            and (connection.redelivered or not self.reported)
        )

    def _send(
        self, name: str, mid: str, data: bytes, on_reply: OnReply | None, late: float, judge: Judge | None = None
    ) -> None:
        now = self._monotonic()
        if not self.usable:
            # Not sent, so not recorded; whoever asked learns it the usual way.
            if on_reply is not None:
                on_reply(Reply(DISCONNECTED, "not connected", {}, now))
            return
        connection = self._connection
        if self.trace is not None or self._pace is not None or connection is None:
            size = self.transmit(data)
        else:
            # As `transmit` does it, for the many that nobody looks at.
            payload, binary = self._seal(data)
            connection.send(payload, binary)
            size = len(payload)
        self._pending[mid] = (name, now, size, late, on_reply, judge)
        self._deadlines.add(now, self, mid)

    def transmit(self, data: bytes) -> int:
        """Send a message's JSON over the usable connection, and keep no account of it; returns the bytes sent."""
        connection = self._connection
        assert connection is not None
        if self.trace is not None:
            self.trace(">", data)
        payload, binary = self._seal(data)
        connection.send(payload, binary)
        if self._pace is not None:
            self._pace.sent()
        return len(payload)

    def _unreadable(self, error: envelope.UnreadableMessage, data: bytes, size: int) -> None:
        """A message that cannot be read as a whole: a reply counts by what can be, a command is refused."""
        if self.trace is not None:
            self.trace("<", data)
        message = error.message
        if message.get("funcId") == envelope.REPLY or receiving.is_reply(message, self._mids, self._pending):
            self._reply(message, size, data, str(error))
        else:
            self._command(message, len(data), str(error))

    def _command(self, message: dict[str, Any], size: int, unreadable: str) -> None:
        # What was sent while the device was away comes as soon as it is back.
        early = not (self.reported or self.resumed)
        if early:
            receiving.early_command(self._witness, message)
        self._on_command(message, size, unreadable, early)

    def _succeeded(self, pending: Pending, received: float, size: int) -> None:
        """A success without results, which is taken as `_reply` takes it."""
        name, sent, bytes_out, late, on_reply, judge = pending
        if on_reply is None and self._pending.on_empty is None:
            env = self._env
            env.recorder.request(name, sent + env.epoch, received - sent, SUCCESS, bytes_out, size, late)
            return
        code = SUCCESS if judge is None else judge({})
        self._settle(pending, code, received, size, Reply(code, "", {}, received))

    def _reply(self, message: dict[str, Any], size: int, data: bytes, unreadable: str = "") -> None:
        received = self._env.received.at or self._monotonic()
        mid = message.get("mid")
        if type(mid) is not str or (pending := self._pending.pop(mid, None)) is None:
            self.strays.came(message)
            return
        name, sent, _, _, on_reply, judge = pending
        if received - sent > self._timeout:
            # The sweep has not come by yet, but the deadline has passed.
            receiving.late(self._witness, name)
            self._timed_out(mid, pending)
            return
        results: Mapping[str, Any] | None = None
        reader = self._judge_of(name)
        if reader.right(message) and len(data) <= self._package_bytes and not unreadable:
            code, text = message["code"], message["message"]
            self._right_replies.read(name, message, data)
        else:
            read = receiving.read_departing(
                self._witness,
                reader,
                message,
                zone=self.zone,
                strict=self._strict,
                too_large=len(data) > self._package_bytes,
                unreadable=unreadable,
            )
            code, text, results = read.code, read.text, read.results
            if name == REPORT:
                # It was answered, whatever the device can make of that.
                self.reported = True
        if code != SUCCESS:
            code, text = hints.refusal(self._witness, self._reading, self._channel, name, code, text)
            self.tell(name, code, text)
        else:
            text = ""
        self._settled((self._witness.index, mid, name, code))
        if on_reply is None:
            # A heartbeat's: nobody wants to know more than the figures.
            self._settle(pending, code, received, size)
            return
        if results is None:
            results = envelope.results_of(message)
        if judge is not None and code == SUCCESS:
            code = judge(results)
        reply = Reply(code, text, results, received)
        self._settle(pending, code, received, size, reply)
