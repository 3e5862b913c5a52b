"""The suite `configurable`: vectors of other libraries, both sides against each other, and what a difference says."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.protocol import codes, envelope
from simulator.protocol.channel import options as o
from simulator.protocol.channel.base import ChannelFault, ChannelViolation, DeviceChannel, PlatformChannel
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.context import DeviceContext, PlatformContext
from simulator.protocol.channel.faults import ExchangeRefused
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.options import DEFAULT_OPTIONS, ChannelOptions, FactorOptions
from simulator.protocol.channel.rsa_aes import RsaAesSuite
from tests.protocol.channel.configurations import options, written

HERE = Path(__file__).parent
FOUND = json.loads((HERE / "configurable-vectors.json").read_text())
VECTORS: list[dict[str, Any]] = FOUND["vectors"]
OF_RSA_AES: dict[str, Any] = json.loads((HERE / "vectors.json").read_text())
RSA_AES = ChannelOptions(keys="per-direction", iv="counter")
JSON = b'{"funcId":"dev.heartbeat","mid":"m1"}'

Ends = tuple[DeviceChannel, PlatformChannel]


def key_of(name: str) -> KeyRing:
    key = load_pem_private_key(FOUND["private_keys"][name].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return KeyRing([key])


KEYS = {name: key_of(name) for name in FOUND["private_keys"]}


def exchanged(device: DeviceChannel, platform: PlatformChannel) -> Ends:
    """Both, once they have made the two exchanges."""
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.accept_factor(platform.answer_factor(device.factor_params()))
    platform.established()
    return device, platform


def ends_of(of_device: ChannelOptions, of_platform: ChannelOptions | None = None) -> Ends:
    """Two ends of a new connection, before the exchange."""
    device = ConfigurableSuite(of_device).device_side(KEYS[f"device_{of_device.device_key_bits}"])
    return device, ConfigurableSuite(of_platform or of_device).platform_side(KEYS["platform"])


def established(of_device: ChannelOptions, of_platform: ChannelOptions | None = None) -> Ends:
    """As `ends_of`, after the exchange."""
    return exchanged(*ends_of(of_device, of_platform))


# --- Vectors of other libraries ---


def payload_of(frame: dict[str, Any]) -> tuple[bytes, bool]:
    sent = frame["payload"]
    return (bytes.fromhex(sent), True) if frame["binary"] else (sent.encode(), False)


@pytest.fixture(params=VECTORS, ids=lambda vector: json.dumps(vector["options"], ensure_ascii=False))
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def agreed_on(vector: dict[str, Any]) -> Ends:
    """Two ends that were given the vector's messages, each by itself."""
    found = written(vector["options"])
    device_factor, platform_factor = (bytes.fromhex(vector[f"{who}_factor"]) for who in ("device", "platform"))
    device = ConfigurableSuite(found, lambda: device_factor).device_side(KEYS[f"device_{found.device_key_bits}"])
    platform = ConfigurableSuite(found, lambda: platform_factor).platform_side(KEYS["platform"])
    assert device.public_key_params() == {"publicKey": vector["device_public_key"]}
    device.accept_public_key({"publicKey": vector["platform_public_key"]})
    device.factor_params()
    device.accept_factor({"factor": vector["platform_factor_sent"]})
    assert platform.answer_public_key({"publicKey": vector["device_public_key"]}) == {
        "publicKey": vector["platform_public_key"]
    }
    platform.answer_factor({"factor": vector["device_factor_sent"]})
    platform.established()
    return device, platform


def test_each_side_reads_every_frame_of_a_vector(vector: dict[str, Any]) -> None:
    device, platform = agreed_on(vector)
    for frame in vector["frames"]:
        receiver: DeviceChannel | PlatformChannel = platform if frame["direction"] == "to_platform" else device
        assert receiver.open(*payload_of(frame)).decode() == frame["json"]


