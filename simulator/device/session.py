"""One connection's conversation: requests matched with replies by `mid`, deadlines, commands handed on.

It knows neither the order of the initial flow nor what a command means. Every request that was sent is recorded exactly
once: answered, timed out, or cut off.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from simulator.device.environment import Connection, Environment
from simulator.device.state import EndReason
from simulator.measurements.recorder import DISCONNECTED, TIMEOUT
from simulator.protocol import envelope
from simulator.protocol.channel.base import ChannelViolation, DeviceChannel
from simulator.protocol.codes import SUCCESS

_REPLY_FUNC_ID = "cmd.dev.response"
_MALFORMED_REPLY = "malformed reply"

OnReply = Callable[["Reply"], object]


class Reply:
    """How a request ended. `code` is the platform's, or `timeout` or `disconnected`."""

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
        return self.code not in (TIMEOUT, DISCONNECTED)


class _Pending:
    """A request that waits for its reply."""

    __slots__ = ("bytes_out", "deadline", "late", "mid", "name", "on_reply", "sent", "session")

    def __init__(
        self,
        session: "Session",
        mid: str,
        name: str,
        sent: float,
        deadline: float,
        bytes_out: int,
        late: float,
        on_reply: OnReply | None,
    ) -> None:
        self.session: Session | None = session
        self.mid = mid
        self.name = name
        self.sent = sent
        self.deadline = deadline
        self.bytes_out = bytes_out
        self.late = late
        self.on_reply = on_reply

    @property
    def done(self) -> bool:
        return self.session is None

    def expire(self) -> None:
        session = self.session
        if session is not None:
            session.expired(self)


