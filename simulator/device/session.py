"""One connection's conversation: requests matched with replies by `mid`, deadlines, commands handed on.

It knows neither the order of the initial flow nor what a command means. Every request that was sent is recorded exactly
once: answered, timed out, or cut off.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from simulator.device.end_reason import EndReason
from simulator.device.environment import Connection, Environment
from simulator.device.settings import DeviceSettings, OnTimeout
from simulator.measurements.names import DISCONNECTED, MALFORMED_REPLY, TIMEOUT, TOO_LARGE
from simulator.protocol import envelope
from simulator.protocol.channel.base import ChannelViolation, DeviceChannel
from simulator.protocol.codes import SUCCESS
from simulator.shown import detail, label, without_values

_SILENT = frozenset({TIMEOUT, DISCONNECTED, TOO_LARGE})

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""No message of a platform is so large; a longer one is closed with 1009."""

OnReply = Callable[["Reply"], object]
OnCommand = Callable[[dict[str, Any], int, str], None]
Judge = Callable[[Mapping[str, Any]], str]
"""Looks at the results of a successful reply; returns the code that the request is recorded under."""


class SecretHolder(Protocol):
    """Who knows what nobody may be shown, should the platform say it."""

    def secrets(self) -> Collection[str]: ...


class Reply:
    """How a request ended. `code` is the platform's, or `timeout`, `disconnected` or `too large`."""

    __slots__ = ("code", "message", "received", "results")

    def __init__(self, code: str, message: str, results: Mapping[str, Any], received: float) -> None:
        self.code = code
        self.message = message
        self.results = results
        self.received = received
        """Monotonic seconds."""

    @property
    def ok(self) -> bool:
        return self.code == SUCCESS

    @property
    def answered(self) -> bool:
        """Whether the platform said anything."""
        return self.code not in _SILENT


_Pending = tuple[str, float, int, float, OnReply | None, Judge | None]
"""A request that waits for its reply: name, monotonic seconds of sending, bytes sent, seconds late, who is told, and
who judges a success."""