def test_each_side_sends_every_frame_of_a_vector(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    device, platform = agreed_on(vector)
    for frame in vector["frames"]:
        iv = bytes.fromhex(frame["random_iv"])
        monkeypatch.setattr("simulator.protocol.channel.sealing.os.urandom", lambda size, iv=iv: iv[:size])
        sender: DeviceChannel | PlatformChannel = device if frame["direction"] == "to_platform" else platform
        assert sender.seal(frame["json"].encode()) == payload_of(frame)


def test_the_vectors_hold_each_value_of_each_option() -> None:
    found = [written(vector["options"]) for vector in VECTORS]
    literals = {
        "device_key_bits": o.DeviceKeyBits,
        "public_key": o.PublicKeyForm,
        "padding": o.Padding,
        "order": o.Order,
        "derive": o.Derive,
        "keys": o.Keys,
        "cipher": o.CipherName,
        "iv": o.IvKind,
        "framing": o.FramingKind,
    }
    for name, literal in literals.items():
        assert {getattr(each, name) for each in found} == set(get_args(literal)), name
    assert {each.factor.text for each in found} == {"base64", "hex"}
    assert {16, 17, 32, 62, 64} <= {each.factor.bytes for each in found}
    assert len({each.info for each in found}) == 3
    assert len({each.salt for each in found}) == 3
    assert len(VECTORS) >= 20


# --- The same as rsa-aes ---


def test_it_is_rsa_aes_to_the_byte() -> None:
    factors = [bytes.fromhex(OF_RSA_AES[f"{who}_factor_hex"]) for who in ("device", "server")]
    device = ConfigurableSuite(RSA_AES, lambda: factors[0]).device_side(KEYS["device_2048"])
    platform = ConfigurableSuite(RSA_AES, lambda: factors[1]).platform_side(KEYS["platform"])
    exchanged(device, platform)
    for frame in OF_RSA_AES["frames"]:
        to_server = frame["direction"] == "device_to_server"
        sender: DeviceChannel | PlatformChannel = device if to_server else platform
        receiver: DeviceChannel | PlatformChannel = platform if to_server else device
        sealed = sender.seal(frame["json"].encode())
        assert sealed == (bytes.fromhex(frame["frame_hex"]), True)
        assert receiver.open(*sealed).decode() == frame["json"]


@pytest.mark.parametrize("device_is_ours", [True, False])
def test_it_talks_to_rsa_aes(device_is_ours: bool) -> None:
    ours, theirs = ConfigurableSuite(RSA_AES), RsaAesSuite()
    device = (ours if device_is_ours else theirs).device_side(KEYS["device_2048"])
    platform = (theirs if device_is_ours else ours).platform_side(KEYS["platform"])
    exchanged(device, platform)
    for number in range(3):
        assert platform.open(*device.seal(JSON + b" " * number)) == JSON + b" " * number
        assert device.open(*platform.seal(JSON)) == JSON


# --- Any options ---


@settings(max_examples=150, deadline=None)
@given(options(), st.lists(st.tuples(st.booleans(), st.text(max_size=50)), min_size=1, max_size=8))
def test_two_sides_with_the_same_options_understand_each_other(
    found: ChannelOptions, messages: list[tuple[bool, str]]
) -> None:
    device, platform = established(found)
    for from_device, text in messages:
        message = json.dumps({"mid": text}).encode()
        sender, receiver = (device, platform) if from_device else (platform, device)
        sealed, binary = sender.seal(message)
        assert binary is (found.framing == "binary")
        assert receiver.open(sealed, binary) == message


@settings(max_examples=300, deadline=None)
@given(options(), st.data())
def test_a_byte_that_was_changed_is_found_where_the_cipher_can_tell(found: ChannelOptions, data: st.DataObject) -> None:
    device, platform = established(found)
    heard = data.draw(st.booleans(), label="after a right frame")
    if heard:
        platform.open(*device.seal(JSON))
    sealed, binary = device.seal(JSON)
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        opened = platform.open(bytes(changed), binary)
    except ChannelViolation:
        return
    assert found.mode != "gcm"
    # What comes out is another text; that it can be one at all is the ciphers', not ours.
    assert opened != JSON


@settings(max_examples=200, deadline=None)
@given(options(), st.binary(max_size=120), st.booleans())
def test_garbage_is_a_violation_and_nothing_else(found: ChannelOptions, payload: bytes, binary: bool) -> None:
    for end in established(found):
        try:
            opened = end.open(payload, binary)
        except ChannelViolation:
            continue
        # Without a tag one in 256 has right padding, and still is a JSON object: hardly ever.
        assert found.mode != "gcm"
        envelope.decode(opened)


@settings(max_examples=200, deadline=None)
@given(
    options(),
    st.sampled_from(["publicKey", "factor"]),
    st.text() | st.none() | st.integers() | st.binary().map(lambda data: b64encode(data).decode()),
)
def test_garbage_in_the_exchange_is_a_violation_and_nothing_else(
    found: ChannelOptions, name: str, value: object
) -> None:
    device, platform = ends_of(found)
    platform_key = platform.answer_public_key(device.public_key_params())
    if name == "publicKey":
        with pytest.raises(ChannelViolation):
            device.accept_public_key({name: value})
        with pytest.raises(ChannelViolation):
            platform.answer_public_key({name: value})
        return
    device.accept_public_key(platform_key)
    device.factor_params()
    with pytest.raises(ChannelViolation):
        device.accept_factor({name: value})
    with pytest.raises((ChannelViolation, ExchangeRefused)):
        platform.answer_factor({name: value})


def failure_of(of_device: ChannelOptions, of_platform: ChannelOptions) -> str | None:
    """What the first of the two that noticed says; None where they understand each other."""
    try:
        device, platform = established(of_device, of_platform)
        for _ in range(2):
            if platform.open(*device.seal(JSON)) != JSON or device.open(*platform.seal(JSON)) != JSON:
                return "something else was read"
    except (ChannelViolation, ExchangeRefused) as error:
        return str(error)
    return None


def _effective(found: ChannelOptions) -> ChannelOptions:
    """Without what has no effect: two of these differ where their channels do."""
    if found.derive != "hkdf-sha256":
        found = replace(found, info="", salt=b"")
    else:
        found = replace(found, salt=found.salt.ljust(64, b"\0") if len(found.salt) <= 64 else found.salt)
    if found.mode == "ecb":
        found = replace(found, iv="zero")
    if found.derive == "xor" and found.iv != "factors":
        found = replace(found, order="device-first")
    return found


@settings(max_examples=300, deadline=None)
@given(options(), options(), st.data())
def test_sides_that_differ_in_one_option_do_not_come_together(
    found: ChannelOptions, other: ChannelOptions, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(ChannelOptions.__slots__)))
    differing = replace(found, **{name: getattr(other, name)})
    assume(not list(o.problems(differing)) and _effective(differing) != _effective(found))
    failure = failure_of(found, differing)
    assert failure is not None
    assert "channel." in failure


