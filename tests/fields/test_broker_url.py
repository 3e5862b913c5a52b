"""The address of a broker, and what is said of what is none."""

import re

import pytest

from simulator.fields.broker_url import parse_broker_url


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("mqtt://127.0.0.1:1883", "mqtt://127.0.0.1:1883"),
        (" mqtts://broker.example.com/ ", "mqtts://broker.example.com"),
        ("MQTT://[::1]:1883", "mqtt://[::1]:1883"),
        ("mqtts://P1.iotcloud.tencentdevices.com:8883", "mqtts://P1.iotcloud.tencentdevices.com:8883"),
    ],
)
def test_addresses(written: str, read: str) -> None:
    assert parse_broker_url(written) == read


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "must be the address of a broker, like mqtt://127.0.0.1:1883"),
        (1883, "must be the address of a broker, like mqtt://127.0.0.1:1883"),
        ("", "must be the address of a broker, like mqtt://127.0.0.1:1883"),
        (
            "mqtt://me:hush@h",
            "must carry no user name or password: `username` and `password_file` beside it say them",
        ),
        ("127.0.0.1:1883", "'127.0.0.1:1883' must begin with mqtt:// or mqtts://, as in mqtt://127.0.0.1:1883"),
        ("http://h", "'http://h' must begin with mqtt:// or mqtts://, as in mqtt://127.0.0.1:1883"),
        ("tcp://h:1883", "'tcp://h:1883' must begin with mqtt:// here"),
        ("ssl://h:8883", "'ssl://h:8883' must begin with mqtts:// here"),
        ("mqtt://h/path", "'mqtt://h/path' holds more than a host and a port: write it like mqtt://127.0.0.1:1883"),
        ("mqtt://h?a=b", "'mqtt://h?a=b' holds more than a host and a port: write it like mqtt://127.0.0.1:1883"),
        ("mqtt://", "'mqtt:/' must begin with mqtt:// or mqtts://, as in mqtt://127.0.0.1:1883"),
        ("mqtt://h:0", "'mqtt://h:0' has no valid host and port: write it like mqtt://127.0.0.1:1883"),
        ("mqtt://::1:1883", "'mqtt://::1:1883' has no valid host and port: write it like mqtt://127.0.0.1:1883"),
        ("mqtt://300.1.1.1", "'mqtt://300.1.1.1' has no valid host and port: write it like mqtt://127.0.0.1:1883"),
    ],
)
def test_what_is_none(written: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_broker_url(written)
