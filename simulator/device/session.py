"""One connection's conversation: requests matched with replies by `mid`, deadlines, commands handed on.

It knows neither the order of the initial flow nor what a command means. Every request that was sent is recorded exactly
once: answered, timed out, or cut off.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.device import hints, receiving
from simulator.device.broker_faults import rule_of
from simulator.device.channel_context import with_doubts
from simulator.device.end_reason import EndReason
from simulator.device.environment import Connection, Environment
from simulator.device.line import Line
from simulator.device.pace import Pace
from simulator.device.replies import Judge, OnReply, Pending, Reply
from simulator.device.settings import DeviceSettings, OnTimeout
from simulator.device.unanswered import Unanswered
from simulator.device.witness import Witness
from simulator.judge.replies import DEFAULT_ZONE, reply_judges
from simulator.measurements.names import DISCONNECTED, TIMEOUT, TOO_LARGE
from simulator.protocol import envelope
from simulator.protocol.channel.base import ChannelViolation, DeviceChannel, open_what_is_due
from simulator.protocol.codes import SUCCESS

REPORT = "dev.report"

OnCommand = Callable[[dict[str, Any], int, str, bool], None]


class Session(Line):
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
        "_channel",
        "_deadlines",
        "_earlier",
        "_env",
        "_goes_on",
        "_judge_of",
        "_mids",
        "_monotonic",
        "_on_command",
        "_on_end",
        "_open",
        "_over_mqtt",
        "_pace",
        "_package_bytes",
        "_pending",
        "_reading",
        "_reconnect_on_timeout",
        "_seal",
        "_settled",
        "_strays",
        "_strict",
        "_timeout",
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
        super().__init__(witness)
        self._env = env
        self._channel = channel
        self._mids = mids
        self._timeout = settings.request_timeout
        self._reconnect_on_timeout = settings.on_timeout is OnTimeout.RECONNECT
        """Whether a request that timed out makes the connection count as dead."""
        self._package_bytes = env.package_bytes(settings)
        """Largest JSON of a message, before encryption; a larger one is not sent."""
        self._strict = settings.strict
        self._reading = settings.reading
        self._judge_of = reply_judges(settings.reading.sync_time)
        self._on_command = on_command
        self._on_end = on_end
        mqtt = settings.mqtt
        self._over_mqtt = mqtt is not None
        self._goes_on = mqtt is not None and mqtt.keeps_session and not channel.has_exchange
        """Whether what was sent may be answered over the next connection: the broker keeps it, and no keys change."""
        self._pace = None if mqtt is None else Pace.of(mqtt.limits.publishes_per_second, env.timers)
        self._pending = Unanswered() if unanswered is None else unanswered
        self.zone = DEFAULT_ZONE
        """The platform's offset `±HH:mm`, for times without one."""
        self._earlier = mids.count
        self._strays: receiving.Strays | None = None
        # Looked up for every message, so looked up once.
        self._monotonic = env.clock.monotonic
        self._deadlines = env.deadlines.queue(settings.request_timeout)
        self._seal = channel.seal
        self._open = channel.open if mqtt is None else partial(open_what_is_due, channel)
        self._settled = env.recall.settled
        self.trace = env.trace_of(witness.index)

    @property
    def channel(self) -> DeviceChannel:
        return self._channel

    @property
    def mids(self) -> envelope.MidSource:
        return self._mids

    @property
    def waiting(self) -> int:
        """Requests without a reply yet."""
        return len(self._pending)

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

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when no request waits for a reply any more."""
        self._pending.on_empty = callback

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
            message = envelope.decode(data)
        except envelope.UnreadableMessage as error:
            self._unreadable(error, data, len(payload))
            return
        except (ChannelViolation, envelope.MalformedMessage) as error:
            if self._of_old_keys():
                return
            receiving.unreadable(self._witness, error)
            self.end(EndReason.VIOLATION, 1008)
            return
        if self.trace is not None:
            self.trace("<", data)
        if message.get("funcId") == envelope.REPLY or receiving.is_reply(message, self._mids, self._pending):
            self._reply(message, len(payload), len(data))
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

    def give_up(self, told: str, *, after: int = 0) -> None:
        """No reply can come any more to what waits for one: `told` says why.

        Args:
            after: only to requests after the device's so many first ones.
        """
        waiting = self._pending
        mids = [mid for mid in waiting if not after or self._mids.number_of(mid) > after]
        pending = [waiting.pop(mid) for mid in mids]
        now = self._env.clock.monotonic()
        for request in pending:
            name, sent, *_ = request
            deadline = sent + self._timeout
            if now >= deadline:
                # It had passed before the connection was lost; only the sweep had not come by yet.
                self._settle(request, TIMEOUT, deadline, 0)
            else:
                self._settle(request, DISCONNECTED, now, 0, Reply(DISCONNECTED, hints.cut_off(name, told), {}, now))
                self.tell(name, DISCONNECTED, hints.cut_off(name, told))

    # --- Inside ---

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
        self._pending[mid] = (name, now, self.transmit(data), late, on_reply, judge)
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
            self._reply(message, size, len(data), str(error))
        else:
            self._command(message, len(data), str(error))

    def _command(self, message: dict[str, Any], size: int, unreadable: str) -> None:
        # What was sent while the device was away comes as soon as it is back.
        early = not (self.reported or self.resumed)
        if early:
            receiving.early_command(self._witness, message)
        self._on_command(message, size, unreadable, early)

    def _reply(self, message: dict[str, Any], size: int, json_size: int, unreadable: str = "") -> None:
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
        if reader.right(message) and json_size <= self._package_bytes and not unreadable:
            code, text = message["code"], message["message"]
        else:
            read = receiving.read_departing(
                self._witness,
                reader,
                message,
                zone=self.zone,
                strict=self._strict,
                too_large=json_size > self._package_bytes,
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

    def _settle(self, pending: Pending, code: str, received: float, size: int, reply: Reply | None = None) -> None:
        """Record how a request ended, and tell whoever asked."""
        name, sent, bytes_out, late, on_reply, _ = pending
        env = self._env
        env.recorder.request(name, sent + env.epoch, received - sent, code, bytes_out, size, late)
        if on_reply is not None:
            on_reply(reply or Reply(code, "", {}, received))
        if self._pending.on_empty is not None:
            self._pending.emptied()

    # --- What the deadlines ask (Waiting); the key is the mid ---

    def awaits(self, key: str) -> bool:
        return key in self._pending

    def expired(self, key: str) -> None:
        self._timed_out(key, self._pending.pop(key))

    def tell(self, name: str, code: str, text: str) -> None:
        """What is known of a failure beside its code."""
        if text:
            self._env.recorder.detail(name, code, text, self._env.clock.wall())

    @property
    def strays(self) -> receiving.Strays:
        """Given the replies that no request waits for."""
        if self._strays is None:
            known = (self._witness, self._env.recall, self._mids, self._earlier)
            self._strays = receiving.Strays(*known, repeats=self._over_mqtt, resumed=self.resumed)
        return self._strays

    def _timed_out(self, mid: str, pending: Pending) -> None:
        """No reply came in time; that lasted as long as the time-out, whenever it was noticed."""
        name, sent, *_ = pending
        self.strays.gave_up(mid, name)
        self.tell(name, TIMEOUT, hints.silence(self._channel, name, self._over_mqtt))
        self._settle(pending, TIMEOUT, sent + self._timeout, 0)
        if self._reconnect_on_timeout and self.usable:
            self._env.log(logging.DEBUG, f"{name}: no reply in {self._timeout:g} s, connection taken for dead")
            self.abort(EndReason.TIMEOUT)
