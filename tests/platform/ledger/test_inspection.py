"""What a ledger adds up to, also while a platform writes it, and whatever devices called themselves."""

from __future__ import annotations

from pathlib import Path

from simulator.measurements.labels import MOST_SERIES
from simulator.platform.ledger.counts import CountTables
from simulator.platform.ledger.inspection import inspect, kept_of, summary
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.ledger.uploads import VERIFY_PHOTOS, UploadTables
from simulator.platform.tally import Tally
from tests.platform.ledger.ledgers import DEVICE

COMMAND = (
    "INSERT INTO commands (cmd_id, sn, origin, firing, func_id, content, urgent, created, code) "
    "VALUES (?, ?, 0, 0, ?, 1, 0, 0.0, ?)"
)


def test_a_platform_may_write_while_somebody_looks(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    ledger.write(DEVICE, ("A",))
    assert summary(tmp_path / "l.db")["devices"]["A"]["logins"] == 1
    ledger.write(DEVICE, ("B",))
    assert summary(tmp_path / "l.db")["totals"]["devices"] == 2
    ledger.close()


def test_what_is_kept_counts_a_record_once_however_often_it_came(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    assert kept_of(ledger.database) == {"records": 0, "photos": 0, "duplicates": 0}
    tables = UploadTables(ledger)
    entry = dict.fromkeys(("pin", "meetCode", "verifyTime", "verifyStyle", "status", "recodeType", "category"), "1")
    for sn, log_id in (("A", "1"), ("A", "2"), ("B", "1"), ("A", "1"), ("A", "1")):
        tables.add_record(sn, log_id, entry)
    for _ in range(2):
        tables.add_photo(VERIFY_PHOTOS, ("A", "log 1", "1", "p", "m"), 10, "sum")
    assert kept_of(ledger.database) == {"records": 3, "photos": 1, "duplicates": 2}
    ledger.close()


def test_text_of_an_inspection(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    for sn in ("A", "B"):
        ledger.write(DEVICE, (sn,))
    ledger.write(
        "INSERT INTO records VALUES ('A', '1', 'p', 'm', 't', '1', '0', '0', '0', 3)",
    )
    ledger.write("INSERT INTO double_logins VALUES ('B', 1.0, 2.0)")
    counts = CountTables(ledger)
    counts.add_messages({("dev.heartbeat", "00000000"): 1200, ("dev.login", "E0010004"): 1})
    counts.add_messages({("dev.heartbeat", "00000000"): 34})
    counts.add_events({"channel violation": 2})
    ledger.close()
    lines = inspect(path).splitlines()
    assert lines[0].split() == ["device", "logins", "records", "duplicates", "doubleLogins"]
    assert [line.split() for line in lines[1:4]] == [
        ["A", "1", "1", "2", "0"],
        ["B", "1", "0", "0", "1"],
        ["2", "devices", "2", "1", "2", "1"],
    ]
    assert "dev.heartbeat  1,234  00000000: 1,234" in lines
    assert lines.index("dev.login          1  E0010004: 1") < lines.index("dev.heartbeat  1,234  00000000: 1,234")
    assert lines[-1] == "channel violation: 2"


def test_what_devices_make_up_is_counted_together_and_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    tally = Tally(ledger)
    for turn in range(2):
        for number in range(500):
            tally.message(f"dev.\x1b[31m{number}" + "x" * 10_000, "E0000001")
            code = f"\x1b[31m{number}" + "x" * 10_000
            ledger.write(COMMAND, (1 + turn * 500 + number, "A\x1b[2J", "cmd.data.update.user", code))
        tally.message("dev.heartbeat", "00000000")
        tally.flush()
    ledger.write(DEVICE, ("A\x1b[2J",))
    ledger.close()
    shown = inspect(path)
    assert all(line.isprintable() for line in shown.splitlines())
    assert len(shown) < 10_000
    assert "984 of 492 more codes" in shown
    counts = {name: sum(codes.values()) for name, codes in summary(path)["messages"].items()}
    assert sum(counts.values()) == 1_002
    assert counts["dev.heartbeat"] == 2
    assert counts["others"] == 1_000 - 2 * MOST_SERIES
    assert len(counts) == MOST_SERIES + 2
