"""Windows of meetings: their ends belong to them, and a missing time leaves them open within the meeting."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.meetings import NEITHER, SIGN_IN, SIGN_OUT, Meeting, own_meeting, parse_meeting
from simulator.protocol.times import format_iso, parse_iso
from tests.device.harness import planned_meeting

DAY = "2024-06-26T"
BASE = {
    "id": "1",
    "name": "n",
    "applicant": "a",
    "startTime": f"{DAY}09:00:00+08:00",
    "endTime": f"{DAY}11:00:00+08:00",
}
FULL = BASE | {
    "startSignInTime": f"{DAY}08:30:00+08:00",
    "lastSignInTime": f"{DAY}09:15:00+08:00",
    "earSignOutTime": f"{DAY}10:45:00+08:00",
    "lastSignOutTime": f"{DAY}11:30:00+08:00",
}


def at(clock: str) -> float:
    return parse_iso(f"{DAY}{clock}+08:00")


@pytest.mark.parametrize(
    ("clock", "status"),
    [
        ("08:29:59", NEITHER),
        ("08:30:00", SIGN_IN),
        ("09:00:00", SIGN_IN),
        ("09:15:00", SIGN_IN),
        ("09:15:01", NEITHER),
        ("10:44:59", NEITHER),
        ("10:45:00", SIGN_OUT),
        ("11:30:00", SIGN_OUT),
        ("11:30:01", NEITHER),
    ],
)
def test_the_windows_hold_their_ends(clock: str, status: str) -> None:
    assert parse_meeting(FULL).status_at(at(clock)) == status


@pytest.mark.parametrize(
    ("missing", "clock", "status"),
    [
        ({"startSignInTime"}, "08:59:59", NEITHER),
        ({"startSignInTime"}, "09:00:00", SIGN_IN),
        ({"lastSignInTime"}, "10:44:00", SIGN_IN),
        ({"lastSignInTime"}, "11:00:00", SIGN_IN),  # in both windows: the one that opened first
        ({"lastSignInTime"}, "11:00:01", SIGN_OUT),
        ({"earSignOutTime"}, "09:15:01", SIGN_OUT),
        ({"earSignOutTime"}, "08:59:00", SIGN_IN),
        ({"lastSignOutTime"}, "11:00:00", SIGN_OUT),
        ({"lastSignOutTime"}, "11:00:01", NEITHER),
        ({"startSignInTime", "lastSignInTime"}, "09:30:00", SIGN_IN),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_a_missing_time_leaves_the_window_open_within_the_meeting(
    missing: set[str], clock: str, status: str, empty: bool
) -> None:
    fields: dict[str, Any] = {name: value for name, value in FULL.items() if name not in missing}
    if empty:
        fields |= dict.fromkeys(missing, "")
    assert parse_meeting(fields).status_at(at(clock)) == status


def test_times_of_other_zones() -> None:
    shifted = {
        name: format_iso(parse_iso(value), -210) if value.startswith(DAY) else value for name, value in FULL.items()
    }
    assert parse_meeting(shifted) == parse_meeting(FULL)


def test_a_meeting_of_the_scenarios_own() -> None:
    plan = planned_meeting(id="1", name="n", starts=60, ends=120, sign_in_opens=30, sign_out_closes=150)
    meeting = own_meeting(plan, 1000.75)
    assert meeting == Meeting("1", "n", 1060, 1120, 1030, 1120, 1060, 1150)


times = st.integers(0, 50)


@given(moment=times, opens=st.none() | times, closes=st.none() | times, out_opens=st.none() | times)
def test_status_against_the_words_of_the_document(
    moment: int, opens: int | None, closes: int | None, out_opens: int | None
) -> None:
    plan = planned_meeting(
        id="1", name="n", starts=10, ends=40, sign_in_opens=opens, sign_in_closes=closes, sign_out_opens=out_opens
    )
    in_from, in_to = 10 if opens is None else opens, 40 if closes is None else closes
    out_from = 10 if out_opens is None else out_opens
    expected = SIGN_IN if in_from <= moment <= in_to else SIGN_OUT if out_from <= moment <= 40 else NEITHER
    assert own_meeting(plan, 0.0).status_at(float(moment)) == expected
