"""The independent codec: packets as the standard's figures show them, and back."""

from __future__ import annotations

import asyncio

import pytest

from tests.independent.mqtt import codec
from tests.independent.mqtt.codec import Connect, MalformedError, Packet, Publish

FIGURES: list[tuple[Packet, str]] = [
    (
        Connect("cid", "user", b"pw", 10, True, ("w", b"bye", 1, True)).packet(),
        "1021 0004 4d515454 04 ee 000a 0003636964 000177 0003627965 000475736572 00027077",
    ),
    (codec.connack(0, True), "20020100"),
    (Publish("a/b", b"hi", 1, 10, True).packet(), "3a09 0003612f62 000a 6869"),
    (Publish("a/b", b"", 0).packet(), "3005 0003612f62"),
    (codec.acknowledgement(codec.PUBACK, 10), "4002000a"),
    (codec.subscribe(10, ("a/b", 1), ("c/d", 2)), "820e 000a 0003612f62 01 0003632f64 02"),
    (codec.suback(10, 1, 128), "9004000a0180"),
    (Packet(codec.PINGREQ, 0, b""), "c000"),
    (Packet(codec.PUBLISH, 0, bytes(321)), "30c102" + "00" * 321),
]


async def read(data: bytes) -> Packet:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await codec.read_packet(reader)


@pytest.mark.parametrize("number", range(len(FIGURES)))
async def test_figures(number: int) -> None:
    packet, figure = FIGURES[number]
    assert bytes(packet).hex() == figure.replace(" ", "")
    assert await read(bytes.fromhex(figure)) == packet


def test_what_was_written_is_read() -> None:
    for connect in (Connect("c"), Connect("c", "u"), Connect("c", "u", b"p", 5, True, ("t", b"m", 2, False))):
        assert Connect.read(connect.packet()) == connect
    for publish in (Publish("t", b"m"), Publish("t", b"m", 1, 5, True, True)):
        assert Publish.read(publish.packet()) == publish
    assert codec.read_subscribe(codec.subscribe(3, ("a", 1), ("b", 0))) == (3, [("a", 1), ("b", 0)])


@pytest.mark.parametrize("data", ["0000", "f000", "30ffffffff7f", "8000", "6000", "c100"])
async def test_wrong_heads(data: str) -> None:
    with pytest.raises(MalformedError):
        await read(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("3605 000161 0001 6d".replace(" ", ""), "QoS 3"),
        ("38040001616d", "DUP and QoS 0"),
        ("30030001 23".replace(" ", ""), "wildcard"),
        ("32050001610000", "packet id 0"),
        ("300400020061", "U+0000"),
        ("3003 0001 ff".replace(" ", ""), "UTF-8"),
        ("30020005", "too early"),
    ],
)
async def test_wrong_publishes(data: str, what: str) -> None:
    with pytest.raises(MalformedError, match=what.replace("+", r"\+")):
        Publish.read(await read(bytes.fromhex(data)))


def test_filters() -> None:
    for pattern, topic, right in (
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/d", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("+", "a/b", False),
        ("#", "$SYS/x", False),
        ("a/b", "a/b/c", False),
    ):
        assert codec.matches(pattern, topic) == right, (pattern, topic)
