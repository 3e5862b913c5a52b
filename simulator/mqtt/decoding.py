"""From the bytes of one MQTT 3.1.1 packet to its value, refusing whatever the standard forbids.

Where a packet begins and ends is the codec's affair.

Section numbers, and numbers such as [3.1.2-3], are the standard's.
"""

from collections.abc import Callable
from typing import Final

from simulator.mqtt.packets import (
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
    Will,
)

NAMES: Final = (
    "",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "",
)
"""By packet type; 0 and 15 are reserved (2.2.1)."""
PUBLISH: Final = 3
_SUBSCRIBES: Final = frozenset({6, 8, 10})
"""The types whose flags are 0010: PUBREL, SUBSCRIBE, UNSUBSCRIBE (2.2.2)."""
LENGTHS: Final = {2: 2, 4: 2, 5: 2, 6: 2, 7: 2, 11: 2, 12: 0, 13: 0, 14: 0}
"""The remaining length of the packets that have but one."""
_PROTOCOL_LEVEL: Final = 4
_OLD_NAMES: Final = ("MQIsdp",)
"""How MQTT before 3.1.1 called itself: read so that it can be refused by its level, in words that its client knows."""


def check_first_byte(first: int) -> None:
    """Refuse a packet by its type and its flags, before anything else of it is there.

    Raises:
        MalformedPacket: If there is no such type, or the flags are not those of the type.
    """
    kind, flags = first >> 4, first & 0x0F
    if not NAMES[kind]:
        raise MalformedPacket(f"packet type {kind} is reserved")
    if kind == PUBLISH:
        qos = (flags >> 1) & 3
        if qos == 3:
            raise MalformedPacket("a PUBLISH with quality of service 3")
        if qos == 0 and flags & 0x08:
            raise MalformedPacket("a PUBLISH with DUP and quality of service 0")
    elif flags != (0x02 if kind in _SUBSCRIBES else 0):
        raise MalformedPacket(f"{with_article(kind)} with reserved flags {flags:04b}")


def check_length(first: int, length: int) -> None:
    """Refuse a remaining length that no packet of this type has.

    Raises:
        MalformedPacket: If so.
    """
    right = LENGTHS.get(first >> 4)
    if right is not None and length != right:
        raise MalformedPacket(f"{with_article(first >> 4)} with {length} bytes after its length; {right} are right")


def decode(first: int, body: bytes) -> Packet:
    """The packet whose fixed header begins with `first` and whose remaining bytes are `body`.

    Raises:
        MalformedPacket: If the standard forbids it.
    """
    check_first_byte(first)
    check_length(first, len(body))
    kind = first >> 4
    if kind == PUBLISH:
        return _publish(first & 0x0F, body)
    return _READERS[kind](body)


def check_topic(topic: str) -> None:
    """Refuse what is no topic name (4.7).

    Raises:
        MalformedPacket: If it is empty or has a wildcard in it.
    """
    if not topic:
        raise MalformedPacket("an empty topic name")
    if "+" in topic or "#" in topic:
        raise MalformedPacket("a topic name with a wildcard")


def check_filter(topic_filter: str) -> None:
    """Refuse what is no topic filter (4.7).

    Raises:
        MalformedPacket: If it is empty or has a wildcard where none may stand.
    """
    if not topic_filter:
        raise MalformedPacket("an empty topic filter")
    if "+" not in topic_filter and "#" not in topic_filter:
        return
    levels = topic_filter.split("/")
    last = len(levels) - 1
    for number, level in enumerate(levels):
        if "+" in level and level != "+":
            raise MalformedPacket("a topic filter with + beside other characters of its level")
        if "#" in level and (level != "#" or number != last):
            raise MalformedPacket("a topic filter with # that is not alone in its last level")


