"""Workers give way to their master where a machine has fewer cores than them."""

import os

import pytest

from simulator.swarm.process import priority as module
from simulator.swarm.process.priority import NICENESS, give_way


@pytest.mark.parametrize(("processes", "expected"), [(None, []), (1, []), (2, []), (3, [NICENESS]), (14, [NICENESS])])
def test_only_workers_that_have_to_share_cores(
    processes: int | None, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(os, "nice", steps.append)
    assert give_way(processes) == bool(expected)
    assert steps == expected
