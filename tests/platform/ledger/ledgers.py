"""Ledgers for tests: one that another program has locked, and a loop that turns by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from simulator.platform.ledger.transactions import Ledger

DEVICE = "INSERT INTO devices (sn, logins) VALUES (?, 1)"


class Waiter:
    """A loop's `call_soon` and `call_later`, one turn at a time."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def locked(tmp_path: Path, patience: float = 60.0) -> tuple[Ledger, Waiter, sqlite3.Connection, list[tuple[str, str]]]:
    waiter = Waiter()
    ledger = Ledger(tmp_path / "l.db", waiter.soon, waiter.later, patience)
    faults: list[tuple[str, str]] = []
    ledger.on_fault = lambda kind, detail: faults.append((kind, detail))
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return ledger, waiter, other, faults
