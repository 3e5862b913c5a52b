"""A ledger that is locked, damaged or full does not stop the platform: what it cannot store is refused and counted."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from simulator.platform.ledger import transactions as ledger_module
from simulator.platform.ledger.errors import COMMIT_FAILED, FAULT, LOCKED
from simulator.platform.process import PlatformError
from simulator.platform.settings import FixedDelay, PushMoment
from tests.platform.harness import IDENTITIES, OK, record, report_params, running
from tests.platform.parts import answer_rule, platform_settings, push_rule

ONE, TWO = IDENTITIES[:2]
UPLOAD = "dev.data.upload.verifyLog"
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}
INTERNAL = "E0000006"


def taken(path: Path) -> sqlite3.Connection:
    """Another program that holds the lock."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    while True:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            continue
        return other


async def test_a_lock_holds_up_what_is_stored_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    rule = push_rule("cmd.data.clear.user", moment=PushMoment.ONLINE)
    async with running(platform_settings(pushes=(rule,)), ledger=path) as platform:
        device = await platform.online(ONE)
        command = await device.command()
        other = taken(path)
        upload = asyncio.create_task(device.code(UPLOAD, {"verifyLog": [record(1)]}))
        look_up = asyncio.create_task(platform.look_up(TWO))
        await device.answer(command)
        for _ in range(3):
            assert await device.code(HEARTBEAT, FREE) == OK
            assert await device.code(HEARTBEAT, {"isFree": "?"}) == "E0000004"
        await asyncio.sleep(0.03)
        assert not upload.done()
        assert not look_up.done()
        newcomer = asyncio.create_task(platform.online(TWO))
        await asyncio.sleep(0.03)
        other.execute("COMMIT")
        other.close()
        assert await upload == OK
        assert (await look_up)["code"] == OK
        assert (await (await newcomer).command())["funcId"] == "cmd.data.clear.user"
        ledger = await platform.ledger()
        assert ledger["devices"][ONE.sn]["records"] == 1
        assert ledger["devices"][ONE.sn]["answered"] == 1
        assert ledger["events"] == {}


async def test_who_comes_online_during_a_lock_gets_its_commands_after_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    push = push_rule("cmd.data.clear.user", moment=PushMoment.ONLINE)
    slow = answer_rule("dev.report", delay=FixedDelay(seconds=0.2))
    async with running(platform_settings(pushes=(push,), answers=(slow,)), ledger=path) as platform:
        device = await platform.connect(ONE)
        await device.log_in()
        report = asyncio.create_task(device.code("dev.report", report_params(), sn=ONE.sn))
        other = sqlite3.connect(path, isolation_level=None, timeout=0)
        while not other.execute("SELECT sum(reports) FROM devices").fetchone()[0]:
            assert await platform.look_up(TWO)  # something to wait for
        other.close()
        other = taken(path)
        assert await report == OK
        assert await device.code(HEARTBEAT, FREE) == OK
        assert device.commands.empty()
        other.execute("COMMIT")
        other.close()
        assert (await device.command())["funcId"] == "cmd.data.clear.user"
        assert (await platform.ledger())["events"] == {}


async def test_a_lock_that_stays_is_refused_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger_module.Ledger.__init__, "__defaults__", (ledger_module.run_at_once, None, 0.05))
    path = tmp_path / "l.db"
    async with running(ledger=path) as platform:
        device = await platform.online(ONE)
        other = taken(path)
        for number in range(3):
            assert await device.code(UPLOAD, {"verifyLog": [record(number)]}) == INTERNAL
        assert (await platform.look_up(TWO))["code"] == INTERNAL
        assert await device.code(HEARTBEAT, FREE) == OK
        other.execute("COMMIT")
        other.close()
        assert await device.code(UPLOAD, {"verifyLog": [record(1)]}) == OK
        ledger = await platform.ledger()
        assert ledger["events"][f"ledger: {LOCKED}"] >= 4
        assert ledger["messages"][UPLOAD] == {OK: 1, INTERNAL: 3}
        assert ledger["devices"][ONE.sn]["records"] == 1
    assert capsys.readouterr().err.count(LOCKED) == 1, "said once, not for each message"


async def test_a_commit_that_fails_is_answered_logged_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.db"
    held: list[ledger_module.Ledger] = []
    commit = ledger_module.Ledger.commit

    def failing(self: ledger_module.Ledger) -> None:
        if held and self.database.in_transaction:
            held.clear()
            self.database.execute("ROLLBACK")  # what SQLite does by itself when the disk is full
        commit(self)

    monkeypatch.setattr(ledger_module.Ledger, "commit", failing)
    async with running(ledger=path) as platform:
        device = await platform.online(ONE)
        await platform.ledger()
        held.append(None)  # type: ignore[arg-type]
        assert await device.code(UPLOAD, {"verifyLog": [record(1)]}) == INTERNAL
        assert await device.code(UPLOAD, {"verifyLog": [record(1)]}) == OK
        assert (await platform.ledger())["events"] == {f"ledger: {COMMIT_FAILED}": 1}
    assert COMMIT_FAILED in capsys.readouterr().err


async def test_pages_that_are_damaged_while_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "l.db"
    async with running(ledger=path) as platform:
        device = await platform.online(ONE)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("DROP TABLE records")
        other.execute("DROP TABLE cards")
        other.close()
        assert await device.code(UPLOAD, {"verifyLog": [record(1)]}) == INTERNAL
        assert await device.code(HEARTBEAT, FREE) == OK
        async with platform.http.get(f"{platform.info.dispatch}/ledger") as response:
            assert response.status == 503
            assert "damaged" in (await response.json())["error"]
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert FAULT in errors


async def test_a_platform_does_not_start_on_a_damaged_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    async with running(ledger=path) as platform:
        await platform.online(ONE)
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xaa" * 100
    path.write_bytes(data)
    with pytest.raises(PlatformError, match=r"l\.db: "):
        async with running(ledger=path):
            pass
