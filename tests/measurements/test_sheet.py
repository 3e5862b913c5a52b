import json
import random
from collections import Counter

import pytest

from simulator.measurements import sheet
from simulator.measurements.attendance import WHAT, Attended, MeetingHeld
from simulator.measurements.attendance_rows import line_of
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.measurements.sheet import SUMS, Attendance
from simulator.measurements.state import absorb_state, dump_state

T0 = 1_700_000_000.0


def row(number: int, sn: str = "A", code: str = "1", *, acknowledged: bool = True, what: str = "sign-in") -> Attended:
    return Attended(sn, code, f"p{number}", what, "2026-03-02T08:56:11+08:00", "0", str(number), acknowledged)


def meeting(sn: str = "A", code: str = "1", missing: int = 0, **changes: object) -> MeetingHeld:
    pins = tuple(f"m{number}" for number in range(missing))
    held = MeetingHeld(sn, code, "Weekly", T0, T0 + 3600, missing + 3, 3, 1, pins, missing, 0, 1, 1, 1, 2, "over")
    return held._replace(**changes)


def events_of(seed: int, count: int = 400) -> list[Event]:
    rng = random.Random(seed)
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(count):
        sn, code = f"SN{seed}{rng.randrange(5)}", str(number // 8)
        recorder.attended(row(number, sn, code, acknowledged=rng.random() < 0.9, what=rng.choice(WHAT)))
        if number % 8 == 7:
            ended = rng.choice(("over", "deleted", "cut"))
            recorder.meeting_held(meeting(sn, code, rng.randrange(3), ended=ended, start=T0 + number))
    return events


def told(attendance: Attendance) -> tuple[object, object]:
    return attendance.counts(), attendance.remarkable()


def test_sums_are_those_of_all_rows_and_meetings() -> None:
    events = events_of(1)
    measurements = RunMeasurements()
    measurements.apply(events)
    rows = [event[1] for event in events if isinstance(event[1], Attended)]
    held = [event[1] for event in events if isinstance(event[1], MeetingHeld)]
    counts = measurements.attendance.counts()
    assert set(counts) == set(SUMS)
    assert counts["records"] == 400 == counts["acknowledged"] + counts["unacknowledged"]
    assert counts["unacknowledged"] == sum(not one.acknowledged for one in rows) > 0
    assert {what: counts[sheet.ROWS[what]] for what in WHAT} == Counter(one.what for one in rows)
    assert {ended: counts[ended] for ended in sheet.ENDINGS} == Counter(one.ended for one in held)
    assert counts["with_unacknowledged"] == len({(one.sn, one.meet_code) for one in rows if not one.acknowledged})
    # Of meetings that were over alone: whoever had not come to another could have come later.
    held = [one for one in held if one.ended == "over"]
    assert counts["missing"] == sum(len(one.missing) for one in held) > 0
    assert counts["with_missing"] == sum(bool(one.missing) for one in held)
    assert (counts["absent"], counts["turned_away"]) == (counts["missing"], 0)
    assert (counts["expected"], counts["came"], counts["late"], counts["strangers"]) == (
        sum(one.expected for one in held),
        *(3 * len(held), len(held), 2 * len(held)),
    )
    assert (counts["left_early"], counts["no_sign_out"], counts["double_taps"]) == (len(held),) * 3


def test_nothing_is_told_of_a_run_without_attendance() -> None:
    attendance = Attendance()
    assert attendance.counts() == {}
    assert attendance.dump() == {}
    assert attendance.drain() == {}
    attendance.merge({})
    attendance.merge_drained({})
    assert told(attendance) == ({}, [])


def test_meetings_with_unacknowledged_records_stand_first_then_those_that_miss_the_most() -> None:
    attendance = Attendance()
    for held in (meeting("A", "1"), meeting("A", "2", 1), meeting("B", "1", 5), meeting("B", "2", 1)):
        attendance.meeting_held(held)
    for number in range(3):
        attendance.attended(row(number, "A", "1", acknowledged=False))
    attendance.attended(row(3, "B", "2", acknowledged=False))
    attendance.attended(row(4, "C", "9", acknowledged=False))
    found = attendance.remarkable()
    assert [(one.sn, one.meet_code, one.unacknowledged, one.missing) for one in found] == [
        ("A", "1", 3, 0),
        ("B", "2", 1, 1),
        ("C", "9", 1, None),
        ("B", "1", 0, 5),
        ("A", "2", 0, 1),
    ]
    assert found[0][2:6] == ("Weekly", T0, T0 + 3600, "over")
    assert found[2][2:6] == ("", None, None, "")
    assert found[3].missing_pins == ("m0", "m1", "m2", "m3", "m4")


@pytest.mark.parametrize("ended", ["cut", "deleted"])
def test_nobody_missed_anything_at_a_meeting_that_was_not_over(ended: str) -> None:
    attendance = Attendance()
    attendance.meeting_held(meeting("A", "1", 5, ended=ended))
    assert {name: count for name, count in attendance.counts().items() if count} == {ended: 1}
    assert attendance.remarkable() == []
    attendance.attended(row(1, "A", "1", acknowledged=False))
    (found,) = attendance.remarkable()
    assert (found.name, found.came, found.ended, found.unacknowledged) == ("Weekly", 3, ended, 1)
    assert (found.missing, found.missing_pins) == (None, ())


def test_records_of_a_code_that_two_meetings_share_belong_to_neither() -> None:
    attendance = Attendance()
    for number in range(3):
        attendance.meeting_held(meeting("A", "room 1", start=T0 + number))
    attendance.attended(row(1, "A", "room 1", acknowledged=False))
    (found,) = attendance.remarkable()
    assert (found.start, found.expected, found.unacknowledged) == (None, None, 1)


def test_how_much_is_kept_is_bounded_and_the_sums_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_KEPT", 50)
    monkeypatch.setattr(sheet, "MOST_NAMED", 50)
    attendance = Attendance()
    for number in range(3_000):
        code = str(number)
        attendance.meeting_held(meeting("A", code, 1 + number % 40, name="n" * 5_000, start=T0 + number))
        attendance.attended(row(number, "A", code, acknowledged=False))
    counts = attendance.counts()
    assert counts["unacknowledged"] == counts["with_missing"] == 3_000
    assert counts["with_unacknowledged"] == 50
    found = attendance.remarkable()
    assert len(found) == sheet.MOST_LISTED
    assert {one.unacknowledged for one in found[:50]} == {1}
    assert [one.missing for one in found[50:]] == [40] * 50
    assert max(len(one.missing_pins) for one in found) == sheet.MOST_PINS
    assert len(found[-1].name) <= 80
    assert len(attendance._named) <= 50
    assert len(attendance._most) <= 10 * sheet.MOST_LISTED
    assert len(json.dumps(attendance.dump())) < 100_000


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_what_workers_drained_is_what_one_process_would_have_told(every: int) -> None:
    alone = RunMeasurements("local", "r")
    master = RunMeasurements("master", "r")
    for measurements in (alone, master):
        measurements.attendance.keeps_rows = True
    for seed in (1, 2):
        worker = RunMeasurements(f"w{seed}", "r")
        worker.attendance.keeps_rows = True
        events = events_of(seed)
        alone.apply(events)
        for start in range(0, len(events), every):
            worker.apply(events[start : start + every])
            delta = worker.drain_delta()
            assert master.merge_delta(delta)
            assert not master.merge_delta(delta)
        assert told(worker.attendance) == ({}, [])
    assert told(master.attendance) == told(alone.attendance)
    lines = master.attendance.take_lines()
    assert lines == alone.attendance.take_lines()
    assert len(lines) == len(set(lines)) == 800
    assert master.attendance.take_lines() == []


def test_very_many_rows_travel_in_several_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS_AT_ONCE", 30)
    worker, master = RunMeasurements("w", "r"), RunMeasurements("master", "r")
    worker.attendance.keeps_rows = master.attendance.keeps_rows = True
    worker.apply([event for event in events_of(1, 100) if isinstance(event[1], Attended)])
    deltas = [worker.drain_delta()]
    assert worker.attendance.drains_due == 3
    deltas += [worker.drain_delta() for _ in range(worker.attendance.drains_due)]
    assert worker.attendance.drains_due == 0
    assert all(map(master.merge_delta, deltas))
    assert master.attendance.counts()["records"] == len(master.attendance.take_lines()) == 100


def test_rows_are_kept_only_where_somebody_wants_them() -> None:
    worker, master = RunMeasurements("w", "r"), RunMeasurements("master", "r")
    worker.apply(events_of(1))
    assert worker.attendance.take_lines() == []
    worker.attendance.keeps_rows = True
    worker.attendance.attended(row(1))
    assert master.merge_delta(worker.drain_delta())
    assert master.attendance.take_lines() == []
    assert master.attendance.counts()["records"] == 401
    worker.attendance.attended(row(2))
    assert worker.attendance.take_lines() == [line_of(row(2))]


def test_a_state_holds_all_but_the_rows_and_runs_add_up() -> None:
    merged, both = RunMeasurements(), RunMeasurements()
    for seed in (1, 2):
        one = RunMeasurements()
        one.apply(events_of(seed))
        both.apply(events_of(seed))
        again = RunMeasurements()
        state = json.loads(json.dumps(dump_state(one, 0)))
        absorb_state(again, state, [])
        assert told(again.attendance) == told(one.attendance)
        assert dump_state(again, 0)["attendance"] == dump_state(one, 0)["attendance"]
        absorb_state(merged, state, [], f"run{seed}")
    assert told(merged.attendance) == told(both.attendance)


def test_a_state_of_an_earlier_version_has_no_attendance() -> None:
    state = dump_state(RunMeasurements(), 0)
    del state["attendance"]
    measurements = RunMeasurements()
    absorb_state(measurements, state, [])
    assert measurements.attendance.counts() == {}
