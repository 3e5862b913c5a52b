"""The schedule: the same for the same seed, exact in its counts, and no entry changes another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.fields.range import Range
from simulator.weather.kinds import Flapping, How, Outage, PlatformRestart
from simulator.weather.schedule import Entry, draw

GROUPS = [0, 1, 0, 0, 2, 1, 0, 2, 0, 0]
SILENT = Outage(how=How.SILENT)


def test_an_entry_without_recurrence_comes_once_at_its_time() -> None:
    (fault,) = draw([Entry(kind=SILENT, at=5.0, lasts=Range(low=3, high=3))], GROUPS, 60, 1)
    assert (fault.at, fault.lasts, fault.end, fault.what) == (5.0, 3.0, 8.0, "outage")
    assert list(fault.devices) == list(range(10))


def test_a_recurring_entry_begins_after_its_interval_and_ends_with_the_run() -> None:
    faults = draw([Entry(kind=SILENT, every=20, lasts=Range(low=1, high=4))], GROUPS, 60, 1)
    assert [fault.at for fault in faults] == [20, 40]
    assert all(1 <= fault.lasts <= 4 for fault in faults)
    assert len({fault.lasts for fault in faults}) == 2


def test_a_recurring_entry_may_say_when_it_begins() -> None:
    assert [fault.at for fault in draw([Entry(kind=SILENT, at=5, every=20)], GROUPS, 60, 1)] == [5, 25, 45]


def test_what_would_begin_after_the_run_does_not_come() -> None:
    assert draw([Entry(kind=SILENT, at=60), Entry(kind=SILENT, every=60)], GROUPS, 60, 1) == ()


def test_a_fault_of_groups_hits_those_alone() -> None:
    (fault,) = draw([Entry(kind=SILENT, at=1, groups=(1, 2))], GROUPS, 60, 1)
    assert list(fault.devices) == [1, 4, 5, 7]


def test_a_share_is_of_the_groups_devices() -> None:
    (fault,) = draw([Entry(kind=SILENT, at=1, groups=(1, 2), share=0.5)], GROUPS, 60, 1)
    assert len(fault.devices) == 2
    assert set(fault.devices) <= {1, 4, 5, 7}


def test_a_platforms_fault_hits_everybody() -> None:
    (fault,) = draw([Entry(kind=PlatformRestart(), at=1, share=0.1)], GROUPS, 60, 1)
    assert len(fault.devices) == 10


def test_numbers_follow_time() -> None:
    entries = [Entry(kind=SILENT, at=30), Entry(kind=SILENT, every=20), Entry(kind=SILENT, at=1)]
    faults = draw(entries, GROUPS, 60, 1)
    assert [fault.at for fault in faults] == [1, 20, 30, 40]
    assert [fault.number for fault in faults] == [0, 1, 2, 3]
    assert [fault.entry for fault in faults] == [2, 1, 0, 1]


@given(st.integers(0, 2**63 - 1), st.floats(0.001, 1.0), st.integers(1, 300))
def test_a_share_is_exact_and_never_nobody(seed: int, share: float, devices: int) -> None:
    (fault,) = draw([Entry(kind=SILENT, at=1, share=share)], [0] * devices, 60, seed)
    assert len(fault.devices) == max(1, round(share * devices))
    assert sorted(set(fault.devices)) == list(fault.devices)


@given(st.integers(0, 2**63 - 1))
def test_another_entry_changes_nothing(seed: int) -> None:
    flapping = Flapping(up=Range(low=1, high=2), down=Range(low=1, high=2))
    one = Entry(kind=SILENT, every=7, share=0.4, lasts=Range(low=1, high=5))
    alone = draw([one], GROUPS, 60, seed)
    beside = [fault for fault in draw([one, Entry(kind=flapping, at=3)], GROUPS, 60, seed) if fault.entry == 0]
    assert [(fault.at, fault.lasts, list(fault.devices), fault.seed) for fault in alone] == [
        (fault.at, fault.lasts, list(fault.devices), fault.seed) for fault in beside
    ]


def test_what_is_drawn_for_a_device_is_its_own_and_the_same_everywhere() -> None:
    (fault,) = draw([Entry(kind=SILENT, at=1)], GROUPS, 60, 1)
    assert fault.rng(3).random() == fault.rng(3).random()
    assert fault.rng(3).random() != fault.rng(4).random()
