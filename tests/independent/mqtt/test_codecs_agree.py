"""The project's codec and the independent one: the same bytes for the same packets, and the same refusals."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from simulator.mqtt import packets
from simulator.mqtt.codec import PacketReader, encode, with_dup
from tests.independent.mqtt import codec
from tests.independent.mqtt.codec import Connect, MalformedError, Packet, Publish

TEXTS = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TOPICS = some.text(some.characters(exclude_characters="\0+#", exclude_categories=["Cs"]), min_size=1, max_size=20)
DATA = some.binary(max_size=300)
IDS = some.integers(1, 65535)


@some.composite
def connects(draw: Any) -> Connect:
    user = draw(some.none() | TEXTS)
    will = draw(some.none() | some.tuples(TOPICS, DATA, some.integers(0, 2), some.booleans()))
    password = draw(some.none() | DATA) if user is not None else None
    return Connect(draw(TEXTS), user, password, draw(some.integers(0, 65535)), draw(some.booleans()), will)


@some.composite
def publishes(draw: Any) -> Publish:
    qos = draw(some.integers(0, 2))
    dup = draw(some.booleans()) and qos > 0
    return Publish(draw(TOPICS), draw(DATA), qos, draw(IDS) if qos else 0, dup, draw(some.booleans()))


ACKS = (codec.PUBACK, codec.PUBREC, codec.PUBREL, codec.PUBCOMP, codec.UNSUBACK)
PACKETS = some.one_of(
    connects().map(Connect.packet),
    publishes().map(Publish.packet),
    some.builds(codec.connack, some.integers(1, 5)),
    some.builds(codec.connack, some.just(0), some.booleans()),
    some.builds(codec.acknowledgement, some.sampled_from(ACKS), IDS),
    some.builds(
        lambda ident, found: codec.subscribe(ident, *found),
        IDS,
        some.lists(some.tuples(TOPICS, some.integers(0, 2)), min_size=1, max_size=3),
    ),
    some.builds(
        lambda ident, codes: codec.suback(ident, *codes),
        IDS,
        some.lists(some.sampled_from((0, 1, 2, 128)), min_size=1, max_size=3),
    ),
    some.sampled_from((codec.PINGREQ, codec.PINGRESP, codec.DISCONNECT)).map(lambda kind: Packet(kind, 0, b"")),
)


def theirs(data: bytes) -> list[packets.Packet]:
    """What the project reads; MalformedPacket."""
    return list(PacketReader().feed(data))


def ours(data: bytes) -> bool:
    """Read all of it; whether the end of a packet is missing; MalformedError."""

    async def read() -> bool:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        while not reader.at_eof():
            try:
                packet = await codec.read_packet(reader)
            except asyncio.IncompleteReadError:
                return True
            codec.check(packet)
        return False

    return asyncio.run(read())


@given(PACKETS)
def test_the_same_bytes(packet: Packet) -> None:
    data = bytes(packet)
    (read,) = theirs(data)
    assert encode(read) == data


@given(publishes().filter(lambda one: one.qos == 1 and not one.dup))
def test_dup_is_the_only_difference(publish: Publish) -> None:
    packet = publish.packet()
    again = with_dup(bytes(packet))
    assert again == bytes(Packet(packet.kind, packet.flags | codec.DUP, packet.body))


@settings(max_examples=150)
@given(PACKETS, some.data())
def test_the_same_refusals(packet: Packet, data: Any) -> None:
    """A byte is changed, put in or taken out."""
    spoilt = bytearray(bytes(packet))
    place = data.draw(some.integers(0, len(spoilt) - 1))
    match data.draw(some.integers(0, 2)):
        case 0:
            spoilt[place] = data.draw(some.integers(0, 255))
        case 1:
            spoilt.insert(place, data.draw(some.integers(0, 255)))
        case _:
            del spoilt[place]
    try:
        theirs(bytes(spoilt))
        refused = ""
    except packets.MalformedPacket as error:
        refused = str(error) or "refused"
    wrong, incomplete = "", False
    try:
        incomplete = ours(bytes(spoilt))
    except MalformedError as error:
        wrong = str(error)
    assert bool(wrong) == bool(refused) or (refused and incomplete), f"{spoilt.hex(' ')}: {refused} | {wrong}"