# --- What a failure says ---

Change = dict[str, Any]
AS_RSA_AES: Change = {"keys": "per-direction", "iv": "counter"}
TAG = "wrong tag: channel.derive, channel.order, channel.keys, channel.cipher, channel.iv, channel.info, channel.salt"


@pytest.mark.parametrize(
    ("of_device", "of_platform", "told"),
    [
        ({"device_key_bits": 1024}, {}, "the device's publicKey has 1024 bits: channel.device_key_bits"),
        ({"public_key": "pem"}, {}, "the device's publicKey is PEM: channel.public_key"),
        ({}, {"public_key": "pem"}, "the device's publicKey is a SubjectPublicKeyInfo in base64: channel.public_key"),
        ({"public_key": "pkcs1"}, {}, "the device's publicKey is PKCS#1 in base64: channel.public_key"),
        (
            {"public_key": "pkcs1-pem"},
            {"public_key": "pem"},
            "the device's publicKey is PEM of PKCS#1: channel.public_key",
        ),
        ({"padding": "oaep-sha1"}, {}, "the device's factor is encrypted with oaep-sha1: channel.padding"),
        ({}, {"padding": "pkcs1v15"}, "the device's factor is encrypted with oaep-sha256: channel.padding"),
        (
            {"padding": "pkcs1v15"},
            {},
            "the device's factor cannot be decrypted: channel.padding, or it was encrypted for another key pair",
        ),
        ({"factor": {"bytes": 16}}, {}, "the device's factor has 16 bytes, 32 are wanted: channel.factor.bytes"),
        ({"factor": {"text": "hex"}}, {}, "the device's factor is hex: channel.factor.text"),
        ({}, {"factor": {"text": "hex"}}, "the device's factor is base64: channel.factor.text"),
        ({"order": "platform-first"}, {}, TAG),
        ({"derive": "sha256"}, {}, TAG),
        ({"info": "other"}, {}, TAG),
        ({"salt": "00ff"}, {}, TAG),
        ({"keys": "per-direction"}, {}, TAG),
        ({}, {"keys": "per-direction"}, TAG),
        ({"cipher": "aes-128-gcm"}, {}, TAG),
        ({"cipher": "aes-256-cbc"}, {}, TAG),
        ({"iv": "zero"}, {}, TAG),
        ({"iv": "zero"}, {"iv": "factors"}, TAG),
        ({}, {"iv": "counter"}, "channel.iv, channel.cipher"),
        ({}, {"cipher": "aes-256-ecb"}, "channel.cipher, channel.iv, channel.framing"),
        (
            {"cipher": "aes-256-cbc", "iv": "factors"},
            {"cipher": "aes-256-cbc", "iv": "zero"},
            "no JSON object: channel.derive, channel.order, channel.keys, channel.cipher, channel.iv, channel.info, "
            "channel.salt",
        ),
        ({"framing": "base64-text"}, {}, "a text frame where a binary one is due: channel.framing"),
        ({}, {"framing": "base64-text"}, "a binary frame where a text one is due: channel.framing"),
        ({"framing": "hex-text"}, {"framing": "base64-text"}, "a text frame in hex: channel.framing"),
        (
            {"framing": "base64-text"},
            {"framing": "hex-text"},
            "a text frame that is no lower-case hex: channel.framing",
        ),
    ],
)
def test_a_failure_names_the_setting_to_change(of_device: Change, of_platform: Change, told: str) -> None:
    failure = failure_of(written(of_device), written(of_platform))
    assert failure is not None
    assert failure == told or (not told.startswith(("the", "a ", "wrong", "no ")) and failure.endswith(told))
    assert len(failure.encode()) <= 123, "it goes into a close frame"


