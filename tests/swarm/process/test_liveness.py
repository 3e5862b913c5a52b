"""Heartbeats go by the lease: as seldom as reports, and a worker is missed before its lease runs out."""

import pytest
from locust import runners

from simulator.swarm.process.liveness import (
    PATIENCE_S,
    expect_heartbeats,
    heartbeat_s,
    liveness_s,
    send_heartbeats,
)


@pytest.mark.parametrize(
    ("lease_s", "missed_after_s", "every_s"),
    [(3.0, 3, 1), (5.0, 3, 1), (7.9, 5, 1), (8.0, 6, 2), (10.9, 8, 2), (11.0, 9, 3), (12.0, 10, 3), (60.0, 58, 3)],
)
def test_both_sides_go_by_the_lease(
    lease_s: float, missed_after_s: int, every_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEARTBEAT_LIVENESS", "HEARTBEAT_INTERVAL"):
        monkeypatch.setattr(runners, name, getattr(runners, name))
    assert (liveness_s(lease_s), heartbeat_s(lease_s)) == (missed_after_s, every_s)
    expect_heartbeats(lease_s)
    send_heartbeats(lease_s)
    assert (missed_after_s, every_s) == (runners.HEARTBEAT_LIVENESS, runners.HEARTBEAT_INTERVAL)


@pytest.mark.parametrize("lease_s", [float(number) / 4 for number in range(20, 500)])
def test_two_heartbeats_may_be_lost_and_none_is_missed_later_than_the_lease_allows(lease_s: float) -> None:
    assert heartbeat_s(lease_s) * 3 <= liveness_s(lease_s) <= lease_s - PATIENCE_S
