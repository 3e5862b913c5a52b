"""A hundred seeds hold whatever must hold; thousands do in the long form. The same seed is the same history."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.device.outbox import Outbox
from tests.simulation.scenarios import DAYS, FAULTS, MQTT, ROUGH, ROUGH_MQTT, SMALL, failed, played

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("first", range(0, 80, 10))
def test_ten_seeds(first: int) -> None:
    assert not (found := failed(range(first, first + 10))), "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 3_100, 50))
def test_fifty_seeds(first: int) -> None:
    assert not (found := failed(range(first, first + 50))), "\n".join(found)


def test_rough_seeds() -> None:
    assert not (found := failed(range(4), ROUGH)), "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 500, 25))
def test_more_rough_seeds(first: int) -> None:
    assert not (found := failed(range(first, first + 25), ROUGH)), "\n".join(found)


@pytest.mark.parametrize("first", range(0, 15, 5))
def test_five_seeds_over_mqtt(first: int) -> None:
    assert not (found := failed(range(first, first + 5), MQTT)), "\n".join(found)


def test_five_seeds_with_a_scenarios_own_faults() -> None:
    assert not (found := failed(range(5), FAULTS)), "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 500, 50))
def test_more_seeds_with_a_scenarios_own_faults(first: int) -> None:
    assert not (found := failed(range(first, first + 50), FAULTS)), "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 1_100, 50))
def test_fifty_seeds_over_mqtt(first: int) -> None:
    assert not (found := failed(range(first, first + 50), MQTT)), "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_rough_seeds_over_mqtt(first: int) -> None:
    assert not (found := failed(range(first, first + 20), ROUGH_MQTT)), "\n".join(found)


def test_another_process_with_another_hash_seed_writes_the_same_history() -> None:
    program = (
        "from tests.simulation.scenarios import MQTT, played\n"
        "outcome = played(3, MQTT)\nprint(outcome.digest, outcome.lines, outcome.figures)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    mine = played(3, MQTT)
    assert other.stdout.strip() == f"{mine.digest} {mine.lines} {mine.figures}"


def test_another_seed_is_another_history() -> None:
    assert played(3).digest != played(4).digest


def test_a_lost_record_is_found_and_the_command_that_repeats_it_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(self: Outbox, batch: list[object]) -> None:
        self._in_flight -= len(batch)

    monkeypatch.setattr(Outbox, "interrupted", forgets)
    found = failed(range(8))
    assert found
    for told in found:
        command, *broken = told.splitlines()
        assert command.startswith(f"best-fleet simulate {SMALL.relative_to(ROOT)} --days {DAYS} --seed ")
        assert "records wait" in broken[0]
