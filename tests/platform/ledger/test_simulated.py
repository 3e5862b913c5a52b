"""A database that fails as it is told to, seen through the ledger that writes it."""

from __future__ import annotations

import pytest

from simulator.platform.ledger.errors import COMMIT_FAILED, LedgerBusy, LedgerFault
from simulator.platform.ledger.simulated import ProcessDiedError, SimulatedDisk, simulated_disk
from simulator.platform.ledger.transactions import Ledger

ADD = "INSERT INTO devices (sn, report) VALUES (?, ?)"


class Process:
    """A ledger whose commits are made when the test says so."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.told: list[bool] = []
        self.faults: list[str] = []
        self.ledger = Ledger(None, lambda commit: None, database=disk)
        self.ledger.on_fault = lambda kind, detail: self.faults.append(kind)

    def add(self, sn: str, size: int = 1) -> None:
        self.ledger.write(ADD, (sn, "x" * size))
        self.ledger.when_durable(self.told.append)


def names(disk: SimulatedDisk) -> list[str]:
    return [sn for (sn,) in disk.execute("SELECT sn FROM devices ORDER BY sn")]


def test_what_was_committed_outlives_the_process_and_nothing_else() -> None:
    disk = simulated_disk()
    first = Process(disk)
    first.add("A")
    first.ledger.commit()
    first.add("B")
    disk.process_died()
    second = Process(disk)
    assert names(disk) == ["A"]
    assert not second.ledger.was_empty
    second.add("C")
    second.ledger.commit()
    assert (names(disk), disk.commits) == (["A", "C"], 2)


def test_a_commit_that_fails_is_told_and_nothing_is_kept() -> None:
    disk = simulated_disk()
    process = Process(disk)
    disk.commits_fail = True
    process.add("A")
    process.ledger.commit()
    disk.commits_fail = False
    process.add("B")
    process.ledger.commit()
    assert (process.told, process.faults, names(disk)) == ([False, True], [COMMIT_FAILED], ["B"])


@pytest.mark.parametrize(("when", "kept"), [("dies_before_commit", []), ("dies_after_commit", ["A"])])
def test_a_death_in_a_commit(when: str, kept: list[str]) -> None:
    disk = simulated_disk()
    process = Process(disk)
    setattr(disk, when, True)
    process.add("A")
    with pytest.raises(ProcessDiedError):
        process.ledger.commit()
    disk.process_died()
    assert (process.told, names(disk)) == ([], kept)
    again = Process(disk)
    again.add("B")
    again.ledger.commit()
    assert names(disk) == [*kept, "B"]


def test_a_full_disk() -> None:
    disk = simulated_disk()
    process = Process(disk)
    disk.fill()
    with pytest.raises(LedgerFault, match="full"):
        process.add("A", 100_000)
    process.ledger.commit()
    disk.make_room()
    process.add("B", 100_000)
    process.ledger.commit()
    assert names(disk) == ["B"]


def test_a_lock_of_somebody_else() -> None:
    disk = simulated_disk()
    process = Process(disk)
    disk.locked = True
    with pytest.raises(LedgerBusy):
        process.add("A")
    disk.locked = False
    process.add("A")
    process.ledger.commit()
    assert names(disk) == ["A"]
