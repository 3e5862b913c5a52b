"""Attendance that cannot be: nobody to come, no meeting, none that is over before the run is."""

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import Scenario, parse_scenario

SHORT = "platform: {meetings: {count: 3, starts_in: 30s, duration: 30s, gap: 10s, sign_out_after: 10s}}\n"
NO_MEETING = "platform: {meetings: {count: 0}}\n"
WANTED = "report: {attendance: true}\n"
A_MEETING = (
    "platform: {meetings: {count: 0}, "
    "pushes: [{command: cmd.data.update.meeting}, {command: cmd.data.update.meetingMember}]}\n"
)
ALL_OVER = "duration: 3min\n"
OWN = "meetings: [{id: '1', starts: 10s, ends: 40s, sign_out_closes: 45s, members: 5}]"


def scenario(rest: str, group: str = "", *, plan_judged: bool = True) -> Scenario:
    more = f", {group}" if group else ""
    text = f"groups: [{{name: rooms, count: 2, attendance: {{}}{more}}}]\n{rest}"
    return parse_scenario(text, "f.yaml", plan_judged=plan_judged)


def refusals(rest: str, group: str = "") -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        scenario(rest, group)
    return [str(problem) for problem in caught.value.problems]


def test_meetings_that_fit_into_the_run_need_no_word() -> None:
    assert scenario(WANTED + ALL_OVER + SHORT).notes() == []


def test_clocks_that_nobody_sets_hold_no_meeting() -> None:
    clock = "clock: {start_at: 1970}"
    [note] = scenario(ALL_OVER + SHORT, clock).notes()
    assert note.startswith("rooms: no meeting of the platform is held before the clocks are set (`clock.start_at`)")
    pushed = SHORT.replace("platform: {", "platform: {pushes: [{command: cmd.system.sync.time}], ")
    assert scenario(ALL_OVER + pushed, clock).notes() == []
    without = f"{clock}, functions: {{without: [cmd.system.sync.time]}}"
    assert scenario(ALL_OVER + pushed, without).notes() == [note]
    assert scenario(ALL_OVER + SHORT, "clock: {offset: 3min}").notes() == []
    assert scenario(ALL_OVER + SHORT, f"{clock}, {OWN}").notes() == []


def test_without_a_meeting_nobody_attends_one() -> None:
    [note] = scenario(NO_MEETING).notes()
    assert note.startswith("rooms: nobody attends a meeting: `platform.meetings.count` is 0")
    [problem] = refusals(WANTED + NO_MEETING)
    assert problem.startswith("f.yaml:2: report.attendance: there would be no row: `platform.meetings.count` is 0")
    assert scenario(WANTED + A_MEETING).notes() == []
    assert scenario(WANTED + NO_MEETING, OWN).notes() == []


def test_meetings_without_members_have_strangers_only() -> None:
    for people in ("members: 0", "users: 0"):
        [note] = scenario(ALL_OVER + SHORT.replace("{meetings", f"{{{people}, meetings", 1)).notes()
        assert note.startswith("rooms: only strangers come to meetings: `platform.members` and `platform.users` give")
    asked = SHORT.replace("{meetings", "{members: 0, pushes: [{command: cmd.data.update.meetingMember}], meetings", 1)
    assert scenario(ALL_OVER + asked).notes() == []


def test_a_meeting_must_be_over_before_the_run_is() -> None:
    [problem] = refusals(WANTED + SHORT)
    assert problem.startswith(
        "f.yaml:2: report.attendance: no meeting is over before the run is: the first one is after 1min10s, sign-out "
        "window included, the run after 1min"
    )
    assert scenario(SHORT).notes() == [problem.removeprefix("f.yaml:2: report.attendance: ")]
    assert scenario(WANTED + SHORT, OWN).notes() != [], "the planned ones are cut"
    # Whoever gives another length or platform on the command line knows better.
    assert scenario(WANTED + SHORT, plan_judged=False).devices == 2
    elsewhere = "target: https://dispatch.example.com\n"
    assert scenario(WANTED + elsewhere + SHORT).notes() == []


def test_what_is_over_before_devices_are_there_is_no_meeting() -> None:
    past = "platform: {meetings: {count: 2, starts_in: -100s, duration: 30s, gap: 300s, sign_out_after: 10s}}\n"
    [problem] = refusals(WANTED + past)
    assert "the first one is after 4min30s" in problem


def test_meetings_that_the_run_cuts_are_told() -> None:
    assert scenario(WANTED + "duration: 2min\n" + SHORT).notes() == [
        "1 of 3 planned meetings are not over when the run ends after 2min: the last sign-out window closes at 2min30s"
    ]


def test_without_a_user_only_visitors_verify() -> None:
    without = "users: 0, functions: {without: [cmd.data.update.user]}"
    [note] = scenario(ALL_OVER + SHORT, without).notes()
    assert note == "rooms: only visitors verify: `users` is 0, and `functions.without` leaves out cmd.data.update.user"
    assert scenario(ALL_OVER + SHORT, without.replace("0", "1")).notes() == []
    assert scenario(ALL_OVER + SHORT, "users: 0").notes() == []
    assert scenario(ALL_OVER + SHORT, f"{without}, enrolments: [{{rate: 1/min}}]").notes() == []


def test_what_rests_on_a_wrong_part_is_not_told() -> None:
    assert [problem.split(": ")[1] for problem in refusals(WANTED + "platform: {meetings: {count: 0, gap: 5}}\n")] == [
        "platform.meetings.gap"
    ]
