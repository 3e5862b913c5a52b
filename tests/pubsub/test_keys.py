"""The keys of a profile: what may be written, and what is said of the rest."""

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.fields.section import shown_of
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.profile import Password, PasswordKind

WAYS = 'none, text in quotes, {devKey: digest}, or {hmac: {algorithm: sha256, key: "{deviceSecret}"}}'


def error_of(key: str, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        ProfileKeys.model_validate({key: value})
    (error,) = caught.value.errors()
    assert error["loc"] == (key,)
    return error["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("client_id", "", "must not be empty"),
        ("client_id", "{devKey}", "{devKey} is a secret: it may stand in `password` alone"),
        ("username", "", "must not be empty"),
        ("up", "best/#", "holds '#': a topic names one device by placeholders, and is no filter"),
        ("qos", 2, "must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's brokers do not either"),
        ("qos", True, "must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's brokers do not either"),
        ("qos", "1", "must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's brokers do not either"),
        ("keep_alive", 60, "60 has no unit: write 60s, 60ms, 60min or 60h"),
        ("keep_alive", "1500ms", "must be whole seconds; 0s for none"),
        ("keep_alive", "1d", "it must be at most 65535s"),
        ("alpn", "", "must be the name of a protocol: 1 to 255 ASCII characters"),
        ("alpn", "名", "must be the name of a protocol: 1 to 255 ASCII characters"),
        ("alpn", "x" * 256, "must be the name of a protocol: 1 to 255 ASCII characters"),
        ("max_packet", "2MB", "it must be 1KB to 1MB"),
        ("max_packet", "100B", "it must be 1KB to 1MB"),
        ("max_packet", 64, "64 has no unit: write 64B or 64KB (1,024 bytes)"),
        ("protocol", "5", "must be 3.1.1, the version that devices here speak"),
        ("protocol", 5, "must be 3.1.1, the version that devices here speak"),
        ("password", None, f"must be {WAYS}"),
        ("password", 12, f"must be {WAYS}"),
        ("password", {}, f"must be {WAYS}"),
        ("password", {"devKey": "digest", "hmac": {}}, f"must be {WAYS}"),
        ("password", "", "must not be empty"),
        ("password", {"devkey": "digest"}, f"'devkey' is no way to make a password: write {WAYS}"),
        (
            "password",
            {"devKey": "hush"},
            f'`devKey` takes `digest` alone; a devKey as it is: "{{devKey}}"; all ways: {WAYS}',
        ),
        (
            "password",
            {"hmac": "sha256"},
            "`hmac` must be a mapping of texts: `algorithm`, `key` and `suffix`, each with a usual value",
        ),
        ("password", {"hmac": {"algo": "x"}}, "'algo' is no key of `hmac`; known: algorithm, key, suffix"),
        ("password", {"hmac": {"algorithm": "md5"}}, "'md5' is no algorithm of `hmac`; known: sha256, sha1"),
        ("password", {"hmac": {"key": ""}}, "must not be empty"),
        (
            "password",
            {"hmac": {"key": "aHVzaA=="}},
            "`hmac.key` must hold {deviceSecret} or {devKey}: one in a scenario would be that of all devices",
        ),
    ],
)
def test_what_is_wrong(key: str, value: Any, message: str) -> None:
    assert error_of(key, value) == message


@pytest.mark.parametrize(
    ("written", "password", "shown"),
    [
        ("none", Password(), "none"),
        ("hush", Password(kind=PasswordKind.TEXT, text="hush"), "***"),
        ({"devKey": "digest"}, Password(kind=PasswordKind.DEV_KEY_DIGEST), "{devKey: digest}"),
        (
            {"hmac": {}},
            Password(kind=PasswordKind.HMAC, algorithm="sha256", key="{deviceSecret}", suffix=";hmacsha256"),
            '{hmac: {algorithm: sha256, key: "{deviceSecret}", suffix: ";hmacsha256"}}',
        ),
        (
            {"hmac": {"algorithm": "sha1", "key": "{devKey}", "suffix": ""}},
            Password(kind=PasswordKind.HMAC, algorithm="sha1", key="{devKey}", suffix=""),
            '{hmac: {algorithm: sha1, key: "{devKey}", suffix: ""}}',
        ),
    ],
)
def test_passwords(written: Any, password: Password, shown: str) -> None:
    keys = ProfileKeys.model_validate({"password": written})

    assert keys.password == password
    written_as = shown_of(ProfileKeys.model_fields["password"])
    assert written_as is not None
    assert written_as.write(password) == shown


def test_what_is_written_is_told_from_what_is_not() -> None:
    assert ProfileKeys().written() == {}
    assert ProfileKeys.model_validate({"alpn": None, "keep_alive": "0s"}).written() == {"alpn": None, "keep_alive": 0}
