"""A platform in memory for tests of the device: scripted answers, and a strict eye on everything a device sends.

It checks what an independent strict platform would: each message against the catalogue, the order of the initial flow,
mids, sizes, negotiated funcIds, files, logIds, heartbeats, answers to commands. What it finds wrong goes into
`Platform.violations`, which the harness expects to be empty at the end of every test."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from simulator.clock import TimerQueue
from simulator.protocol.broker import BrokerAnswer, LookupQuery, check_lookup, parse_query_string
from simulator.protocol.catalogue import CATALOGUE, OVER_PUBLISH_SUBSCRIBE
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.channel.base import ChannelSuite, ChannelViolation, KeySource
from simulator.protocol.envelope import encode_command, encode_reply, params_of
from simulator.protocol.times import parse_iso
from tests.device.answers import Answer, Message, usual

SIX = {"dev.register", "dev.accredit", "dev.login", "dev.report", "cmd.dev.response", "dev.cmd.response"}
EXCHANGES = {"device.exchange.publicKey", "device.exchange.factor"}
ALL_TYPES = ":".join("1" * 10)


@dataclass(slots=True)
class Seen:
    """A message of the device."""

    at: float
    link: Link
    message: Message
    size: int
    """Bytes of its JSON."""

    @property
    def func_id(self) -> str:
        return str(self.message.get("funcId"))

    @property
    def params(self) -> Message:
        return params_of(self.message)


@dataclass(slots=True)
class Upload:
    """A file that comes in pieces."""

    size: int
    checksum: str
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False


class Link:
    """The platform's end of one connection."""

    def __init__(self, platform: Platform, url: str, index: int) -> None:
        self.platform = platform
        self.url = url
        self.index = index
        self.channel = platform.suite.platform_side(platform.keys)
        self.logged_in = False
        self.reported = False
        self.report_answered: float | None = None
        self.open = True
        self.close_received: tuple[int, str] | None = None
        self.seen: list[Seen] = []
        self.files: dict[str, Upload] = {}
        self.func_ids: list[str] | None = None
        self.deliver: Callable[[bytes, bool], None] = lambda payload, binary: None
        self.end: Callable[[int], None] = lambda code: None

    # --- What the device sends ---

    def receive(self, payload: bytes, binary: bool) -> None:
        platform = self.platform
        try:
            data = self.channel.open(payload, binary)
            message = orjson.loads(data)
        except (ChannelViolation, orjson.JSONDecodeError) as error:
            platform.violation(f"unreadable frame: {error}")
            self.close(1008)
            return
        seen = Seen(platform.timers.clock.monotonic(), self, message, len(data))
        self.seen.append(seen)
        platform.seen.append(seen)
        platform.check(seen)
        if seen.func_id == "dev.cmd.response":
            return
        scripted = platform.scripts.get(seen.func_id)
        if scripted:
            scripted.pop(0)(self, message)
        else:
            platform.standing.get(seen.func_id, usual)(self, message)

    # --- What the platform says ---

    def reply(self, message: Message, code: str = "00000000", *, results: Mapping[str, Any] | None = None) -> None:
        bare = message["funcId"] in EXCHANGES
        text = "success" if code == "00000000" else "refused"
        data = encode_reply(message["mid"], code, text, results=results, func_id=None if bare else "cmd.dev.response")
        self.transmit_json(data)

    def say(self, message: Mapping[str, Any]) -> None:
        """Any JSON object, sealed as it should be."""
        self.transmit_json(orjson.dumps(message))

    def command(
        self, func_id: str, *, mid: str | None = None, cmd_id: str | None = None, imme: str | None = None, **params: Any
    ) -> str:
        """Send a command; returns its cmdId."""
        platform = self.platform
        platform.command_count += 1
        mid = mid or f"p{platform.command_count}"
        cmd_id = cmd_id or f"c{platform.command_count}"
        platform.commands.append((mid, cmd_id))
        self.transmit_json(encode_command(func_id, mid, {"cmdId": cmd_id, **params}, imme=imme))
        return cmd_id

    def transmit_json(self, data: bytes) -> None:
        if self.open:
            payload, binary = self.channel.seal(data)
            self.deliver(payload, binary)

    def transmit(self, payload: bytes, binary: bool = False) -> None:
        """A frame as it is."""
        if self.open:
            self.deliver(payload, binary)

    def close(self, code: int = 1001) -> None:
        if self.open:
            self.open = False
            self.end(code)

    def answer(self, message: Message) -> None:
        """The answer of a platform that agrees."""
        platform = self.platform
        func_id, params = message["funcId"], params_of(message)
        match func_id:
            case "device.exchange.publicKey":
                self.reply(message, results=self.channel.answer_public_key(params))
            case "device.exchange.factor":
                self.reply(message, results=self.channel.answer_factor(params))
                self.channel.established()
            case "dev.register":
                platform.registrations += 1
                self.reply(message, results={"authCode": f"auth{platform.registrations}"})
            case "dev.accredit":
                self.reply(message, results={"secret": f"secret-of-{params['authCode']}"})
            case "dev.login":
                if params["secret"] == f"secret-of-{params['authCode']}":
                    self.logged_in = True
                    self.reply(message)
                else:
                    self.reply(message, "E0010004")
            case "dev.report":
                self.reported = True
                self.report_answered = platform.timers.clock.monotonic()
                self.func_ids = platform.terms.get("funcIds")
                self.reply(message, results=platform.terms)
            case "dev.system.sync.time":
                self.reply(message, results={"time": platform.time})
            case "dev.data.upload.verifyLog":
                for record in params["verifyLog"]:
                    platform.records[record["logId"]] = record
                self.reply(message)
            case "dev.data.upload.verifyPhoto" | "dev.data.upload.userPhoto" | "dev.data.upload.bioPhoto":
                for item in next(iter(params.values())):
                    file_id = item.get("contentFileId")
                    if file_id and file_id not in platform.completed:
                        self.reply(message, "E0000004")
                        return
                    data = platform.completed.pop(file_id) if file_id else base64.b64decode(item["content"])
                    platform.pictures.append((func_id, item, data))
                self.reply(message)
            case _:
                self.reply(message)

    def messages(self, func_id: str) -> list[Seen]:
        """What this connection brought of one funcId."""
        return [seen for seen in self.seen if seen.func_id == func_id]

    @property
    def order(self) -> list[str]:
        """The funcIds of this connection in their order."""
        return [seen.func_id for seen in self.seen]


