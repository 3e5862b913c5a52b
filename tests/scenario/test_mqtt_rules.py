"""What of the `mqtt` sections contradicts itself, the group or the kind of broker: each at its line, all at once."""

import pytest

from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import problems_of

GROUP = "groups:\n  - name: rooms\n    count: 5\n    broker_type: {type}\n    mqtt:\n"
WAYS = 'none, text in quotes, {devKey: digest}, or {hmac: {algorithm: sha256, key: "{deviceSecret}"}}'
KNOWN = "{sn}, {productId}, {companyId}, {siteId}, {deviceName}"


@pytest.mark.parametrize(
    ("broker_type", "key", "message"),
    [
        ("best-t", "keep_alive: 16min", "16min is out of what Tencent IoT Hub takes: 0s to 15min"),
        ("best-a", "keep_alive: 10s", "10s is out of what AWS IoT Core takes: 30s to 20min"),
        ("best-a", "keep_alive: 0s", "0s is out of what AWS IoT Core takes: 30s to 20min"),
        ("best-a", "keep_alive: 1h", "1h is out of what AWS IoT Core takes: 30s to 20min"),
        ("best-t", "max_packet: 17KB", "17KB is more than Tencent IoT Hub takes: at most 16KB"),
        ("best-a", "max_packet: 129KB", "129KB is more than AWS IoT Core takes: at most 128KB"),
        ("best-a", "up: a/b/c/d/e/f/g/h/{sn}", "has 8 slashes, and AWS IoT Core takes 7 in a topic at most"),
        ("best-a", "down: a/b/c/d/e/f/g/h/{sn}", "has 8 slashes, and AWS IoT Core takes 7 in a topic at most"),
        ("best-m", "up: best/up", "holds neither {sn} nor {deviceName}: nobody could tell whose messages they are"),
        ("best-m", "down: best/down", "holds neither {sn} nor {deviceName}: each device would get the commands of all"),
        ("best-m", "down: best/{productId}/{sn}/up", "is the topic `up` too: each device would get its own messages"),
        (
            "best-m",
            'client_id: "{productId}"',
            "holds neither {sn} nor {deviceName}: each device would put another one off the broker",
        ),
        ("best-m", "up: best/+/{sn}", "holds '+': a topic names one device by placeholders, and is no filter"),
        (
            "best-m",
            'up: "{productId}{sn}"',
            "{productId} and {sn} stand in one level, so that nobody can tell where one ends: put a / between",
        ),
        ("best-m", "up: best/{devKey}", "{devKey} is a secret: it may stand in `password` alone"),
        (
            "best-m",
            "up: best/{serial}/{sn}",
            f"{{serial}} is no placeholder here; known: {KNOWN}",
        ),
        (
            "best-m",
            'username: "{siteid}"',
            f"{{siteid}} is no placeholder here; known: {KNOWN}, {{clientId}}, {{sdkappid}}, {{connid}}, {{expiry}} "
            "(did you mean {siteId}?)",
        ),
        (
            "best-m",
            "qos: 2",
            "'2' must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's brokers do not either",
        ),
        ("best-m", "keep_alive: 60", "60 has no unit: write 60s, 60ms, 60min or 60h"),
        ("best-m", "protocol: 5", "'5' must be 3.1.1, the version that devices here speak"),
        ("best-m", "password: {sha: 1}", f"'sha' is no way to make a password: write {WAYS}"),
        ("best-m", "profile: tencnt", "'tencnt' is none of best-m, tencent, aws (did you mean tencent?)"),
        ("best-m", "qoss: 1", "is not a key here (did you mean qos?)"),
    ],
)
def test_a_key_that_is_wrong(broker_type: str, key: str, message: str) -> None:
    name = key.partition(":")[0]
    text = GROUP.format(type=broker_type) + f"      {key}\n"

    assert problems_of(text) == [f"f.yaml:6: groups[0].mqtt.{name}: {message}"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            "      username: null\n      password: {hmac: {}}\n",
            "`hmac` signs the user name, and `username` is null: give one, or another password",
        ),
        (
            "      username: null\n      password: hush-hush\n",
            "MQTT 3.1.1 has no password without a user name, and `username` is null: give one, or none",
        ),
    ],
)
def test_a_password_without_a_user_name(keys: str, message: str) -> None:
    assert problems_of(GROUP.format(type="best-m") + keys) == [f"f.yaml:7: groups[0].mqtt.password: {message}"]


def test_a_key_that_the_profile_gives_is_wrong_at_the_section() -> None:
    [problem] = problems_of(GROUP.format(type="best-m") + "      username: null\n")

    assert problem.startswith("f.yaml:5: groups[0].mqtt: MQTT 3.1.1 has no password without a user name")


def test_all_that_is_wrong_is_said_at_once_wherever_it_stands_and_once() -> None:
    text = """\
mqtt: {keep_alive: 2h, max_packet: 200KB}
defaults: {broker_type: best-a}
groups:
  - {name: one, count: 1}
  - {name: two, count: 1}
  - {name: three, count: 1, mqtt: {keep_alive: 1s, qos: 3}}
"""
    assert problems_of(text) == [
        "f.yaml:1: mqtt.keep_alive: 2h is out of what AWS IoT Core takes: 30s to 20min",
        "f.yaml:1: mqtt.max_packet: 200KB is more than AWS IoT Core takes: at most 128KB",
        "f.yaml:6: groups[2].mqtt.qos: '3' must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's "
        "brokers do not either",
        "f.yaml:6: groups[2].mqtt.keep_alive: 1s is out of what AWS IoT Core takes: 30s to 20min",
    ]


