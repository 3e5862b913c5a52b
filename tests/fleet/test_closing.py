"""The end of a fleet: told in turn, as others are gone, and all of them in the time that there is."""

import asyncio
from collections.abc import Callable

import pytest

from simulator.fleet import closing
from simulator.fleet.closing import PATIENCE, STOPS_AT_ONCE, TOGETHER, closing_s, tell_in_turn


class Fleet:
    """Devices by number; `pauses` is what happens at each look, and how long it waits."""

    def __init__(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.devices = list(range(size))
        self.told: list[int] = []
        self.gone = 0
        self.most = 0
        self.looks = 0
        self.at_each_look: Callable[[], None] = lambda: None
        monkeypatch.setattr(closing.asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            self.looks += 1
            self.at_each_look()

    def stop(self, device: int) -> None:
        self.told.append(device)
        self.most = max(self.most, len(self.told) - self.gone)

    def tell(self, in_time: Callable[[], bool] = lambda: True) -> None:
        asyncio.run(tell_in_turn(self.devices, self.stop, lambda: len(self.devices) - self.gone, in_time))


def test_no_more_are_stopping_than_the_other_side_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(5 * TOGETHER, monkeypatch)

    def some_go() -> None:
        fleet.gone = min(len(fleet.told), fleet.gone + 70)

    fleet.at_each_look = some_go
    fleet.tell()
    assert fleet.told == fleet.devices
    assert fleet.most == TOGETHER


def test_who_is_gone_at_once_is_waited_for_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(3 * TOGETHER, monkeypatch)
    stop = fleet.stop

    def gone_at_once(device: int) -> None:
        stop(device)
        fleet.gone += 1

    monkeypatch.setattr(fleet, "stop", gone_at_once)
    fleet.tell()
    assert fleet.told == fleet.devices
    assert fleet.looks == 0


def test_those_that_deliver_records_keep_nobody_from_beginning_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(4 * TOGETHER, monkeypatch)
    fleet.tell()
    assert fleet.told == fleet.devices
    assert fleet.looks == 4 * PATIENCE - 1 or fleet.looks == 4 * PATIENCE


def test_without_time_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(4 * TOGETHER, monkeypatch)
    fleet.tell(lambda: fleet.looks < 3)
    assert fleet.told == fleet.devices
    assert fleet.looks == 3


def test_a_large_fleet_has_more_time_and_a_small_one_hardly_any() -> None:
    assert closing_s(250_000) == pytest.approx(250.0)
    assert closing_s(STOPS_AT_ONCE) < 1
    assert closing_s(0) == 0
