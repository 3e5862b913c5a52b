"""Groups are told apart in runs of several, and add up to the fleet."""

from pathlib import Path

from tests.swarm.manual_run import ManualRun
from tests.swarm.metrics.runs import Scraped, busy_run, scraped


def test_a_run_of_one_group_has_no_series_of_groups(tmp_path: Path) -> None:
    made = ManualRun(tmp_path).open()
    assert "best_fleet_group_" not in scraped(lambda: made.run)


def test_each_groups_requests_are_told_and_add_up_to_the_fleets(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    halls = {"group": "halls", "func_id": "dev.option.upload"}
    assert told("group_requests_total", **halls, code="00000000") == 2
    assert told("group_requests_total", **halls, code="timeout") == 1
    assert told("group_request_seconds_total", **halls) == 5.75
    rooms = told("group_requests_total", group="rooms", func_id="dev.option.upload", code="00000000")
    assert rooms == 1
    assert told("requests_total", func_id="dev.option.upload", code="00000000") == 3
    assert told("request_duration_seconds_sum", func_id="dev.option.upload") == 6.0
