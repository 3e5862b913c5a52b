"""Which options contradict each other, and where that is told."""

from typing import Any

import pytest

from simulator.protocol.channel.options import ChannelOptions, FactorOptions, most_factor, problems


def told(options: ChannelOptions, *given: str) -> list[tuple[str, str]]:
    return [(".".join(problem.path), problem.message) for problem in problems(options, given)]


def test_the_defaults_are_those_of_the_page_and_contradict_nothing() -> None:
    assert ChannelOptions() == ChannelOptions(
        device_key_bits=2048,
        public_key="der",
        padding="oaep-sha256",
        factor=FactorOptions(bytes=32, text="base64"),
        order="device-first",
        derive="hkdf-sha256",
        info="BEST-W channel v1",
        salt=b"",
        keys="one",
        cipher="aes-256-gcm",
        iv="random",
        framing="binary",
    )
    assert told(ChannelOptions(), "iv", "info", "salt", "cipher") == []


@pytest.mark.parametrize(
    ("derive", "factor", "yields"),
    [("none", 16, 32), ("none", 64, 128), ("xor", 17, 17), ("md5", 32, 16), ("sha256", 32, 32)],
)
def test_what_a_derivation_yields(derive: Any, factor: int, yields: int) -> None:
    assert ChannelOptions(derive=derive, factor=FactorOptions(bytes=factor)).yielded == yields


@pytest.mark.parametrize(
    ("cipher", "keys", "needs"),
    [
        ("aes-128-gcm", "one", 16),
        ("aes-256-ecb", "one", 32),
        ("aes-128-cbc", "per-direction", 32),
        ("aes-256-gcm", "per-direction", 64),
    ],
)
def test_what_a_cipher_needs(cipher: Any, keys: Any, needs: int) -> None:
    assert ChannelOptions(cipher=cipher, keys=keys).needed == needs


@pytest.mark.parametrize(
    ("options", "yields", "needs"),
    [
        (ChannelOptions(derive="md5"), 16, 32),
        (ChannelOptions(derive="md5", cipher="aes-128-gcm", keys="per-direction"), 16, 32),
        (ChannelOptions(derive="sha256", keys="per-direction"), 32, 64),
        (ChannelOptions(derive="xor", factor=FactorOptions(bytes=31)), 31, 32),
        (ChannelOptions(derive="none", factor=FactorOptions(bytes=31), keys="per-direction"), 62, 64),
    ],
)
def test_too_few_bytes_are_told_with_both_numbers(options: ChannelOptions, yields: int, needs: int) -> None:
    [(place, message)] = told(options)
    assert place == "derive"
    assert f"yields {yields} bytes" in message
    assert f"needs {needs} " in message


@pytest.mark.parametrize(
    "options",
    [
        ChannelOptions(derive="md5", cipher="aes-128-cbc"),
        ChannelOptions(derive="xor", keys="per-direction", factor=FactorOptions(bytes=64)),
        ChannelOptions(derive="none", keys="per-direction"),
        ChannelOptions(cipher="aes-256-ecb"),
        ChannelOptions(device_key_bits=1024, factor=FactorOptions(bytes=62)),
        ChannelOptions(device_key_bits=1024, padding="pkcs1v15", factor=FactorOptions(bytes=64)),
    ],
)
def test_what_just_fits_is_right(options: ChannelOptions) -> None:
    assert told(options) == []


def test_what_a_cipher_or_derivation_does_not_use_must_not_be_written() -> None:
    options = ChannelOptions(cipher="aes-128-ecb", derive="md5", iv="zero", info="x", salt=b"y")
    assert [place for place, _ in told(options, "iv", "info", "salt")] == ["iv", "info", "salt"]
    assert told(options) == []


@pytest.mark.parametrize(
    ("bits", "padding", "most"),
    [(1024, "oaep-sha256", 62), (1024, "oaep-sha1", 86), (2048, "oaep-sha256", 190), (1024, "pkcs1v15", 117)],
)
def test_the_longest_factor(bits: int, padding: Any, most: int) -> None:
    assert most_factor(bits, padding) == most


def test_a_factor_too_long_for_a_key_is_told_with_the_key() -> None:
    [(place, message)] = told(ChannelOptions(device_key_bits=1024, factor=FactorOptions(bytes=63)))
    assert place == "factor.bytes"
    assert message == (
        "a factor of 63 bytes is too long for the device's key of 1024 bits with oaep-sha256, which takes 62 at most"
    )
    both = told(ChannelOptions(device_key_bits=1024, factor=FactorOptions(bytes=200)))
    assert [
        whose for _, message in both for whose in ("the device's key", "the platform's key") if whose in message
    ] == [
        "the device's key",
        "the platform's key",
    ]


@pytest.mark.parametrize("size", [0, 15, 65])
def test_a_factor_has_16_to_64_bytes(size: int) -> None:
    assert ("factor.bytes", f"{size} is out of range: a factor has 16 to 64 bytes") in told(
        ChannelOptions(factor=FactorOptions(bytes=size))
    )


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (ChannelOptions(info="x" * 1025), "info"),
        (ChannelOptions(info="\ud83d"), "info"),
        (ChannelOptions(salt=bytes(1025)), "salt"),
    ],
)
def test_bounds_of_info_and_salt(options: ChannelOptions, place: str) -> None:
    assert [found for found, _ in told(options)] == [place]


def test_all_contradictions_are_told_at_once() -> None:
    options = ChannelOptions(
        device_key_bits=1024, factor=FactorOptions(bytes=64), derive="md5", cipher="aes-256-ecb", salt=b"s"
    )
    assert [place for place, _ in told(options, "iv", "salt")] == ["factor.bytes", "derive", "iv", "salt"]
