"""The scenarios that are measured are scenarios like all others."""

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.attendance import KINDS, MeetingRooms
from benchmarks.latency import DELAY, known_quantiles
from benchmarks.scenarios import USERS, FleetScenario
from benchmarks.transports import SECURE, WAYS, TransportFleet
from simulator.device.behaviours.heartbeat import HeartbeatSettings
from simulator.device.behaviours.verification import VerificationSettings
from simulator.scenario.scenario import load_scenario


@pytest.mark.parametrize("channel", ["plain", "rsa-aes"])
def test_it_says_what_was_asked_for(tmp_path: Path, channel: str) -> None:
    made = FleetScenario(devices=7, channel=channel, heartbeat_s=0.0123, start_rate=5)
    scenario = load_scenario(made.write(tmp_path / "made.yaml"))
    settings = scenario.group_settings()[0]
    assert scenario.devices == 7
    assert scenario.document.channel.suite == channel
    [interval] = [each.interval for each in settings.behaviours if isinstance(each, HeartbeatSettings)]
    assert interval == pytest.approx(0.0123, abs=1e-6)
    assert settings.users == USERS
    assert scenario.platform_settings().answers == ()


def test_the_platform_delays_by_the_distribution_whose_quantiles_are_known(tmp_path: Path) -> None:
    made = FleetScenario(
        devices=1,
        channel="plain",
        heartbeat_s=1,
        start_rate=1,
        delay="{lognormal: {median: 50ms, p99: 200ms}}",
    )
    answers = load_scenario(made.write(tmp_path / "made.yaml")).platform_settings().answers
    assert [rule.delay for rule in answers] == [DELAY]
    assert known_quantiles() == {"p50": pytest.approx(50.0), "p99": pytest.approx(200.0)}


@pytest.mark.parametrize("kind", KINDS)
def test_rooms_have_meetings_without_a_break_at_the_same_rate_of_records(tmp_path: Path, kind: str) -> None:
    made = MeetingRooms(
        devices=7, channel="plain", heartbeat_s=60, start_rate=5, kind=kind, members=3, length_s=30, meetings_s=200
    )
    scenario = load_scenario(made.write(tmp_path / "made.yaml"))
    assert scenario.devices == 7
    for settings in scenario.group_settings():
        meetings = settings.meetings
        assert meetings[0].starts == 0
        assert meetings[-1].ends >= 200
        assert all(before.ends == after.starts for before, after in pairwise(meetings))
        for meeting in meetings:
            assert 2 * meeting.members / (meeting.ends - meeting.starts) == pytest.approx(6 / 30)
        names = [type(each).__name__ for each in settings.behaviours]
        assert ("AttendanceSettings" in names, "VerificationSettings" in names) == (
            kind == "attendance",
            kind == "verifications",
        )
        rates = [each.rate for each in settings.behaviours if isinstance(each, VerificationSettings)]
        assert rates == ([] if kind == "attendance" else [pytest.approx(6 / 30)])


@pytest.mark.parametrize("under", SECURE)
@pytest.mark.parametrize("way", WAYS)
def test_a_fleet_differs_by_its_way_alone(tmp_path: Path, way: str, under: str) -> None:
    made = TransportFleet(devices=7, channel="plain", heartbeat_s=1, start_rate=5, way=way, under=under)
    scenario = load_scenario(made.write(tmp_path / "made.yaml"))
    [settings] = scenario.group_settings()
    assert (scenario.devices, settings.users) == (7, USERS)
    assert (settings.mqtt.qos if settings.mqtt is not None else None) == WAYS[way]
    assert (scenario.document.tls.verify, scenario.document.platform.tls is None) == (under == "TCP", under == "TCP")
