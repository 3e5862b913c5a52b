"""The short way writes and reads the same frames as websockets' own code, and leaves all others to it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from simulator.wire import frames

LIMIT = 1 << 20
payloads = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([0, 125, 126, 127, 65535, 65536, 70000]).map(lambda size: os.urandom(size)),
)


def parse(data: bytes, *, mask: bool) -> Frame:
    """One frame, by websockets."""
    reader = StreamReader()
    reader.feed_data(data)
    steps = Frame.parse(reader.read_exact, mask=mask)
    try:
        next(steps)
    except StopIteration as stop:
        assert not reader.buffer
        return stop.value
    raise AssertionError("incomplete frame")


@given(payload=payloads, binary=st.booleans())
def test_written_frames_are_what_websockets_reads(payload: bytes, binary: bool) -> None:
    opcode = Opcode.BINARY if binary else Opcode.TEXT
    for data, mask in ((frames.masked_frame(payload, binary), True), (frames.plain_frame(payload, binary), False)):
        frame = parse(data, mask=mask)
        assert (frame.opcode, bytes(frame.data), frame.fin) == (opcode, payload, True)
    assert frames.plain_frame(payload, binary) == Frame(opcode, payload).serialize(mask=False)


@given(payload=payloads, binary=st.booleans(), before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_whole_frames_are_found_where_they_stand(payload: bytes, binary: bool, before: bytes, after: bytes) -> None:
    opcode = Opcode.BINARY if binary else Opcode.TEXT
    for read, mask in ((frames.read_masked, True), (frames.read_plain, False)):
        data = before + Frame(opcode, payload).serialize(mask=mask) + after
        found = read(data, len(before), LIMIT)
        if len(payload) > 65535:
            assert found is None
        else:
            assert found == (payload, binary, len(data) - len(after))


@given(payload=payloads, cut=st.integers(min_value=1))
def test_a_piece_of_a_frame_is_left_to_the_parser(payload: bytes, cut: int) -> None:
    for read, mask in ((frames.read_masked, True), (frames.read_plain, False)):
        data = Frame(Opcode.TEXT, payload).serialize(mask=mask)
        assert read(data[: -1 - cut % len(data)], 0, LIMIT) is None


@pytest.mark.parametrize("opcode", [Opcode.CONT, Opcode.CLOSE, Opcode.PING, Opcode.PONG])
def test_other_frames_are_left_to_the_parser(opcode: Opcode) -> None:
    assert frames.read_plain(Frame(opcode, b"ab").serialize(mask=False), 0, LIMIT) is None
    assert frames.read_masked(Frame(opcode, b"ab").serialize(mask=True), 0, LIMIT) is None


def test_fragments_reserved_bits_and_wrong_masks_are_left_to_the_parser() -> None:
    first = Frame(Opcode.TEXT, b"ab", fin=False)
    assert frames.read_plain(first.serialize(mask=False), 0, LIMIT) is None
    assert frames.read_masked(first.serialize(mask=True), 0, LIMIT) is None
    assert frames.read_plain(b"\xc1\x02ab", 0, LIMIT) is None
    whole = Frame(Opcode.TEXT, b"abcdef")
    assert frames.read_plain(whole.serialize(mask=True), 0, LIMIT) is None
    assert frames.read_masked(whole.serialize(mask=False), 0, LIMIT) is None


@pytest.mark.parametrize("size", [10, 1000])
def test_too_large_frames_are_left_to_the_parser(size: int) -> None:
    for read, mask in ((frames.read_masked, True), (frames.read_plain, False)):
        data = Frame(Opcode.BINARY, bytes(size)).serialize(mask=mask)
        assert read(data, 0, size - 1) is None
        assert read(data, 0, size) is not None


def test_every_mask_serves_once() -> None:
    masks = [frames.masked_frame(b"", True)[2:6] for _ in range(5000)]
    # 5,000 draws of 4 bytes repeat once in about 340 runs; three repetitions never happen by chance.
    assert len(set(masks)) > 4997
