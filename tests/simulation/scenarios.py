"""The scenario of the seeds, and how a seed is played."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.scenario.scenario import Scenario, load_scenario
from simulator.simulation.simulation import Outcome, Simulation

SMALL = Path(__file__).with_name("small.yaml")
DAYS = 0.035
"""Fifty minutes, of which the last five are calm."""


@cache
def small() -> Scenario:
    """Three devices with much going on."""
    return load_scenario(SMALL)


def played(seed: int) -> Outcome:
    """What came of one seed."""
    return Simulation(small(), seed, DAYS * 86_400).run()


def failed(seeds: range) -> list[str]:
    """Of each seed that broke something: how to repeat it, and what it broke."""
    found = []
    for seed in seeds:
        outcome = played(seed)
        if outcome.broken:
            command = f"best-fleet simulate tests/simulation/small.yaml --days {DAYS} --seed {seed}"
            found.append("\n  ".join((command, *outcome.broken[:5])))
    return found
