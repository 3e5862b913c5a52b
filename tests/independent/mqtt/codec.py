"""MQTT 3.1.1's control packets as bytes and back, written from the standard; strict in what it reads."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)
NAMES = (
    *("reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK"),
    *("UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "reserved"),
)
_FIXED_FLAGS = {PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}
DUP, RETAIN = 8, 1


class MalformedError(Exception):
    """Bytes that the standard forbids; the text says which rule."""


@dataclass(frozen=True)
class Packet:
    """A control packet as it stands on the wire."""

    kind: int
    flags: int
    body: bytes

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    def __bytes__(self) -> bytes:
        size, left = bytearray(), len(self.body)
        while True:
            left, digit = divmod(left, 128)
            size.append(digit | (128 if left else 0))
            if not left:
                return bytes([self.kind << 4 | self.flags]) + size + self.body


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """The next packet; IncompleteReadError where the stream ends, MalformedError for a wrong head."""
    first = (await reader.readexactly(1))[0]
    kind, flags = first >> 4, first & 15
    size = 0
    for place in range(4):
        digit = (await reader.readexactly(1))[0]
        size |= (digit & 127) << 7 * place
        if digit < 128:
            break
    else:
        raise MalformedError("a remaining length of more than four bytes")
    if kind in (0, 15):
        raise MalformedError("a reserved packet type")
    if kind != PUBLISH and flags != _FIXED_FLAGS.get(kind, 0):
        raise MalformedError(f"{NAMES[kind]} with the flags {flags}")
    return Packet(kind, flags, await reader.readexactly(size))


class _Cursor:
    def __init__(self, packet: Packet) -> None:
        self.left, self.name = packet.body, packet.name

    def take(self, size: int) -> bytes:
        if len(self.left) < size:
            raise MalformedError(f"{self.name} ends too early")
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        return int(struct.unpack(">H", self.take(2))[0])

    def ident(self) -> int:
        number = self.word()
        if not number:
            raise MalformedError(f"{self.name} with the packet id 0")
        return number

    def binary(self) -> bytes:
        return self.take(self.word())

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise MalformedError(f"{self.name}: no UTF-8") from error
        if "\0" in text:
            raise MalformedError(f"{self.name}: U+0000 in a text")
        return text

    def end(self) -> None:
        if self.left:
            raise MalformedError(f"{self.name}: bytes behind its end")


@dataclass(frozen=True)
class Connect:
    client_id: str
    user: str | None = None
    password: bytes | None = None
    keep_alive: int = 60
    clean: bool = False
    will: tuple[str, bytes, int, bool] | None = None
    """(topic, payload, QoS, retain)"""
    name: str = "MQTT"
    level: int = 4

    def packet(self) -> Packet:
        flags = 2 * self.clean | 64 * (self.password is not None) | 128 * (self.user is not None)
        body = _text(self.client_id)
        if self.will:
            topic, payload, qos, retain = self.will
            flags |= 4 | qos << 3 | 32 * retain
            body += _text(topic) + _binary(payload)
        body += _text(self.user) if self.user is not None else b""
        body += _binary(self.password) if self.password is not None else b""
        return Packet(CONNECT, 0, _text(self.name) + struct.pack(">BBH", self.level, flags, self.keep_alive) + body)

    @classmethod
    def read(cls, packet: Packet) -> Connect:
        body = _Cursor(packet)
        name, level = body.text(), body.byte()
        if (name, level) not in (("MQTT", level), ("MQIsdp", 3)):
            raise MalformedError(f"CONNECT for the protocol {name!r} {level}")
        if level != 4:
            return cls("", name=name, level=level)  # what follows is another protocol's
        flags, keep_alive = body.byte(), body.word()
        if flags & 1:
            raise MalformedError("CONNECT with its reserved flag set")
        if flags & 64 and not flags & 128:
            raise MalformedError("CONNECT with a password and no user name")
        client_id, will = body.text(), None
        if flags & 4:
            will = (_topic(body.text()), body.binary(), flags >> 3 & 3, bool(flags & 32))
        if (not will and flags & 0b111000) or (flags >> 3 & 3) == 3:
            raise MalformedError("CONNECT with wrong flags of a will")
        user = body.text() if flags & 128 else None
        password = body.binary() if flags & 64 else None
        body.end()
        return cls(client_id, user, password, keep_alive, bool(flags & 2), will, name, level)


@dataclass(frozen=True)
class Publish:
    topic: str
    payload: bytes
    qos: int = 0
    ident: int = 0
    dup: bool = False
    retain: bool = False

    def packet(self) -> Packet:
        ident = struct.pack(">H", self.ident) if self.qos else b""
        return Packet(PUBLISH, 8 * self.dup | self.qos << 1 | self.retain, _text(self.topic) + ident + self.payload)

    @classmethod
    def read(cls, packet: Packet) -> Publish:
        body, qos = _Cursor(packet), packet.flags >> 1 & 3
        if qos == 3:
            raise MalformedError("PUBLISH with QoS 3")
        dup, retain = bool(packet.flags & DUP), bool(packet.flags & RETAIN)
        if dup and not qos:
            raise MalformedError("PUBLISH with DUP and QoS 0")
        topic = _topic(body.text())
        return cls(topic, body.left[2:] if qos else body.left, qos, body.ident() if qos else 0, dup, retain)


def _topic(text: str) -> str:
    if not text or "+" in text or "#" in text:
        raise MalformedError("no topic, or a wildcard as a topic")
    return text


def _binary(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _text(text: str) -> bytes:
    return _binary(text.encode())


def connack(code: int, present: bool = False) -> Packet:
    return Packet(CONNACK, 0, bytes([present, code]))


def read_connack(packet: Packet) -> tuple[bool, int]:
    """(session present, return code)"""
    body = _Cursor(packet)
    flags, code = body.byte(), body.byte()
    body.end()
    if flags > 1 or (flags and code):
        raise MalformedError(f"CONNACK with flags {flags} and code {code}")
    return bool(flags), code


def acknowledgement(kind: int, ident: int) -> Packet:
    """PUBACK and its like, UNSUBACK."""
    return Packet(kind, _FIXED_FLAGS.get(kind, 0), struct.pack(">H", ident))


def read_ident(packet: Packet) -> int:
    body = _Cursor(packet)
    ident = body.ident()
    body.end()
    return ident


def subscribe(ident: int, *filters: tuple[str, int]) -> Packet:
    return Packet(
        SUBSCRIBE, 2, struct.pack(">H", ident) + b"".join(_text(name) + bytes([qos]) for name, qos in filters)
    )


def read_subscribe(packet: Packet) -> tuple[int, list[tuple[str, int]]]:
    body = _Cursor(packet)
    ident, filters = body.ident(), []
    while body.left:
        name, qos = body.text(), body.byte()
        if not name or qos > 2:
            raise MalformedError("SUBSCRIBE with an empty filter or a QoS above 2")
        filters.append((name, qos))
    if not filters:
        raise MalformedError("SUBSCRIBE without a filter")
    return ident, filters


def read_unsubscribe(packet: Packet) -> tuple[int, list[str]]:
    body = _Cursor(packet)
    ident, filters = body.ident(), []
    while body.left:
        filters.append(body.text())
    if not filters or "" in filters:
        raise MalformedError("UNSUBSCRIBE without a filter")
    return ident, filters


def suback(ident: int, *codes: int) -> Packet:
    return Packet(SUBACK, 0, struct.pack(">H", ident) + bytes(codes))


def read_suback(packet: Packet) -> tuple[int, bytes]:
    body = _Cursor(packet)
    ident = body.ident()
    if not body.left or any(code not in (0, 1, 2, 128) for code in body.left):
        raise MalformedError("SUBACK with wrong codes")
    return ident, body.left


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic is one of a filter's."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in "+#":
        return False
    for place, one in enumerate(wanted):
        if one == "#":
            return True
        if place >= len(levels) or one not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


def check_filter(pattern: str) -> None:
    """A topic filter as it may be written; MalformedError."""
    levels = pattern.split("/")
    for place, level in enumerate(levels):
        if ("+" in level and level != "+") or ("#" in level and (level != "#" or place != len(levels) - 1)):
            raise MalformedError("a wildcard where none may stand")


def check(packet: Packet) -> None:
    """All that the standard says of one packet; MalformedError."""
    kind = packet.kind
    if kind in (SUBSCRIBE, UNSUBSCRIBE):
        names = [name for name, _ in read_subscribe(packet)[1]] if kind == SUBSCRIBE else read_unsubscribe(packet)[1]
        for name in names:
            check_filter(name)
    elif kind in (PINGREQ, PINGRESP, DISCONNECT):
        if packet.body:
            raise MalformedError(f"{packet.name} with a body")
    else:
        readers = {CONNECT: Connect.read, CONNACK: read_connack, PUBLISH: Publish.read, SUBACK: read_suback}
        readers.get(kind, read_ident)(packet)
