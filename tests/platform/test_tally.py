"""Counts go into the ledger from time to time, and wait where it cannot take them."""

from __future__ import annotations

from pathlib import Path

from simulator.platform.ledger.errors import COMMIT_FAILED, LOCKED
from simulator.platform.tally import Tally
from tests.platform.ledger.ledgers import locked


def test_counts_that_could_not_be_written_are_kept(tmp_path: Path) -> None:
    ledger, waiter, other, faults = locked(tmp_path, patience=0.0)
    tally = Tally(ledger)
    tally.message("dev.heartbeat", "0")
    tally.flush()
    waiter.turn()
    tally.message("dev.heartbeat", "0")
    tally.event("e")
    other.execute("COMMIT")
    tally.flush()
    ledger.database.execute("ROLLBACK")
    waiter.turn()
    assert [kind for kind, _ in faults] == [LOCKED, COMMIT_FAILED]
    tally.flush()
    waiter.turn()
    assert other.execute("SELECT count FROM messages").fetchone() == (2,)
    assert other.execute("SELECT count FROM events").fetchone() == (1,)
    other.close()
    ledger.close()
