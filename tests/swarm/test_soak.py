"""scenarios/soak.yaml in its three lengths: hours, twenty minutes, and a glance that must not pass for a soak."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from simulator.exit_codes import ExitCode
from simulator.fleet.forecast import forecast
from simulator.fleet.plan import FleetPlan
from simulator.scenario.scenario import load_scenario
from simulator.weather.schedule import Fault
from tests.swarm.processes import ROOT, LocustProcess

Start = Callable[..., LocustProcess]
SCENARIO = ROOT / "scenarios" / "soak.yaml"
ROUND_S = 240.0
CALM_S = 30.0
"""Between the last fault of a run and its end; reconnecting takes ten seconds at most."""
SLOPES = {"generator.rss_slope < 60 MB/h", "generator.open_files_slope < 30 /h", "generator.tasks_slope < 60 /h"}


@cache
def faults_in(seconds: float) -> tuple[Fault, ...]:
    return forecast(FleetPlan(load_scenario(SCENARIO), dispatch_url="http://127.0.0.1:1"), seconds)


# --- The schedule ---


@pytest.mark.parametrize("seconds", [20 * 60.0, 8 * 3600.0])
def test_a_run_of_whole_rounds_sees_each_entry_and_ends_in_calm(seconds: float) -> None:
    faults = faults_in(seconds)
    assert {fault.entry for fault in faults} == set(range(len(load_scenario(SCENARIO).fault_entries())))
    assert {fault.what for fault in faults} >= {"outage", "flapping", "reboot_wave", "power_cut", "platform_restart"}
    assert max(fault.end for fault in faults) <= seconds - CALM_S
    # No two at once, so that what a fault costs is its own; the restart's devices have time to come back.
    ends = [fault.end for fault in faults]
    assert all(fault.at >= end for fault, end in zip(faults[1:], ends, strict=False))


def test_a_glance_sees_two_kinds_and_ends_in_calm() -> None:
    faults = faults_in(90.0)
    assert [fault.what for fault in faults] == ["outage", "flapping"]
    assert faults[-1].end <= 90.0 - CALM_S


# --- Played ---


def test_a_glance_holds_everything_but_the_slopes_which_it_does_not_judge(locust: Start) -> None:
    run = locust("--scenario", str(SCENARIO), "--headless", "-u", "8", "-t", "80s", "--report", "report")
    assert run.end(150) == ExitCode.THRESHOLD_CROSSED, run.output
    summary = run.summary()
    assert summary["verdict"] == "failed"
    crossed = {result["expression"]: result["reason"] for result in summary["thresholds"] if not result["passed"]}
    assert crossed.keys() == SLOPES, crossed
    assert all(reason.startswith("too short to judge") for reason in crossed.values())
    assert [(fault["what"], fault["never_back"]) for fault in summary["faults"]] == [("outage", 0), ("flapping", 0)]
    generator = summary["generator"]
    assert generator["rss_slope_mb_per_h"] is None
    assert 8 < generator["open_files"]["peak"] < generator["open_files"]["limit"]
    assert generator["tasks"]["peak"] >= 1
    platform = summary["embedded_platform"]
    assert platform["rss_mb"] > 10
    assert platform["open_files"]["peak"] >= 8
