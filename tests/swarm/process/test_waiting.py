"""A master that waits for its workers knows when no run can come of it."""

from types import SimpleNamespace

import pytest

from reports.causes import sentence
from simulator.swarm.process.children import EndedChildren
from simulator.swarm.process.waiting import OWN_WORKERS_S, Waiting


def options(workers: int = 3, asked: int = 0) -> SimpleNamespace:
    return SimpleNamespace(expect_workers=workers, expect_workers_max_wait=asked)


def children(statuses: dict[int, int]) -> EndedChildren:
    """Three, with the process ids 11, 12 and 13."""
    kept = EndedChildren((11, 12, 13), lambda pid, _options: (pid, statuses[pid]) if pid in statuses else (0, 0))
    kept.look()
    return kept


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        ({}, None),
        ({12: 9}, "worker 2 of 3 ended (signal SIGKILL) before the run could begin"),
        ({13: 2 << 8}, "worker 3 of 3 ended (exit code 2) before the run could begin"),
        ({13: 15, 11: 0}, "worker 1 of 3 ended (exit code 0) before the run could begin"),
        ({11: 63}, "worker 1 of 3 ended (signal 63) before the run could begin"),
    ],
)
def test_a_forked_worker_that_has_ended_will_not_come(statuses: dict[int, int], says: str | None) -> None:
    obstacle = Waiting(options(), children(statuses), 0.0).obstacle(0, 1.0)
    assert (None if obstacle is None else sentence(obstacle)) == says


@pytest.mark.parametrize(
    ("forked", "asked", "within_s"), [(True, 0, OWN_WORKERS_S), (True, 7, 7), (False, 7, 7), (False, 0, None)]
)
def test_it_waits_as_long_as_it_was_asked_to_and_for_forked_workers_not_for_ever(
    forked: bool, asked: int, within_s: float | None
) -> None:
    said = options(asked=asked)
    waiting = Waiting(said, children({}) if forked else None, 100.0)
    assert said.expect_workers_max_wait == 0, "Locust itself would end without a report"
    if within_s is None:
        assert waiting.obstacle(2, 1e9) is None
        return
    assert waiting.obstacle(2, 99.9 + within_s) is None
    late = waiting.obstacle(2, 100.0 + within_s)
    assert late is not None
    assert sentence(late).startswith("2 of 3 workers had come after ")
    assert waiting.obstacle(3, 100.0 + within_s) is None