class Session:
    """The device's side of one WebSocket connection; a `ConnectionHandler`.

    Args:
        on_command: given each message that is no reply, in order of arrival.
        on_end: called once, with the reason, when the connection has ended and all requests were settled.
        reconnect_on_timeout: whether a request that timed out makes the connection count as dead.
    """

    __slots__ = (
        "_channel",
        "_connection",
        "_end_reason",
        "_env",
        "_mids",
        "_on_command",
        "_on_end",
        "_on_settled",
        "_pending",
        "_reconnect_on_timeout",
        "_timeout",
        "ended",
    )

    def __init__(
        self,
        env: Environment,
        channel: DeviceChannel,
        mids: envelope.MidSource,
        *,
        timeout: float,
        reconnect_on_timeout: bool,
        on_command: Callable[[dict[str, Any], int], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._env = env
        self._channel = channel
        self._mids = mids
        self._timeout = timeout
        self._reconnect_on_timeout = reconnect_on_timeout
        self._on_command = on_command
        self._on_end = on_end
        self._on_settled: Callable[[], None] | None = None
        self._connection: Connection | None = None
        self._pending: dict[str, _Pending] = {}
        self._end_reason: str | None = None
        self.ended = False

    @property
    def channel(self) -> DeviceChannel:
        return self._channel

    @property
    def waiting(self) -> int:
        """Requests without a reply yet."""
        return len(self._pending)

    @property
    def usable(self) -> bool:
        """Whether a message sent now may arrive."""
        return self._connection is not None and self._end_reason is None and not self.ended

    # What the device sends.

    def send(
        self,
        func_id: str,
        params: Mapping[str, Any] | None,
        on_reply: OnReply | None = None,
        *,
        sn: str | None = None,
        late: float = 0.0,
    ) -> None:
        """Send a request; `on_reply` is called exactly once, also when none comes.

        `late` is how many seconds after its intended moment the request goes out.
        """
        mid = self._mids.next()
        self._send(func_id, mid, envelope.encode_request(func_id, mid, params, sn=sn), on_reply, late)

    def send_heartbeat(self, is_free: bool, on_reply: OnReply | None, late: float) -> None:
        """As `send`, for the most frequent message."""
        mid = self._mids.next()
        self._send("dev.heartbeat", mid, envelope.heartbeat(mid, is_free), on_reply, late)

    async def request(
        self,
        func_id: str,
        params: Mapping[str, Any] | None,
        *,
        sn: str | None = None,
        late: float = 0.0,
        on_arrival: OnReply | None = None,
    ) -> Reply:
        """Send a request and wait for its end, whichever that is.

        `on_arrival` sees the reply at once, before the next message is opened.
        """
        connection = self._connection
        if connection is not None and connection.paused and not self.ended:
            await connection.drain()
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply) -> None:
            if on_arrival is not None:
                on_arrival(reply)
            if not future.done():
                future.set_result(reply)

        self.send(func_id, params, settle, sn=sn, late=late)
        return await future

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when no request waits for a reply any more."""
        self._on_settled = callback

    def answer_command(self, mid: str, cmd_id: str, code: str, message: str) -> bool:
        """Send `dev.cmd.response`; it gets no reply. False when the connection is gone."""
        if not self.usable:
            return False
        self._transmit(envelope.encode_command_response(mid, cmd_id, code, message))
        return True

    def end(self, reason: str, code: int = 1000) -> None:
        """Close the connection politely. `on_end` is told `reason` when it is closed."""
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.close(code, "" if code == 1000 else reason)

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""
        if self._end_reason is None:
            self._end_reason = reason
        if self._connection is not None and not self.ended:
            self._connection.abort()

    # What the connection tells.

    def opened(self, connection: Connection) -> None:
        self._connection = connection

    def message(self, payload: bytes, binary: bool) -> None:
        if self._end_reason is not None and not self._pending:
            return  # A closing handshake is under way, and no reply can come any more that would be missed.
        try:
            data = self._channel.open(payload, binary)
            message = envelope.decode(data)
        except (ChannelViolation, envelope.MalformedMessage) as error:
            self._env.recorder.anomaly("garbage frame", str(error), self._env.clock.wall())
            self.end(EndReason.VIOLATION, 1008)
            return
        if self._env.trace is not None:
            self._env.trace("<", data)
        if self._is_reply(message):
            self._reply(message, len(payload))
        else:
            self._on_command(message, len(payload))

    def closed(self, code: int, reason: str, detail: str) -> None:
        self.ended = True
        if self._end_reason is None:
            self._end_reason = EndReason.closed(code)
        pending = list(self._pending.values())
        self._pending.clear()
        now = self._env.clock.monotonic()
        for request in pending:
            self._settle(request, DISCONNECTED, now, 0)
        self._on_end(self._end_reason)

    # Inside.

    def _send(self, name: str, mid: str, data: bytes, on_reply: OnReply | None, late: float) -> None:
        env = self._env
        now = env.clock.monotonic()
        if not self.usable:
            # Not sent, so not recorded; whoever asked learns it the usual way.
            if on_reply is not None:
                on_reply(Reply(DISCONNECTED, "not connected", {}, now))
            return
        size = self._transmit(data)
        pending = _Pending(self, mid, name, now, now + self._timeout, size, late, on_reply)
        self._pending[mid] = pending
        env.deadlines.add(self._timeout, pending)

    def _transmit(self, data: bytes) -> int:
        connection = self._connection
        assert connection is not None
        if self._env.trace is not None:
            self._env.trace(">", data)
        payload, binary = self._channel.seal(data)
        connection.send(payload, binary)
        return len(payload)

    def _is_reply(self, message: dict[str, Any]) -> bool:
        """Whether `message` answers a request: that is known by its `mid` alone, whatever funcId it carries."""
        func_id = message.get("funcId")
        if func_id == _REPLY_FUNC_ID:
            return True
        if "code" in message:
            mid = message.get("mid")
            return not func_id or (isinstance(mid, str) and mid in self._pending)
        return not func_id and "cmdId" not in envelope.params_of(message)

    def _reply(self, message: dict[str, Any], size: int) -> None:
        mid = message.get("mid")
        pending = self._pending.pop(mid, None) if isinstance(mid, str) else None
        env = self._env
        if pending is None:
            env.recorder.anomaly("unknown reply", "a reply to no waiting request", env.clock.wall())
            return
        code = message.get("code")
        if not isinstance(code, str) or not code:
            code = _MALFORMED_REPLY
        received = env.clock.monotonic()
        if pending.on_reply is None:
            # A heartbeat's: nobody wants to know more than the figures.
            self._settle(pending, code, received, size)
            return
        text = message.get("message")
        reply = Reply(code, text if isinstance(text, str) else "", envelope.results_of(message), received)
        self._settle(pending, code, received, size, reply)

    def _settle(self, pending: _Pending, code: str, received: float, size: int, reply: Reply | None = None) -> None:
        """Record how a request ended, and tell whoever asked."""
        pending.session = None
        env = self._env
        latency = received - pending.sent
        env.recorder.request(
            pending.name, env.clock.wall() - latency, latency, code, pending.bytes_out, size, pending.late
        )
        on_reply = pending.on_reply
        if on_reply is not None:
            pending.on_reply = None
            on_reply(reply or Reply(code, "", {}, received))
        if self._on_settled is not None and not self._pending:
            callback, self._on_settled = self._on_settled, None
            callback()

    def expired(self, pending: _Pending) -> None:
        """A request's deadline has passed (called by the sweep)."""
        self._pending.pop(pending.mid, None)
        self._settle(pending, TIMEOUT, self._env.clock.monotonic(), 0)
        if self._reconnect_on_timeout and self.usable:
            self._env.log(logging.DEBUG, f"{pending.name}: no reply in {self._timeout:g} s, connection taken for dead")
            self.abort(EndReason.TIMEOUT)
