"""How often a worker says that it lives, and when the master misses it: Locust's heartbeats, set by the lease.

Locust's own are one second and three, for workers that have a core each. Each heartbeat is answered, which made six of
the nine messages that a master has with a worker for each of its reports. Until the lease runs out nothing is lost, so
that is what both sides go by.
"""

from typing import Final

from locust import runners

PATIENCE_S: Final = 2.0
"""Locust misses a worker so long before its lease runs out."""
_CHANCES: Final = 3
"""So many heartbeats in a row have to be lost or late, as with Locust's own."""
_LOCUSTS_LIVENESS_S: Final = runners.HEARTBEAT_LIVENESS
_LOCUSTS_INTERVAL_S: Final = runners.HEARTBEAT_INTERVAL


def liveness_s(lease_s: float) -> int:
    """After how many seconds without a heartbeat the master misses a worker."""
    return max(_LOCUSTS_LIVENESS_S, int(lease_s - PATIENCE_S))


def heartbeat_s(lease_s: float) -> int:
    """How many seconds lie between a worker's heartbeats; no more than between its reports."""
    return max(_LOCUSTS_INTERVAL_S, min(liveness_s(lease_s) // _CHANCES, int(runners.WORKER_REPORT_INTERVAL)))


def expect_heartbeats(lease_s: float) -> None:
    """Have this process' master go by the lease, from each worker's next heartbeat on."""
    runners.HEARTBEAT_LIVENESS = liveness_s(lease_s)


def send_heartbeats(lease_s: float) -> None:
    """Have this process' worker go by the lease, from its next heartbeat on."""
    runners.HEARTBEAT_INTERVAL = heartbeat_s(lease_s)