class Platform:
    """What all connections of a test share."""

    def __init__(self, timers: TimerQueue, suite: ChannelSuite, keys: KeySource) -> None:
        self.timers = timers
        self.suite = suite
        self.keys = keys
        self.links: list[Link] = []
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.scripts: dict[str, list[Answer]] = {}
        self.standing: dict[str, Answer] = {}
        self.terms: Message = {
            "timezone": "+08:00",
            "supportHeartbeat": "1",
            "heartbeatInterval": "60",
            "multiBioDataSupport": ALL_TYPES,
            "multiBioPhotoSupport": ALL_TYPES,
        }
        self.time = "2024-06-26T12:00:00+08:00"
        self.package_bytes = 64 * 1024
        self.secret_keys: dict[str, str] = {}
        self.registrations = 0
        self.records: dict[str, Message] = {}
        self.pictures: list[tuple[str, Message, bytes]] = []
        """What came of pictures: funcId, item, bytes."""
        self.commands: list[tuple[str, str]] = []
        self.command_count = 0
        self.lenient = False
        """Whether answers to commands without mid or cmdId are due, which no valid message can be."""
        self._mids: set[str] = set()
        self._nonces: set[str] = set()
        self._log_ids: dict[int, int] = defaultdict(int)
        self._seen_records: set[str] = set()
        self.completed: dict[str, bytes] = {}
        """Files that arrived whole and were not used yet, over all connections."""

    # --- For the tests ---

    def script(self, func_id: str, *answers: Answer) -> None:
        """Answer the next requests of `func_id` so, and then as usual."""
        self.scripts.setdefault(func_id, []).extend(answers)

    def always(self, func_id: str, answer: Answer) -> None:
        """Answer `func_id` so from now on."""
        self.standing[func_id] = answer

    @property
    def link(self) -> Link:
        """The latest connection."""
        return self.links[-1]

    def sent(self, func_id: str) -> list[Seen]:
        """What all connections brought of one funcId."""
        return [seen for seen in self.seen if seen.func_id == func_id]

    def answers_to(self, cmd_id: str) -> list[Message]:
        """The `dev.cmd.response` messages for a command."""
        return [seen.message for seen in self.sent("dev.cmd.response") if seen.params.get("cmdId") == cmd_id]

    def code_of(self, cmd_id: str) -> str | None:
        """How a command was answered; None when it was not."""
        answers = self.answers_to(cmd_id)
        return answers[-1]["code"] if answers else None

    def violation(self, text: str) -> None:
        self.violations.append(text)

    def after(self, seconds: float, answer: Answer, link: Link, message: Message) -> None:
        self.timers.call_later(seconds, answer, link, message)

    # --- The look-up ---

    def look_up(
        self, query: str, url: str, root_ca: str | None, wall_ms: int, pair: tuple[str | None, str | None]
    ) -> bytes:
        """The body for a look-up's query string, which has to be right; `pair` is a certificate and its key."""
        parsed = parse_query_string(query)
        if not isinstance(parsed, LookupQuery):
            self.violation(f"look-up: {parsed}")
            return BrokerAnswer.refusal(parsed).encode()
        secret_key = self.secret_keys.get(parsed.sn)
        seen = f"{parsed.sn} {parsed.nonce}" in self._nonces
        self._nonces.add(f"{parsed.sn} {parsed.nonce}")
        problem = check_lookup(parsed, secret_key=secret_key, now_ms=wall_ms, nonce_seen=seen)
        if problem is not None:
            self.violation(f"look-up: {problem}")
            return BrokerAnswer.refusal(problem).encode()
        own = {"certificate": pair[0], "private_key": pair[1]}
        return BrokerAnswer(code="00000000", message="success", url=url, root_ca=root_ca, **own).encode()

    # --- The strict eye ---

    def check(self, seen: Seen) -> None:
        message, link = seen.message, seen.link
        over_mqtt = link.url.startswith("mqtt")
        problem = validate_request(message, catalogue=OVER_PUBLISH_SUBSCRIBE if over_mqtt else CATALOGUE)
        if problem is not None and not (self.lenient and seen.func_id == "dev.cmd.response"):
            self.violation(f"{seen.func_id}: {problem}")
        if seen.size > self.package_bytes:
            self.violation(f"{seen.func_id}: a package of {seen.size} bytes")
        if seen.func_id == "dev.cmd.response":
            self._check_answer(seen)
        else:
            mid = f"{link.index} {message.get('mid')}"
            if mid in self._mids:
                self.violation(f"{seen.func_id}: mid {mid} was used before")
            self._mids.add(mid)
        self._check_order(seen)
        if problem is not None or not link.reported:
            return
        match seen.func_id:
            case "dev.data.upload.verifyLog":
                self._check_records(seen)
            case "dev.heartbeat":
                self._check_heartbeat(seen)
            case name if name.startswith("dev.file."):
                self._check_file(seen)
            case "dev.data.upload.verifyPhoto" | "dev.data.upload.userPhoto" | "dev.data.upload.bioPhoto":
                for item in next(iter(seen.params.values())):
                    if item.get("contentFileId", "") not in {"", *self.completed}:
                        self.violation(f"{seen.func_id}: unknown file")

    def _check_order(self, seen: Seen) -> None:
        link, func_id = seen.link, seen.func_id
        before = [other.func_id for other in link.seen[:-1]]
        if func_id in EXCHANGES:
            if before != (["device.exchange.publicKey"] if func_id.endswith("factor") else []):
                self.violation(f"{func_id} after {before}")
            return
        if link.channel.has_exchange and set(before[:2]) != EXCHANGES:
            self.violation(f"{func_id} before the exchange")
        if func_id in ("dev.register", "dev.accredit", "dev.login"):
            if link.logged_in:
                self.violation(f"{func_id} after the login")
        elif func_id == "dev.report":
            if not link.logged_in or link.reported:
                self.violation("dev.report out of turn")
        elif not link.reported:
            self.violation(f"{func_id} before the reply to dev.report")
        elif link.func_ids is not None and func_id not in {*link.func_ids, *SIX, "dev.heartbeat"}:
            self.violation(f"{func_id} was not negotiated")

    def _check_answer(self, seen: Seen) -> None:
        pair = (str(seen.message.get("mid")), str(seen.params.get("cmdId")))
        if pair not in self.commands and not self.lenient:
            self.violation(f"an answer to no command: mid {pair[0]}, cmdId {pair[1]}")

    def _check_records(self, seen: Seen) -> None:
        for record in seen.params["verifyLog"]:
            log_id = int(record["logId"])
            highest = self._log_ids[seen.link.index]
            if log_id > highest:
                self._log_ids[seen.link.index] = log_id
            elif record["logId"] not in self._seen_records:
                self.violation(f"record {log_id} is sent first after record {highest}")
            self._seen_records.add(record["logId"])
            expected = record["status"] if record["status"] in ("0", "1") else "255"
            if record["recodeType"] != expected:
                self.violation(f"recodeType {record['recodeType']} with status {record['status']}")
            parse_iso(record["verifyTime"])

    def _check_heartbeat(self, seen: Seen) -> None:
        if self.terms.get("supportHeartbeat") == "0":
            self.violation("a heartbeat that nobody wants")
        interval = self.heartbeat_interval
        earlier = [beat.at for beat in seen.link.messages("dev.heartbeat")[:-1]]
        if earlier:
            if abs(seen.at - earlier[-1] - interval) > 1e-6:
                self.violation(f"a heartbeat {seen.at - earlier[-1]:.3f} s after the last, not {interval}")
        elif seen.link.report_answered is None or seen.at - seen.link.report_answered > interval + 1e-6:
            self.violation("the first heartbeat is late")

    @property
    def heartbeat_interval(self) -> float:
        """What a device has to make of the terms."""
        text = self.terms.get("heartbeatInterval")
        return float(text) if text and text.isdigit() and int(text) else 60.0

    def _check_file(self, seen: Seen) -> None:
        files, params = seen.link.files, seen.params
        file_id = params["fileId"]
        if seen.func_id == "dev.file.upload.start":
            files[file_id] = Upload(int(params["size"]), params.get("checksum", ""))
            self.completed.pop(file_id, None)
            return
        file = files.get(file_id)
        if file is None or file.complete:
            self.violation(f"{seen.func_id} for no file that has begun")
        elif seen.func_id == "dev.file.upload.package":
            if int(params["offset"]) != len(file.data):
                self.violation(f"offset {params['offset']} where {len(file.data)} is due")
            file.data += base64.b64decode(params["content"], validate=True)
        else:
            if len(file.data) != file.size:
                self.violation(f"a file of {len(file.data)} bytes, not {file.size}")
            if hashlib.md5(file.data).hexdigest() != file.checksum:
                self.violation("a file with a wrong checksum")
            file.complete = True
            self.completed[file_id] = bytes(file.data)
