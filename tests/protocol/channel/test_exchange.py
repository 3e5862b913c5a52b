"""The two exchanges, the same in both suites that make them: order, factors, and nonsense from the peer."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from simulator.protocol.channel.base import (
    ChannelFault,
    ChannelSuite,
    ChannelViolation,
    DeviceChannel,
    PlatformChannel,
)
from simulator.protocol.channel.exchange import FACTOR_BYTES, random_factor
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.keys import KeyRing, encode_public_key, generate_key
from simulator.protocol.channel.rsa_aes import RsaAesSuite

Ends = tuple[DeviceChannel, PlatformChannel]
Connect = Callable[..., Ends]

OAEP_SHA256 = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)

pytestmark = pytest.mark.parametrize("suite", [ExchangeOnlySuite(), RsaAesSuite()], ids=lambda suite: suite.name)


def encrypted(data: bytes, key: RSAPrivateKey, padding: OAEP = OAEP_SHA256) -> str:
    return base64.b64encode(key.public_key().encrypt(data, padding)).decode()


def decrypted(text: str, key: RSAPrivateKey) -> bytes:
    return key.decrypt(base64.b64decode(text, validate=True), OAEP_SHA256)


def test_both_sides_say_that_there_is_an_exchange(suite: ChannelSuite, connect: Connect) -> None:
    device, platform = connect(suite)

    assert device.has_exchange
    assert platform.has_exchange


def test_the_exchange_as_the_wire_sees_it(
    suite: ChannelSuite, connect: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey
) -> None:
    device, platform = connect(suite)

    params = device.public_key_params()
    results = platform.answer_public_key(params)
    device.accept_public_key(results)

    assert params == {"publicKey": encode_public_key(device_key)}
    assert results == {"publicKey": encode_public_key(server_key)}

    params = device.factor_params()
    results = platform.answer_factor(params)
    device.accept_factor(results)
    platform.established()

    assert params.keys() == results.keys() == {"factor"}
    assert len(decrypted(params["factor"], server_key)) == FACTOR_BYTES
    assert len(decrypted(results["factor"], device_key)) == FACTOR_BYTES


def test_factors_are_fresh_though_keys_are_shared(
    suite: ChannelSuite, connect: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey
) -> None:
    factors = set()
    for _ in range(4):
        device, platform = connect(suite)
        device.accept_public_key(platform.answer_public_key(device.public_key_params()))
        params = device.factor_params()
        factors.add(decrypted(params["factor"], server_key))
        factors.add(decrypted(platform.answer_factor(params)["factor"], device_key))

    assert len(factors) == 8


def test_messages_are_text_until_the_exchange_is_over(suite: ChannelSuite, connect: Connect) -> None:
    device, platform = connect(suite)
    steps: list[Callable[[], object]] = [
        lambda: device.accept_public_key(platform.answer_public_key(device.public_key_params())),
        lambda: platform.answer_factor(device.factor_params()),
    ]
    for step in [lambda: None, *steps]:
        step()
        for end in (device, platform):
            assert end.seal(b'{"a":"1"}') == (b'{"a":"1"}', False)
            assert end.open(b'{"a":"1"}', False) == b'{"a":"1"}'
            with pytest.raises(ChannelViolation, match="binary"):
                end.open(b'{"a":"1"}', True)


def test_extra_fields_are_tolerated(suite: ChannelSuite, connect: Connect) -> None:
    device, platform = connect(suite)

    device.accept_public_key({**platform.answer_public_key({**device.public_key_params(), "x": 1}), "y": None})
    device.accept_factor({**platform.answer_factor({**device.factor_params(), "x": 1}), "y": None})


def test_a_public_key_may_be_repeated_before_the_factor(suite: ChannelSuite, connect: Connect) -> None:
    device, platform = connect(suite)

    for _ in range(3):
        device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()
    device.accept_factor(platform.answer_factor(device.factor_params()))


def test_a_factor_before_the_public_keys_is_a_violation(
    suite: ChannelSuite, connect: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey
) -> None:
    device, platform = connect(suite)

    with pytest.raises(ChannelViolation, match="out of turn"):
        platform.answer_factor({"factor": encrypted(bytes(32), server_key)})
    with pytest.raises(ChannelViolation, match="out of turn"):
        device.accept_factor({"factor": encrypted(bytes(32), device_key)})


def test_the_devices_own_disorder_is_a_programming_error(
    suite: ChannelSuite, connect: Connect, establish: Connect
) -> None:
    device, _ = connect(suite)
    with pytest.raises(RuntimeError):
        device.factor_params()

    device, _ = establish(suite)
    with pytest.raises(RuntimeError):
        device.public_key_params()
    with pytest.raises(RuntimeError):
        device.factor_params()


def test_a_second_exchange_on_a_connection_is_a_violation(
    suite: ChannelSuite, establish: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey
) -> None:
    device, platform = establish(suite)

    with pytest.raises(ChannelViolation, match="after the factors"):
        platform.answer_public_key({"publicKey": encode_public_key(device_key)})
    with pytest.raises(ChannelViolation, match="out of turn"):
        platform.answer_factor({"factor": encrypted(bytes(32), server_key)})
    with pytest.raises(ChannelViolation, match="out of turn"):
        device.accept_factor({"factor": encrypted(bytes(32), device_key)})


@pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 48, 62])
def test_a_factor_of_a_wrong_length_is_a_violation(
    suite: ChannelSuite, connect: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey, size: int
) -> None:
    device, platform = connect(suite)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()

    with pytest.raises(ChannelViolation, match=f"{size} bytes, not 32"):
        platform.answer_factor({"factor": encrypted(bytes(size), server_key)})
    with pytest.raises(ChannelViolation, match=f"{size} bytes, not 32"):
        device.accept_factor({"factor": encrypted(bytes(size), device_key)})


@pytest.mark.parametrize("factor", [None, "", 7, [], "not base64!", "AAAA", "A" * 172, "A" * 344])
def test_a_nonsense_factor_is_a_violation(suite: ChannelSuite, connect: Connect, factor: object) -> None:
    device, platform = connect(suite)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()

    with pytest.raises(ChannelViolation, match="factor"):
        platform.answer_factor({"factor": factor})
    with pytest.raises(ChannelViolation, match="factor"):
        device.accept_factor({"factor": factor})
    with pytest.raises(ChannelViolation, match="factor is missing"):
        platform.answer_factor({})
    with pytest.raises(ChannelViolation, match="factor is missing"):
        device.accept_factor({})


def test_a_factor_under_the_wrong_key_or_padding_is_a_violation(
    suite: ChannelSuite, connect: Connect, device_key: RSAPrivateKey, server_key: RSAPrivateKey
) -> None:
    device, platform = connect(suite)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()
    factor = bytes(32)
    sha1 = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    mixed = OAEP(mgf=MGF1(SHA1()), algorithm=SHA256(), label=None)
    labelled = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=b"x")

    for padding in (sha1, mixed, labelled):
        with pytest.raises(ChannelViolation, match="decrypted"):
            platform.answer_factor({"factor": encrypted(factor, server_key, padding)})
        with pytest.raises(ChannelViolation, match="decrypted"):
            device.accept_factor({"factor": encrypted(factor, device_key, padding)})
    with pytest.raises(ChannelViolation, match="decrypted"):
        platform.answer_factor({"factor": encrypted(factor, device_key)})
    with pytest.raises(ChannelViolation, match="decrypted"):
        device.accept_factor({"factor": encrypted(factor, server_key)})


@pytest.mark.parametrize("value", [None, "", 7, "nonsense", "AAAA"])
def test_a_nonsense_public_key_is_a_violation_on_either_side(
    suite: ChannelSuite, connect: Connect, value: object
) -> None:
    device, platform = connect(suite)

    with pytest.raises(ChannelViolation, match="publicKey"):
        device.accept_public_key({"publicKey": value})
    with pytest.raises(ChannelViolation, match="publicKey"):
        platform.answer_public_key({"publicKey": value})
    with pytest.raises(ChannelViolation, match="publicKey is missing"):
        device.accept_public_key({})


def test_a_refused_factor_leaves_the_exchange_where_it_was(
    suite: ChannelSuite, connect: Connect, server_key: RSAPrivateKey
) -> None:
    device, platform = connect(suite)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    with pytest.raises(ChannelViolation):
        platform.answer_factor({"factor": encrypted(bytes(31), server_key)})

    device.accept_factor(platform.answer_factor(device.factor_params()))


def test_each_connection_takes_one_key(suite: ChannelSuite, server_key: RSAPrivateKey) -> None:
    class Counting(KeyRing):
        __slots__ = ("taken",)

        def take(self) -> RSAPrivateKey:
            self.taken = getattr(self, "taken", 0) + 1
            return super().take()

    keys = Counting([server_key])
    device, platform = suite.device_side(keys), suite.platform_side(keys)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.accept_factor(platform.answer_factor(device.factor_params()))

    assert keys.taken == 2


def test_key_pairs_of_their_own_at_both_ends_work_too(suite: ChannelSuite) -> None:
    keys = KeyRing([generate_key(1024), generate_key(1024)])
    device, platform = suite.device_side(keys), suite.platform_side(keys)

    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.accept_factor(platform.answer_factor(device.factor_params()))


def test_channel_state_has_no_dict(suite: ChannelSuite, connect: Connect) -> None:
    for end in connect(suite):
        assert not hasattr(end, "__dict__")


def test_random_factors_have_the_right_length(suite: ChannelSuite) -> None:
    assert len(random_factor()) == FACTOR_BYTES
    assert random_factor() != random_factor()


def test_a_factor_is_known_again_by_its_mark(suite: ChannelSuite, connect: Connect) -> None:
    marks = set()
    for _ in range(3):
        device, platform = connect(suite)
        assert device.peer_mark == b""
        device.accept_public_key(platform.answer_public_key(device.public_key_params()))
        device.accept_factor(platform.answer_factor(device.factor_params()))
        assert len(device.peer_mark) == 8
        marks.add(device.peer_mark)
    assert len(marks) == 3


def test_what_is_wrong_with_an_exchange_is_a_fault_of_the_key(suite: ChannelSuite, connect: Connect) -> None:
    device, platform = connect(suite)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()
    for accept, results in ((device.accept_public_key, {}), (device.accept_factor, {"factor": "AAAA"})):
        with pytest.raises(ChannelViolation) as caught:
            accept(results)
        assert caught.value.fault is ChannelFault.KEY
