"""What is told of a run as a whole, while it goes on and after its end."""

from pathlib import Path

from tests.swarm.manual_run import STARTED
from tests.swarm.metrics.runs import Scraped, busy_run, scraped


def test_a_run_is_named_and_told_how_far_it_is(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("run_info", scenario="tiny", run=made.run.run_id) == 1
    assert told("run_start_time_seconds") == STARTED
    assert told("run_elapsed_seconds") == 10
    assert told("run_planned_seconds") == 60
    assert told("run_running") == 1
    assert told("run_exit_code") is None
    assert told.of("run_verdict", "verdict") == {}


def test_its_verdict_is_told_at_its_end_with_the_figures_of_the_end(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    summary = made.end(at=50.0)
    made.time.advance(100.0)
    told = Scraped(scraped(lambda: made.run))
    assert told("run_running") == 0
    assert told("run_elapsed_seconds") == summary["duration_s"]
    verdicts = told.of("run_verdict", "verdict")
    assert {verdict for verdict, holds in verdicts.items() if holds} == {summary["verdict"]}
    assert sorted(verdicts) == ["failed", "interrupted", "invalid", "passed"]
    assert told("run_exit_code") == made.run.code != 0


def test_devices_are_told_by_state_also_those_in_which_there_are_none(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("devices", state="online") == 1
    assert told("devices", state="lookup") == 0
    assert told("devices_planned") == 1
    assert told("devices_came_online_total") == 1


def test_the_generator_tells_of_itself(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("generator_processes") == 1
    assert told("generator_cpu_ratio") == 0.125
    assert told("generator_resident_memory_bytes") == 100e6
    assert told("generator_samples_waiting") == 3
    assert told("generator_open_files") is None, "nobody looked"
    assert told("generator_loop_lag_seconds_count") == 3, "late for 0.12 s is three looks, 0.05 s apart"
    assert told("generator_healthy") == 0
