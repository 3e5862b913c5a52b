"""The scenarios of the seeds, and how a seed is played."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.scenario.scenario import Scenario, load_scenario
from simulator.simulation.simulation import Outcome, Simulation

SMALL = Path(__file__).with_name("small.yaml")
ROUGH = Path(__file__).with_name("rough.yaml")
MQTT = Path(__file__).with_name("mqtt.yaml")
FAULTS = Path(__file__).with_name("faults.yaml")
ROUGH_MQTT = Path(__file__).with_name("rough-mqtt.yaml")
DAYS = 0.035
"""Fifty minutes, of which the last five are calm."""


@cache
def scenario_of(path: Path) -> Scenario:
    """The scenario of a file."""
    return load_scenario(path)


def played(seed: int, path: Path = SMALL) -> Outcome:
    """What came of one seed."""
    return Simulation(scenario_of(path), seed, DAYS * 86_400).run()


def failed(seeds: range, path: Path = SMALL) -> list[str]:
    """Of each seed that broke something: how to repeat it, and what it broke."""
    found = []
    for seed in seeds:
        outcome = played(seed, path)
        if outcome.broken:
            command = f"best-fleet simulate tests/simulation/{path.name} --days {DAYS} --seed {seed}"
            found.append("\n  ".join((command, *outcome.broken[:5])))
    return found
