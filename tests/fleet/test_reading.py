"""Platforms that read the document in another way: devices of the same scenario live with them, others fail clearly.

Real devices against the embedded platform over real sockets. The platform's scenario is the devices' own, or another's.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from simulator.device.settings import Credentials
from simulator.fleet.identities import IdentitySource, identities_of
from simulator.measurements.names import INIT
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.fleet.test_runtime import Fleet, platform_for

BASE = """
seed: 4
channel: {suite: plain}
defaults:
  users: 5
  request_timeout: 15s
  reconnect: {first: 50ms, max: 100ms}
  reboot: 50ms..60ms
  verifications: [{rate: 20/s, photo_share: 30%, photo_size: 1KB}]
groups:
  - {name: rooms, count: 2}
platform:
  heartbeat: {interval: 1s}
  users: 3
  members: 2
  meetings: {count: 1, starts_in: -1min}
  pushes:
    - {command: cmd.option.set}
    - {command: cmd.system.sync.time, after: 100ms}
"""


def scenario_of(reading: str) -> Scenario:
    return parse_scenario(BASE + reading + "\n", "reading.yaml")


@asynccontextmanager
async def lives(
    devices: str, platform: str | Scenario, identities: Callable[[Scenario], IdentitySource] = identities_of
) -> AsyncIterator[Fleet]:
    """Two devices that read the document in one way, at a platform that reads it in another."""
    scenario = scenario_of(devices)
    async with platform_for(scenario_of(platform) if isinstance(platform, str) else platform) as info:
        fleet = Fleet(scenario, info.dispatch, identities=identities(scenario))
        await fleet.runtime.open()
        try:
            fleet.start(0, 1)
            yield fleet
        finally:
            fleet.runtime.abort_all()
            await fleet.runtime.close()
        assert fleet.recorder.internal_errors == []


def acknowledged(fleet: Fleet) -> bool:
    return (
        fleet.recorder.records["acknowledged"] > 20
        and "00000000" in fleet.recorder.codes("dev.data.upload.verifyPhoto")
        and len(fleet.recorder.codes("dev.system.sync.time")) >= 2
    )


ROWS = {
    "protocol_version": "protocol_version: 1.1.0",
    "fields": "report: {fields: {region: cn, slots: ['1', '2']}}",
    "without": "report: {without: [lockCount, multiBioDataSupport]}",
    "sn_in_params": "report: {sn_in_params: true}",
    "sync_time.field": "sync_time: {field: serverTime}",
    "sync_time.form": "sync_time: {form: epoch-ms}",
    "meet_code: room": "meet_code: room",
    "meet_code: meeting": "meet_code: meeting",
    "lookup: each connect": "lookup: {again: each connect}",
    "lookup: after reboot": "lookup: {again: after reboot}",
    "all": "protocol_version: '2'\nsync_time: {field: now, form: epoch-ms}\nmeet_code: room\n"
    "lookup: {again: each connect}\nlogin: {register_again_on: [E0010009]}\n"
    "report: {sn_in_params: true, fields: {region: cn}, without: [lockCount]}",
}


@pytest.mark.parametrize("reading", ROWS.values(), ids=ROWS)
async def test_devices_go_by_what_their_platform_demands(reading: str) -> None:
    async with lives(reading, reading) as fleet:
        await fleet.online(2)
        await fleet.until(lambda: acknowledged(fleet))
        assert fleet.recorder.failed() == {}
        assert fleet.recorder.broken() == {}


def detail(fleet: Fleet, name: str) -> str:
    return "; ".join(text for (step, _), text in fleet.recorder.details.items() if step == name)


def example(fleet: Fleet, rule: str) -> str:
    return "; ".join(text for broken, _, text, _ in fleet.recorder.violations if broken == rule)


@dataclass(frozen=True)
class Else:
    """Devices at a platform that wants something else: where that shows, and what it says."""

    devices: str
    platform: str
    shows: Callable[[Fleet], str]
    words: str


def _of(name: str) -> Callable[[Fleet], str]:
    return lambda fleet: detail(fleet, name)


def _rule(rule: str) -> Callable[[Fleet], str]:
    return lambda fleet: example(fleet, rule)


_TIME = _rule("reply.field-missing")
OTHERS = {
    "protocol_version": Else(
        *("", "protocol_version: 1.1.0", _of("dev.register")),
        "the platform wants protVer 1.1.0, the device has 1.0.0: protocol_version",
    ),
    "fields": Else(
        *("", "report: {fields: {region: cn}}", _of("dev.report")), "the platform wants region: report.fields"
    ),
    "without, demanded": Else(
        *("", "report: {without: [lockCount]}", _of("dev.report")),
        "the platform does not take lockCount: report.without",
    ),
    "without, not wanted": Else(
        *("report: {without: [lockCount]}", "", _of("dev.report")),
        "settings of this step: report.fields, report.without, report.sn_in_params, options",
    ),
    "sn_in_params": Else(
        *("", "report: {sn_in_params: true}", _of("dev.report")),
        "the platform wants sn among the parameters: report.sn_in_params",
    ),
    "sync_time.field": Else(
        *("", "sync_time: {field: serverTime}", _TIME),
        "results.time is missing, should be a time yyyy-MM-ddTHH:mm:ss±HH:mm (there is serverTime): sync_time.field",
    ),
    "sync_time.form": Else(*("", "sync_time: {form: epoch-ms}", _rule("reply.field-format")), ": sync_time.form"),
    "sync_time.form, other way round": Else(
        *("sync_time: {form: epoch-ms}", "", _rule("reply.field-format")),
        "should be a time in milliseconds since 1970: sync_time.form",
    ),
    "meet_code: room": Else(
        *("", "meet_code: room", _of("dev.data.upload.verifyLog")),
        "is no number of a room that the device was given: meet_code",
    ),
    "meet_code: meeting": Else(
        *("meet_code: room", "meet_code: meeting", _of("dev.data.upload.verifyLog")),
        "is no meeting that the device was given: meet_code",
    ),
}


@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
async def test_a_platform_that_wants_something_else_fails_clearly(case: Else) -> None:
    async with lives(case.devices, case.platform) as fleet:
        await fleet.until(lambda: bool(case.shows(fleet)))
        assert case.words in case.shows(fleet)
        assert fleet.recorder.failed() or fleet.recorder.broken()


# --- A connection after the first ---

REBOOTS = BASE.replace("{command: cmd.option.set}", "{command: cmd.control.reboot, times: 1}")


@pytest.mark.parametrize("again", ["each connect", "after reboot"])
@pytest.mark.parametrize("goes_by_it", [True, False])
async def test_the_address_is_asked_for_again(again: str, goes_by_it: bool) -> None:
    demanding = f"lookup: {{again: {again}}}\n"
    platform = parse_scenario(REBOOTS + demanding)
    async with lives(demanding if goes_by_it else "", platform) as fleet:
        if goes_by_it:
            await fleet.until(lambda: fleet.recorder.flow_codes("init").count("00000000") == 4)
            assert fleet.recorder.failed() == {}
            assert len(fleet.recorder.codes("getBrokerServer")) == 4
        else:
            await fleet.until(lambda: bool(fleet.recorder.failed()))
            assert detail(fleet, "dev.login") == (
                f"the broker's address has to be asked for again, {again}: lookup.again; "
                "refused with E0000003, credentials kept: login.register_again_on"
            )


# --- A login of an earlier run ---


class FormerLogins:
    """The scenario's own identities, with a login that the platform does not know."""

    def __init__(self, scenario: Scenario) -> None:
        self._own = identities_of(scenario)
        self.name, self.available = self._own.name, self._own.available

    def at(self, index: int) -> Credentials:
        return replace(self._own.at(index), auth_code="of-another-run", secret="of-another-run")

    def require(self, count: int) -> None:
        self._own.require(count)


@pytest.mark.parametrize(
    ("devices", "platform", "code", "forgets"),
    [
        ("", "", "E0010004", True),
        (*["login: {register_again_on: [E0010009, E0010004]}"] * 2, "E0010009", True),
        ("login: {register_again_on: any}", "login: {register_again_on: [E0010009]}", "E0010009", True),
        ("", "login: {register_again_on: [E0010009]}", "E0010009", False),
        ("login: {register_again_on: []}", "", "E0010004", False),
    ],
)
async def test_a_login_that_the_platform_does_not_know(devices: str, platform: str, code: str, forgets: bool) -> None:
    async with lives(devices, platform, FormerLogins) as fleet:
        await fleet.until(lambda: fleet.recorder.failed()["dev.login", code] >= (2 if forgets else 4))
        if forgets:
            await fleet.online(2)
            await fleet.until(lambda: acknowledged(fleet))
            assert fleet.recorder.failed() == {("dev.login", code): 2}
            assert fleet.recorder.broken() == {}
        else:
            assert fleet.recorder.codes("dev.register") == []
            words = f"refused with {code}, credentials kept: login.register_again_on"
            assert words in detail(fleet, "dev.login")
            assert words in detail(fleet, INIT.tag)
