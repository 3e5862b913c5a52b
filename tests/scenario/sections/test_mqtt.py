"""The `mqtt` sections: which profile a group has, what the embedded platform goes by, and its broker."""

from pathlib import Path

import pytest

from simulator.platform.settings import BrokerTrust
from simulator.pubsub.profile import PasswordKind, Profile
from simulator.pubsub.shipped import profile_of
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.scenario.wrong_scenarios import problems_of

MIXED = """\
groups:
  - {name: w, count: 1}
  - {name: m, count: 1, broker_type: best-m}
  - {name: t, count: 1, broker_type: best-t}
  - {name: a, count: 1, broker_type: best-a}
  - {name: p, count: 1, broker_type: push}
"""


def profiles(text: str) -> dict[str, Profile | None]:
    return {settings.group: settings.mqtt for settings in parse_scenario(text).group_settings()}


def over_mqtt(text: str) -> Profile:
    profile = profiles(text)["m"]
    assert profile is not None
    return profile


def test_each_type_has_its_profile() -> None:
    assert profiles(MIXED) == {
        "w": None,
        "m": profile_of("best-m"),
        "t": profile_of("tencent"),
        "a": profile_of("aws"),
        "p": None,
    }


def test_the_nearest_section_counts_as_a_whole() -> None:
    text = """\
mqtt: {qos: 0, keep_alive: 10s}
defaults: {mqtt: {keep_alive: 20s}}
groups:
  - {name: m, count: 1, broker_type: best-m}
  - {name: own, count: 1, broker_type: best-m, mqtt: {clean_session: true}}
"""
    m, own = profiles(text)["m"], profiles(text)["own"]

    assert m is not None
    assert (m.qos, m.keep_alive) == (1, 20)
    assert own is not None
    assert (own.qos, own.keep_alive, own.clean_session) == (1, 60, True)


def test_the_top_level_holds_for_groups_that_say_nothing() -> None:
    profile = over_mqtt("mqtt: {qos: 0}\ngroups: [{name: m, count: 1, broker_type: best-m}]\n")

    assert profile.qos == 0
    assert "qos" not in profile.assumed
    assert "up" in profile.assumed


def test_another_profile_than_the_types_own() -> None:
    text = "groups: [{name: m, count: 1, broker_type: best-m, mqtt: {profile: tencent, keep_alive: 5min}}]\n"

    profile = over_mqtt(text)

    assert (profile.name, profile.keep_alive, profile.password.kind) == ("tencent", 300, PasswordKind.HMAC)


def test_every_key_arrives() -> None:
    profile = over_mqtt("""\
groups:
  - name: m
    count: 1
    broker_type: best-m
    mqtt:
      profile: best-m
      client_id: "d-{sn}"
      username: null
      password: none
      up: "x/{sn}/u"
      down: "x/{sn}/d"
      qos: 0
      keep_alive: 0s
      clean_session: true
      alpn: mqtt
      max_packet: 32KB
      protocol: 3.1.1
""")
    assert (profile.client_id, profile.username, profile.password.kind) == ("d-{sn}", None, PasswordKind.NONE)
    assert (profile.up, profile.down, profile.qos, profile.keep_alive) == ("x/{sn}/u", "x/{sn}/d", 0, 0)
    assert (profile.clean_session, profile.alpn, profile.max_packet) == (True, "mqtt", 32 * 1024)
    assert profile.assumed == frozenset()


@pytest.mark.parametrize(
    ("channel", "web_socket", "mqtt"),
    [
        ("", "rsa-aes", "plain"),
        ("channel: {key_pool: 2}\n", "rsa-aes", "plain"),
        ("channel: {suite: rsa-aes}\n", "rsa-aes", "rsa-aes"),
        ("channel: {suite: exchange-only}\n", "exchange-only", "exchange-only"),
    ],
)
def test_the_channel_over_mqtt_is_plain_where_none_is_written(channel: str, web_socket: str, mqtt: str) -> None:
    scenario = parse_scenario(f"{channel}{MIXED}")

    assert scenario.document.channel.suite_over(mqtt=False) == web_socket
    assert scenario.document.channel.suite_over(mqtt=True) == mqtt
    platform = scenario.platform_settings()
    assert (platform.channel, platform.mqtt.channel) == (web_socket, mqtt)


def test_the_platform_goes_by_the_top_level() -> None:
    text = f"mqtt: {{qos: 0}}\ndefaults: {{mqtt: {{keep_alive: 40s}}}}\n{MIXED}"

    mqtt = parse_scenario(text).platform_settings().mqtt

    assert {name: (profile.name, profile.qos) for name, profile in mqtt.profiles.items()} == {
        "best-m": ("best-m", 0),
        "best-t": ("tencent", 0),
        "best-a": ("aws", 0),
    }
    assert {profile.keep_alive for profile in mqtt.profiles.values()} == {60}


def with_broker(section: str, directory: Path | None = None) -> Scenario:
    return parse_scenario(f"platform: {{mqtt: {section}}}\ngroups: [{{name: a, count: 1}}]\n", directory=directory)


def test_a_broker_that_runs_already(tmp_path: Path) -> None:
    for name in ("ca.pem", "one.pem", "one.key", "password"):
        (tmp_path / name).touch()
    section = (
        "{broker: mqtts://h:8883, client_id: us, username: me, password_file: password, "
        "tls: {ca: ca.pem, client_cert: one.pem, client_key: one.key}}"
    )

    mqtt = with_broker(section, tmp_path).platform_settings().mqtt

    assert (mqtt.broker, mqtt.client_id, mqtt.username) == ("mqtts://h:8883", "us", "me")
    assert (mqtt.password_file, mqtt.password) == (tmp_path / "password", None)
    assert mqtt.trust == BrokerTrust(
        ca=tmp_path / "ca.pem", client_cert=tmp_path / "one.pem", client_key=tmp_path / "one.key", verify=True
    )


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            "{broker: 127.0.0.1}",
            "f.yaml:4: platform.mqtt.broker: '127.0.0.1' must begin with mqtt:// or mqtts://, as in mqtt://127.0.0.1:1883",
        ),
        (
            "{username: me, tls: {}}",
            "f.yaml:4: platform.mqtt: `username`, `tls`: for a `broker` that runs already; "
            "the platform's own needs none of it",
        ),
        (
            "{broker: mqtt://h, password_file: x}",
            "f.yaml:4: platform.mqtt: `password_file` needs a `username`: MQTT 3.1.1 has no password without one",
        ),
        (
            "{broker: mqtt://h, tls: {verify: false}}",
            "f.yaml:4: platform.mqtt: `tls` is for mqtts://, and `broker` begins with mqtt://",
        ),
        ("{brokr: mqtt://h}", "f.yaml:4: platform.mqtt.brokr: is not a key here (did you mean broker?)"),
    ],
)
def test_what_is_wrong_of_the_platforms_broker(section: str, problem: str) -> None:
    assert problems_of(f"groups:\n  - name: rooms\n    count: 5\nplatform: {{mqtt: {section}}}\n") == [problem]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_broker("{broker: mqtts://h, username: me, password_file: gone, tls: {ca: lost.pem}}", tmp_path)
    assert [(problem.field, problem.message) for problem in caught.value.problems] == [
        ("platform.mqtt.password_file", f"there is no file {tmp_path / 'gone'}"),
        ("platform.mqtt.tls.ca", f"there is no file {tmp_path / 'lost.pem'}"),
    ]
