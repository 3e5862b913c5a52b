"""Fleets over TLS whose connections are cut: who goes on with its session, with the embedded platform as it is."""

from __future__ import annotations

from collections import Counter

import pytest

from simulator.fleet.desk import ask_outage
from simulator.measurements.weather import BACK
from simulator.scenario.scenario import Scenario, parse_scenario
from simulator.weather.kinds import How
from tests.fleet.test_outages_by_hand import ask, events
from tests.fleet.test_runtime import Fleet, fleet_of, within

DEVICES = 4
SCENARIO = """
seed: 4
channel: {{suite: plain}}
tls: {{resume: {resume}}}
defaults:
  broker_type: {transport}
  request_timeout: 15s
  reconnect: {{first: 400ms, max: 500ms}}
groups: [{{name: rooms, count: {devices}}}]
platform:
  tls: {tls}
  heartbeat: {{interval: 1s}}
  users: 3
"""


def scenario_of(transport: str = "best-w", tls: str = "{}", resume: str = "true") -> Scenario:
    return parse_scenario(
        SCENARIO.format(transport=transport, tls=tls, resume=resume, devices=DEVICES), "sessions.yaml"
    )


def handshakes(fleet: Fleet) -> Counter[tuple[str, str]]:
    """Flow and code of each that was told."""
    return Counter((name, code) for name, _, _, code in fleet.recorder.flows if name.startswith("tls_"))


async def cut_off(fleet: Fleet, how: How, number: int) -> None:
    """All devices lose the network, and are back."""
    assert ask(fleet, ask_outage(how, 0.1, number, None))["done"]
    await fleet.until(lambda: events(fleet, BACK, number) == DEVICES)
    await fleet.online(DEVICES)


@pytest.mark.parametrize("transport", ["best-w", "best-m"])
@pytest.mark.parametrize("tls", ["{}", "{algorithm: rsa}", "{device_certificates: true}"])
async def test_who_was_cut_off_goes_on_with_its_session(transport: str, tls: str) -> None:
    async with fleet_of(scenario_of(transport, tls)) as fleet:
        fleet.start(*range(DEVICES))
        await fleet.online(DEVICES)
        for number in (7, 8):
            await cut_off(fleet, How.RESET, number)
        await within(fleet.runtime.stop_all())
        fleet.check(DEVICES)
    assert handshakes(fleet) == {
        ("tls_handshake", "00000000"): DEVICES,
        ("tls_resumption", "00000000"): 2 * DEVICES,
    }
    # Whoever is served by its certificate is still known by it.
    assert (fleet.recorder.failed(), fleet.recorder.broken()) == ({}, {})


async def test_without_the_setting_nothing_is_offered_and_nothing_told() -> None:
    async with fleet_of(scenario_of(resume="false")) as fleet:
        fleet.start(*range(DEVICES))
        await fleet.online(DEVICES)
        await cut_off(fleet, How.RESET, 7)
        await within(fleet.runtime.stop_all())
    assert handshakes(fleet) == {}
