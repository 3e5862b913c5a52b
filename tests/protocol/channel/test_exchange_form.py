"""How the exchange of `configurable` is written, and what else is read."""

from base64 import b64encode
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.protocol.channel.base import ChannelViolation
from simulator.protocol.channel.exchange import THE_DEVICES, THE_PLATFORMS
from simulator.protocol.channel.exchange_form import ConfiguredForm, of_base64
from simulator.protocol.channel.options import ChannelOptions, FactorOptions, Padding, PublicKeyForm


def form(**options: Any) -> ConfiguredForm:
    return ConfiguredForm(ChannelOptions(**options))


def pem(name: PublicKeyForm, key: RSAPrivateKey) -> str:
    return form(public_key=name).write_key(key)


# --- Public keys ---


@pytest.mark.parametrize("name", get_args(PublicKeyForm))
def test_each_form_is_read_as_it_is_written(name: PublicKeyForm, server_key: RSAPrivateKey) -> None:
    found = form(public_key=name).read_key(pem(name, server_key), THE_PLATFORMS)
    assert found.public_numbers() == server_key.public_key().public_numbers()


@pytest.mark.parametrize("name", ["pem", "pkcs1-pem"])
def test_pem_has_lines_of_64_characters_and_a_final_newline(name: PublicKeyForm, server_key: RSAPrivateKey) -> None:
    lines = pem(name, server_key).split("\n")
    assert lines[-1] == ""
    assert {len(line) for line in lines[1:-3]} == {64}
    assert "\r" not in pem(name, server_key)


@pytest.mark.parametrize("name", ["pem", "pkcs1-pem"])
def test_pem_with_crlf_or_without_a_final_newline_is_read(name: PublicKeyForm, server_key: RSAPrivateKey) -> None:
    written = pem(name, server_key)
    for other in (written.replace("\n", "\r\n"), written[:-1], written.replace("\n", "\r\n")[:-2]):
        form(public_key=name).read_key(other, THE_PLATFORMS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n", "\r"),
        lambda text: "before\n" + text,
        lambda text: text + "\n",
        lambda text: text.replace("\n", "", 2),
        lambda text: text.replace("-----BEGIN", " -----BEGIN"),
    ],
)
def test_pem_in_other_lines_is_not_read(spoil: Any, server_key: RSAPrivateKey) -> None:
    with pytest.raises(ChannelViolation, match=r"channel\.public_key"):
        form(public_key="pem").read_key(spoil(pem("pem", server_key)), THE_PLATFORMS)


@pytest.mark.parametrize("due", get_args(PublicKeyForm))
@pytest.mark.parametrize("sent", get_args(PublicKeyForm))
def test_a_key_in_another_form_is_refused_and_its_form_named(
    due: PublicKeyForm, sent: PublicKeyForm, server_key: RSAPrivateKey
) -> None:
    if due == sent:
        return
    seen = {
        "der": "a SubjectPublicKeyInfo in base64",
        "pem": "PEM",
        "pkcs1": "PKCS#1 in base64",
        "pkcs1-pem": "PEM of PKCS#1",
    }
    with pytest.raises(ChannelViolation) as caught:
        form(public_key=due).read_key(pem(sent, server_key), THE_PLATFORMS)
    assert str(caught.value) == f"the platform's publicKey is {seen[sent]}: channel.public_key"


@pytest.mark.parametrize("text", [None, 5, "", "not base64!", "QUJD", "-----BEGIN PUBLIC KEY-----", "\ud83d"])
def test_what_is_no_key_is_refused(text: object) -> None:
    with pytest.raises(ChannelViolation, match="publicKey"):
        form().read_key(text, THE_PLATFORMS)


def test_a_key_that_is_no_rsa_key_is_refused() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ChannelViolation, match="no RSA key"):
        form().read_key(b64encode(der).decode(), THE_PLATFORMS)


def test_the_devices_key_has_the_size_that_was_set(device_key: RSAPrivateKey, server_key: RSAPrivateKey) -> None:
    small, large = (pem("der", key) for key in (device_key, server_key))
    form(device_key_bits=1024).read_key(small, THE_DEVICES)
    form(device_key_bits=2048).read_key(large, THE_DEVICES)
    with pytest.raises(ChannelViolation, match=r"^the device's publicKey has 2048 bits: channel\.device_key_bits$"):
        form(device_key_bits=1024).read_key(large, THE_DEVICES)
    # The platform's is used, and whoever receives it counts that it has another size.
    assert form().read_key(small, THE_PLATFORMS).key_size == 1024


def test_a_platforms_key_too_small_for_the_factor_is_refused(device_key: RSAPrivateKey) -> None:
    with pytest.raises(ChannelViolation, match=r"for a factor of 63 bytes: channel\.factor\.bytes, channel\.padding$"):
        form(factor=FactorOptions(bytes=63)).read_key(pem("der", device_key), THE_PLATFORMS)


# --- Factors ---


@pytest.mark.parametrize("padding", get_args(Padding))
@pytest.mark.parametrize("text", ["base64", "hex"])
def test_a_factor_is_read_as_it_is_written(padding: Padding, text: Any, server_key: RSAPrivateKey) -> None:
    found = form(padding=padding, factor=FactorOptions(text=text))
    written = found.write_factor(b"f" * 32, server_key.public_key())
    assert len(written) == (512 if text == "hex" else 344)
    assert written.islower() or text == "base64"
    assert found.read_factor(written, server_key, THE_DEVICES) == b"f" * 32


def test_hex_is_read_in_both_cases(server_key: RSAPrivateKey) -> None:
    found = form(factor=FactorOptions(text="hex"))
    written = found.write_factor(b"f" * 32, server_key.public_key())
    assert found.read_factor(written.upper(), server_key, THE_DEVICES) == b"f" * 32


@pytest.mark.parametrize(
    "spoil", [lambda text: f" {text}", lambda text: text[:2] + " " + text[2:], lambda text: text[:-1]]
)
@pytest.mark.parametrize("kind", ["base64", "hex"])
def test_a_factor_is_written_in_one_line_without_gaps(spoil: Any, kind: Any, server_key: RSAPrivateKey) -> None:
    found = form(factor=FactorOptions(text=kind))
    written = found.write_factor(b"f" * 32, server_key.public_key())
    with pytest.raises(ChannelViolation, match="factor"):
        found.read_factor(spoil(written), server_key, THE_DEVICES)


def test_a_factor_under_another_key_cannot_be_decrypted(server_key: RSAPrivateKey, device_key: RSAPrivateKey) -> None:
    found = form()
    written = found.write_factor(b"f" * 32, device_key.public_key())
    with pytest.raises(
        ChannelViolation, match=r"^the device's factor cannot be decrypted: channel\.padding, or it was encr"
    ):
        found.read_factor(written, server_key, THE_DEVICES)


def test_with_pkcs1v15_another_length_may_be_another_key() -> None:
    assert form(padding="pkcs1v15").wrong_length(5, THE_DEVICES) == (
        "the device's factor has 5 bytes, 32 are wanted: channel.factor.bytes, or it was encrypted for another key pair"
    )


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QR==", "QQ==\n", "QQ== ", "QUJD====", "Q Q=", "Q-_=", "é"])
def test_only_canonical_base64_is_read(text: str) -> None:
    assert of_base64(text) is None
    assert of_base64("QQ==") == b"A"
    assert of_base64(b"QUJD") == b"ABC"
