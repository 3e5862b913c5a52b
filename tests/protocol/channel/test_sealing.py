"""Frames of `configurable` one by one: counters, lengths, and the IVs that are remembered."""

import contextlib
from typing import Any

import pytest

from simulator.protocol.channel.base import ChannelFault, ChannelViolation
from simulator.protocol.channel.ciphers import MODES
from simulator.protocol.channel.derivation import derive
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.rsa_aes import Traffic
from simulator.protocol.channel.sealing import REMEMBERED_IVS, CountedTraffic, RandomTraffic, traffic_of

KEY = bytes(range(32))
JSON = b'{"mid":"m1"}'


def pair(**options: Any) -> tuple[Any, Any]:
    found = ChannelOptions(**options)
    agreed = derive(found, bytes(32), bytes(range(32)))
    return tuple(traffic_of(found, agreed, lambda fault, text: None, of_device=side) for side in (True, False))  # type: ignore[return-value]


def test_gcm_with_counters_is_rsa_aes_own() -> None:
    assert {type(end) for end in pair(iv="counter")} == {Traffic}


@pytest.mark.parametrize(
    ("options", "head", "sealed"),
    [
        ({}, 12, 12 + 16),
        ({"iv": "counter"}, 8, 12 + 16),
        ({"iv": "zero"}, 0, 12 + 16),
        ({"cipher": "aes-128-cbc"}, 16, 16),
        ({"cipher": "aes-256-cbc", "iv": "counter"}, 8, 16),
        ({"cipher": "aes-256-cbc", "iv": "factors"}, 0, 16),
        ({"cipher": "aes-128-ecb"}, 0, 16),
    ],
)
def test_a_frames_length(options: dict[str, Any], head: int, sealed: int) -> None:
    device, platform = pair(**options)
    frame = device.seal(JSON)
    assert len(frame) == head + sealed
    assert platform.open(frame, True) == JSON
    for size in range(len(frame)):
        with pytest.raises(ChannelViolation):
            platform.open(frame[:size], True)


@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-128-cbc"])
@pytest.mark.parametrize(("order", "due"), [((0, 0), 1), ((1,), 0), ((0, 2), 1), ((0, 1, 0), 2)])
def test_a_frame_out_of_turn(cipher: str, order: tuple[int, ...], due: int) -> None:
    device, platform = pair(cipher=cipher, iv="counter")
    frames = [device.seal(JSON) for _ in range(3)]
    for place in order[:-1]:
        platform.open(frames[place], True)
    with pytest.raises(ChannelViolation, match=f"^frame {order[-1]} where {due} is due$") as caught:
        platform.open(frames[order[-1]], True)
    assert caught.value.fault is ChannelFault.COUNTER


@pytest.mark.parametrize("iv", ["counter", "random", "zero"])
@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-128-cbc"])
def test_a_frame_under_a_given_counter(cipher: str, iv: str) -> None:
    device, platform = pair(cipher=cipher, iv=iv)
    assert device.sent == 0
    frame = device.seal_as(JSON, 5)
    assert device.sent == 0
    if iv == "counter":
        assert frame[:8] == (5).to_bytes(8, "big")
        device.seal(JSON)
        assert device.sent == 1
    else:
        assert platform.open(frame, True) == JSON


@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-128-cbc", "aes-128-ecb"])
def test_a_text_frame_is_none_of_theirs(cipher: str) -> None:
    device, platform = pair(cipher=cipher, iv="zero")
    with pytest.raises(ChannelViolation) as caught:
        platform.open(device.seal(JSON), False)
    assert caught.value.fault is ChannelFault.PLAIN


def test_every_last_byte_of_padding_but_the_right_one_is_refused() -> None:
    device, platform = pair(cipher="aes-128-cbc", iv="zero", keys="one")
    frame = device.seal(b"x" * 16)
    taken = []
    for value in range(1, 256):
        # The last byte of the block before turns the same byte of the padding, which is 16 times 16.
        changed = bytearray(frame)
        changed[15] ^= value
        with contextlib.suppress(ChannelViolation):
            platform.open(bytes(changed), True)
            taken.append(value)
    assert taken == [16 ^ 1], "a single byte of padding"


# --- Random IVs ---


def receiver(told: list[str]) -> RandomTraffic:
    return RandomTraffic(MODES["gcm"], KEY, KEY, lambda fault, text: told.append(text))


def frame_under(number: int) -> bytes:
    iv = number.to_bytes(12, "big")
    return iv + MODES["gcm"].seal(KEY, iv, JSON)


@pytest.mark.parametrize(("between", "count"), [(0, 1), (REMEMBERED_IVS - 1, 1), (REMEMBERED_IVS, 0)])
def test_so_many_ivs_are_remembered(between: int, count: int) -> None:
    told: list[str] = []
    traffic = receiver(told)
    for number in (1, *range(1000, 1000 + between), 1):
        assert traffic.open(frame_under(number), True) == JSON
    assert len(told) == count


def test_memory_stays_where_it_is() -> None:
    traffic = receiver([])
    for number in range(5 * REMEMBERED_IVS):
        traffic.open(frame_under(number), True)
    assert len(traffic._recent) == 12 * REMEMBERED_IVS


def test_bytes_of_two_neighbours_are_no_repetition() -> None:
    told: list[str] = []
    traffic = receiver(told)
    first, second = bytes(6) + b"abcdef", b"ghijkl" + bytes(6)
    for iv in (first, second, b"abcdefghijkl"):
        traffic.open(iv + MODES["gcm"].seal(KEY, iv, JSON), True)
    assert told == []


def test_an_iv_of_a_frame_that_was_not_the_peers_is_not_remembered() -> None:
    told: list[str] = []
    traffic = receiver(told)
    frame = frame_under(1)
    with pytest.raises(ChannelViolation):
        traffic.open(frame[:-1] + bytes([frame[-1] ^ 1]), True)
    traffic.open(frame, True)
    assert told == []


def test_each_frame_is_sealed_under_another_iv() -> None:
    traffic = receiver([])
    assert len({traffic.seal(JSON)[:12] for _ in range(200)}) == 200


def test_counted_cbc_has_the_counter_at_the_end_of_the_iv() -> None:
    traffic = CountedTraffic(MODES["cbc"], KEY, KEY)
    traffic.seal(JSON)
    iv = bytes(15) + b"\x01"
    assert traffic.seal(JSON) == iv[8:] + MODES["cbc"].seal(KEY, iv, JSON)