def test_defaults_are_shown_where_they_are_wrong() -> None:
    text = "defaults:\n  mqtt: {keep_alive: 1h}\ngroups:\n  - {name: t, count: 1, broker_type: best-t}\n"

    assert problems_of(text) == [
        "f.yaml:2: defaults.mqtt.keep_alive: 1h is out of what Tencent IoT Hub takes: 0s to 15min"
    ]


@pytest.mark.parametrize("broker_type", ["best-w", "push"])
def test_a_group_that_does_not_go_over_mqtt(broker_type: str) -> None:
    assert problems_of(GROUP.format(type=broker_type) + "      qos: 0\n") == [
        f"f.yaml:5: groups[0].mqtt: is for groups of `broker_type` best-m, best-t or best-a, and this one is "
        f"{broker_type}: leave it out, or change that"
    ]


def test_defaults_that_are_no_groups() -> None:
    text = "defaults:\n  mqtt: {qos: 0}\ngroups: [{name: a, count: 1}]\n"

    assert problems_of(text) == [
        "f.yaml:2: defaults.mqtt: no group has the `broker_type` best-m, best-t or best-a: give it to one, or "
        "leave this out"
    ]


def test_the_top_level_may_be_for_the_platform_alone_and_is_checked_then() -> None:
    groups = "groups: [{name: a, count: 1}]\n"

    assert parse_scenario(f"mqtt: {{qos: 0}}\n{groups}").platform_settings().mqtt.profiles["best-m"].qos == 0
    assert problems_of(f"mqtt: {{profile: tencent, keep_alive: 1h}}\n{groups}") == [
        "f.yaml:1: mqtt.keep_alive: 1h is out of what Tencent IoT Hub takes: 0s to 15min"
    ]


def test_a_pause_that_is_too_short_for_the_broker_is_noted() -> None:
    text = """
groups:
  - {name: m, count: 1, broker_type: best-m, reconnect: {first: 1s}}
  - {name: t, count: 1, broker_type: best-t, reconnect: {first: 1s}}
  - {name: fine, count: 1, broker_type: best-t}
"""
    assert parse_scenario(text).notes() == [
        "group t: `reconnect.first` is 1s, and Tencent IoT Hub takes one connect of a device in 5s: "
        "its devices wait so long"
    ]


def test_what_is_assumed_is_told_once_for_each_profile() -> None:
    text = """
groups:
  - {name: one, count: 1, broker_type: best-t, mqtt: {qos: 0, up: "x/{sn}"}}
  - {name: two, count: 1, broker_type: best-t, mqtt: {qos: 0, down: "x/{sn}/d"}}
  - {name: none, count: 0, broker_type: best-m}
  - {name: w, count: 1}
"""
    assert parse_scenario(text).assumed() == (("tencent", ("up", "down", "keep_alive", "clean_session")),)


def test_nothing_is_assumed_where_all_is_written_or_nobody_goes_over_mqtt() -> None:
    written = """
groups:
  - name: t
    count: 1
    broker_type: best-t
    mqtt: {qos: 0, up: "x/{sn}/u", down: "x/{sn}/d", keep_alive: 30s, clean_session: true}
"""
    assert parse_scenario(written).assumed() == ()
    assert parse_scenario("groups: [{name: w, count: 1}]\n").assumed() == ()


OF_MQTT = "name: t\ngroups:\n  - {{name: a, count: 1, {group}}}\nthresholds: [{threshold}]\n"


@pytest.mark.parametrize(
    ("group", "threshold", "noted"),
    [
        ("broker_type: best-w", "puback p99 < 1 s", "threshold `puback p99 < 1 s`: no group is over MQTT with qos 1"),
        ("broker_type: best-w", "subscribe p99 < 1 s", "threshold `subscribe p99 < 1 s`: no group is over MQTT"),
        ("broker_type: best-m, mqtt: {qos: 0}", "puback p99 < 1 s", "no group is over MQTT with qos 1"),
        ("broker_type: best-m, mqtt: {qos: 0}", "subscribe p99 < 1 s", ""),
        ("broker_type: best-m", "puback p99 < 1 s", ""),
        ("broker_type: best-w", "connect p99 < 1 s", ""),
    ],
)
def test_a_threshold_that_no_group_can_meet_is_noted(group: str, threshold: str, noted: str) -> None:
    notes = parse_scenario(OF_MQTT.format(group=group, threshold=threshold)).notes()
    assert len(notes) == bool(noted)
    assert all(noted in note for note in notes)


def test_topics_that_one_group_publishes_to_and_another_listens_at_are_noted() -> None:
    groups = "".join(
        f"  - {{name: {name}, count: 1, broker_type: best-m, mqtt: {{up: 'a/{{sn}}/{up}', down: 'a/{{sn}}/{down}'}}}}\n"
        for name, up, down in (("one", "x", "y"), ("two", "y", "x"))
    )
    notes = parse_scenario(f"name: t\ngroups:\n{groups}").notes()
    assert len(notes) == 2
    assert "group one: `mqtt.up`" in notes[0]
    assert "group two" in notes[0]