def test_the_device_says_the_same_of_the_platform() -> None:
    device, platform = ends_of(DEFAULT_OPTIONS)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    device.factor_params()
    form = ConfigurableSuite(ChannelOptions(factor=FactorOptions(bytes=16))).form
    key = KEYS["device_2048"].take().public_key()
    with pytest.raises(
        ChannelViolation, match=r"^the platform's factor has 16 bytes, 32 are wanted: channel\.factor\.bytes$"
    ) as caught:
        device.accept_factor({"factor": form.write_factor(bytes(16), key)})
    assert caught.value.fault is ChannelFault.KEY


def test_a_platform_refuses_a_factor_of_another_length_and_takes_a_right_one_then() -> None:
    device, platform = ends_of(DEFAULT_OPTIONS)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    form = ConfigurableSuite(ChannelOptions(factor=FactorOptions(bytes=33))).form
    with pytest.raises(
        ExchangeRefused, match=r"^the device's factor has 33 bytes, 32 are wanted: channel\.factor"
    ) as caught:
        platform.answer_factor({"factor": form.write_factor(bytes(33), KEYS["platform"].take().public_key())})
    assert caught.value.code == codes.BAD_VALUE
    device.accept_factor(platform.answer_factor(device.factor_params()))
    platform.established()
    assert platform.open(*device.seal(JSON)) == JSON


