"""MQTT 3.1.1 packets to bytes, and bytes in any pieces to packets; no socket, no clock.

`decoding` reads what is in a packet; here is where it begins and ends.

Section numbers are the standard's.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from simulator.mqtt.decoding import (
    LENGTHS,
    check_filter,
    check_first_byte,
    check_length,
    check_topic,
    decode,
    with_article,
)
from simulator.mqtt.packets import (
    MOST_IN_FLIGHT,
    MOST_PACKET_BYTES,
    SUBSCRIPTION_FAILED,
    Connack,
    Connect,
    Disconnect,
    MalformedPacket,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)

PINGREQ: Final = b"\xc0\x00"
PINGRESP: Final = b"\xd0\x00"
DISCONNECT: Final = b"\xe0\x00"
_MOST_LENGTH_BYTES: Final = 4
_MOST_TEXT_BYTES: Final = 65_535
_ONLY_ID: Final = {
    Puback: b"\x40\x02",
    Pubrec: b"\x50\x02",
    Pubrel: b"\x62\x02",
    Pubcomp: b"\x70\x02",
    Unsuback: b"\xb0\x02",
}
_EMPTY: Final = {Pingreq: PINGREQ, Pingresp: PINGRESP, Disconnect: DISCONNECT}


_ANY_LENGTH: Final = -1
_NO_LENGTH: Final = -2


def _right_length(first: int) -> int:
    """The remaining length of packets that begin so, `_ANY_LENGTH`, or one that none has."""
    try:
        check_first_byte(first)
    except MalformedPacket:
        return _NO_LENGTH
    return LENGTHS.get(first >> 4, _ANY_LENGTH)


_RIGHT_LENGTHS: Final = tuple(_right_length(first) for first in range(256))


class PacketTooLarge(MalformedPacket):
    """A packet that is over the reader's own limit."""


class Side(Enum):
    """Who reads; each may get some packet types only (2.2.1)."""

    CLIENT = frozenset({2, 3, 4, 5, 6, 7, 9, 11, 13})
    BROKER = frozenset({1, 3, 4, 5, 6, 7, 8, 10, 12, 14})


def encode(packet: Packet) -> bytes:
    """The packet's bytes.

    Raises:
        ValueError: If the standard has no bytes for it: a string too long, with U+0000 or with a surrogate, a packet id
            that is none, a topic with a wildcard, a packet too large. Its text quotes no value.
    """
    if isinstance(packet, Publish):
        return _publish(packet)
    if isinstance(packet, (Puback, Pubrec, Pubrel, Pubcomp, Unsuback)):
        return _ONLY_ID[type(packet)] + _packet_id(packet.packet_id)
    if isinstance(packet, (Pingreq, Pingresp, Disconnect)):
        return _EMPTY[type(packet)]
    if isinstance(packet, Connect):
        return _connect(packet)
    if isinstance(packet, Connack):
        if packet.session_present and packet.code:
            raise ValueError("a CONNACK that refuses has no session present")
        return bytes((0x20, 2, packet.session_present, packet.code))
    if isinstance(packet, Suback):
        if not packet.codes or any(code > 2 and code != SUBSCRIPTION_FAILED for code in packet.codes):
            raise ValueError("a SUBACK has a code of 0, 1, 2 or 128 for each topic filter")
        return _framed(0x90, _packet_id(packet.packet_id) + bytes(packet.codes))
    if isinstance(packet, Subscribe):
        wanted = b"".join(_filter(each) + bytes((_qos(qos),)) for each, qos in packet.filters)
        return _framed(0x82, _packet_id(packet.packet_id) + _some(wanted))
    assert isinstance(packet, Unsubscribe)
    return _framed(0xA2, _packet_id(packet.packet_id) + _some(b"".join(_filter(each) for each in packet.filters)))


