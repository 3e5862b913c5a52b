"""A short run of real devices against each mistake of a wrong platform: it is counted under its rules and no other.

The usual run takes the mistakes that break a rule; `make test-long` also those that no device may notice.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from simulator.measurements.violation_rules import COMMAND_BEFORE_ONLINE
from simulator.platform.wrong import reply_modes
from simulator.platform.wrong.mode import MQTT, Mode
from simulator.platform.wrong.modes import MODES
from simulator.scenario.scenario import parse_scenario
from tests.fleet.test_runtime import Fleet, fleet_of

SCENARIO = """
seed: 4
channel: {{suite: {suite}, device_key_bits: 1024, key_pool: 2}}
defaults:
  users: 5
  request_timeout: {timeout}
  on_timeout: {on_timeout}
  reconnect: {{first: 100ms, max: 300ms}}
  reboot: 100ms..200ms
groups:
  - name: rooms
    count: 4
    broker_type: {transport}
    verifications: [{{rate: 5/s, photo_share: 50%}}]
platform:
  heartbeat: {{interval: 1s}}
  users: 3
  members: 2
  meetings: {{count: 1}}
{tls}  pushes:
    - {{command: cmd.data.update.multiCard, count: 2}}
    - {{command: cmd.data.update.bioPhoto, count: 1}}
    - {{command: cmd.system.sync.time}}
  wrong: [{wrong}]
"""
BOUND_S = 30.0
"""Within which a mistake is met."""
AFTER_S = 0.3
"""For what else may be counted."""
QUIET_S = 2.0


def counted(mode: Mode) -> set[str]:
    return set(mode.rules) if mode.in_runs else set()


async def run(*wrong: Mode, until: set[str], timeout: str = "15s", on_timeout: str = "reconnect") -> Fleet:
    """A run until all these rules were counted, and a little longer."""
    shown_by = {one for mode in wrong for one in mode.suites}
    suite = "rsa-aes" if not shown_by or "rsa-aes" in shown_by else sorted(shown_by)[-1]
    names = ", ".join(mode.name for mode in wrong)
    tls = "  tls: {device_certificates: true}\n" if any(mode.issues for mode in wrong) else ""
    transport = "best-m" if any(mode.over == MQTT for mode in wrong) else "best-w"
    text = SCENARIO.format(
        transport=transport, suite=suite, wrong=names, timeout=timeout, on_timeout=on_timeout, tls=tls
    )
    async with fleet_of(parse_scenario(text, "wrong.yaml")) as fleet:
        fleet.start(0, 1, 2, 3)
        ends = time.monotonic() + BOUND_S
        while not until <= set(fleet.recorder.broken()) and time.monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(AFTER_S if until else QUIET_S)
    return fleet


def check(fleet: Fleet, expected: set[str]) -> None:
    assert set(fleet.recorder.broken()) == expected, fleet.recorder.violations[:3]
    assert fleet.recorder.internal_errors == []


@pytest.mark.parametrize("mode", [one for one in MODES.values() if counted(one)], ids=lambda mode: mode.name)
async def test_it_is_counted(mode: Mode) -> None:
    check(await run(mode, until=counted(mode)), counted(mode))


async def test_late_replies_reach_devices_that_keep_their_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_modes, "LATE_S", 0.6)
    mode = MODES["reply.late"]
    fleet = await run(mode, until=set(mode.rules), timeout="300ms", on_timeout="retry")
    # Where a report's reply is the late one, the platform takes the device for online before that does.
    assert set(fleet.recorder.broken()) - {COMMAND_BEFORE_ONLINE} == set(mode.rules), fleet.recorder.violations[:3]
    assert fleet.recorder.internal_errors == []


async def test_the_right_platform() -> None:
    fleet = await run(until=set())
    check(fleet, set())
    assert sum(state == "online" for _, _, state, _ in fleet.recorder.states) == 4


TEN = (
    *("lookup.created", "lookup.message-missing", "channel.factor-repeated", "reply.eight-positions"),
    *("reply.number-for-text", "reply.message-number", "reply.func-id-other", "reply.doubled"),
    *("command.number-for-text", "command.card-letters", "command.unknown", "command.url-missing"),
)


async def test_more_than_ten_at_once_are_all_counted() -> None:
    modes = [MODES[name] for name in TEN]
    expected = {rule for mode in modes for rule in mode.rules}
    check(await run(*modes, until=expected), expected)


@pytest.mark.long
@pytest.mark.parametrize("mode", [one for one in MODES.values() if not counted(one)], ids=lambda mode: mode.name)
async def test_it_is_no_devices_affair(mode: Mode) -> None:
    check(await run(mode, until=set()), set())
