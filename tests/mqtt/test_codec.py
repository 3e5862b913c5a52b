"""Packets to bytes and back: in any pieces, and refusing whatever the standard forbids."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mqtt.codec import PacketReader, Side, encode, encode_length, encode_publish, encode_text, with_dup
from simulator.mqtt.packets import (
    MOST_PACKET_BYTES,
    Connack,
    Connect,
    Disconnect,
    MalformedPacket,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Pubrel,
    Suback,
    Subscribe,
    Unsubscribe,
    Will,
)
from tests.mqtt.strategies import packets, publishes, topics


def read(data: bytes, max_packet: int = MOST_PACKET_BYTES, side: Side | None = None) -> list[Packet]:
    return list(PacketReader(max_packet, side).feed(data))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


def read_until_malformed(data: list[bytes]) -> tuple[list[Packet], str]:
    reader = PacketReader()
    found: list[Packet] = []
    try:
        for piece in data:
            for packet in reader.feed(piece):
                found.append(packet)  # noqa: PERF402 - what came before the malformed one counts
    except MalformedPacket as error:
        return found, str(error)
    return found, ""


# What goes out comes in


@given(packets, st.lists(st.integers(0), max_size=6))
def test_a_packet_comes_back_as_it_was(packet: Packet, cuts: list[int]) -> None:
    reader = PacketReader()
    assert [each for piece in pieces(encode(packet), cuts) for each in reader.feed(piece)] == [packet]


@given(st.lists(packets, max_size=6), st.lists(st.integers(0), max_size=12))
def test_a_stream_is_read_in_whatever_pieces_it_comes(sent: list[Packet], cuts: list[int]) -> None:
    reader = PacketReader()
    data = b"".join(map(encode, sent))
    assert [each for piece in pieces(data, cuts) for each in reader.feed(piece)] == sent


@given(st.lists(packets, min_size=1, max_size=4))
def test_a_stream_is_read_byte_by_byte(sent: list[Packet]) -> None:
    reader = PacketReader()
    data = b"".join(encode(each) for each in sent)[:3_000]
    one_by_one = [each for at in range(len(data)) for each in reader.feed(data[at : at + 1])]
    assert one_by_one == list(PacketReader().feed(data))


@given(st.lists(packets, min_size=2, max_size=6), st.integers(0, 5))
def test_what_was_not_asked_for_comes_with_the_next_call(sent: list[Packet], taken: int) -> None:
    reader = PacketReader()
    first = reader.feed(b"".join(map(encode, sent)))
    got = [packet for packet, _ in zip(first, range(taken), strict=False)]
    assert len(got) == min(taken, len(sent))
    # `zip` has asked for one more than it gave when its second argument was the one to end.
    if taken < len(sent):
        got.append(sent[taken])
    assert [*got, *reader.feed(b"")] == sent


def test_a_reader_of_whole_packets_holds_nothing() -> None:
    reader = PacketReader()
    assert list(reader.feed(encode(Puback(7)) * 3)) == [Puback(7)] * 3
    assert reader._held == b""


@given(publishes(), st.binary(max_size=300))
def test_the_hot_path_writes_what_the_rest_writes(packet: Publish, payload: bytes) -> None:
    plain = Publish(packet.topic, payload, packet.qos, packet.packet_id)
    assert encode_publish(encode_text(packet.topic), payload, packet.qos, packet.packet_id) == encode(plain)


@given(topics, st.integers(1, 2), st.integers(1, 65_535))
def test_a_repetition_differs_by_its_flag_alone(topic: str, qos: int, packet_id: int) -> None:
    packet = Publish(topic, b"{}", qos, packet_id)
    assert with_dup(encode(packet)) == encode(Publish(topic, b"{}", qos, packet_id, dup=True))


@pytest.mark.parametrize(
    ("length", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "80 01"),
        (16_383, "ff 7f"),
        (16_384, "80 80 01"),
        (2_097_151, "ff ff 7f"),
        (2_097_152, "80 80 80 01"),
        (268_435_455, "ff ff ff 7f"),
    ],
)
def test_lengths_are_the_standards(length: int, encoded: str) -> None:
    assert encode_length(length) == bytes.fromhex(encoded)


def test_a_longer_packet_has_no_length() -> None:
    with pytest.raises(ValueError, match="at most 268,435,455 bytes"):
        encode_length(268_435_456)


# Known bytes, taken from the standard's own figures


@pytest.mark.parametrize(
    ("packet", "encoded"),
    [
        (Connack(True, 0), "20 02 01 00"),
        (Connack(False, 5), "20 02 00 05"),
        (Publish("a/b", b"", 1, 10), "32 07 00 03 61 2f 62 00 0a"),
        (Publish("a/b", b"x", 0, retain=True), "31 06 00 03 61 2f 62 78"),
        (Puback(0x1234), "40 02 12 34"),
        (Pubrel(1), "62 02 00 01"),
        (Subscribe(10, (("a/b", 1), ("c/d", 2))), "82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02"),
        (Suback(10, (0, 2, 0x80)), "90 05 00 0a 00 02 80"),
        (Unsubscribe(10, ("a/b", "c/d")), "a2 0c 00 0a 00 03 61 2f 62 00 03 63 2f 64"),
        (Pingreq(), "c0 00"),
        (Pingresp(), "d0 00"),
        (Disconnect(), "e0 00"),
        (
            Connect(client_id="x", clean_session=True, keep_alive=10, username="u", password=b"p"),
            "10 13 00 04 4d 51 54 54 04 c2 00 0a 00 01 78 00 01 75 00 01 70",
        ),
        (
            Connect(
                client_id="", clean_session=True, keep_alive=0, will=Will(topic="t", payload=b"", qos=1, retain=True)
            ),
            "10 11 00 04 4d 51 54 54 04 2e 00 00 00 00 00 01 74 00 00",
        ),
    ],
)
def test_packets_are_the_standards_bytes(packet: Packet, encoded: str) -> None:
    assert encode(packet) == bytes.fromhex(encoded)
    assert read(bytes.fromhex(encoded)) == [packet]


# What the standard forbids


FORBIDDEN = {
    "packet type 0 is reserved": "00 00",
    "packet type 15 is reserved": "f0 00",
    "a PUBLISH with quality of service 3": "36 05 00 01 61 00 01",
    "a PUBLISH with DUP and quality of service 0": "38 03 00 01 61",
    "a CONNECT with reserved flags 0001": "11 0d",
    "a CONNACK with reserved flags 1000": "28",
    "a PUBREL with reserved flags 0000": "60",
    "a SUBSCRIBE with reserved flags 0000": "80",
    "a SUBSCRIBE with reserved flags 0011": "83",
    "an UNSUBSCRIBE with reserved flags 0000": "a0",
    "a PINGREQ with reserved flags 0001": "c1",
    "a remaining length of more than four bytes": "30 80 80 80 80",
    "a PUBACK with 3 bytes after its length; 2 are right": "40 03",
    "a PINGRESP with 1 bytes after its length; 0 are right": "d0 01",
    "a CONNACK with 268435455 bytes after its length; 2 are right": "20 ff ff ff 7f",
    "a PUBLISH that ends in the middle of a field": "30 02 00 01",
    "a PUBLISH that ends in the middle of a field ": "30 00",
    "a PUBLISH that ends in the middle of a field  ": "32 04 00 01 61 00",
    "a PUBLISH with packet id 0": "32 05 00 01 61 00 00",
    "an empty topic name": "30 02 00 00",
    "a topic name with a wildcard": "30 03 00 01 2b",
    "a topic name with a wildcard ": "30 05 00 03 61 2f 23",
    "a PUBLISH with a string that is no UTF-8": "30 04 00 02 c3 28",
    "a PUBLISH with a string that is no UTF-8 ": "30 05 00 03 ed a0 80",  # U+D800
    "a PUBLISH with a string that is no UTF-8  ": "30 04 00 02 c0 80",  # U+0000 in two bytes
    "a PUBLISH with U+0000 in a string": "30 03 00 01 00",
    "a PUBACK with packet id 0": "40 02 00 00",
    "a PUBCOMP with packet id 0": "70 02 00 00",
    "a SUBSCRIBE without a topic filter": "82 02 00 01",
    "a SUBSCRIBE that ends in the middle of a field": "82 05 00 01 00 01 61",
    "a SUBSCRIBE with quality of service 3": "82 06 00 01 00 01 61 03",
    "a SUBSCRIBE with quality of service 4": "82 06 00 01 00 01 61 04",
    "a SUBSCRIBE with packet id 0": "82 06 00 00 00 01 61 00",
    "an empty topic filter": "82 05 00 01 00 00 00",
    "a topic filter with # that is not alone in its last level": "82 08 00 01 00 03 23 2f 61 00",
    "a topic filter with # that is not alone in its last level ": "82 07 00 01 00 02 61 23 00",
    "a topic filter with + beside other characters of its level": "82 07 00 01 00 02 2b 61 00",
    "an UNSUBSCRIBE without a topic filter": "a2 02 00 01",
    "an empty topic filter ": "a2 04 00 01 00 00",
    "a SUBACK without a code": "90 02 00 01",
    "a SUBACK with code 3": "90 03 00 01 03",
    "a SUBACK with code 129": "90 03 00 01 81",
    "a CONNACK with reserved flags set": "20 02 02 00",
    "a CONNACK that refuses (code 2) and says that the session is present": "20 02 01 02",
    "a CONNECT whose protocol name is not MQTT": "10 0c 00 04 4d 51 54 58 04 02 00 00 00 00",
    "a CONNECT whose protocol name is not MQTT ": "10 0e 00 06 4d 51 49 73 64 70 04 02 00 00 00 00",
    "a CONNECT that ends in the middle of a field": "10 06 00 04 4d 51 54 54",
    "a CONNECT with its reserved flag set": "10 0c 00 04 4d 51 54 54 04 03 00 00 00 00",
    "a CONNECT with flags of a will and without a will": "10 0c 00 04 4d 51 54 54 04 22 00 00 00 00",
    "a CONNECT with flags of a will and without a will ": "10 0c 00 04 4d 51 54 54 04 0a 00 00 00 00",
    "a CONNECT whose will has quality of service 3": "10 11 00 04 4d 51 54 54 04 1e 00 00 00 00 00 01 74 00 00",
    "a CONNECT with a password and without a user name": "10 0f 00 04 4d 51 54 54 04 42 00 00 00 00 00 01 70",
    "a CONNECT with 1 bytes too many": "10 0d 00 04 4d 51 54 54 04 02 00 00 00 00 00",
    "a topic name with a wildcard  ": "10 11 00 04 4d 51 54 54 04 06 00 00 00 00 00 01 23 00 00",
}


@pytest.mark.parametrize(("words", "data"), FORBIDDEN.items())
def test_what_the_standard_forbids_is_malformed(words: str, data: str) -> None:
    with pytest.raises(MalformedPacket) as raised:
        read(bytes.fromhex(data))
    assert str(raised.value) == words.strip()


def test_another_level_is_read_as_far_as_the_level() -> None:
    five = "10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00"
    three = "10 0e 00 06 4d 51 49 73 64 70 03 02 00 00 00 00"
    for data, level in ((five, 5), (three, 3)):
        (packet,) = read(bytes.fromhex(data))
        assert isinstance(packet, Connect)
        assert packet.level == level


def test_a_packet_over_the_limit_is_refused_by_its_header() -> None:
    ten = encode(Publish("t", b"1234567"))[:2]
    assert ten == bytes.fromhex("30 0a")
    assert read(ten, max_packet=12) == []
    with pytest.raises(MalformedPacket, match="a packet of 12 bytes; at most 11 are taken"):
        read(ten, max_packet=11)


def test_each_side_gets_its_own_packets_only() -> None:
    assert read(encode(Connack(False, 0)), side=Side.CLIENT) == [Connack(False, 0)]
    assert read(encode(Pingreq()), side=Side.BROKER) == [Pingreq()]
    with pytest.raises(MalformedPacket, match="a CONNACK from the wrong side"):
        read(encode(Connack(False, 0)), side=Side.BROKER)
    with pytest.raises(MalformedPacket, match="a SUBSCRIBE from the wrong side"):
        read(encode(Subscribe(1, (("a", 0),)))[:1] + b"\x06", side=Side.CLIENT)


def test_what_came_before_a_malformed_packet_is_read() -> None:
    packets = PacketReader().feed(encode(Puback(1)) + b"\x00\x00")
    assert next(packets) == Puback(1)
    with pytest.raises(MalformedPacket):
        next(packets)


@given(st.binary(max_size=200), st.lists(st.integers(0), max_size=4))
def test_any_bytes_are_packets_or_malformed(data: bytes, cuts: list[int]) -> None:
    whole, reason = read_until_malformed([data])
    in_pieces, same_reason = read_until_malformed(pieces(data, cuts))
    assert (whole, reason) == (in_pieces, same_reason)


@given(packets, st.integers(0), st.integers(0, 255))
def test_a_changed_packet_is_a_packet_or_malformed(packet: Packet, place: int, byte: int) -> None:
    data = bytearray(encode(packet))
    data[place % len(data)] = byte
    try:
        found = read(bytes(data))
    except MalformedPacket:
        return
    # What was taken can be said again, in the same number of bytes unless its length was written the long way.
    if found and not (isinstance(found[0], Connect) and found[0].level != 4):
        assert read(encode(found[0])) == found[:1]


# What has no bytes


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (Puback(0), "a packet id is 1"),
        (Puback(65_536), "a packet id is 1"),
        (Publish("", b""), "an empty topic name"),
        (Publish("a/#", b""), "a topic name with a wildcard"),
        (Publish("a\0", b""), "U\\+0000"),
        (Publish("\ud800", b""), "surrogates"),
        (Publish("a", b"", qos=1), "a packet id is 1"),
        (Publish("a", b"", qos=3, packet_id=1), "a quality of service is"),
        (Publish("a", b"", dup=True), "DUP goes with"),
        (Publish("a" * 65_536, b""), "at most 65,535 bytes, not 65,536"),
        (Subscribe(1, ()), "at least one topic filter"),
        (Subscribe(1, (("a+", 0),)), "a topic filter with +"),
        (Subscribe(1, (("a", 3),)), "a quality of service is"),
        (Unsubscribe(1, ()), "at least one topic filter"),
        (Suback(1, ()), "a SUBACK has a code"),
        (Suback(1, (3,)), "a SUBACK has a code"),
        (Connack(True, 1), "no session present"),
        (Connect(client_id="a", clean_session=True, keep_alive=65_536), "keep-alive is"),
        (Connect(client_id="a", clean_session=True, keep_alive=0, password=b"x"), "a password goes with a user name"),
    ],
)
def test_what_the_standard_has_no_bytes_for_is_not_encoded(packet: Packet, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encode(packet)
