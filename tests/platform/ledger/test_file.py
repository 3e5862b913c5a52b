"""A ledger's file is private, has one platform, and is a ledger of this version or refused."""

from __future__ import annotations

import random
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cli import main as run_command
from simulator.exit_codes import ExitCode
from simulator.platform.ledger.errors import LedgerError
from simulator.platform.ledger.inspection import inspect, summary
from simulator.platform.ledger.transactions import Ledger
from tests.platform.ledger.ledgers import DEVICE


def test_the_file_is_private_and_has_one_platform(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "l.db"
    ledger = Ledger(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LedgerError, match="another platform"):
        Ledger(path)
    ledger.write(DEVICE, ("A",))
    assert (tmp_path / "deep" / "l.db-wal").stat().st_mode & 0o777 == 0o600
    ledger.close()
    Ledger(path).close()


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be taken for one" * 20)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    for path in (text, foreign):
        with pytest.raises(LedgerError, match=path.name):
            Ledger(path)
        with pytest.raises(LedgerError, match=path.name):
            summary(path)
    with pytest.raises(LedgerError, match="no such file"):
        summary(tmp_path / "missing")
    with pytest.raises(LedgerError):
        Ledger(tmp_path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    ledger.write("UPDATE meta SET value = '99' WHERE name = 'schema'")
    ledger.close()
    with pytest.raises(LedgerError, match="another version"):
        Ledger(path)


def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    for number in range(3_000):
        ledger.write(DEVICE, (f"D{number}",))
    ledger.close()
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 2_000] = random.Random(page).randbytes(2_000)
    path.write_bytes(data)
    return path


def test_damaged_pages_are_said_so(tmp_path: Path) -> None:
    path = damaged(tmp_path)
    for look in (inspect, summary, Ledger):
        with pytest.raises(LedgerError, match=r"l\.db: .*(malformed|damaged)"):
            look(path)
    assert run_command(["platform", "inspect", str(path)]) == ExitCode.USAGE


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_damaged_there_is_no_traceback(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    ledger = Ledger(path)
    for number in range(50):
        ledger.write(DEVICE, (f"D{number}",))
        ledger.write("INSERT INTO commands VALUES (?, 'D1', 0, 0, 'f', 1, 0, 1, 1, 1, 1, '0', 1)", (number,))
    ledger.close()
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 20, 400))):
        data[rng.randrange(100, len(data))] = rng.randrange(256)
    path.write_bytes(data)
    with suppress(LedgerError):
        inspect(path)
    with suppress(LedgerError):
        Ledger(path).close()
