"""A run of ours is what its metrics are made of."""

from pathlib import Path

from simulator.swarm.metrics.metered import MeteredRun
from tests.swarm.manual_run import ManualRun


def test_a_run_has_what_is_read_of_it(tmp_path: Path) -> None:
    run: MeteredRun = ManualRun(tmp_path).run
    assert run.order is None
    assert run.ended is None
    assert run.summary is None