def encode_publish(topic: bytes, payload: bytes, qos: int, packet_id: int) -> bytes:
    """A PUBLISH sent for the first time, not retained: the hot path, which trusts its caller.

    Args:
        topic: From `encode_text`.
        packet_id: 1 … 65,535; not looked at with quality of service 0.
    """
    first = 0x30 | qos << 1
    length = len(topic) + len(payload) + (2 if qos else 0)
    if length < 0x80:
        header = bytes((first, length))
    elif length < 0x4000:
        header = bytes((first, length & 0x7F | 0x80, length >> 7))
    else:
        header = bytes((first,)) + encode_length(length)
    if qos:
        return b"".join((header, topic, packet_id.to_bytes(2), payload))
    return b"".join((header, topic, payload))


def encode_puback(packet_id: int) -> bytes:
    """A PUBACK; the hot path, which trusts its caller."""
    return b"\x40\x02" + packet_id.to_bytes(2)


def encode_text(text: str) -> bytes:
    """A string as packets hold it: its length in two bytes, then UTF-8 (1.5.3).

    Raises:
        ValueError: If it is longer than 65,535 bytes, or has U+0000 or a surrogate in it.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string of MQTT has no surrogates in it") from None
    if b"\0" in encoded:
        raise ValueError("a string of MQTT has no U+0000 in it")
    return _binary(encoded)


def encode_length(length: int) -> bytes:
    """A remaining length (2.2.3).

    Raises:
        ValueError: If four bytes do not hold it.
    """
    if length < 0x80:
        return bytes((length,))
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 0x80)
        if not length:
            encoded.append(digit)
            break
        encoded.append(digit | 0x80)
    if len(encoded) > _MOST_LENGTH_BYTES:
        raise ValueError("a packet of MQTT has at most 268,435,455 bytes after its length")
    return bytes(encoded)


def with_dup(publish: bytes) -> bytes:
    """The same PUBLISH of quality of service 1 or 2, marked as sent again (3.3.1.1)."""
    return bytes((publish[0] | 0x08,)) + publish[1:]


def measure(data: bytes | bytearray, at: int, most: int) -> tuple[int, int]:
    """Where the body of the packet that begins at `at` begins and ends; (0, 0) if its header is not all there.

    Args:
        most: Bytes of the largest packet that is taken, its fixed header included.

    Raises:
        MalformedPacket: By what is there already: type, flags, length (`PacketTooLarge`).
    """
    # Nearly all packets are of up to 16 KB and begin as they should: a look at two tables for those.
    if at + 2 < len(data):
        first, length, start = data[at], data[at + 1], at + 2
        if length >= 0x80:
            length += (data[start] << 7) - 0x80
            start += 1
        right = _RIGHT_LENGTHS[first]
        if right in (length, _ANY_LENGTH) and data[start - 1] < 0x80 and start - at + length <= most:
            return start, start + length
    return _measure(data, at, most)


def _measure(data: bytes | bytearray, at: int, most: int) -> tuple[int, int]:
    """As `measure`, one step after the other."""
    have = len(data)
    if at >= have:
        return 0, 0
    first = data[at]
    check_first_byte(first)
    length = shift = 0
    for position in range(at + 1, at + 1 + _MOST_LENGTH_BYTES):
        if position >= have:
            return 0, 0
        digit = data[position]
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            start = position + 1
            check_length(first, length)
            if start - at + length > most:
                raise PacketTooLarge(f"a packet of {start - at + length} bytes; at most {most} are taken")
            return start, start + length
        shift += 7
    raise MalformedPacket("a remaining length of more than four bytes")


class PacketReader:
    """Bytes in, packets out; holds bytes only as long as a packet is half there.

    Args:
        max_packet: Bytes of the largest packet that is taken, its fixed header included. A larger one is refused by its
            header, before its body is there.
        side: Whose packets these are to read; None takes every type.
    """

    __slots__ = ("_allowed", "_at", "_held", "_max_packet", "_needed")

    def __init__(self, max_packet: int = MOST_PACKET_BYTES, side: Side | None = None) -> None:
        self._max_packet = max_packet
        self._allowed: frozenset[int] | None = None if side is None else side.value
        self._held: bytes | bytearray = b""
        self._at = 0
        self._needed = 0  # bytes of `_held` without which the packet that is half there is not worth another look

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete now, each read as the iterator is asked for it.

        What is not asked for stays, and comes with the next call. After `MalformedPacket` nothing more
        can be read.

        Raises:
            MalformedPacket: From the iterator, behind all packets that came before the malformed one.
        """
        if self._at:
            self._held = self._held[self._at :]
            self._needed = max(self._needed - self._at, 0)
            self._at = 0
        if not self._held:
            self._held = data
        else:
            if not isinstance(self._held, bytearray):
                self._held = bytearray(self._held)
            self._held += data
        return self._packets()

    def _packets(self) -> Iterator[Packet]:
        while self._at < len(self._held) >= self._needed:
            at = self._at
            start, end = measure(self._held, at, self._max_packet)
            if self._allowed is not None and (self._held[at] >> 4) not in self._allowed:
                raise MalformedPacket(f"{with_article(self._held[at] >> 4)} from the wrong side")
            if not end or end > len(self._held):
                self._needed = end
                return
            first, body = self._held[at], bytes(self._held[start:end])
            self._at, self._needed = end, 0
            if end == len(self._held):
                self._held, self._at = b"", 0
            yield decode(first, body)


