"""Key pairs: made, handed out, and read from whatever a peer sends."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.channel.base import ChannelViolation
from simulator.protocol.channel.keys import (
    KeyRing,
    decode_base64,
    decode_public_key,
    encode_public_key,
    generate_key,
)


def der_length(size: int) -> bytes:
    body = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([size]) if size < 128 else bytes([0x80 | len(body)]) + body


def der(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + der_length(len(content)) + content


def rsa_spki(bits: int) -> str:
    """A SubjectPublicKeyInfo of a made-up modulus of that many bits, written by hand."""
    modulus = ((1 << (bits - 1)) | 1).to_bytes(bits // 8, "big")
    key = der(0x30, der(0x02, b"\0" + modulus) + der(0x02, b"\x01\x00\x01"))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return base64.b64encode(der(0x30, algorithm + der(0x03, b"\0" + key))).decode()


@pytest.mark.parametrize("bits", [1024, 2048])
def test_a_generated_key_has_the_size_asked_for(bits: int) -> None:
    assert generate_key(bits).key_size == bits


@pytest.mark.parametrize("bits", [-1, 0, 512, 1023, 8193])
def test_a_size_out_of_range_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="1024 to 8192"):
        generate_key(bits)


def test_generated_keys_differ() -> None:
    assert encode_public_key(generate_key(1024)) != encode_public_key(generate_key(1024))


def test_a_ring_goes_round(device_key: RSAPrivateKey, server_key: RSAPrivateKey) -> None:
    ring = KeyRing([device_key, server_key])

    assert [ring.take() for _ in range(5)] == [device_key, server_key, device_key, server_key, device_key]
    assert len(ring) == 2


def test_a_ring_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="key ring"):
        KeyRing([])


def test_a_public_key_is_one_line_of_padded_base64_of_its_spki(server_key: RSAPrivateKey) -> None:
    text = encode_public_key(server_key)
    expected = server_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    assert base64.b64decode(text, validate=True) == expected
    assert len(text) % 4 == 0
    assert "\n" not in text


@pytest.mark.parametrize("name", ["device_key", "server_key"])
def test_a_public_key_comes_back(name: str, request: pytest.FixtureRequest) -> None:
    key: RSAPrivateKey = request.getfixturevalue(name)

    assert decode_public_key(encode_public_key(key)) == key.public_key()


def test_a_hand_written_key_of_the_least_size_is_read() -> None:
    assert decode_public_key(rsa_spki(1024)).key_size == 1024


@pytest.mark.parametrize("bits", [512, 768, 1016, 8200, 16384])
def test_a_key_too_small_or_too_large_is_a_violation(bits: int) -> None:
    with pytest.raises(ChannelViolation, match="publicKey"):
        decode_public_key(rsa_spki(bits))


def test_a_key_of_another_kind_is_a_violation() -> None:
    for key in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(ChannelViolation, match="no RSA key"):
            decode_public_key(base64.b64encode(spki).decode())


def test_other_forms_of_an_rsa_key_are_violations(server_key: RSAPrivateKey) -> None:
    public = server_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    text = encode_public_key(server_key)
    for form in (
        pem,
        text + "\n",
        text[:64] + "\n" + text[64:],
        text[:-2],
        text.replace("+", "-").replace("/", "_") + "-_==",
        text[:40],
        text + text,
    ):
        with pytest.raises(ChannelViolation, match="publicKey"):
            decode_public_key(form)


def test_a_bare_pkcs1_key_is_a_violation(server_key: RSAPrivateKey) -> None:
    pkcs1 = server_key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    with pytest.raises(ChannelViolation, match="SubjectPublicKeyInfo"):
        decode_public_key(base64.b64encode(pkcs1).decode())


@pytest.mark.parametrize("value", [None, "", 5, True, [], {}, b"bytes", "会", "====", "A", "AAAA", "\ud800"])
def test_nonsense_is_a_violation(value: object) -> None:
    with pytest.raises(ChannelViolation, match="publicKey"):
        decode_public_key(value)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_no_key(data: bytes) -> None:
    with pytest.raises(ChannelViolation):
        decode_public_key(base64.b64encode(data).decode())


@given(st.binary(min_size=1))
def test_every_base64_is_read(data: bytes) -> None:
    assert decode_base64("factor", base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("text", ["AAA", "AA=A", "AAAA=", "A A=", "AAAA\n", "AA-_", "AAAA====", "=AAA"])
def test_sloppy_base64_is_a_violation(text: str) -> None:
    with pytest.raises(ChannelViolation, match="factor is not base64"):
        decode_base64("factor", text)


def test_the_violation_does_not_quote_the_value() -> None:
    with pytest.raises(ChannelViolation) as caught:
        decode_public_key("s3cret!")
    assert "s3cret" not in str(caught.value)