class _Body:
    """The bytes of a packet after its fixed header, read from front to back."""

    __slots__ = ("_at", "_bytes", "_name")

    def __init__(self, kind: int, body: bytes) -> None:
        self._name = with_article(kind)
        self._bytes = body
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._bytes):
            raise MalformedPacket(f"{self._name} that ends in the middle of a field")
        taken = self._bytes[self._at : end]
        self._at = end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Two bytes (1.5.2)."""
        high, low = self.take(2)
        return high << 8 | low

    def packet_id(self) -> int:
        packet_id = self.number()
        if packet_id == 0:
            raise MalformedPacket(f"{self._name} with packet id 0")
        return packet_id

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return _text(self.binary(), self._name)

    def rest(self) -> bytes:
        return self.take(len(self._bytes) - self._at)

    def __bool__(self) -> bool:
        return self._at < len(self._bytes)

    def end(self) -> None:
        if self:
            raise MalformedPacket(f"{self._name} with {len(self._bytes) - self._at} bytes too many")


def _text(encoded: bytes, name: str) -> str:
    """A string (1.5.3): UTF-8 without surrogates and without U+0000."""
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise MalformedPacket(f"{name} with a string that is no UTF-8") from None
    if "\0" in text:
        raise MalformedPacket(f"{name} with U+0000 in a string")
    return text


def with_article(kind: int) -> str:
    """A packet type in a sentence."""
    name = NAMES[kind]
    return f"{'an' if name[0] == 'U' else 'a'} {name}"


def _publish(flags: int, body: bytes) -> Publish:
    reader = _Body(PUBLISH, body)
    topic = reader.text()
    check_topic(topic)
    qos = (flags >> 1) & 3
    packet_id = reader.packet_id() if qos else 0
    return Publish(topic, reader.rest(), qos, packet_id, dup=bool(flags & 0x08), retain=bool(flags & 0x01))


def _connect(body: bytes) -> Connect:
    reader = _Body(1, body)
    name, level = reader.text(), reader.byte()
    if name in _OLD_NAMES and level != _PROTOCOL_LEVEL:
        return Connect(client_id="", clean_session=True, keep_alive=0, level=level)
    if name != "MQTT":
        raise MalformedPacket("a CONNECT whose protocol name is not MQTT")
    if level != _PROTOCOL_LEVEL:
        return Connect(client_id="", clean_session=True, keep_alive=0, level=level)
    flags = reader.byte()
    _check_connect_flags(flags)
    keep_alive = reader.number()
    client_id = reader.text()
    will = None
    if flags & 0x04:
        topic = reader.text()
        check_topic(topic)
        will = Will(topic=topic, payload=reader.binary(), qos=(flags >> 3) & 3, retain=bool(flags & 0x20))
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    reader.end()
    return Connect(
        client_id=client_id,
        clean_session=bool(flags & 0x02),
        keep_alive=keep_alive,
        username=username,
        password=password,
        will=will,
    )


def _check_connect_flags(flags: int) -> None:
    if flags & 0x01:
        raise MalformedPacket("a CONNECT with its reserved flag set")  # [3.1.2-3]
    if flags & 0x04:
        if flags & 0x18 == 0x18:
            raise MalformedPacket("a CONNECT whose will has quality of service 3")  # [3.1.2-14]
    elif flags & 0x38:
        raise MalformedPacket("a CONNECT with flags of a will and without a will")  # [3.1.2-13], [3.1.2-15]
    if flags & 0x40 and not flags & 0x80:
        raise MalformedPacket("a CONNECT with a password and without a user name")  # [3.1.2-22]


def _connack(body: bytes) -> Connack:
    flags, code = body
    if flags & 0xFE:
        raise MalformedPacket("a CONNACK with reserved flags set")
    if flags and code:
        raise MalformedPacket(f"a CONNACK that refuses (code {code}) and says that the session is present")  # [3.2.2-4]
    return Connack(bool(flags), code)


def _subscribe(body: bytes) -> Subscribe:
    reader = _Body(8, body)
    packet_id = reader.packet_id()
    filters = []
    while reader:
        topic_filter, qos = reader.text(), reader.byte()
        check_filter(topic_filter)
        if qos > 2:
            raise MalformedPacket(f"a SUBSCRIBE with quality of service {qos}")
        filters.append((topic_filter, qos))
    if not filters:
        raise MalformedPacket("a SUBSCRIBE without a topic filter")
    return Subscribe(packet_id, tuple(filters))


def _suback(body: bytes) -> Suback:
    reader = _Body(9, body)
    packet_id = reader.packet_id()
    codes = tuple(reader.rest())
    if not codes:
        raise MalformedPacket("a SUBACK without a code")
    for code in codes:
        if code > 2 and code != SUBSCRIPTION_FAILED:
            raise MalformedPacket(f"a SUBACK with code {code}")
    return Suback(packet_id, codes)


def _unsubscribe(body: bytes) -> Unsubscribe:
    reader = _Body(10, body)
    packet_id = reader.packet_id()
    filters = []
    while reader:
        topic_filter = reader.text()
        check_filter(topic_filter)
        filters.append(topic_filter)
    if not filters:
        raise MalformedPacket("an UNSUBSCRIBE without a topic filter")
    return Unsubscribe(packet_id, tuple(filters))


def _only_id(kind: int, make: Callable[[int], Packet]) -> Callable[[bytes], Packet]:
    return lambda body: make(_Body(kind, body).packet_id())


def _empty(packet: Packet) -> Callable[[bytes], Packet]:
    return lambda _body: packet


_READERS: Final[dict[int, Callable[[bytes], Packet]]] = {
    1: _connect,
    2: _connack,
    4: _only_id(4, Puback),
    5: _only_id(5, Pubrec),
    6: _only_id(6, Pubrel),
    7: _only_id(7, Pubcomp),
    8: _subscribe,
    9: _suback,
    10: _unsubscribe,
    11: _only_id(11, Unsuback),
    12: _empty(Pingreq()),
    13: _empty(Pingresp()),
    14: _empty(Disconnect()),
}
