"""One connection of the tester: messages out, replies matched by mid, commands taken at any moment, its end.

It knows nothing of the initial flow (`simulator.conform.tester`) and judges nothing but the form of what arrives.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from simulator.conform.answers import Answer, Closed, Reply, Silence, is_reply
from simulator.conform.channel_rules import ended, opened
from simulator.conform.handlers import MqttHandler, WebSocketHandler
from simulator.conform.outcome import Ended, not_run
from simulator.conform.over_mqtt import OverMqtt
from simulator.conform.pushes import OnPush, Push, leave, take
from simulator.conform.site import Site
from simulator.conform.trace import Trace
from simulator.conform.waiter import Pending, Waiter
from simulator.device.broker_faults import rule_of
from simulator.device.environment import Connection as AnyConnection
from simulator.judge.commands import read_command
from simulator.judge.replies import reply_judges
from simulator.measurements import violation_rules as rules
from simulator.protocol import envelope
from simulator.protocol.catalogue import DEVICE_FUNC_IDS
from simulator.protocol.channel.base import DeviceChannel, is_binary
from simulator.texts.told import Told
from simulator.wire import Connection
from simulator.wire.phase import ABNORMAL, POLICY_VIOLATION
from simulator.wire.sansio import fragments

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""No message of a platform is so large; a longer one is closed with 1009."""

_LARGE: Final = 512 * 1024
"""Bytes of a message that a platform may well answer by ending the connection."""

_ANY: Final = "dev.heartbeat"
"""Whose replies need no results: how the reply to an unknown message is read."""