def test_after_a_frame_was_read_a_failure_blames_no_setting() -> None:
    device, platform = established(DEFAULT_OPTIONS)
    platform.open(*device.seal(JSON))
    sealed, binary = device.seal(JSON)
    with pytest.raises(ChannelViolation, match=r"^a frame with a wrong tag$"):
        platform.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), binary)


def test_what_a_device_suspects_goes_with_how_far_it_came() -> None:
    device, platform = ends_of(ChannelOptions(cipher="aes-256-ecb", derive="none", keys="per-direction"))
    assert device.doubts == "channel.public_key, channel.device_key_bits"
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    assert device.doubts == "channel.padding, channel.factor"
    device.accept_factor(platform.answer_factor(device.factor_params()))
    platform.established()
    assert device.doubts == "channel.derive, channel.order, channel.keys, channel.cipher, channel.framing"
    device.open(*platform.seal(JSON))
    assert device.doubts == ""


def test_a_device_remembers_what_the_platform_broke() -> None:
    device, _ = established(DEFAULT_OPTIONS)
    with pytest.raises(ChannelViolation):
        device.open(JSON, False)
    assert device.doubts == "a text frame in the clear, a binary one is due: channel.framing"


@pytest.mark.parametrize("framing", get_args(o.FramingKind))
def test_a_message_in_the_clear_after_the_exchange(framing: o.FramingKind) -> None:
    for end in established(ChannelOptions(framing=framing)):
        with pytest.raises(ChannelViolation) as caught:
            end.open(JSON, False)
        assert caught.value.fault is ChannelFault.PLAIN


# --- Random IVs ---


@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-256-cbc"])
def test_a_random_iv_that_comes_again_is_read_and_told(cipher: o.CipherName) -> None:
    told: list[tuple[str, ChannelFault]] = []
    suite = ConfigurableSuite(ChannelOptions(cipher=cipher))
    device = suite.device_side(
        KEYS["device_2048"], DeviceContext(tell=lambda fault, text: told.append(("device", fault)))
    )
    platform = suite.platform_side(
        KEYS["platform"], PlatformContext(tell=lambda fault, text: told.append(("platform", fault)))
    )
    exchanged(device, platform)
    frames = [platform.seal(JSON) for _ in range(3)]
    for frame in (*frames, frames[1]):
        assert device.open(*frame) == JSON
    assert told == [("device", ChannelFault.IV)]
    sent = device.seal(JSON)
    platform.open(*sent)
    platform.open(*sent)
    assert told[1:] == [("platform", ChannelFault.IV)]


# --- The suite ---


def test_contradictory_options_are_refused_as_a_whole() -> None:
    wrong = ChannelOptions(derive="md5", factor=FactorOptions(bytes=65), device_key_bits=1024)
    with pytest.raises(ValueError, match=r"channel\.factor\.bytes: 65 is out of range.*channel\.derive: md5 yields 16"):
        ConfigurableSuite(wrong)


def test_a_channel_shows_neither_keys_nor_factors() -> None:
    found = ChannelOptions(salt=b"salt", info="info")
    device, platform = established(found)
    shown = repr(device) + repr(platform) + str(device) + str(platform)
    assert "Traffic" not in shown
    assert all(value not in shown for value in ("salt", "b'", "bytearray"))


def test_established_needs_the_factors(connect: Callable[..., Ends]) -> None:
    _, platform = connect(ConfigurableSuite())
    with pytest.raises(RuntimeError, match="no factor"):
        platform.established()


def test_the_factors_reply_is_still_plain() -> None:
    device, platform = ends_of(DEFAULT_OPTIONS)
    device.accept_public_key(platform.answer_public_key(device.public_key_params()))
    results = platform.answer_factor(device.factor_params())
    assert platform.seal(b"{}") == (b"{}", False)
    assert device.open(b"{}", False) == b"{}"
    device.accept_factor(results)
    platform.established()
    assert device.seal(b"{}")[1]
    assert platform.seal(b"{}")[1]
