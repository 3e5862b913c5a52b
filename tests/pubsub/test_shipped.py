"""The shipped profiles, and what a scenario lays over them."""

import tomllib
from pathlib import Path

import pytest

from simulator.pubsub import shipped as module
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.profile import PasswordKind, ProtocolVersion
from simulator.pubsub.shipped import DATA, NAMES, PROFILE_OF_TYPE, BrokenProfile, profile_of, read_shipped, shipped

GOOD = (DATA / "best-m.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_is_whole(name: str) -> None:
    profile = shipped(name).profile

    assert profile.name == name
    assert profile.protocol is ProtocolVersion.V3_1_1
    assert profile.assumed <= set(ProfileKeys.model_fields)
    low, high = profile.limits.keep_alive or (0, 65_535)
    assert low <= profile.keep_alive <= high
    assert profile.max_packet <= (profile.limits.max_packet or profile.max_packet)
    assert shipped(name).title
    assert shipped(name).notes


def test_every_type_over_mqtt_has_its_profile() -> None:
    assert dict(PROFILE_OF_TYPE) == {"best-m": "best-m", "best-t": "tencent", "best-a": "aws"}
    assert sorted(path.stem for path in DATA.iterdir()) == sorted(NAMES)


def test_the_data_is_part_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    assert "pubsub/data/**/*" in project["tool"]["setuptools"]["package-data"]["simulator"]


def test_of_best_m_nothing_is_written_down() -> None:
    assert shipped("best-m").profile.assumed == set(ProfileKeys.model_fields)


def test_what_is_assumed_of_the_clouds() -> None:
    assert shipped("tencent").profile.assumed == {"up", "down", "qos", "keep_alive", "clean_session"}
    assert shipped("aws").profile.assumed == {"client_id", "up", "down", "qos", "keep_alive", "clean_session"}


def test_what_is_known_of_their_limits() -> None:
    tencent, aws = shipped("tencent").profile.limits, shipped("aws").profile.limits

    assert (tencent.keep_alive, tencent.max_packet, tencent.topics_per_subscribe) == ((0, 900), 16 * 1024, 1)
    assert (tencent.publishes_per_second, tencent.deliveries_per_second, tencent.connect_interval) == (30, 50, 5)
    assert (aws.keep_alive, aws.max_packet, aws.slashes, aws.topics_per_subscribe) == ((30, 1200), 128 * 1024, 7, 8)
    assert (aws.publishes_per_second, aws.alpn_ports) == (100, {443})


def test_a_key_that_is_written_is_assumed_no_more() -> None:
    keys = ProfileKeys.model_validate({"qos": 0, "keep_alive": "90s", "username": None, "password": "none"})

    profile = profile_of("best-m", keys)

    assert (profile.qos, profile.keep_alive, profile.username) == (0, 90, None)
    assert profile.password.kind is PasswordKind.NONE
    assert profile.assumed == set(ProfileKeys.model_fields) - {"qos", "keep_alive", "username", "password"}
    assert profile.up == "best/{productId}/{sn}/up"


def test_nothing_written_is_the_shipped_one() -> None:
    assert profile_of("aws", ProfileKeys()) is shipped("aws").profile


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "the shipped MQTT profile x is no YAML: "),
        ("", "the shipped MQTT profile x is broken: : Input should be a valid dictionary"),
        (GOOD.replace("  qos: 1\n", ""), "the shipped MQTT profile x lacks qos"),
        (
            GOOD.replace("qos: 1", "qos: 2"),
            "the shipped MQTT profile x is broken: keys.qos: Value error, must be 0 or 1",
        ),
        (GOOD.replace("up: ", "upp: "), "the shipped MQTT profile x is broken: keys.upp: Extra inputs"),
        (
            GOOD.replace("assumed: [client_id,", "assumed: [clientid,"),
            "the shipped MQTT profile x assumes what is no key: clientid",
        ),
    ],
)
def test_a_broken_file_is_our_error_and_says_so(text: str, message: str) -> None:
    with pytest.raises(BrokenProfile) as caught:
        read_shipped(text, "x")
    assert str(caught.value).startswith(message)


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DATA", tmp_path)

    with pytest.raises(BrokenProfile, match="the shipped MQTT profile gone cannot be read: "):
        shipped("gone")