class Session:
    """The device's side of one WebSocket connection; a `ConnectionHandler`.

    Args:
        on_command: given each message that is no reply, the bytes of its JSON, and why it cannot be read where that is
            so; in order of arrival.
        on_end: called once, with the reason, when the connection has ended and all requests were settled.
        holder: knows what must not be shown where the platform repeats it.
    """

    __slots__ = (
        "_channel",
        "_connection",
        "_deadlines",
        "_end_reason",
        "_env",
        "_holder",
        "_mids",
        "_monotonic",
        "_on_command",
        "_on_end",
        "_on_settled",
        "_package_bytes",
        "_pending",
        "_reconnect_on_timeout",
        "_seal",
        "_timeout",
        "_trace",
        "ended",
        "usable",
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
        holder: SecretHolder,
    ) -> None:
        self._env = env
        self._channel = channel
        self._mids = mids
        self._timeout = settings.request_timeout
        self._reconnect_on_timeout = settings.on_timeout is OnTimeout.RECONNECT
        """Whether a request that timed out makes the connection count as dead."""
        self._package_bytes = settings.max_package_kb * 1024
        """Largest JSON of a message, before encryption; a larger one is not sent."""
        self._on_command = on_command
        self._on_end = on_end
        self._holder = holder
        self._on_settled: Callable[[], None] | None = None
        self._connection: Connection | None = None
        self._pending: dict[str, _Pending] = {}
        self._end_reason: str | None = None
        self.usable = False
        """Whether a message sent now may arrive."""
        self.ended = False
        # Looked up for every message, so looked up once.
        self._monotonic = env.clock.monotonic
        self._deadlines = env.deadlines.queue(settings.request_timeout)
        self._seal = channel.seal
        self._trace = env.trace

    @property
    def channel(self) -> DeviceChannel:
        return self._channel

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
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        self.send(func_id, params, settle, sn=sn, late=late, judge=judge)
        return await future

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when no request waits for a reply any more."""
        self._on_settled = callback

    def trust(self) -> None:
        """The platform took the login."""
        if self._connection is not None and not self.ended:
            self._connection.trust(MAX_MESSAGE_BYTES)

    def answer_command(self, mid: str, cmd_id: str, code: str, message: str) -> bool:
        """Send `dev.cmd.response`; it gets no reply. False when the connection is gone."""
        if not self.usable:
            return False
        self._transmit(envelope.encode_command_response(mid, cmd_id, code, message))
        return True

    def end(self, reason: str, code: int = 1000) -> None:
        """Close the connection politely. `on_end` is told `reason` when it is closed."""
        self.usable = False
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.close(code, "" if code == 1000 else reason)

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""
        self.usable = False
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.abort()

    def ping(self) -> None:
        """Send a WebSocket ping; its pong, as all else that arrives, shows in `bytes_in`."""
        if self._connection is not None and self.usable:
            self._connection.ping()

    @property
    def bytes_in(self) -> int:
        """Bytes received on this connection."""
        return 0 if self._connection is None else self._connection.bytes_in

    # --- What the connection tells (ConnectionHandler) ---

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self.usable = self._end_reason is None

    def message(self, payload: bytes, binary: bool) -> None:
        if self._end_reason is not None and not self._pending:
            return  # A closing handshake is under way, and no reply can come any more that would be missed.
        try:
            data = self._channel.open(payload, binary)
            message = envelope.decode(data)
        except envelope.UnreadableMessage as error:
            self._unreadable(error, data, len(payload))
            return
        except (ChannelViolation, envelope.MalformedMessage) as error:
            self._env.recorder.anomaly("garbage frame", str(error), self._env.clock.wall())
            self.end(EndReason.VIOLATION, 1008)
            return
        if self._trace is not None:
            self._trace("<", data)
        if message.get("funcId") == envelope.REPLY or self._is_reply(message):
            self._reply(message, len(payload))
        else:
            self._on_command(message, len(data), "")

    def closed(self, code: int, reason: str, detail: str) -> None:
        self.ended = True
        self.usable = False
        if self._end_reason is None:
            fault = None if self._connection is None else self._connection.fault
            self._end_reason = EndReason.closed(code) if fault is None else EndReason.closed_by_us(fault[0])
        pending = list(self._pending.values())
        self._pending.clear()
        told = ": ".join(filter(None, (self._end_reason, without_values(reason, self._holder.secrets()), detail)))
        now = self._env.clock.monotonic()
        for request in pending:
            name, sent, *_ = request
            deadline = sent + self._timeout
            if now >= deadline:
                # It had passed before the connection was lost; only the sweep had not come by yet.
                self._settle(request, TIMEOUT, deadline, 0)
            else:
                self._settle(request, DISCONNECTED, now, 0)
                self.tell(name, DISCONNECTED, told)
        self._on_end(self._end_reason)

    # --- Inside ---

    def _send(
        self, name: str, mid: str, data: bytes, on_reply: OnReply | None, late: float, judge: Judge | None = None
    ) -> None:
        now = self._monotonic()
        if not self.usable:
            # Not sent, so not recorded; whoever asked learns it the usual way.
            if on_reply is not None:
                on_reply(Reply(DISCONNECTED, "not connected", {}, now))
            return
        self._pending[mid] = (name, now, self._transmit(data), late, on_reply, judge)
        self._deadlines.add(now, self, mid)

    def _transmit(self, data: bytes) -> int:
        connection = self._connection
        assert connection is not None
        if self._trace is not None:
            self._trace(">", data)
        payload, binary = self._seal(data)
        connection.send(payload, binary)
        return len(payload)

    def _unreadable(self, error: envelope.UnreadableMessage, data: bytes, size: int) -> None:
        """A message that cannot be read as a whole: a reply counts by what can be, a command is refused."""
        self._env.recorder.anomaly("unreadable message", str(error), self._env.clock.wall())
        if self._trace is not None:
            self._trace("<", data)
        message = error.message
        if message.get("funcId") == envelope.REPLY or self._is_reply(message):
            self._reply(message, size)
        else:
            self._on_command(message, len(data), str(error))

    def _is_reply(self, message: dict[str, Any]) -> bool:
        """Whether `message` answers a request: that is known by its `mid` alone, whatever funcId it carries."""
        func_id = message.get("funcId")
        if "code" in message:
            mid = message.get("mid")
            return not func_id or (isinstance(mid, str) and mid in self._pending)
        return not func_id and "cmdId" not in envelope.params_of(message)

    def _reply(self, message: dict[str, Any], size: int) -> None:
        received = self._monotonic()
        mid = message.get("mid")
        pending = self._pending.pop(mid, None) if isinstance(mid, str) else None
        if pending is None:
            self._env.recorder.anomaly("unknown reply", "a reply to no waiting request", self._env.clock.wall())
            return
        name, sent, _, _, on_reply, judge = pending
        if received - sent > self._timeout:
            # The sweep has not come by yet, but the deadline has passed.
            self._env.recorder.anomaly("late reply", f"{name}: after the time-out", self._env.clock.wall())
            self._timed_out(pending)
            return
        code, text = message.get("code"), ""
        if code != SUCCESS:
            # a platform may put anything there: a megabyte, a terminal's commands, what the device has just proved
            secrets = self._holder.secrets()
            code = label(without_values(code, secrets)) if isinstance(code, str) and code else MALFORMED_REPLY
            said = message.get("message")
            text = detail(without_values(said, secrets)) if isinstance(said, str) else ""
            self.tell(name, code, text or ("it holds no code" if code == MALFORMED_REPLY else ""))
        if on_reply is None:
            # A heartbeat's: nobody wants to know more than the figures.
            self._settle(pending, code, received, size)
            return
        results = envelope.results_of(message)
        if judge is not None and code == SUCCESS:
            code = judge(results)
        reply = Reply(code, text, results, received)
        self._settle(pending, code, received, size, reply)

    def _settle(self, pending: _Pending, code: str, received: float, size: int, reply: Reply | None = None) -> None:
        """Record how a request ended, and tell whoever asked."""
        name, sent, bytes_out, late, on_reply, _ = pending
        env = self._env
        env.recorder.request(name, sent + env.epoch, received - sent, code, bytes_out, size, late)
        if on_reply is not None:
            on_reply(reply or Reply(code, "", {}, received))
        if self._on_settled is not None and not self._pending:
            callback, self._on_settled = self._on_settled, None
            callback()

    # --- What the deadlines ask (Waiting); the key is the mid ---

    def awaits(self, key: str) -> bool:
        return key in self._pending

    def expired(self, key: str) -> None:
        self._timed_out(self._pending.pop(key))

    def tell(self, name: str, code: str, text: str) -> None:
        """What is known of a failure beside its code."""
        if text:
            self._env.recorder.detail(name, code, text, self._env.clock.wall())

    def _timed_out(self, pending: _Pending) -> None:
        """No reply came in time; that lasted as long as the time-out, whenever it was noticed."""
        name, sent, *_ = pending
        self._settle(pending, TIMEOUT, sent + self._timeout, 0)
        if self._reconnect_on_timeout and self.usable:
            self._env.log(logging.DEBUG, f"{name}: no reply in {self._timeout:g} s, connection taken for dead")
            self.abort(EndReason.TIMEOUT)
