"""Frames of bytes and of text, and what another kind of frame is called."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.channel.base import ChannelFault, ChannelViolation
from simulator.protocol.channel.framing import FRAMINGS, looks_like_hex
from simulator.protocol.channel.options import FramingKind

SEALED = bytes(range(240, 256)) + b"\x00\x01"


def test_how_bytes_are_written() -> None:
    assert {name: framing.wrap(SEALED) for name, framing in FRAMINGS.items()} == {
        "binary": SEALED,
        "base64-text": b"8PHy8/T19vf4+fr7/P3+/wAB",
        "hex-text": b"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff0001",
    }
    assert {name: framing.binary for name, framing in FRAMINGS.items()} == {
        "binary": True,
        "base64-text": False,
        "hex-text": False,
    }
    assert set(FRAMINGS) == set(get_args(FramingKind))


@given(st.sampled_from(sorted(FRAMINGS)), st.binary(max_size=200))
def test_what_was_written_is_read(name: FramingKind, sealed: bytes) -> None:
    framing = FRAMINGS[name]
    assert framing.unwrap(framing.wrap(sealed), framing.binary) == sealed


@given(st.sampled_from(sorted(FRAMINGS)), st.binary(max_size=200))
def test_bytes_are_written_in_one_way_only(name: FramingKind, payload: bytes) -> None:
    framing = FRAMINGS[name]
    try:
        sealed = framing.unwrap(payload, framing.binary)
    except ChannelViolation:
        return
    assert framing.wrap(sealed) == payload


@pytest.mark.parametrize(
    ("name", "payload", "told", "fault"),
    [
        ("binary", b"8PHy", "a text frame where a binary one is due", ChannelFault.FRAME),
        ("binary", b' {"a":1}', "a text frame in the clear, a binary one is due", ChannelFault.PLAIN),
        ("base64-text", b"8PHy8", "a text frame that is no base64", ChannelFault.FRAME),
        ("base64-text", b"8PH-", "a text frame that is no base64", ChannelFault.FRAME),
        ("base64-text", b"8P==", "a text frame that is no base64", ChannelFault.FRAME),
        ("base64-text", b"00" * 17, "a text frame in hex", ChannelFault.FRAME),
        ("base64-text", b'{"a":1}', "a text frame in the clear, base64 is due", ChannelFault.PLAIN),
        ("hex-text", b"F0F1", "a text frame that is no lower-case hex", ChannelFault.FRAME),
        ("hex-text", b"f0f", "a text frame that is no lower-case hex", ChannelFault.FRAME),
        ("hex-text", b"f0 f1", "a text frame that is no lower-case hex", ChannelFault.FRAME),
        ("hex-text", b"8PHy", "a text frame that is no lower-case hex", ChannelFault.FRAME),
        ("hex-text", b'\xef\xbb\xbf{"a":1}', "a text frame in the clear, lower-case hex is due", ChannelFault.PLAIN),
    ],
)
def test_what_is_no_such_text(name: FramingKind, payload: bytes, told: str, fault: ChannelFault) -> None:
    with pytest.raises(ChannelViolation) as caught:
        FRAMINGS[name].unwrap(payload, False)
    assert str(caught.value) == f"{told}: channel.framing"
    assert caught.value.fault is fault


@pytest.mark.parametrize("name", ["base64-text", "hex-text"])
def test_a_binary_frame_where_text_is_due(name: FramingKind) -> None:
    framing = FRAMINGS[name]
    with pytest.raises(ChannelViolation, match=r"^a binary frame where a text one is due: channel\.framing$"):
        framing.unwrap(framing.wrap(SEALED), True)


def test_what_looks_like_hex() -> None:
    assert looks_like_hex(b"0f" * 16)
    assert not looks_like_hex(b"0f" * 15)
    assert not looks_like_hex(b"0F" * 16)
    assert not looks_like_hex(b"0g" * 16)
