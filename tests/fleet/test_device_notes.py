"""What is remembered of a device: its latest states, reconnects and violations, in a bounded number of bytes."""

import sys

from simulator.fleet.device_notes import KEPT_CHANGES, DeviceNotes, NotingRecorder
from tests.device.harness import Recording

BEGUN = 1_700_000_000.0


def test_changes_are_told_oldest_first_with_their_times() -> None:
    notes = DeviceNotes(BEGUN)
    assert (notes.history(70), notes.latest(70)) == ([], None)
    notes.changed(70, "lookup", BEGUN + 0.5)
    notes.changed(70, "connecting", BEGUN + 61.239)
    assert notes.history(70) == [(BEGUN + 0.5, "lookup"), (BEGUN + 61.23, "connecting")]
    assert notes.latest(70) == (BEGUN + 61.23, "connecting")
    assert (notes.history(71), notes.latest(71)) == ([], None)


def test_only_the_latest_changes_are_kept() -> None:
    notes = DeviceNotes(BEGUN)
    for second in range(100):
        notes.changed(3, ("online", "waiting")[second % 2], BEGUN + second)
    history = notes.history(3)
    assert [at for at, _ in history] == [BEGUN + second for second in range(100 - KEPT_CHANGES, 100)]
    assert notes.latest(3) == history[-1] == (BEGUN + 99, "waiting")
    assert notes.reconnects(3) == 49


def test_times_before_the_run_and_a_month_later_do_no_harm() -> None:
    notes = DeviceNotes(BEGUN)
    notes.changed(0, "online", BEGUN - 5.0)
    notes.changed(0, "waiting", BEGUN + 1e9)
    assert [state for _, state in notes.history(0)] == ["online", "waiting"]
    assert notes.history(0)[0][0] == BEGUN


def test_a_device_takes_a_hundredth_of_its_memory_at_most_wherever_blocks_of_indexes_begin() -> None:
    notes, devices = DeviceNotes(BEGUN), 0
    for block in range(0, 5_000, 13 * 65):
        for index in range(block, block + 65):
            notes.changed(index, "online", BEGUN)
            devices += 1
    assert sum(map(sys.getsizeof, notes._pages.values())) / devices < 150


def test_states_and_violations_are_noted_and_all_is_passed_on() -> None:
    recording, notes = Recording(), DeviceNotes(BEGUN)
    recorder = NotingRecorder(recording, notes)
    recorder.state(2, "report", "online", BEGUN + 1)
    recorder.violation("reply.late", "dev.login", "late", BEGUN + 2, 2, 3)
    recorder.violation("reply.late", "dev.login", "nobody's", BEGUN + 2, -1)
    recorder.disconnect("closed 1001", BEGUN + 3)
    recorder.record("generated", 1)
    assert notes.latest(2) == (BEGUN + 1, "online")
    assert notes.violations(2) == 3
    assert (recording.reasons(), recording.records["generated"]) == (["closed 1001"], 1)
    assert recording.way(2) == ["online"]
    assert recording.broken() == {"reply.late": 4}


def test_what_comes_with_every_message_has_no_step_between() -> None:
    recording = Recording()
    recorder = NotingRecorder(recording, DeviceNotes(BEGUN))
    assert recorder.request == recording.request
    assert recorder.flow == recording.flow
