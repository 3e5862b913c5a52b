"""A fleet in security mode "certificate": each device comes online by its own, and each way in which it does not."""

from __future__ import annotations

from collections import Counter

import pytest

from simulator.device.broker_link import BrokerLink
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.fleet.test_runtime import Fleet, fleet_of, within

SCENARIO = """
seed: 4
channel: {{suite: plain}}
defaults:
  users: 5
  request_timeout: 15s
  reconnect: {{first: 100ms, max: 300ms}}
  reboot: 100ms..200ms
groups: [{{name: rooms, count: {count}, verifications: [{{rate: 5/s}}]}}]
platform:
  tls: {{device_certificates: true}}
  heartbeat: {{interval: 1s}}
  users: 3
{more}
"""


def scenario_of(count: int, more: str = "") -> Scenario:
    return parse_scenario(SCENARIO.format(count=count, more=more), "certificates.yaml")


def kept(fleet: Fleet, index: int) -> tuple[str | None, str | None]:
    """Certificate and key of a device's kept answer."""
    device = fleet.runtime.device(index)
    assert device is not None
    link: BrokerLink = device.lifecycle.broker
    assert link._answer is not None
    return link._answer.certificate, link._answer.private_key


async def test_devices_live_and_come_back_by_the_same_certificate() -> None:
    more = "  pushes: [{command: cmd.control.reboot, on: online, after: 300ms, times: 1, imme: true}]"
    async with fleet_of(scenario_of(10, more)) as fleet:
        fleet.start(*range(10))
        await fleet.online(10)
        before = [kept(fleet, index) for index in range(10)]
        assert len(set(before)) == 10
        await fleet.until(lambda: Counter(fleet.recorder.reasons())["reboot"] == 10)
        await fleet.online(10)
        assert [kept(fleet, index) for index in range(10)] == before
        await within(fleet.runtime.stop_all())
        fleet.check(10)
    recorder = fleet.recorder
    assert recorder.codes("getBrokerServer") == ["00000000"] * 10
    assert recorder.codes("connect") == ["00000000"] * 20
    assert recorder.failed() == Counter()
    assert (recorder.broken(), recorder.observations) == ({}, [])


EACH = {
    "certificate.expired": ("connect", "tls", "refuses our client certificate (sslv3 alert certificate expired)"),
    "certificate.not-yet": ("connect", "tls", "refuses our client certificate (sslv3 alert bad certificate)"),
    "certificate.other-device": ("dev.register", "E0010004", "the look-up's certificate is one for another-device"),
    "certificate.key-broken": ("connect", "bad certificate", "the look-up's privateKey cannot be read, should be"),
    "certificate.key-other": ("connect", "bad certificate", "the look-up's privateKey does not belong to the"),
    "certificate.missing": ("connect", "tls", "no certificate was shown: the look-up's answer holds none"),
}
"""Request, code and what is told, of each mistake that keeps a device away."""


@pytest.mark.parametrize("name", EACH)
async def test_what_goes_wrong_is_a_counted_failure_with_its_reason(name: str) -> None:
    """And the device comes online once a later look-up gives it what it needs."""
    request, code, words = EACH[name]
    async with fleet_of(scenario_of(4, f"  wrong: [{name}]")) as fleet:
        fleet.start(*range(4))
        await fleet.online(4)
        await fleet.until(lambda: fleet.recorder.failed()[request, code] > 0)
        await within(fleet.runtime.stop_all())
        fleet.check(4)
    recorder = fleet.recorder
    assert set(recorder.failed()) == {(request, code)}
    assert code in recorder.flow_codes("init")
    assert words in f"{recorder.details}"
    # Two attempts by each answer, then it asks again.
    assert len(recorder.codes("getBrokerServer")) > 4
    assert "PRIVATE" not in f"{recorder.details} {recorder.violations} {fleet.logs}"


async def test_a_broken_root_is_counted_and_the_scenarios_ca_is_trusted() -> None:
    async with fleet_of(scenario_of(2, "  wrong: [certificate.root-broken]")) as fleet:
        fleet.start(0, 1)
        await fleet.online(2)
        await within(fleet.runtime.stop_all())
    assert fleet.recorder.broken() == {"lookup.certificate": 2}
    assert fleet.recorder.failed() == Counter()
