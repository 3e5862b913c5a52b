"""The comparison of MQTT clients: the echo broker's bytes, and the harness on numbers that mean nothing."""

import json
from pathlib import Path

import pytest

from benchmarks.mqtt.__main__ import main
from benchmarks.mqtt.broker import EchoSession, publish, remaining_length, whole_packet
from simulator.mqtt.codec import encode
from simulator.mqtt.packets import Connack, Connect, Pingreq, Pingresp, Puback, Publish, Suback, Subscribe


class Wire:
    """Stands in for a transport: keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2_097_151])
def test_a_packet_ends_where_its_length_says(length: int) -> None:
    head = b"\x30" + remaining_length(length)
    packet = head + bytes(length)
    assert whole_packet(packet + b"\xd0", 0) == (len(head), len(packet))
    assert whole_packet(packet[:-1], 0) is None


def test_a_publish_is_as_the_codec_writes_it() -> None:
    assert publish(b"a/b", b"", b"x" * 200, 0) == encode(Publish("a/b", b"x" * 200))
    assert publish(b"a/b", b"\x00\x07", b"x", 1) == encode(Publish("a/b", b"x", 1, 7))


@pytest.mark.parametrize("cut", [1, 5, 1000])
def test_what_is_published_comes_back_on_the_subscribed_topic(cut: int) -> None:
    session, wire = EchoSession(), Wire()
    session.connection_made(wire)  # type: ignore[arg-type]
    stream = b"".join(
        encode(packet)
        for packet in (
            Connect(client_id="one", clean_session=True, keep_alive=60),
            Subscribe(1, (("down", 1),)),
            Publish("up", b"not acknowledged"),
            Publish("up", b"acknowledged", 1, 7),
            Pingreq(),
        )
    )
    for at in range(0, len(stream), cut):
        session.data_received(stream[at : at + cut])
    assert wire.written == b"".join(
        encode(packet)
        for packet in (
            Connack(False, 0),
            Suback(1, (1,)),
            Publish("down", b"not acknowledged"),
            Puback(7),
            Publish("down", b"acknowledged", 1, 1),
            Pingresp(),
        )
    )


@pytest.mark.timeout(300)
def test_the_harness_brings_figures_home(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    arguments = ["--only", "websocket", "--only", "floor", "--only", "gmqtt", "--output", str(output)]
    assert main([*arguments, "--connections", "5", "--rounds", "1", "--under-way", "2", "--window", "0.3"]) == 0
    rounds = json.loads(output.read_text())["rounds"]
    assert rounds.keys() == {"websocket", "floor"}, "a library that is not installed is left out"
    for (one,) in rounds.values():
        assert one["opened"] == 5
        assert one["qos0"]["messages"] > 0
        assert one["qos1"]["messages"] > 0
