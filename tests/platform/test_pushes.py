"""What is pushed when: to a device that comes online, from time to time, at a moment, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.platform.settings import PushMoment
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from tests.platform.parts import meeting_plan, push_rule
from tests.platform.pushing import FakeLink, Stage, cmd_ids, names

OK = "00000000"
REBOOT = "cmd.control.reboot"
TIME = "cmd.system.sync.time"
QUERY = "cmd.data.query.user"

CARDS = "cmd.data.update.multiCard"


def test_users_meetings_and_members_at_the_first_time_only() -> None:
    stage = Stage(users=5, meetings=meeting_plan(count=2, members=2))
    link = stage.online(FakeLink())
    sent = link.take()
    assert names(sent) == [
        "cmd.data.update.user",
        CARDS,
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
    for command in link.take():
        stage.answer(link, command)
    stage.pushes.offline("A", link)
    stage.ledger.write("UPDATE devices SET provisioned = NULL")  # what a registration does
    assert names(stage.online(FakeLink()).take()) == ["cmd.data.update.user", CARDS]


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


def test_an_old_connection_that_ends_late_changes_nothing() -> None:
    stage = Stage(push_rule(TIME))
    old = stage.online(FakeLink())
    new = stage.online(FakeLink())
    stage.pushes.offline("A", old)
    for command in new.take():
        stage.answer(new, command)
    assert stage.summary()["commands"][TIME][OK] == 1


def test_commands_a_device_does_not_list_are_not_sent() -> None:
    stage = Stage(push_rule(TIME), push_rule("cmd.firmware.upgrade", unknown=True), users=3)
    link = stage.online(FakeLink(func_ids=()))
    assert names(link.take()) == ["cmd.firmware.upgrade"]
    # The pushed one, the first users and their cards.
    assert stage.summary()["events"] == {"command the device does not support": 3}


@pytest.mark.parametrize(
    ("lacking", "first"),
    [
        ("cmd.data.update.user", {"cmd.data.update.meeting"}),
        ("cmd.data.update.meeting", {"cmd.data.update.user", "cmd.data.update.multiCard"}),
        ("cmd.data.update.multiCard", {f"cmd.data.update.{each}" for each in ("user", "meeting", "meetingMember")}),
    ],
)
def test_first_commands_speak_of_nothing_that_the_device_cannot_have(lacking: str, first: set[str]) -> None:
    stage = Stage(users=5, meetings=meeting_plan(count=1, members=3))
    listed = tuple(name for name in COMMAND_FUNC_IDS if name != lacking)
    assert set(names(stage.online(FakeLink(func_ids=listed)).take())) == first


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
    assert set(sent) == {TIME, REBOOT, QUERY, "cmd.data.update.user", CARDS}
    stage.answer(link, sent["cmd.data.update.user"])
    stage.answer(link, sent[CARDS])
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
    assert names(stage.online(FakeLink()).take()) == ["cmd.data.update.user", CARDS, REBOOT]
    stage.ledger.close()
