"""The suite `rsa-aes`: the test vectors, and every way in which a sealed frame can be wrong."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel, PlatformChannel
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.rsa_aes import MIN_FRAME_BYTES, RsaAesSuite, Traffic, derive_keys
from simulator.protocol.envelope import encode_reply, heartbeat

Ends = tuple[DeviceChannel, PlatformChannel]

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
DEVICE_FACTOR = bytes.fromhex(VECTORS["device_factor_hex"])
SERVER_FACTOR = bytes.fromhex(VECTORS["server_factor_hex"])
TO_SERVER = bytes.fromhex(VECTORS["device_to_server_key_hex"])
TO_DEVICE = bytes.fromhex(VECTORS["server_to_device_key_hex"])
FRAMES = VECTORS["frames"]

KEY_A, KEY_B = bytes(range(32)), bytes(range(32, 64))


def pair() -> tuple[Traffic, Traffic]:
    return Traffic(KEY_A, KEY_B), Traffic(KEY_B, KEY_A)


def frame(key: bytes, counter: int, json_text: bytes) -> bytes:
    """A frame as docs/deviations.md, Secure channel describes it, written out."""
    head = counter.to_bytes(8, "big")
    return head + AESGCM(key).encrypt(bytes(4) + head, json_text, None)


@pytest.fixture
def vector_ends(device_keys: KeyRing, server_keys: KeyRing) -> Ends:
    """Two ends that agreed on the factors of the test vectors."""
    device = RsaAesSuite(lambda: DEVICE_FACTOR).device_side(device_keys)
    platform = RsaAesSuite(lambda: SERVER_FACTOR).platform_side(server_keys)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.accept_factor(platform.answer_factor(device.factor_params()))
    platform.established()
    return device, platform


def test_keys_of_the_vectors() -> None:
    assert derive_keys(DEVICE_FACTOR, SERVER_FACTOR) == (TO_SERVER, TO_DEVICE)


def test_every_frame_of_the_vectors_is_sealed_so(vector_ends: Ends) -> None:
    ends = dict(zip(("device_to_server", "server_to_device"), vector_ends, strict=True))
    for vector in FRAMES:
        sealed = ends[vector["direction"]].seal(vector["json"].encode())
        assert sealed == (bytes.fromhex(vector["frame_hex"]), True)


def test_every_frame_of_the_vectors_is_opened(vector_ends: Ends) -> None:
    device, platform = vector_ends
    receivers: dict[str, DeviceChannel | PlatformChannel] = {"device_to_server": platform, "server_to_device": device}
    for vector in FRAMES:
        opened = receivers[vector["direction"]].open(bytes.fromhex(vector["frame_hex"]), True)
        assert opened.decode() == vector["json"]


def test_the_vectors_json_is_what_the_envelope_writes() -> None:
    assert [vector["json"].encode() for vector in FRAMES] == [
        heartbeat("m0", True),
        heartbeat("m1", False),
        encode_reply("m0", "00000000", "success", imme="0"),
    ]


def test_frames_are_as_described(vector_ends: Ends) -> None:
    device, platform = vector_ends
    for counter in range(300):
        assert device.seal(b'{"a":"1"}') == (frame(TO_SERVER, counter, b'{"a":"1"}'), True)
        assert platform.seal(b'{"a":"1"}') == (frame(TO_DEVICE, counter, b'{"a":"1"}'), True)


def test_the_factor_reply_is_still_plain(connect: Callable[..., Ends]) -> None:
    device, platform = connect(RsaAesSuite())
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    results = platform.answer_factor(device.factor_params())

    payload, binary = platform.seal(b"{}")
    assert (payload, binary) == (b"{}", False)
    assert device.open(payload, binary) == b"{}"

    device.accept_factor(results)
    platform.established()
    assert device.seal(b"{}")[1]
    assert platform.seal(b"{}")[1]


def test_established_needs_the_factors(connect: Callable[..., Ends]) -> None:
    _, platform = connect(RsaAesSuite())

    with pytest.raises(RuntimeError, match="no factor"):
        platform.established()


def test_two_connections_have_different_keys(establish: Callable[..., Ends]) -> None:
    first, _ = establish(RsaAesSuite())
    _, other_platform = establish(RsaAesSuite())

    with pytest.raises(ChannelViolation, match="wrong tag"):
        other_platform.open(*first.seal(b"{}"))


def test_the_two_directions_have_different_keys(establish: Callable[..., Ends]) -> None:
    device, platform = establish(RsaAesSuite())

    with pytest.raises(ChannelViolation, match="wrong tag"):
        device.open(*device.seal(b"{}"))
    with pytest.raises(ChannelViolation, match="wrong tag"):
        platform.open(*platform.seal(b"{}"))


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=300)), max_size=30))
def test_any_interleaving_of_messages_arrives(messages: list[tuple[bool, bytes]]) -> None:
    device, platform = pair()
    for from_device, content in messages:
        sender, receiver = (device, platform) if from_device else (platform, device)
        assert receiver.open(sender.seal(content), True) == content


@pytest.mark.parametrize("size", [0, 1, 150, 65_536, 300_000])
def test_messages_of_every_size_arrive(size: int) -> None:
    device, platform = pair()
    content = os.urandom(size)
    sealed = device.seal(content)

    assert len(sealed) == size + 24
    assert platform.open(sealed, True) == content


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_flipped_bit_is_a_violation(content: bytes, data: st.DataObject) -> None:
    device, platform = pair()
    sealed = device.seal(content)
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    broken = bytearray(sealed)
    broken[bit // 8] ^= 1 << bit % 8

    with pytest.raises(ChannelViolation):
        platform.open(bytes(broken), True)
    assert platform.open(sealed, True) == content


def test_every_flipped_bit_of_a_vector_is_a_violation() -> None:
    sealed = bytes.fromhex(FRAMES[0]["frame_hex"])
    for bit in range(len(sealed) * 8):
        broken = bytearray(sealed)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ChannelViolation):
            Traffic(TO_DEVICE, TO_SERVER).open(bytes(broken), True)


@pytest.mark.parametrize("size", range(MIN_FRAME_BYTES))
def test_a_frame_under_24_bytes_is_a_violation(size: int) -> None:
    _, platform = pair()

    with pytest.raises(ChannelViolation, match=f"a frame of {size} bytes"):
        platform.open(bytes(size), True)


@given(st.data())
def test_a_frame_cut_or_grown_is_a_violation(data: st.DataObject) -> None:
    device, platform = pair()
    sealed = device.seal(b'{"a":"1"}')
    cut = data.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(ChannelViolation):
        platform.open(sealed[:cut], True)
    with pytest.raises(ChannelViolation):
        platform.open(sealed + data.draw(st.binary(min_size=1, max_size=30)), True)


@given(st.binary(max_size=200))
def test_arbitrary_frames_are_violations(payload: bytes) -> None:
    _, platform = pair()

    with pytest.raises(ChannelViolation):
        platform.open(payload, True)


def test_a_replay_is_a_violation() -> None:
    device, platform = pair()
    sealed = device.seal(b"{}")
    platform.open(sealed, True)

    with pytest.raises(ChannelViolation, match="frame 0 where 1 is due"):
        platform.open(sealed, True)


def test_a_lost_frame_is_a_violation() -> None:
    device, platform = pair()
    device.seal(b"{}")

    with pytest.raises(ChannelViolation, match="frame 1 where 0 is due"):
        platform.open(device.seal(b"{}"), True)


@given(st.integers(2, 8), st.data())
def test_any_other_order_is_a_violation(count: int, data: st.DataObject) -> None:
    device, platform = pair()
    sealed = [device.seal(b"{}") for _ in range(count)]
    order = data.draw(st.permutations(range(count)).filter(lambda places: places != list(range(count))))

    def deliver() -> None:
        for place in order:
            platform.open(sealed[place], True)

    with pytest.raises(ChannelViolation, match="is due"):
        deliver()


@pytest.mark.parametrize("counter", [1, 255, 2**32, 2**63, 2**64 - 1])
def test_a_well_sealed_frame_with_another_counter_is_a_violation(counter: int) -> None:
    _, platform = pair()

    with pytest.raises(ChannelViolation, match=f"frame {counter} where 0 is due"):
        platform.open(frame(KEY_A, counter, b"{}"), True)


@pytest.mark.parametrize("payload", [b"{}", b'{"funcId":"dev.heartbeat"}', b"", b"\0" * 30])
def test_a_text_frame_after_the_exchange_is_a_violation(establish: Callable[..., Ends], payload: bytes) -> None:
    for end in establish(RsaAesSuite()):
        with pytest.raises(ChannelViolation, match="text frame"):
            end.open(payload, False)


def test_even_a_sealed_payload_in_a_text_frame_is_a_violation() -> None:
    device, platform = pair()

    with pytest.raises(ChannelViolation, match="text frame"):
        platform.open(device.seal(b"{}"), False)


def test_violations_hold_no_key_and_no_content() -> None:
    device, platform = pair()
    sealed = bytearray(device.seal(b'{"secret":"s3cret"}'))
    sealed[-1] ^= 1

    with pytest.raises(ChannelViolation) as caught:
        platform.open(bytes(sealed), True)

    shown = repr(caught.value) + repr(platform) + repr(device)
    for secret in ("s3cret", KEY_A.hex(), KEY_B.hex(), repr(KEY_A), repr(KEY_B)):
        assert secret not in shown


def test_more_connections_than_the_cipher_cache_holds_keep_apart() -> None:
    connections = []
    for number in range(1500):
        first, second = number.to_bytes(32, "big"), number.to_bytes(32, "little")[::-1][1:] + b"\xff"
        connections.append((Traffic(first, second), Traffic(second, first)))
    for turn in range(2):
        for number, (device, platform) in enumerate(connections):
            content = f"{turn}:{number}".encode()
            assert platform.open(device.seal(content), True) == content


def test_each_violation_says_which_rule_it_is() -> None:
    device, platform = pair()
    sealed = device.seal(b"{}")
    wrong: dict[ChannelFault, tuple[bytes, bool]] = {
        ChannelFault.PLAIN: (b"{}", False),
        ChannelFault.FRAME: (bytes(23), True),
        ChannelFault.COUNTER: (bytes(7) + b"\x05" + sealed[8:], True),
        ChannelFault.TAG: (sealed[:-1] + bytes([sealed[-1] ^ 1]), True),
    }
    for fault, (payload, binary) in wrong.items():
        with pytest.raises(ChannelViolation) as caught:
            platform.open(payload, binary)
        assert caught.value.fault is fault
