"""The platform's part of the weather: told before, killed, back, told again; and whatever comes between."""

import time

import gevent
import pytest

from simulator.fleet.platform_process import PlatformStartError
from simulator.swarm.run import platform_weather
from simulator.swarm.run.platform_weather import PlatformWeather
from simulator.weather.kinds import Outage
from simulator.weather.schedule import Fault
from tests.swarm.fake_fleet import until
from tests.swarm.fake_weather import Platform, fault


class Sky(Platform):
    """A platform under a schedule, and what came of that."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []
        self.errors: list[str] = []

    def weather(self, *faults: Fault) -> PlatformWeather:
        begun = time.monotonic()
        weather = PlatformWeather(
            faults,
            self,
            lambda: time.monotonic() - begun,
            tell=self.tell,
            lost=self.lost.append,
            on_error=lambda rule, detail: self.errors.append(f"{rule}: {detail}"),
        )
        weather.start()
        return weather


def test_engines_know_before_it_is_killed_and_when_it_is_back() -> None:
    platform = Sky()
    weather = platform.weather(fault(0, 0.0, 9.0, Outage()), fault(1, 0.01, 0.01), fault(2, 0.03, 0.01))
    until(lambda: platform.done.count("restart") == 2 and not weather.away)
    assert platform.done == ["away 1", "away 2", "kill", "restart", "back 1", "kill", "restart", "back 2"]
    weather.stop()
    assert (platform.lost, platform.errors) == ([], [])


def test_of_two_at_once_it_is_killed_and_restarted_once() -> None:
    platform = Sky()
    weather = platform.weather(fault(4, 0.01, 0.05), fault(5, 0.02, 0.01))
    until(lambda: platform.done.count("back 5") and not weather.away)
    assert platform.done == ["away 4", "away 5", "kill", "restart", "back 5", "back 4"]


def test_who_comes_late_can_be_told_by_what_it_is_away() -> None:
    platform = Sky()
    weather = platform.weather(fault(3, 0.0, 60.0))
    assert weather.away == ()
    until(lambda: "kill" in platform.done)
    assert weather.away == (3,)
    weather.stop()


@pytest.mark.parametrize(
    ("at", "done"),
    [
        (0.0, ["away 3", "kill", "restart", "back 3"]),
        # Announced and not killed yet; not even that.
        (60.0, ["away 3", "back 3"]),
        (3_600.0, []),
    ],
)
def test_at_the_runs_end_it_comes_back_at_once_and_is_killed_no_more(
    monkeypatch: pytest.MonkeyPatch, at: float, done: list[str]
) -> None:
    monkeypatch.setattr(platform_weather, "NOTICE_S", 120.0)
    platform = Sky()
    weather = platform.weather(fault(3, at, 60.0), fault(4, 3_700.0, 1.0))
    until(lambda: platform.done == [each for each in done if each not in ("restart", "back 3")])
    weather.clear_up()
    assert (platform.done, weather.away) == (done, ())
    weather.stop()
    assert platform.done == done


def test_a_platform_that_does_not_come_back_is_told_with_why() -> None:
    platform = Sky()

    def fail() -> None:
        raise PlatformStartError("it broke down")

    platform.on_restart = fail
    weather = platform.weather(fault(0, 0.0, 0.01), fault(1, 0.05, 0.01))
    until(lambda: platform.lost)
    assert platform.lost == ["it broke down"]
    gevent.sleep(0)
    assert platform.done == ["away 0", "away 1", "kill"]
    assert platform.errors == []
    weather.stop()


def test_one_that_was_dead_already_is_the_runs_own_finding() -> None:
    platform = Sky()
    platform.exit_code = -9
    weather = platform.weather(fault(0, 0.0, 0.01))
    until(lambda: "kill" in platform.done)
    weather.stop()
    assert (platform.done, platform.lost, platform.errors) == (["away 0", "kill"], [], [])


def test_to_stop_breaks_off_a_restart_that_takes_its_time() -> None:
    platform = Sky()
    coming: list[bool] = []

    def take_long() -> None:
        coming.append(True)
        gevent.sleep(60.0)

    platform.on_restart = take_long
    weather = platform.weather(fault(0, 0.0, 0.0))
    until(lambda: coming)
    weather.stop()
    weather.stop()
    assert platform.done == ["away 0", "kill"]
    assert (platform.lost, platform.errors) == ([], [])
