"""The other side of every measured MQTT client: a broker that speaks just enough 3.1.1 to send each PUBLISH back.

It knows one subscription a connection and trusts what it reads. Raw bytes on asyncio transports, so that it stays well
ahead of the clients.
"""

import asyncio
from typing import cast

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
PINGRESP = b"\xd0\x00"


class EchoSession(asyncio.Protocol):
    """One client: what it publishes comes back on the topic that it subscribed to, with the same quality of service."""

    __slots__ = ("_down", "_last_id", "_rest", "_transport")

    def __init__(self) -> None:
        self._rest = b""
        self._down = b""
        self._last_id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at = 0
        answers: list[bytes] = []
        while (found := whole_packet(data, at)) is not None:
            start, end = found
            answers.append(self.packet(data[at], data[start:end]))
            at = end
        self._rest = data[at:]
        if not self._transport.is_closing():
            self._transport.write(b"".join(answers))

    def packet(self, first: int, body: bytes) -> bytes:
        """The answer to one packet; empty where there is none."""
        kind = first >> 4
        if kind == PUBLISH:
            return self.published(first, body)
        if kind == CONNECT:
            return self.connected(body)
        if kind == SUBSCRIBE:
            self._down = text(body, 2)
            return bytes((SUBACK << 4, 3)) + body[:2] + body[-1:]
        if kind == PINGREQ:
            return self.pinged()
        if kind == DISCONNECT:
            self._transport.close()
        return b""

    def connected(self, body: bytes) -> bytes:
        return bytes((CONNACK << 4, 2, 0, 0))

    def pinged(self) -> bytes:
        return PINGRESP

    def published(self, first: int, body: bytes) -> bytes:
        """The acknowledgement, if there must be one, and the echo."""
        topic_end = 2 + (body[0] << 8 | body[1])
        if not first & 0x06:
            return publish(self._down, b"", body[topic_end:], 0)
        self._last_id = self._last_id % 0xFFFF + 1
        packet_id = body[topic_end : topic_end + 2]
        echo = publish(self._down, self._last_id.to_bytes(2, "big"), body[topic_end + 2 :], 1)
        return bytes((PUBACK << 4, 2)) + packet_id + echo


def whole_packet(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None if it is not there as a whole."""
    length, shift, start = 0, 0, at + 1
    while start < len(data):
        byte = data[start]
        length |= (byte & 0x7F) << shift
        shift += 7
        start += 1
        if not byte & 0x80:
            return (start, start + length) if start + length <= len(data) else None
    return None


def text(body: bytes, at: int) -> bytes:
    """The string at `at`, without its length."""
    return body[at + 2 : at + 2 + (body[at] << 8 | body[at + 1])]


def publish(topic: bytes, packet_id: bytes, payload: bytes, qos: int) -> bytes:
    """A PUBLISH as it goes over the wire."""
    body = len(topic).to_bytes(2, "big") + topic + packet_id + payload
    return bytes((PUBLISH << 4 | qos << 1,)) + remaining_length(len(body)) + body


def remaining_length(length: int) -> bytes:
    """The fixed header's length field."""
    out = bytearray()
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    return bytes(out)
