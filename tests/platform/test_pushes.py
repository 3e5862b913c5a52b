"""When commands are sent, how many at a time, and what happens to those that nobody answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from simulator.clock import ManualClock
from simulator.platform.ledger.inspection import summary_of
from simulator.platform.ledger.transactions import Ledger, run_at_once
from simulator.platform.pushes import Pushes
from simulator.platform.reported import Reported
from simulator.platform.settings import PushMoment, PushRule
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from tests.platform.parts import meeting_plan, platform_settings, push_rule, services_of

OK = "00000000"
REBOOT = "cmd.control.reboot"
TIME = "cmd.system.sync.time"
QUERY = "cmd.data.query.user"


class FakeLink:
    """A device that is online and keeps what it is sent."""

    def __init__(self, sn: str = "A", max_pending: int = 20, func_ids: tuple[str, ...] = COMMAND_FUNC_IDS) -> None:
        self.sn = sn
        self.reported = Reported(65_536, max_pending, None, frozenset(func_ids))
        self.sent: list[dict[str, Any]] = []

    def deliver(self, func_id: str, json: bytes) -> bool:
        message = orjson.loads(json)
        assert message["funcId"] == func_id
        self.sent.append(message)
        return True

    def take(self) -> list[dict[str, Any]]:
        taken, self.sent = self.sent, []
        return taken


class Stage:
    """Pushes with a clock that stands still."""

    def __init__(
        self,
        *pushes: PushRule,
        path: Path | None = None,
        clock: ManualClock | None = None,
        schedule: Callable[[Callable[[], None]], object] = run_at_once,
        **settings: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.ledger = Ledger(path, schedule)
        services = services_of(platform_settings(pushes=pushes, **settings), self.ledger, self.clock)
        self.timers = services.timers
        self.tally = services.tally
        self.pushes = Pushes(services, photo_url=lambda sn, pin: f"http://host/photos/{pin}.jpg")

    def online(self, link: FakeLink) -> FakeLink:
        self.ledger.write("INSERT INTO devices (sn) VALUES (?) ON CONFLICT DO NOTHING", (link.sn,))
        self.pushes.online(link)
        return link

    def wait(self, seconds: float, step: float = 0.5) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(step, end - self.clock.monotonic()))
            self.timers.run_due()
            self.timers.run_due()

    def answer(self, link: FakeLink, command: dict[str, Any], code: str = OK) -> None:
        self.pushes.answered(link.sn, command["payload"]["params"]["cmdId"], command["mid"], code)

    def summary(self) -> dict[str, Any]:
        self.tally.flush()
        return summary_of(self.ledger.database)


def names(messages: list[dict[str, Any]]) -> list[str]:
    return [message["funcId"] for message in messages]


def cmd_ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["payload"]["params"]["cmdId"] for message in messages]


def test_users_meetings_and_members_at_the_first_time_only() -> None:
    stage = Stage(users=5, meetings=meeting_plan(count=2, members=2))
    link = stage.online(FakeLink())
    sent = link.take()
    assert names(sent) == [
        "cmd.data.update.user",
        "cmd.data.update.meeting",
        "cmd.data.update.meetingMember",
    ]
    assert len(sent[0]["payload"]["params"]["users"]) == 5
    for command in sent:
        stage.answer(link, command)
    stage.pushes.offline("A", link)
    assert stage.online(FakeLink()).take() == []
    assert names(stage.online(FakeLink("B")).take())[0] == "cmd.data.update.user"


def test_a_device_that_registers_anew_gets_everything_again() -> None:
    stage = Stage(users=5)
    link = stage.online(FakeLink())
    stage.answer(link, link.take()[0])
    stage.pushes.offline("A", link)
    stage.ledger.write("UPDATE devices SET provisioned = NULL")  # what a registration does
    assert names(stage.online(FakeLink()).take()) == ["cmd.data.update.user"]


def test_on_online_each_time() -> None:
    stage = Stage(push_rule(TIME), push_rule(REBOOT, seconds=3))
    link = stage.online(FakeLink())
    assert names(link.take()) == [TIME]
    stage.wait(2.5)
    assert link.take() == []
    stage.wait(1)
    sent = link.take()
    assert names(sent) == [REBOOT]
    stage.answer(link, sent[0])
    stage.pushes.offline("A", link)
    stage.wait(10)
    assert link.take() == []


def test_every_so_often_while_online() -> None:
    stage = Stage(push_rule(TIME, moment=PushMoment.EVERY, seconds=10))
    link = stage.online(FakeLink(max_pending=100))
    stage.wait(100)
    assert len(link.take()) == 10
    stage.pushes.offline("A", link)
    stage.wait(50)
    assert link.take() == []


def test_at_a_moment_to_all_that_are_online() -> None:
    stage = Stage(push_rule(TIME, moment=PushMoment.AT, seconds=10))
    links = [stage.online(FakeLink(f"D{number}")) for number in range(450)]
    stage.pushes.offline("D7", links[7])
    stage.wait(9)
    assert not any(link.sent for link in links)
    stage.wait(2)
    assert sum(len(link.sent) for link in links) == 449
    late = stage.online(FakeLink("late"))
    stage.wait(30)
    assert late.take() == []


def test_share_and_times() -> None:
    stage = Stage(push_rule(TIME, share=0.3), push_rule(REBOOT, times=2))
    chosen = []
    for number in range(400):
        link = stage.online(FakeLink(f"D{number}"))
        sent = names(link.take())
        if TIME in sent:
            chosen.append(link.sn)
        assert REBOOT in sent
        stage.pushes.offline(link.sn, link)
    assert 80 < len(chosen) < 160
    again = stage.online(FakeLink(chosen[0]))
    assert sorted(names(again.take())) == sorted([TIME, TIME, REBOOT, REBOOT]), "the unanswered ones and the new ones"
    stage.pushes.offline(again.sn, again)
    third = stage.online(FakeLink(chosen[0]))
    assert names(third.take()).count(REBOOT) == 2, "twice at most"


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


def test_an_old_connection_that_ends_late_changes_nothing() -> None:
    stage = Stage(push_rule(TIME))
    old = stage.online(FakeLink())
    new = stage.online(FakeLink())
    stage.pushes.offline("A", old)
    for command in new.take():
        stage.answer(new, command)
    assert stage.summary()["commands"][TIME][OK] == 1


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


def test_commands_a_device_does_not_list_are_not_sent() -> None:
    stage = Stage(push_rule(TIME), push_rule("cmd.firmware.upgrade", unknown=True), users=3)
    link = stage.online(FakeLink(func_ids=()))
    assert names(link.take()) == ["cmd.firmware.upgrade"]
    assert stage.summary()["events"] == {"command the device does not support": 1}


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


def test_a_restart_knows_what_is_unanswered(tmp_path: Path) -> None:
    rules = (
        push_rule(TIME),
        push_rule(REBOOT, times=1, urgent=True),
        push_rule(QUERY, moment=PushMoment.AT, seconds=5),
    )
    stage = Stage(*rules, path=tmp_path / "l.db", users=3)
    link = stage.online(FakeLink())
    sent = {message["funcId"]: message for message in link.take()}
    stage.wait(6)
    sent |= {message["funcId"]: message for message in link.take()}
    assert set(sent) == {TIME, REBOOT, QUERY, "cmd.data.update.user"}
    stage.answer(link, sent["cmd.data.update.user"])
    stage.pushes.active()
    stage.ledger.close()

    stage = Stage(*rules, path=tmp_path / "l.db", clock=stage.clock, users=3)
    link = stage.online(FakeLink())
    again = link.take()
    assert names(again) == [REBOOT, TIME, QUERY, TIME], "the unanswered ones, urgent first; then the new one"
    for message in again[:3]:
        assert message["payload"] == sent[message["funcId"]]["payload"]
        assert message["mid"] != sent[message["funcId"]]["mid"]
    assert int(cmd_ids(again)[3]) > max(map(int, cmd_ids(list(sent.values()))))
    stage.wait(20)
    assert link.take() == [], "what was due before the restart is not sent twice"
    stage.ledger.close()


def test_a_later_run_with_the_same_ledger_begins_anew(tmp_path: Path) -> None:
    stage = Stage(push_rule(REBOOT, times=1), path=tmp_path / "l.db", users=3)
    link = stage.online(FakeLink())
    for message in link.take():
        stage.answer(link, message)
    stage.pushes.active()
    stage.ledger.close()
    stage.clock.advance(3600)
    stage = Stage(push_rule(REBOOT, times=1), path=tmp_path / "l.db", clock=stage.clock, users=3)
    assert names(stage.online(FakeLink()).take()) == ["cmd.data.update.user", REBOOT]
    stage.ledger.close()


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
    assert seen == [1, 1], "who looks into the file from outside finds the command, and that it was sent"
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
