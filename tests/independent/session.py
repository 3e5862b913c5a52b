"""One connection of a device: frames, the exchange, the order of the flow, replies, commands and their answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import orjson
from websockets.exceptions import ConnectionClosed

from . import channel, requests
from .channel import FrameError
from .checks import DENIED, FORMAT, INTERNAL, MALFORMED, UNKNOWN, RefusalError, as_strings, only_strings
from .configurable import Configurable, Direction
from .mistakes import in_numbers, spoil_reply
from .store import Command, Device
from .style import SUCCESS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from websockets.asyncio.server import ServerConnection

    from .platform import Platform

EXCHANGES = ("device.exchange.publicKey", "device.exchange.factor")
WITH_SN = (*requests.ENTRANCE, "dev.report")
ANSWER_TIME = 10.0
MOST_TRIES = 3


class Session:
    with_sn: tuple[str, ...] = WITH_SN
    handlers = requests.HANDLERS
    sees_ends = True
    """Whether a silent device is known to be connected."""

    def __init__(self, platform: Platform, ws: ServerConnection) -> None:
        self.platform, self.ws, self.style, self.wrong = platform, ws, platform.style, platform.wrong
        self.way = platform.way
        self.sn = ""
        self.asked_sn = ""
        self.limit = 64 * 1024
        self.exchanged = platform.suite == "plain"
        self.logged_in = self.reported = self.dead = False
        self.mids: set[str] = set()
        self.started: set[str] = set()
        self.pending: dict[str, Command] = {}
        self.wake = asyncio.Event()
        self.key: RSAPrivateKey | None = None
        self.peer: RSAPublicKey | None = None
        self.opener: channel.Opener | Direction | None = None
        self.sealer: channel.Sealer | Direction | None = None
        self._sending = asyncio.Lock()
        self._outbox: list[dict[str, Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def device(self) -> Device:
        return self.platform.devices[self.sn]

    async def run(self) -> None:
        if not self.exchanged:
            self.key = await self.platform.server_key()
        silence = 3.0 * self.style.heartbeat if self.style.heartbeat and self.sees_ends else None
        try:
            while not self.dead:
                frame = await asyncio.wait_for(self.ws.recv(), silence)
                if not self.dead:
                    await self._receive(frame)
            # Who is closed for a newer login hears why, though a frame of its own came first.
            await self.ws.wait_closed()
        except TimeoutError:
            await self.close(1001, "silent for three heartbeat intervals")
        except FrameError as fault:
            await self.close(1008, str(fault))
        except ConnectionClosed:
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self.dead = True
        for task in self._tasks:
            task.cancel()
        if self.sn and self.device.session is self:
            self.device.session = None
        self.drop_parts()
        if self.sn:
            self.device.queue.extendleft(reversed(self.pending.values()))
            self.pending.clear()
            if self.device.session:
                self.device.session.wake.set()

    def drop_parts(self) -> None:
        """Style A forgets the files whose upload ended with the connection; a completed one stays."""
        for name in self.started:
            file = self.platform.files.get((self.sn, name))
            part = file is not None and not file.complete and not self.style.keeps_parts
            if file and (part or "forgets-files" in self.wrong):
                del self.platform.files[self.sn, name]
        self.started.clear()

    def start(self, task: Any) -> None:
        running = asyncio.create_task(task)
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def close(self, code: int, reason: str) -> None:
        self.platform.closed.append((self.sn, code, reason))
        self.dead = True
        with contextlib.suppress(ConnectionClosed):
            await self.ws.close(code, reason)

    def log_in(self, device: Device) -> None:
        """The newest login wins; an older connection of the same device is closed."""
        older, device.session = device.session, self
        self.sn, self.logged_in = device.identity.sn, True
        if older and older is not self:
            older.dead = "keeps-older" not in self.wrong
            if older.dead:
                older.drop_parts()
                device.queue.extendleft(reversed(older.pending.values()))
                older.pending.clear()
                self.platform.start(older.close(1008, "the same sn logged in again"))
        device.connections += 1

    # --- receiving ---

    async def _receive(self, frame: str | bytes) -> None:
        text = isinstance(frame, str)
        due = self.opener is None or getattr(self.opener, "text", False)
        if due != text and not (text and "takes-text" in self.wrong):
            raise FrameError("a text frame where binary ones are due, or the reverse")
        try:
            data = self.opener.open(frame) if self.opener and due == text else str(frame).encode()  # type: ignore[arg-type]
        except FrameError:
            if "forgives-frames" in self.wrong:
                return
            raise
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise FrameError("no JSON") from error
        if not isinstance(message, dict):
            raise FrameError("no JSON object")
        if message.get("funcId") == "dev.cmd.response":
            self._answered(message, len(data))
            return
        reply = self._reply(message, len(data))
        refused = reply["code"] == self.platform.refusals[-1][2] if self.platform.refusals else False
        if ("silent-without-mid" in self.wrong and not message.get("mid")) or (
            refused and "silent-refusals" in self.wrong
        ):
            return
        if refused and "closes-on-refusal" in self.wrong:
            await self.close(1008, "refused")
        elif self.style.delay:
            self._outbox.append(reply)
            if len(self._outbox) == 1:
                self.start(self._flush())
        else:
            await self._send_reply(reply)

    async def _flush(self) -> None:
        """Everything that was asked in a moment is answered in the reverse order."""
        await asyncio.sleep(self.platform.random.uniform(0, self.style.delay))
        replies, self._outbox = self._outbox[::-1], []
        for reply in replies:
            await self._send_reply(reply)

    async def _send_reply(self, reply: dict[str, Any]) -> None:
        key = reply.pop("\0keys", None)
        ready = reply.pop("\0ready", False)
        await self._send(reply)
        if key:
            self.sealer = key if isinstance(key, Direction) else channel.Sealer(key)
        if ready:
            self.wake.set()
            self.start(self._pump())
            self.start(self.platform.push(self))

    def _reply(self, message: dict[str, Any], size: int) -> dict[str, Any]:
        mid, func_id = message.get("mid"), message.get("funcId")
        asked = func_id if isinstance(func_id, str) else ""
        code, reason, results = SUCCESS, "", None
        extra: dict[str, Any] = {}
        first_report = asked == "dev.report" and not self.reported
        try:
            self._check(message, size)
            results = self._exchange(asked, message, extra) if asked in EXCHANGES else self._handle(asked, message)
        except RefusalError as refusal:
            code, reason = refusal.code, str(refusal)
            self.platform.refusals.append((self.sn, asked, self.style.code(code), reason))
        except (KeyError, TypeError, AttributeError) as fault:
            code, reason = INTERNAL, repr(fault)
            self.platform.refusals.append((self.sn, asked, self.style.code(code), reason))
        mid = mid if isinstance(mid, str) else ""
        reply = self.style.reply(asked, self.sn or self.asked_sn, mid, code, reason, results)
        spoil_reply(self.wrong, asked, reply)
        if code == SUCCESS and first_report:
            extra["\0ready"] = True
        return {**reply, **extra}

    def _check(self, message: dict[str, Any], size: int) -> None:
        """All that is the same for every request: mid, size, funcId, strings, sn, imme, order."""
        mid, func_id = message.get("mid"), message.get("funcId")
        if not isinstance(mid, str) or not mid:
            raise RefusalError(MALFORMED, "no mid")
        if mid in self.mids and "repeated-mid" not in self.wrong:
            raise RefusalError(MALFORMED, "a mid used twice")
        self.mids.add(mid)
        if size > self.limit and "any-size" not in self.wrong:
            raise RefusalError(MALFORMED, f"{size} bytes are more than the package limit")
        if len(mid) > 32:
            raise RefusalError(FORMAT, "a mid longer than 32")
        if not isinstance(func_id, str) or not func_id:
            raise RefusalError(MALFORMED, "no funcId")
        if func_id not in self.handlers and (func_id not in EXCHANGES or self.platform.suite == "plain"):
            raise RefusalError(UNKNOWN, "unknown funcId")
        if "takes-numbers" not in self.wrong:
            only_strings(message)
        if message.get("imme", "") not in ("", "0", "1"):
            raise RefusalError(FORMAT, "imme is neither 0 nor 1")
        sn = message.get("sn", "")
        if not isinstance(sn, str) or (not sn and func_id in self.with_sn):
            raise RefusalError(MALFORMED, "no sn")
        if sn and self.logged_in and sn != self.sn:
            raise RefusalError(DENIED, "another device's sn")
        self.asked_sn = sn or self.asked_sn
        self._check_order(func_id)

    def _check_order(self, func_id: str) -> None:
        if func_id in EXCHANGES:
            if self.exchanged or (func_id == EXCHANGES[1] and self.peer is None):
                raise RefusalError(DENIED, "an exchange out of its order")
        elif not self.exchanged:
            raise RefusalError(DENIED, "before the exchange")
        elif func_id in requests.ENTRANCE:
            if self.logged_in and func_id != "dev.login":
                raise RefusalError(DENIED, "logged in already")
        elif not self.logged_in:
            if "before-login" not in self.wrong or self.asked_sn not in self.platform.devices:
                raise RefusalError(DENIED, "before the login")
            self.sn = self.asked_sn
        elif not self.reported and func_id != "dev.report" and "before-report" not in self.wrong:
            raise RefusalError(DENIED, "before the report")

    def _handle(self, func_id: str, message: dict[str, Any]) -> dict[str, Any] | None:
        payload = message.get("payload", {})
        params = payload.get("params") if isinstance(payload, dict) else None
        if params is None and func_id in requests.WITHOUT_PAYLOAD and payload == {}:
            params = {}
        if not isinstance(params, dict):
            raise RefusalError(MALFORMED, "no payload.params")
        return self.handlers[func_id](self, as_strings(params) if "takes-numbers" in self.wrong else params)

    def _exchange(self, func_id: str, message: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        payload = message.get("payload")
        params = payload.get("params") if isinstance(payload, dict) else None
        name = func_id.rsplit(".", 1)[1]
        if not isinstance(params, dict) or not params.get(name) or not isinstance(params[name], str) or not self.key:
            raise RefusalError(MALFORMED, f"no {name}")
        try:
            if name == "publicKey":
                self.peer = self.way.read_public(params[name])
                return {name: self.way.public_text(self.key)}
            theirs = self.way.unwrap(params[name], self.key)
        except ValueError as error:
            raise RefusalError(FORMAT, f"{name}: {error}") from error
        assert self.peer is not None
        ours = bytes(32) if "same-factor" in self.wrong else self.way.new_factor()
        ours = ours[:16] if "short-factor" in self.wrong else ours
        self.exchanged = True
        if self.platform.suite == "rsa-aes":
            inward, extra["\0keys"] = channel.session_keys(theirs, ours)
            self.opener = channel.Opener(inward)
        elif isinstance(self.way, Configurable):
            self.opener, extra["\0keys"] = self.way.directions(theirs, ours)
        return {name: self.way.wrap(ours, self.peer)}

    # --- sending ---

    async def _send(self, message: dict[str, Any]) -> None:
        text = self.style.encode(message)
        async with self._sending:
            with contextlib.suppress(ConnectionClosed):
                if self.sealer is None:
                    await self.ws.send(self.style.fragments(text))
                    return
                if "skips-counter" in self.wrong and self.sealer.counter == 5:
                    self.sealer.counter += 1
                await self.ws.send(self.sealer.seal(text.encode()))

    # --- commands ---

    async def _pump(self) -> None:
        """Send what is queued for the device, never more of it unanswered than the device allows."""
        device = self.device
        while not self.dead:
            await self.wake.wait()
            self.wake.clear()
            most = device.most_pending * (3 if "too-many-pending" in self.wrong else 1)
            while device.queue and len(self.pending) < most:
                command = next((one for one in device.queue if self.platform.listed(self, one.func_id)), None)
                if command is None:
                    break
                device.queue.remove(command)
                mid = self.platform.next_mid()
                self.pending[mid] = command
                command.tries += 1
                params = in_numbers(command.params) if "number-values" in self.wrong else command.params
                self.start(self._watch(mid, command, len(self.platform.uploads)))
                await self._send(self.style.command(command.func_id, mid, {"cmdId": command.cmd_id, **params}))

    async def _watch(self, mid: str, command: Command, uploads: int) -> None:
        """A command without an answer is sent again under its cmdId, with a new mid, a few times."""
        await asyncio.sleep(ANSWER_TIME)
        if self.pending.pop(mid, None) is None:
            since = [pins for sn, pins in self.platform.uploads[uploads:] if sn == self.sn]
            if command.func_id == "cmd.data.query.user" and command.codes[:1] == [SUCCESS] and not since:
                self.platform.observe(self, f"no users within 10 s of the query {command.cmd_id}")
            return
        self.platform.observe(self, f"no answer to {command.func_id} ({command.cmd_id})")
        if command.tries < MOST_TRIES:
            self.device.queue.append(command)
        elif not command.answer.done():
            command.answer.set_result("")
        self.wake.set()

    def _answered(self, message: dict[str, Any], size: int) -> None:
        """An answer to a command gets no reply; one that fits no command is counted and ignored."""
        counts = self.platform.counts
        if "answers-answers" in self.wrong:
            self.start(self._send(self.style.reply("", self.sn, str(message.get("mid")), SUCCESS, "", None)))
        payload = message.get("payload")
        params = payload.get("params") if isinstance(payload, dict) else None
        mid, code = message.get("mid"), message.get("code")
        command = self.pending.get(mid) if isinstance(mid, str) else None
        if command is None or not isinstance(params, dict) or params.get("cmdId") != command.cmd_id:
            counts["answers ignored"] += 1
            self.platform.observe(self, f"an answer that fits no command: mid {mid!r}")
            return
        try:
            only_strings(message)
            if not isinstance(code, str) or not code or not isinstance(message.get("message"), str):
                raise RefusalError(MALFORMED, "code or message missing")
            if size > self.limit:
                raise RefusalError(MALFORMED, "larger than the package limit")
        except RefusalError as refusal:
            counts["answers malformed"] += 1
            self.platform.observe(self, f"a malformed answer to {command.func_id}: {refusal}")
            return
        del self.pending[str(mid)]
        command.codes.append(str(code))
        if command.cmd_id in self.platform.failing_pictures and code == SUCCESS:
            self.platform.observe(self, f"success for a picture that cannot be fetched ({command.cmd_id})")
        if len(set(command.codes)) > 1:
            self.platform.observe(self, f"{command.func_id}, sent twice, was answered {command.codes}")
        if command.again:
            command.again -= 1
            self.device.queue.append(command)
        elif not command.answer.done():
            command.answer.set_result(str(code))
        self.wake.set()