class Link:
    """A connection and what is under way on it; the network is given one of its handlers.

    Args:
        number: of this connection among all of the run.
        which: of the tester's devices.
        on_push: says how commands are answered.
    """

    def __init__(self, site: Site, channel: DeviceChannel, number: int, which: int, on_push: OnPush = take) -> None:
        self.site = site
        self.channel = channel
        self.number = number
        self.which = which
        self.on_push = on_push
        self.trace: Trace | None = None
        """Of the case that uses the connection now."""
        self.strays: list[Mapping[str, Any]] = []
        """Replies that fit nothing that waits."""
        self.online = self._reported = False
        self.package_bytes = 0
        """What the device takes at most, once its report said so; 0 before."""
        self._odd = False
        """Whether something was sent that is no message: what comes of that is no mistake about the connection."""
        self.broken = False
        """Whether the next case had better not use it: something odd was sent, or an answer did not come."""
        self.closed: Closed | None = None
        """How it ended."""
        self._ended = asyncio.Event()
        self._connection: AnyConnection | None = None
        self._mqtt = None if site.terms.mqtt is None else OverMqtt(site.terms.mqtt)
        self._pending = Pending()
        self._pong: asyncio.Future[None] | None = None
        self._we_closed = ""
        self.websocket_handler = WebSocketHandler(self)
        self.mqtt_handler = MqttHandler(self)

    # --- Messages that are right in form ---

    async def request(
        self,
        func_id: str,
        params: object = None,
        *,
        sn: str | None = None,
        mid: str | None = None,
        members: Mapping[str, Any] | None = None,
        drop: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and wait for its answer.

        Args:
            params: Any JSON value; None leaves the payload out.
            mid: A fresh one, unless given.
            members: Laid over the envelope's members (`imme`, `mid` of another type, unknown ones, `payload` …).
            drop: Envelope members that are left out.
            timeout: Seconds, instead of the scenario's request time-out.
        """
        message = self.message(func_id, params, sn=sn, mid=mid, members=members, drop=drop)
        return await self.ask(message, timeout=timeout)

    def message(
        self,
        func_id: str,
        params: object = None,
        *,
        sn: str | None = None,
        mid: str | None = None,
        members: Mapping[str, Any] | None = None,
        drop: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The envelope that `request` sends, with a fresh mid."""
        message: dict[str, Any] = {"funcId": func_id}
        if sn is not None:
            message["sn"] = sn
        message["mid"] = self.mid() if mid is None else mid
        if params is not None:
            message["payload"] = {"params": params}
        message.update(members or {})
        return {name: value for name, value in message.items() if name not in drop}

    @property
    def resumed(self) -> bool:
        """Whether the broker goes on with an earlier session (MQTT)."""
        return self._connection is not None and self._connection.resumed

    @property
    def waiting(self) -> int:
        """Messages whose answer is still awaited."""
        return len(self._pending)

    def mid(self) -> str:
        """A fresh mid."""
        return self.site.mids.next()

    # --- Messages of any form ---

    async def ask(
        self, message: Mapping[str, Any] | bytes, *, mid: str | None = None, timeout: float | None = None
    ) -> Answer:
        """Send a message of any form through the channel and wait for its answer.

        The answer is the reply with the message's mid (`mid` says which, for bytes). Where there is no usable mid, and
        for bytes, a reply without a mid, or with an empty one, is an answer as well.
        """
        data = message if isinstance(message, bytes) else orjson.dumps(message)
        func_id = ""
        if not isinstance(message, bytes):
            func_id = name if isinstance(name := message.get("funcId"), str) else ""
            if mid is None and isinstance(message.get("mid"), str):
                mid = message["mid"]
        waiter = self.expect(mid or "", func_id, loose=isinstance(message, bytes) or not mid)
        self.send_json(data)
        return await self.wait_for(waiter, mid or "", timeout)

    def send_json(self, data: bytes) -> None:
        """Send these bytes as one message through the channel, whatever they are, and wait for nothing.

        Raises:
            Ended: As NOT-RUN, if it is right in size and no device could publish it, by the broker's profile.
        """
        payload, binary = self.channel.seal(data)
        if self._mqtt is not None and len(data) <= self.package_bytes and (why := self._mqtt.too_large(payload)):
            raise Ended(not_run(why))
        self._sends(data)
        if self._connection is not None:
            self._connection.send(payload, binary)

    def send_fragments(self, data: bytes, pieces: int = 3) -> None:
        """As `send_json`, as one WebSocket message of several frames."""
        payload, binary = self.channel.seal(data)
        self._sends(data)
        self._noted("-", "note", f"sent in {pieces} frames")
        size = max(1, -(-len(payload) // pieces))
        parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        if isinstance(self._connection, Connection):
            self._connection.write_by(fragments(parts, binary))

    def send_frame(self, payload: bytes, *, binary: bool, what: str = "") -> None:
        """Send a frame past the channel. The connection is not used by other cases afterwards, nor to answer commands.

        Args:
            what: Says in the trace what it is.
        """
        self.broken = self._odd = True
        self.on_push = leave  # an answer would take the counter that this frame has
        kind = "payload" if self._mqtt is not None else "binary frame" if binary else "text frame"
        self._noted(">", "frame", f"{kind} of {len(payload)} bytes{f': {what}' if what else ''}")
        if self._connection is not None:
            self._connection.send(payload, binary)

    # --- Waiting ---

    def expect(self, mid: str, func_id: str = "", *, loose: bool = False) -> Waiter:
        """Begin to wait for the reply to `mid`, before its message is sent; several may wait for the same one."""
        waiter = Waiter(func_id, self.site.clock.monotonic(), loose)
        if self.closed is not None:
            waiter.answer.set_result(self.closed)
            return waiter
        self._pending.add(mid, waiter)
        return waiter

    async def wait_for(self, waiter: Waiter, mid: str, timeout: float | None = None) -> Answer:
        """The answer to what was expected, or `Silence` after the time-out (seconds)."""
        seconds = self.site.patience() if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(waiter.answer)
        except TimeoutError:
            self.broken = self.site.lost = True
            self.site.unanswered += timeout is None
            self._pending.give_up(mid, waiter)
            self._noted("-", "note", f"no answer within {seconds:g} s")
            return Silence(seconds)

    def forget(self, mid: str, waiter: Waiter) -> None:
        """Wait no more for this answer."""
        self._pending.give_up(mid, waiter)

    async def end(self, timeout: float | None = None) -> Closed | Silence:
        """How the connection ends by itself, or `Silence` if it is still open after the time-out (seconds)."""
        seconds = self.site.patience() if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            self.site.unanswered += timeout is None
            return Silence(seconds)
        assert self.closed is not None
        return self.closed

    async def ping(self) -> bool:
        """Send a ping of the transport; whether its answer came within the request time-out."""
        if self._connection is None or self.closed is not None:
            return False
        pong = self._pong = asyncio.get_running_loop().create_future()
        self._noted(">", "frame", "ping")
        self._connection.ping()
        try:
            async with asyncio.timeout(self.site.terms.request_timeout):
                await pong
        except TimeoutError:
            return False
        return self.closed is None

    async def close(self, code: int = 1000, reason: str = "") -> Closed:
        """Close the connection politely; how the platform answered the closing handshake."""
        if self.closed is None and self._connection is not None:
            said = f"{code} {reason}".rstrip() if self._mqtt is None else "DISCONNECT"
            self._we_closed = self._we_closed or Told("with {said}", said=said)
            self._noted(">", "close", said)
            self._connection.close(code, reason)
            await self._ended.wait()
        assert self.closed is not None
        return self.closed

    def cut(self) -> None:
        """Drop the connection at once, as a device that loses its power does."""
        if self.closed is None and self._connection is not None:
            self._we_closed = "without a word"
            self._connection.abort()

    async def abort(self) -> None:
        """`cut`, and wait until it has ended."""
        self.cut()
        await self._ended.wait()

    # --- What the connection tells ---

    def connection_opened(self, connection: AnyConnection) -> None:
        self._connection = connection
        connection.trust(MAX_MESSAGE_BYTES)

    def pong_arrived(self) -> None:
        self._noted("<", "frame", "pong")
        if self._pong is not None and not self._pong.done():
            self._pong.set_result(None)

    def payload_arrived(self, payload: bytes) -> None:
        """A message over MQTT, which has no kinds of frames."""
        if self._mqtt is not None and (why := self._mqtt.too_large(payload)):
            self.broker_is_unusual(why)
        self.frame_arrived(payload, is_binary(self.channel, payload))

    def broker_is_unusual(self, what: str) -> None:
        self._noted("<", "note", what)
        self.site.violation(rule_of(what), what, which=self.which)

    def frame_arrived(self, payload: bytes, binary: bool) -> None:
        found = opened(self.channel, payload, binary)
        mqtt, connection = self._mqtt, self._connection
        if found.rule and mqtt and connection and mqtt.of_old_keys(connection, self.channel, reported=self._reported):
            self._noted("<", "note", f"a message of an earlier connection was dropped: {found.text}")
            return
        if found.rule:
            self.site.violation(found.rule, found.text, which=self.which)
        if found.data is None:
            self._broke_the_channel(found.text)
            return
        data = found.data
        self._told("<", data)
        try:
            message = envelope.decode(data)
        except envelope.UnreadableMessage as error:
            message = error.message
        except envelope.MalformedMessage as error:
            self.site.violation(rules.REPLY_NOT_JSON, str(error), which=self.which)
            self._broke_the_channel(str(error))
            return
        if is_reply(message):
            self._reply(message, len(data))
        else:
            self._push(message, len(data))

    def connection_ended(self, code: int | str, reason: str, detail: str) -> None:
        fault = None if self._connection is None else self._connection.fault
        if not self._we_closed and (wrong := ended(code, fault, online=self.online and not self._odd)) is not None:
            self.site.violation(wrong.rule, wrong.text, which=self.which)
            self.site.spoiled = wrong.text
            self.site.unreadable = wrong.text if fault is not None else self.site.unreadable
        self.site.lost = self.site.lost or (not self._we_closed and (isinstance(code, str) or code == ABNORMAL))
        self.closed = Closed(code, reason, self._we_closed or detail, by_us=bool(self._we_closed or fault))
        self.online = False
        self._noted("-" if self._we_closed else "<", "close", f"{code} {reason} {detail}")
        self._pending.end(self.closed)
        if self._pong is not None and not self._pong.done():
            self._pong.set_result(None)
        self._ended.set()

    # --- Inside ---

    def _sends(self, data: bytes) -> None:
        self._told(">", data)
        try:
            self._odd = self._odd or len(data) > _LARGE or not isinstance(envelope.decode(data).get("mid"), str)
        except (envelope.MalformedMessage, RecursionError):
            self._odd = True

    def _told(self, direction: str, data: bytes) -> None:
        if self.trace is not None:
            self.trace.message(direction, data)

    def _noted(self, direction: str, kind: str, text: str) -> None:
        if self.trace is not None:
            self.trace.add(direction, kind, text)

    def _broke_the_channel(self, text: str) -> None:
        self.site.unreadable = self.site.spoiled = text
        self._we_closed = Told("because of {text}", text=text)
        if self._connection is not None:
            self._connection.close(POLICY_VIOLATION)

    def _reply(self, message: Mapping[str, Any], size: int) -> None:
        mid = message.get("mid")
        mid = mid if isinstance(mid, str) else ""
        waiter = self._pending.take(mid)
        mqtt, connection = self._mqtt, self._connection
        if waiter is None:
            self.strays.append(message)
            repeated = mqtt and connection and mqtt.may_repeat(connection, mid, message, self._pending.sent)
            if not self._odd and not repeated:
                rule = self._pending.stray_rule(mid)
                self.site.violation(rule, f"a reply with the mid {mid or 'missing'}", which=self.which)
            return
        if mqtt is not None:
            mqtt.answered(mid, message)
        judge_of = reply_judges(self.site.terms.reading.sync_time)
        read = judge_of(waiter.func_id if waiter.func_id in DEVICE_FUNC_IDS else _ANY).read(message)
        self.site.judged(read.judgement, waiter.func_id, self.which)
        if 0 < self.package_bytes < size:
            told = f"a reply of {size} bytes; the device takes {self.package_bytes}"
            self.site.violation(rules.REPLY_TOO_LARGE, told, waiter.func_id, self.which)
        reply = Reply(waiter.func_id, mid, message, read, size, (self.site.clock.monotonic() - waiter.sent) * 1000)
        self.site.latencies.append(reply.ms / 1000)
        self._reported |= waiter.func_id == "dev.report" and reply.ok  # out of order too: commands may follow it
        if waiter.accept is not None:
            waiter.accept(reply)
        waiter.settle(reply)

    def _push(self, message: Mapping[str, Any], size: int) -> None:
        read = read_command(message)
        self.site.judged(read.judgement, read.func_id, self.which)
        # A broker that has kept the session brings what was sent while the device was away, whatever is due now.
        expected = self._reported or self.resumed
        push = Push(self.which, self.number, self.site.clock.wall(), message, size, read, expected)
        self.site.pushes.append(push)
        code = self.on_push(push)
        if code is not None:
            self.answer(push, code)

    def answer(self, push: Push, code: str, text: str = "done") -> None:
        """Answer a command, now or again."""
        self.send_json(envelope.encode_command_response(push.read.mid, push.read.cmd_id, code, text))
        push.answered = code
