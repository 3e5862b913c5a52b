"""Flow control to one device: how many commands at a time, and what happens to those that nobody answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from simulator.platform.ledger.simulated import simulated_disk
from simulator.platform.settings import PushRule
from tests.platform.parts import push_rule
from tests.platform.pushing import FakeLink, Stage, cmd_ids

OK = "00000000"
REBOOT = "cmd.control.reboot"
TIME = "cmd.system.sync.time"
QUERY = "cmd.data.query.user"


def test_never_more_than_the_device_takes() -> None:
    stage = Stage(*[push_rule(TIME)] * 7)
    link = stage.online(FakeLink(max_pending=3))
    sent = link.take()
    assert len(sent) == 3
    stage.answer(link, sent[1])
    more = link.take()
    assert len(more) == 1
    for command in (sent[0], sent[2], *more):
        stage.answer(link, command)
    assert len(link.take()) == 3
    assert stage.summary()["commands"] == {TIME: {OK: 4, "pending": 3}}


def test_urgent_commands_go_first() -> None:
    rules = [push_rule(TIME)] * 3 + [push_rule(REBOOT, urgent=True)]
    stage = Stage(*rules)
    link = FakeLink(max_pending=1)
    stage.online(link)
    (first,) = link.take()
    assert (first["funcId"], first["imme"]) == (REBOOT, "1")
    stage.answer(link, first)
    (second,) = link.take()
    assert second["funcId"] == TIME
    assert "imme" not in second


def test_after_a_reconnect_the_same_cmd_id_with_a_new_mid() -> None:
    stage = Stage(push_rule(TIME), push_rule(REBOOT))
    link = stage.online(FakeLink())
    sent = link.take()
    stage.answer(link, sent[0], "E1")
    stage.pushes.offline("A", link)
    again = FakeLink()
    stage.online(again)
    resent = again.take()
    assert cmd_ids(resent)[0] == cmd_ids(sent)[1]
    assert resent[0]["mid"] != sent[1]["mid"]
    assert resent[0]["funcId"] == REBOOT
    stage.answer(again, resent[0])
    assert stage.summary()["commands"][REBOOT][OK] == 1
    assert stage.summary()["commands"][TIME]["E1"] == 1


def test_answers_nobody_waits_for_are_counted() -> None:
    stage = Stage(push_rule(TIME))
    link = stage.online(FakeLink())
    (sent,) = link.take()
    stage.answer(link, sent)
    stage.answer(link, sent)
    for cmd_id in ("5", "x", "9" * 40, "٣"):
        stage.pushes.answered("A", cmd_id, "m", OK)
    stage.pushes.answered("B", cmd_ids([sent])[0], "m", OK)
    assert stage.summary()["events"] == {"repeated command answer": 1, "answer to an unknown command": 5}


def test_an_answer_with_another_mid_counts_but_is_noted() -> None:
    stage = Stage(push_rule(TIME))
    link = stage.online(FakeLink())
    (sent,) = link.take()
    stage.answer(link, sent | {"mid": "other"})
    assert stage.summary()["commands"] == {TIME: {OK: 1}}
    assert stage.summary()["events"] == {"command answer with another mid": 1}


@pytest.mark.parametrize(("uploads", "outcome"), [(0, "unfulfilled"), (1, "fulfilled"), (3, "fulfilled")])
def test_users_that_were_asked_for(uploads: int, outcome: str) -> None:
    stage = Stage(push_rule(QUERY))
    link = stage.online(FakeLink())
    stage.answer(link, link.take()[0])
    for _ in range(uploads):
        stage.pushes.uploaded_users("A")
    stage.wait(11)
    stage.pushes.uploaded_users("A")
    assert stage.summary()["queries"] == {"answered": 1, "fulfilled": 0, "unfulfilled": 0} | {outcome: 1}


def test_users_before_the_answer_count() -> None:
    stage = Stage(push_rule(QUERY))
    link = stage.online(FakeLink())
    stage.pushes.uploaded_users("A")
    stage.answer(link, link.take()[0])
    stage.wait(11)
    assert stage.summary()["queries"] == {"answered": 1, "fulfilled": 1, "unfulfilled": 0}


def test_no_command_goes_out_before_its_commit(tmp_path: Path) -> None:
    """A device keeps a cmdId for good: one given out again after a kill would not be carried out."""
    turn: list[Callable[[], None]] = []
    path = tmp_path / "l.db"
    stage = Stage(push_rule(REBOOT), path=path, schedule=turn.append, users=2)
    other = sqlite3.connect(path)
    link = FakeLink()
    seen: list[int] = []

    def deliver(func_id: str, json: bytes) -> bool:
        cmd_id = orjson.loads(json)["payload"]["params"]["cmdId"]
        query = "SELECT sent_times FROM commands WHERE cmd_id = ?"
        row = other.execute(query, (cmd_id,)).fetchone()
        seen.append(0 if row is None else row[0])
        return True

    link.deliver = deliver  # type: ignore[method-assign]
    stage.online(link)
    assert seen == [], "sent in the middle of a transaction"
    while turn:
        turn.pop()()
    assert seen == [1, 1, 1], "who looks into the file from outside finds the command, and that it was sent"
    other.close()
    stage.ledger.close()


def test_a_command_whose_commit_failed_is_not_sent(tmp_path: Path) -> None:
    turn: list[Callable[[], None]] = []
    stage = Stage(push_rule(REBOOT), path=tmp_path / "l.db", schedule=turn.append)
    link = stage.online(FakeLink())
    stage.ledger.database.execute("ROLLBACK")
    while turn:
        turn.pop()()
    assert link.sent == []
    stage.ledger.close()


def test_a_query_goes_on_over_a_reconnect_and_its_end_is_noted() -> None:
    for uploads, wanted in ((1, "fulfilled"), (0, "unfulfilled")):
        stage = Stage(push_rule(QUERY, times=1))
        link = stage.online(FakeLink())
        stage.answer(link, link.take()[0])
        stage.pushes.offline("A", link)
        stage.wait(3)
        stage.online(FakeLink())
        for _ in range(uploads):
            stage.pushes.uploaded_users("A")
        stage.wait(8)
        assert stage.summary()["queries"][wanted] == 1


class Faulty:
    """A stage whose commits are made, and fail, when the test says so."""

    def __init__(self, *pushes: PushRule) -> None:
        self.disk = simulated_disk()
        self.commits: list[Callable[[], None]] = []
        self.stage = Stage(*pushes, schedule=self.commits.append, database=self.disk)

    def turn(self, *, fails: bool = False) -> None:
        """One turn of the loop ends, and with it the transaction."""
        self.disk.commits_fail = fails
        commits, self.commits[:] = list(self.commits), []
        for commit in commits:
            commit()
        self.disk.commits_fail = False

    def wait(self) -> None:
        """Until what failed is tried again."""
        self.stage.wait(1.5)
        self.turn()

    def kept(self) -> list[tuple[int, str, str | None]]:
        query = "SELECT cmd_id, params, code FROM commands JOIN contents ON contents.id = content ORDER BY cmd_id"
        return self.disk.execute(query).fetchall()


def test_a_command_whose_row_is_not_kept_is_made_again_and_none_is_sent_without_a_row() -> None:
    faulty = Faulty(push_rule(TIME), push_rule(QUERY))
    link = faulty.stage.online(FakeLink())
    faulty.turn(fails=True)
    assert link.take() == []
    assert faulty.kept() == []
    faulty.wait()
    sent = link.take()
    assert [command["funcId"] for command in sent] == [TIME, QUERY]
    assert [cmd_id for cmd_id, _, _ in faulty.kept()] == [int(cmd_id) for cmd_id in cmd_ids(sent)]


def test_a_command_that_could_not_be_noted_as_sent_is_sent_later_and_in_order() -> None:
    faulty = Faulty(push_rule(TIME), push_rule(QUERY))
    first = faulty.stage.online(FakeLink())
    faulty.turn()
    sent = first.take()
    faulty.stage.pushes.offline("A", first)
    again = FakeLink()
    faulty.stage.online(again)
    faulty.turn(fails=True)
    assert again.take() == []
    faulty.wait()
    assert cmd_ids(again.take())[:2] == cmd_ids(sent)


def test_an_answer_that_is_not_kept_is_written_again() -> None:
    faulty = Faulty(push_rule(TIME))
    link = faulty.stage.online(FakeLink())
    faulty.turn()
    (sent,) = link.take()
    faulty.stage.answer(link, sent)
    faulty.turn(fails=True)
    assert [code for _, _, code in faulty.kept()] == [None]
    faulty.wait()
    assert [code for _, _, code in faulty.kept()] == [OK]
