"""A fleet alive against the embedded platform, over real sockets: starts, stops, and every way to be cut short."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from yarl import URL

from simulator.fleet.identities import IdentitySource, identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.runtime import FleetRuntime, Overrides
from simulator.fleet.warm_state import WarmState, WarmStateError
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.scenario.scenario import SYSTEM_TRUST, Scenario, parse_scenario
from simulator.wire.errors import TlsFileError
from tests.device.harness import Recording
from tests.platform.parts import ListedDirectory

SCENARIO = """
seed: 4
channel: {{suite: {suite}, device_key_bits: 1024, key_pool: 2}}
{more}
defaults:
  users: 5
  request_timeout: 15s
  reconnect: {{first: 100ms, max: 300ms}}
  reboot: 100ms..200ms
groups:
  - name: rooms
    count: {count}
    verifications: [{{rate: 5/s, photo_share: 50%}}]
platform:
  heartbeat: {{interval: 1s}}
  users: 3
"""


def scenario_of(count: int = 20, suite: str = "plain", more: str = "") -> Scenario:
    return parse_scenario(SCENARIO.format(count=count, suite=suite, more=more), "test.yaml")


class Fleet:
    """A runtime, what it reported, and who has finished."""

    def __init__(
        self, scenario: Scenario, dispatch: str, identities: IdentitySource | None = None, **options: Any
    ) -> None:
        self.recorder = Recording()
        self.logs: list[tuple[int, str]] = []
        self.finished: Counter[int] = Counter()
        self.plan = FleetPlan(scenario, identities=identities, dispatch_url=dispatch)
        self.runtime = FleetRuntime(self.plan, self.recorder, log=self._log, **options)

    def _log(self, level: int, text: str) -> None:
        self.logs.append((level, text))

    def start(self, *indexes: int) -> None:
        for index in indexes:
            self.runtime.start_device(index, lambda index=index: self.finished.update([index]))  # type: ignore[misc]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def online(self, count: int) -> None:
        await self.until(lambda: self.runtime.states() == {"online": count})

    def check(self, count: int) -> None:
        """Everybody finished once, and the accounts are right."""
        assert self.finished == Counter(dict.fromkeys(range(count), 1))
        assert self.runtime.states() == {}
        assert [text for level, text in self.logs if level >= logging.ERROR] == []
        assert self.recorder.internal_errors == []


@asynccontextmanager
async def platform_for(scenario: Scenario) -> AsyncIterator[ReadyInfo]:
    """The embedded platform on this loop."""
    identities = identities_of(scenario)
    directory = ListedDirectory([identities.at(index) for index in range(scenario.devices)])
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    options = PlatformOptions(settings=scenario.platform_settings(), directory=directory)
    task = asyncio.create_task(run_platform(options, stop=stop, ready=started.set_result))
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield started.result()
    finally:
        stop.set()
        await task


@asynccontextmanager
async def fleet_of(scenario: Scenario, **options: Any) -> AsyncIterator[Fleet]:
    """A fleet against an embedded platform of its own."""
    async with platform_for(scenario) as info:
        if info.ca is not None:
            options.setdefault("overrides", Overrides(tls=replace(SYSTEM_TRUST, ca=Path(info.ca))))
        fleet = Fleet(scenario, info.dispatch, **options)
        await fleet.runtime.open()
        try:
            yield fleet
        finally:
            fleet.runtime.abort_all()
            await fleet.runtime.close()


async def within(awaitable: Awaitable[Any], seconds: float = 30.0) -> None:
    """Await what must end, on a busy machine too."""
    async with asyncio.timeout(seconds):
        await awaitable


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_twenty_devices_live_and_stop_in_order(suite: str) -> None:
    async with fleet_of(scenario_of(suite=suite)) as fleet:
        fleet.start(*range(20))
        await fleet.online(20)
        await fleet.until(lambda: len(fleet.recorder.codes("dev.heartbeat")) > 10)
        await fleet.until(lambda: fleet.recorder.records["acknowledged"] > 50)
        await within(fleet.runtime.stop_all())
        fleet.check(20)
        counts = fleet.recorder.records
        assert counts["acknowledged"] == counts["generated"]
        assert fleet.recorder.failed() == Counter()
        assert Counter(fleet.recorder.reasons()) == {"stopped": 20}
        assert fleet.recorder.flow_codes("init") == ["00000000"] * 20
        assert {code for _, _, _, code in fleet.recorder.commands} == {"00000000"}


async def test_who_comes_when_all_is_over_has_finished_at_once() -> None:
    async with fleet_of(scenario_of(2)) as fleet:
        await fleet.runtime.close()
        fleet.start(0, 1)
        fleet.check(2)
        assert fleet.recorder.requests == []


async def test_a_single_device_may_be_stopped_and_started_again() -> None:
    async with fleet_of(scenario_of(3)) as fleet:
        fleet.start(0, 1, 2)
        await fleet.online(3)
        fleet.runtime.stop_device(1)
        fleet.runtime.stop_device(1)
        await fleet.until(lambda: fleet.finished[1] == 1)
        fleet.runtime.stop_device(1)
        assert fleet.runtime.device(1) is None
        fleet.start(1)
        await fleet.online(3)
        with pytest.raises(ValueError, match="1"):
            fleet.start(1)
        await within(fleet.runtime.stop_all())
        assert fleet.finished == {0: 1, 1: 2, 2: 1}


async def test_abort_all_and_again() -> None:
    async with fleet_of(scenario_of(10)) as fleet:
        for _ in range(2):
            fleet.start(*range(10))
            await fleet.online(10)
            before = sum(fleet.finished.values())
            fleet.runtime.abort_all()
            await fleet.until(lambda before=before: sum(fleet.finished.values()) == before + 10)  # type: ignore[misc]
            assert fleet.runtime.states() == {}
        assert fleet.finished == dict.fromkeys(range(10), 2)


@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.02, 0.06, 0.15])
async def test_stop_while_everybody_connects(seconds: float) -> None:
    async with fleet_of(scenario_of(suite="rsa-aes")) as fleet:
        fleet.start(*range(20))
        await asyncio.sleep(seconds)
        await within(fleet.runtime.stop_all())
        fleet.check(20)
        counts = fleet.recorder.records
        assert counts["acknowledged"] == counts["generated"]


@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.02, 0.06, 0.15])
async def test_abort_while_everybody_connects(seconds: float) -> None:
    async with fleet_of(scenario_of(suite="rsa-aes")) as fleet:
        fleet.start(*range(20))
        await asyncio.sleep(seconds)
        fleet.runtime.abort_all()
        await fleet.until(lambda: not fleet.runtime.states())
        fleet.check(20)


async def test_stop_while_turns_are_waited_for() -> None:
    """One device a second comes online; nobody waits for a turn when all are to stop."""
    async with fleet_of(scenario_of(more="network: {connect_rate: 1/s}")) as fleet:
        fleet.start(*range(20))
        await fleet.until(lambda: fleet.runtime.states().get("online") == 1)
        assert fleet.runtime.states()["offline"] == 19
        # All turns take 19 s.
        await within(fleet.runtime.stop_all(0.5), 12)
        fleet.check(20)
        assert len(fleet.recorder.codes("getBrokerServer")) <= 3


async def test_a_second_stop_waits_for_the_same_end() -> None:
    async with fleet_of(scenario_of()) as fleet:
        fleet.start(*range(20))
        await fleet.online(20)
        await within(asyncio.gather(fleet.runtime.stop_all(), fleet.runtime.stop_all(0.5)))
        fleet.check(20)
        await within(fleet.runtime.stop_all())


async def test_nobody_is_started_after_the_stop() -> None:
    async with fleet_of(scenario_of(2)) as fleet:
        await within(fleet.runtime.stop_all())
        fleet.start(0)
        assert fleet.finished == {0: 1}


async def test_a_platform_that_is_not_there() -> None:
    scenario = scenario_of(5)
    fleet = Fleet(scenario, "http://127.0.0.1:9")
    await fleet.runtime.open()
    fleet.start(*range(5))
    await fleet.until(lambda: len(fleet.recorder.codes("getBrokerServer")) > 10)
    assert set(fleet.recorder.codes("getBrokerServer")) == {"refused"}
    await within(fleet.runtime.stop_all(0.3))
    fleet.check(5)
    await fleet.runtime.close()


async def test_a_silent_platform_does_not_hold_the_end_up() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    fleet = Fleet(scenario_of(5), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await fleet.runtime.open()
    fleet.start(*range(5))
    await fleet.until(lambda: fleet.runtime.states() == {"lookup": 5})
    # An answer is waited for 15 s.
    await within(fleet.runtime.stop_all(0.3), 12)
    fleet.check(5)
    assert set(fleet.recorder.codes("getBrokerServer")) == {"disconnected"}
    await fleet.runtime.close()
    server.close()


async def test_the_platform_goes_for_good() -> None:
    scenario = scenario_of(6)
    async with platform_for(scenario) as info:
        fleet = Fleet(scenario, info.dispatch)
        await fleet.runtime.open()
        fleet.start(*range(6))
        await fleet.online(6)
    await fleet.until(lambda: "online" not in fleet.runtime.states())
    assert set(fleet.recorder.reasons()) == {"closed 1001"}
    await within(fleet.runtime.stop_all(0.2))
    assert fleet.finished == dict.fromkeys(range(6), 1)
    counts = fleet.recorder.records
    assert counts["generated"] >= counts["acknowledged"]
    await fleet.runtime.close()


async def test_logins_are_kept_for_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    scenario = scenario_of(4, more=f"state_file: {path}")
    async with fleet_of(scenario, overrides=Overrides(platform="embedded")) as fleet:
        fleet.start(*range(4))
        await fleet.online(4)
        await within(fleet.runtime.stop_all())
        await fleet.runtime.close()
        with WarmState(path) as state:
            logins = state.load_many("embedded", [fleet.plan.sn(index) for index in range(4)])
    assert len(logins) == 4
    assert path.stat().st_mode & 0o077 == 0


async def test_logins_are_saved_while_the_fleet_lives(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with fleet_of(scenario_of(1, more=f"state_file: {path}"), overrides=Overrides(platform="embedded")) as fleet:
        fleet.start(0)
        await fleet.online(1)
        with WarmState(path) as state:
            await fleet.until(lambda: len(state.load_many("embedded", [fleet.plan.sn(0)])) == 1)


async def test_logins_that_are_lost_at_the_end_make_the_run_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise WarmStateError("state.db: cannot be written: database or disk is full")

    fleet = Fleet(
        scenario_of(1, more=f"state_file: {tmp_path / 'state.db'}"),
        "http://127.0.0.1:9",
        overrides=Overrides(platform="embedded"),
    )
    await fleet.runtime.open()
    keeper = fleet.runtime._keeper
    assert keeper is not None
    monkeypatch.setattr(WarmState, "save", full)
    keeper.logins.granted("A", "code", "secret")
    await fleet.until(lambda: bool(fleet.logs))
    assert fleet.logs[0][1] == "state.db: cannot be written: database or disk is full"
    assert fleet.recorder.internal_errors == []  # it may still be written
    await fleet.runtime.close()
    assert fleet.recorder.internal_errors == [
        ("state_file", "state.db: cannot be written: database or disk is full", -1)
    ]


async def test_a_state_file_that_cannot_be_used_is_an_error_of_open(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 50)
    fleet = Fleet(scenario_of(1, more=f"state_file: {path}"), "http://127.0.0.1:9")
    with pytest.raises(WarmStateError):
        await fleet.runtime.open()
    await fleet.runtime.close()


async def test_a_ca_file_that_cannot_be_used_is_an_error_of_open(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    fleet = Fleet(scenario_of(1, more=f"tls: {{ca: {ca}}}"), "http://127.0.0.1:9")
    with pytest.raises(TlsFileError):
        await fleet.runtime.open()
    await fleet.runtime.close()


async def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    fleet = Fleet(scenario_of(1, more=f"state_file: {tmp_path / 'state.db'}"), "http://127.0.0.1:9")
    await fleet.runtime.open()
    await fleet.runtime.close()
    await fleet.runtime.close()
    assert fleet.logs == []


def test_on_uvloop_too() -> None:
    """The loop of real runs: a whole life, and a stop in the middle of connecting."""

    async def live() -> None:
        for seconds in (0.01, 0.05):
            async with fleet_of(scenario_of(10, suite="rsa-aes")) as fleet:
                fleet.start(*range(10))
                await asyncio.sleep(seconds)
                fleet.runtime.abort_all()
                await fleet.until(lambda fleet=fleet: not fleet.runtime.states())  # type: ignore[misc]
                fleet.check(10)
        async with fleet_of(scenario_of(10)) as fleet:
            fleet.start(*range(10))
            await fleet.online(10)
            await within(fleet.runtime.stop_all())
            fleet.check(10)
            assert Counter(fleet.recorder.reasons()) == {"stopped": 10}

    uvloop.run(live())


async def test_the_scenario_says_where_pictures_may_come_from() -> None:
    scenario = scenario_of(1, more="downloads: {hosts: [files.test, 10.0.0.0/24], at_once: 7}\n")
    async with fleet_of(scenario) as fleet:
        network = fleet.runtime._network
        assert network is not None
        assert network._rules.refusal(URL("http://files.test/"), "127.0.0.1") is None
        assert network._rules.refusal(URL("http://any.test/"), "10.0.0.9") is None
        assert network._downloads._value == 7


@pytest.mark.parametrize(
    ("groups", "channel", "suites", "keys"),
    [
        ("[{name: m, count: 9, broker_type: best-m}]", "key_pool: 3", ("rsa-aes", "plain"), 1),
        ("[{name: m, count: 8, broker_type: best-m}, {name: w, count: 1}]", "key_pool: 3", ("rsa-aes", "plain"), 3),
        ("[{name: m, count: 9, broker_type: best-m}]", "suite: rsa-aes, key_pool: 2", ("rsa-aes", "rsa-aes"), 2),
    ],
)
async def test_each_transport_has_its_suite_and_keys_are_made_for_those_that_exchange_some(
    groups: str, channel: str, suites: tuple[str, str], keys: int
) -> None:
    scenario = parse_scenario(f"channel: {{device_key_bits: 1024, {channel}}}\ngroups: {groups}\n")
    fleet = Fleet(scenario, "http://127.0.0.1:9")
    await fleet.runtime.open()
    try:
        env = fleet.runtime._env
        assert env is not None
        assert env.mqtt_suite is not None
        assert (env.suite.name, env.mqtt_suite.name) == suites
        assert len({id(env.keys.take()) for _ in range(20)}) == keys
    finally:
        await fleet.runtime.close()
