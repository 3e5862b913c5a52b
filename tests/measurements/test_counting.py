"""Requests counted where they end: nothing is lost or counted twice, whatever is taken when."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements.counting import Cell, CountingRecorder, Counts
from simulator.measurements.events import COMMAND, FLOW, RECORD, REQUEST, STATE, Event, of_group

SUCCEEDED = "00000000"


def counting() -> tuple[CountingRecorder, Counts, list[Event]]:
    counts, events = Counts(), list[Event]()
    return CountingRecorder(events.append, counts), counts, events


def request(recorder: CountingRecorder, ended: float, code: str = SUCCEEDED, name: str = "dev.heartbeat") -> None:
    recorder.request(name, ended - 0.25, 0.25, code, 90, 120, 0.0)


def told(cells: list[Cell]) -> list[tuple[str, str, int, int]]:
    return [(cell.tag, cell.code, cell.second, len(cell.durations)) for cell in cells]


def test_a_cell_holds_what_one_series_did_in_one_second() -> None:
    recorder, counts, events = counting()
    recorder.request("dev.heartbeat", 10.0, 0.25, SUCCEEDED, 90, 120, 0.0)
    recorder.request("dev.heartbeat", 10.25, 0.5, SUCCEEDED, 91, 121, 0.125)
    (cell,) = counts.take()
    assert (cell.name, cell.code, cell.group, cell.flow, cell.second) == ("dev.heartbeat", SUCCEEDED, "", False, 10)
    assert (cell.durations, cell.intended) == ([0.25, 0.5], [0.625])
    assert (cell.bytes_out, cell.bytes_in, cell.first, cell.last) == (181, 241, 10.25, 10.75)
    assert events == []


def test_seconds_series_codes_and_flows_are_told_apart_and_may_come_in_any_order() -> None:
    recorder, counts, _ = counting()
    for ended in (10.5, 11.0, 10.75, 11.5):
        request(recorder, ended)
    request(recorder, 11.5, "timeout")
    request(recorder, 11.6, name="dev.login")
    recorder.flow("init", 10.0, 1.0, SUCCEEDED)
    recorder.flow("init", 10.0, 1.0, "timeout")
    assert told(counts.take()) == [
        ("dev.heartbeat", SUCCEEDED, 10, 2),
        ("dev.heartbeat", SUCCEEDED, 11, 2),
        ("dev.heartbeat", "timeout", 11, 1),
        ("dev.login", SUCCEEDED, 11, 1),
        ("flow:init", SUCCEEDED, 11, 1),
        ("flow:init", "timeout", 11, 1),
    ]


def test_the_first_and_the_last_are_known_whatever_came_first() -> None:
    recorder, counts, _ = counting()
    for ended in (10.5, 10.25, 10.75):
        request(recorder, ended, "timeout")
    (cell,) = counts.take()
    assert (cell.first, cell.last) == (10.25, 10.75)


def test_what_comes_after_taking_is_counted_anew() -> None:
    recorder, counts, _ = counting()
    request(recorder, 10.25)
    first = counts.take()
    request(recorder, 10.5)
    assert told(first) == told(counts.take()) == [("dev.heartbeat", SUCCEEDED, 10, 1)]
    assert counts.take() == []


def test_groups_have_cells_of_their_own() -> None:
    recorder, counts, _ = counting()
    of_b = of_group(recorder, "b")
    request(recorder, 10.25)
    of_b.request("dev.heartbeat", 10.0, 0.25, SUCCEEDED, 1, 1, 0.0)
    assert [(cell.group, len(cell.durations)) for cell in counts.take()] == [("", 1), ("b", 1)]
    of_b.request("dev.heartbeat", 10.0, 0.25, SUCCEEDED, 1, 1, 0.0)
    assert [cell.group for cell in counts.take()] == ["b"]


def test_each_is_told_by_itself_where_somebody_wants_to_hear_of_it() -> None:
    recorder, counts, events = counting()
    request(recorder, 10.25)
    counts.take()
    counts.each = True
    request(recorder, 10.5)
    recorder.flow("init", 10.0, 1.0, SUCCEEDED)
    assert (counts.take(), [event[0] for event in events]) == ([], [REQUEST, FLOW])
    counts.each = False
    request(recorder, 10.75)
    assert told(counts.take()) == [("dev.heartbeat", SUCCEEDED, 10, 1)]
    assert len(events) == 2


def test_rare_events_stay_events_and_records_have_their_second() -> None:
    recorder, counts, events = counting()
    request(recorder, 10.25)
    recorder.record("generated", 1)
    recorder.command("cmd.device.reboot", 11.0, 0.5, SUCCEEDED)
    recorder.record("generated", 2)
    request(recorder, 10.5)
    recorder.loop_lag(0.0, 12.5)
    recorder.record("generated", 3)
    recorder.reply_waits([0.001], 13.5)
    recorder.record("generated", 4)
    recorder.state(0, "", "online", 14.0)
    kept = [event for event in events if event[0] in (RECORD, COMMAND, STATE)]
    assert [event[3] for event in kept if event[0] == RECORD] == [10, 11, 12, 13]
    assert [event[0] for event in kept] == [RECORD, COMMAND, RECORD, RECORD, RECORD, STATE]
    assert told(counts.take()) == [("dev.heartbeat", SUCCEEDED, 10, 2)]


@given(
    st.lists(st.floats(0.001, 9.0), min_size=1, max_size=40),
    st.integers(0, 40),
    st.integers(1, 50),
)
def test_pieces_hold_all_of_a_cell_once(durations: list[float], late: int, most: int) -> None:
    cell = Cell("dev.login", "timeout", "a", False, 10.25)
    cell.durations, cell.intended = durations, durations[:late]
    cell.bytes_out, cell.bytes_in, cell.last = 7, 8, 10.75
    pieces = list(cell.pieces(most))
    assert all(0 < len(piece.durations) <= most for piece in pieces)
    assert [duration for piece in pieces for duration in piece.durations] == durations
    assert [duration for piece in pieces for duration in piece.intended] == durations[:late]
    assert (sum(piece.bytes_out for piece in pieces), sum(piece.bytes_in for piece in pieces)) == (7, 8)
    keys = {(piece.tag, piece.code, piece.group, piece.first, piece.last, piece.second) for piece in pieces}
    assert keys == {("dev.login", "timeout", "a", 10.25, 10.75, 10)}
