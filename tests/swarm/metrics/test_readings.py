"""The figures are read when somebody asks, once for all who ask within a second, of the current run."""

from pathlib import Path

import pytest

from simulator.swarm.metrics import readings as module
from simulator.swarm.metrics.demands import Demands
from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.readings import KEPT_S, METRICS, Readings
from tests.swarm.manual_run import ManualRun
from tests.swarm.metrics.runs import busy_run


def test_nobody_pays_until_somebody_asks_and_two_pay_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = busy_run(tmp_path)
    read: list[MeteredRun] = []
    whole = module.read

    def noted(run: MeteredRun, judge: Demands) -> module.Reading:
        read.append(run)
        return whole(run, judge)

    monkeypatch.setattr(module, "read", noted)
    now = [100.0]
    readings = Readings(lambda: made.run, lambda: now[0])
    made.tick(1.0)
    assert read == []
    first = readings.read()
    assert [metric for metric, _ in first] == list(METRICS)
    now[0] += KEPT_S / 2
    assert readings.read() is first
    now[0] += KEPT_S / 2
    assert readings.read() is not first
    assert len(read) == 2
    made.end(at=49.0)
    assert readings.read() is not first, "the verdict is told at once"
    assert len(read) == 3


def test_before_the_first_run_and_while_one_opens_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert Readings(lambda: None).read() == ()
    unopened = ManualRun(tmp_path)
    assert Readings(lambda: unopened.run).read() == ()


def test_another_run_is_told_of_at_once_and_begins_anew(tmp_path: Path) -> None:
    runs = [busy_run(tmp_path / "first").run]
    readings = Readings(lambda: runs[-1], lambda: 5.0)

    def heartbeats() -> float:
        return sum(
            float(value)  # type: ignore[arg-type]
            for metric, samples in readings.read()
            if metric.name == "requests"
            for labels, value in samples
            if labels[0] == "dev.heartbeat"
        )

    assert heartbeats() == 6
    runs.append(ManualRun(tmp_path / "second").open().run)
    assert heartbeats() == 1