def _publish(packet: Publish) -> bytes:
    _check(check_topic, packet.topic)
    if packet.dup and not packet.qos:
        raise ValueError("DUP goes with quality of service 1 or 2")
    encoded = encode_text(packet.topic) + (_packet_id(packet.packet_id) if _qos(packet.qos) else b"") + packet.payload
    return _framed(0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain, encoded)


def _connect(packet: Connect) -> bytes:
    """With another level than 4, the same fields: what a broker that knows only 4 must refuse by its code."""
    flags = packet.clean_session << 1
    if not 0 <= packet.keep_alive <= _MOST_TEXT_BYTES:
        raise ValueError("keep-alive is 0 … 65,535 seconds")
    fields = [encode_text(packet.client_id)]
    if packet.will is not None:
        _check(check_topic, packet.will.topic)
        flags |= 0x04 | _qos(packet.will.qos) << 3 | packet.will.retain << 5
        fields += [encode_text(packet.will.topic), _binary(packet.will.payload)]
    if packet.username is not None:
        flags |= 0x80
        fields.append(encode_text(packet.username))
    if packet.password is not None:
        if packet.username is None:
            raise ValueError("a password goes with a user name")
        flags |= 0x40
        fields.append(_binary(packet.password))
    head = b"\0\x04MQTT" + bytes((packet.level, flags)) + packet.keep_alive.to_bytes(2)
    return _framed(0x10, head + b"".join(fields))


def _framed(first: int, body: bytes) -> bytes:
    return bytes((first,)) + encode_length(len(body)) + body


def _binary(data: bytes) -> bytes:
    if len(data) > _MOST_TEXT_BYTES:
        raise ValueError(f"a field of MQTT has at most {_MOST_TEXT_BYTES:,} bytes, not {len(data):,}")
    return len(data).to_bytes(2) + data


def _packet_id(packet_id: int) -> bytes:
    if not 0 < packet_id <= MOST_IN_FLIGHT:
        raise ValueError(f"a packet id is 1 … {MOST_IN_FLIGHT:,}")
    return packet_id.to_bytes(2)


def _qos(qos: int) -> int:
    if qos not in (0, 1, 2):
        raise ValueError("a quality of service is 0, 1 or 2")
    return qos


def _filter(topic_filter: str) -> bytes:
    _check(check_filter, topic_filter)
    return encode_text(topic_filter)


def _some(encoded: bytes) -> bytes:
    if not encoded:
        raise ValueError("at least one topic filter is asked for")
    return encoded


def _check(check: Callable[[str], None], text: str) -> None:
    try:
        check(text)
    except MalformedPacket as error:
        raise ValueError(str(error)) from None
