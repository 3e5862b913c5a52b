"""A ledger of several processes: whose number stays, and what all of them hold."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.ledger.errors import LedgerError
from simulator.platform.ledger.inspection import summary
from simulator.platform.ledger.shares import claim, merged, share_path, shares_of
from simulator.platform.ledger.transactions import Ledger


def with_device(path: Path, sn: str) -> None:
    with closing(Ledger(path)) as ledger:
        DeviceTable(ledger).registered(sn, "code")


def test_the_number_of_processes_stays(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    claim(path, 3)
    claim(path, 3)
    for processes in (1, 2):
        with pytest.raises(LedgerError, match=r"in 3 processes.*--processes 3"):
            claim(path, processes)
    assert shares_of(path) == [path, tmp_path / "l.db.1", tmp_path / "l.db.2"]


def test_a_ledger_of_one_process_is_that_of_one(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    claim(path, 1)
    assert not path.exists()
    with_device(path, "A")
    claim(path, 1)
    with pytest.raises(LedgerError, match="in 1 processes"):
        claim(path, 2)
    assert shares_of(path) == [path]


def test_all_its_files_are_made_at_once(tmp_path: Path) -> None:
    """One that is not there later was lost; what could not start after the claim must not look like that."""
    path = tmp_path / "l.db"
    claim(path, 3)
    for number in range(3):
        share = share_path(path, number)
        assert share.stat().st_size > 0
        assert share.stat().st_mode & 0o777 == 0o600
    claim(path, 3)


@pytest.mark.parametrize("lose", [Path.unlink, lambda file: file.write_bytes(b"")])
def test_a_ledger_that_lacks_a_file_is_refused(tmp_path: Path, lose: Callable[[Path], object]) -> None:
    path = tmp_path / "l.db"
    claim(path, 4)
    lose(share_path(path, 1))
    lose(share_path(path, 3))
    with pytest.raises(LedgerError) as refused:
        claim(path, 4)
    assert f"{path}.1, {path}.3 is missing or empty" in str(refused.value)
    # Nothing was made in its place: the next start says so again.
    with pytest.raises(LedgerError, match=r"l\.db\.1, .*l\.db\.3 is missing"):
        claim(path, 4)


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("lose", [Path.unlink, lambda file: file.write_bytes(b"")])
def test_a_ledger_that_lacks_its_first_file_is_refused(
    tmp_path: Path, lose: Callable[[Path], object], processes: int
) -> None:
    path = tmp_path / "l.db"
    claim(path, 2)
    lose(path)
    with pytest.raises(LedgerError, match=r"l\.db: missing or empty, .*\(l\.db\.1\)"):
        claim(path, processes)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_has_a_number_by_chance_belongs_to_no_ledger(tmp_path: Path, processes: int) -> None:
    (tmp_path / "log.2").write_text("of last week")
    claim(tmp_path / "log", processes)


def test_one_view_of_all_files(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    claim(path, 2)
    with_device(path, "B")
    with_device(share_path(path, 1), "A")
    held = summary(path)
    assert list(held["devices"]) == ["A", "B"]
    assert (held["totals"]["devices"], held["totals"]["registered"]) == (2, 2)
    share_path(path, 1).unlink()
    with pytest.raises(LedgerError, match=r"l\.db\.1"):
        summary(path)


def part(sn: str, count: int) -> dict[str, Any]:
    return {
        "devices": {sn: {"records": count}},
        "totals": {"devices": 1, "records": count},
        "messages": {"dev.heartbeat": {"00000000": count}, "dev.login": {f"E{count}": 1}},
        "commands": {},
        "queries": {"answered": count},
        "events": {f"event {count}": 1, "all": count},
    }


def test_sums_are_exact() -> None:
    assert merged([part("B", 2), part("A", 5)]) == {
        "devices": {"A": {"records": 5}, "B": {"records": 2}},
        "totals": {"devices": 2, "records": 7},
        "messages": {"dev.heartbeat": {"00000000": 7}, "dev.login": {"E2": 1, "E5": 1}},
        "commands": {},
        "queries": {"answered": 7},
        "events": {"all": 7, "event 2": 1, "event 5": 1},
    }
