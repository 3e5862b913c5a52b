"""What `best-fleet check` tells of groups over MQTT."""

from pathlib import Path

import pytest

from simulator.cli import main

MIXED = """\
name: mixed
identities: {sn: "DEV{index:03d}", product_id: P1}
groups:
  - {name: w, count: 2}
  - {name: m, count: 2, broker_type: best-m}
  - {name: t, count: 1, broker_type: best-t, mqtt: {keep_alive: 5min, qos: 0}}
  - {name: a, count: 1, broker_type: best-a, mqtt: {up: "best/{companyId}/{sn}/up", down: "best/{companyId}/{sn}/down"}}
  - {name: s, count: 1, broker_type: best-m, mqtt: {username: "u", password: "hush {devKey}", alpn: mqtt}}
"""
ALL = "client_id, username, password, up, down, qos, keep_alive, clean_session, alpn, max_packet, protocol"


def told(directory: Path, capsys: pytest.CaptureFixture[str], text: str, *arguments: str) -> list[str]:
    path = directory / "scenario.yaml"
    path.write_text(text)
    assert main(["check", str(path), *arguments]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_each_group_over_mqtt_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(tmp_path, capsys, MIXED)

    names = ("mqtt", "topics", "login", "session", "channel")
    assert [line for line in lines if line.split()[0] in names] == [
        "channel rsa-aes over WebSocket, plain over MQTT",
        f"mqtt profile best-m (a platform's own MQTT broker); assumed: {ALL}",
        "topics up best/P1/DEV002/up, down best/P1/DEV002/down",
        "login client id DEV002, user name DEV002, password: digest of devKey, as in dev.register",
        "session QoS 1, persistent, keep-alive 1min, payloads up to 64KB",
        "mqtt profile tencent (Tencent IoT Hub); the scenario's own: qos, keep_alive; assumed: up, down, clean_session",
        "topics up P1/DEV003/event, down P1/DEV003/control",
        "login client id P1DEV003, user name P1DEV003;12010126;{connid};{expiry}, "
        "password: HMAC-SHA-256 of the user name, then ';hmacsha256'",
        "session QoS 0, clean, keep-alive 5min, payloads up to 16KB",
        "mqtt profile aws (AWS IoT Core); the scenario's own: up, down; "
        "assumed: client_id, qos, keep_alive, clean_session",
        "topics up best/{companyId}/DEV004/up, down best/{companyId}/DEV004/down",
        "login client id DEV004, user name none, password: none",
        "session QoS 1, clean, keep-alive 1min, payloads up to 128KB, ALPN x-amzn-mqtt-ca at port 443",
        "mqtt profile best-m (a platform's own MQTT broker); the scenario's own: username, password, alpn; "
        "assumed: client_id, up, down, qos, keep_alive, clean_session, max_packet, protocol",
        "topics up best/P1/DEV005/up, down best/P1/DEV005/down",
        "login client id DEV005, user name u, password: a text of the scenario",
        "session QoS 1, persistent, keep-alive 1min, payloads up to 64KB, ALPN mqtt",
    ]
    assert "hush" not in "".join(lines)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("groups: [{name: m, count: 1, broker_type: best-m}]\n", "channel plain"),
        ("channel: {suite: rsa-aes}\ngroups: [{name: m, count: 1, broker_type: best-m}]\n", "channel rsa-aes"),
        ("groups: [{name: w, count: 1}, {name: m, count: 0, broker_type: best-m}]\n", "channel rsa-aes"),
        ("groups: [{name: w, count: 1}]\n", "channel rsa-aes"),
    ],
)
def test_the_channel_that_is_spoken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, channel: str
) -> None:
    assert channel in told(tmp_path, capsys, text)


def test_no_example_where_nobody_is_known_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "identities: {csv: later.csv}\ngroups: [{name: m, count: 1, broker_type: best-m}]\n"

    lines = told(tmp_path, capsys, text)

    assert "topics up best/{productId}/{sn}/up, down best/{productId}/{sn}/down" in lines
