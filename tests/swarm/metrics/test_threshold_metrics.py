"""Each threshold is told by its expression."""

from pathlib import Path

from tests.swarm.metrics.runs import Scraped, busy_run, scraped


def test_thresholds_are_told_with_value_limit_and_whether_they_hold(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    assert told("threshold_limit", threshold="dev.login failures == 0%") == 0
    assert told("threshold_value", threshold="dev.login failures == 0%") == 100
    assert told("threshold_holds", threshold="dev.login failures == 0%") == 0
    late = "dev.heartbeat p99 < 400 ms after 5s"
    assert told("threshold_limit", threshold=late) == 400
    assert told("threshold_holds", threshold=late) is None, "judged at the end"
