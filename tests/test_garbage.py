"""The collector's ways while a fleet lives, and that they end with it."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from simulator.garbage import FEW, THRESHOLDS, GarbagePolicy, all_to_stay


class Knot:
    """Garbage that only the collector can find."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def policy() -> Iterator[GarbagePolicy]:
    usual = gc.get_threshold()
    policy = GarbagePolicy()
    policy.begin()
    yield policy
    policy.end()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_imports_are_hardly_looked_through_and_what_follows_is_as_ever() -> None:
    usual = gc.get_threshold()
    seen = []

    def failing() -> None:
        with all_to_stay():
            seen.append(gc.get_threshold())
            raise ImportError

    with pytest.raises(ImportError):
        failing()
    assert seen == [THRESHOLDS]
    assert gc.get_threshold() == usual != THRESHOLDS


@pytest.mark.parametrize("for_good", [False, True])
def test_what_was_imported_for_good_is_not_walked_again(for_good: bool) -> None:
    before = gc.get_freeze_count()
    with all_to_stay(for_good=for_good):
        kept = [Knot() for _ in range(1_000)]
    put_away = gc.get_freeze_count() - before
    gc.unfreeze()
    assert (put_away >= len(kept)) == for_good


def test_a_process_that_ends_looks_for_no_garbage() -> None:
    """Neither for what the run put away and took back, however often somebody imported."""
    program = """
import atexit, gc
from simulator.garbage import GarbagePolicy, all_to_stay
atexit.register(lambda: print(gc.get_freeze_count() > len(gc.get_objects())))
for _ in range(2):
    with all_to_stay(for_good=True):
        import simulator.scenario.scenario
policy = GarbagePolicy()
policy.begin()
policy.end()
atexit.register(lambda: print(gc.get_freeze_count()))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # The last to be registered is the first to be called.
    assert told.stdout.split() == ["0", "True"]


def test_the_collector_looks_less_often(policy: GarbagePolicy) -> None:
    assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() > 0


def test_new_devices_are_put_away_and_garbage_is_not(policy: GarbagePolicy) -> None:
    kept = [Knot() for _ in range(1_000)]
    lost = weakref.ref(Knot())
    before = gc.get_freeze_count()
    policy.grow()
    policy.tidy()
    assert lost() is None
    assert gc.get_freeze_count() - before >= len(kept)


def test_without_new_devices_nothing_is_walked(policy: GarbagePolicy) -> None:
    lost = weakref.ref(Knot())
    before = gc.get_freeze_count()
    policy.tidy()
    assert lost() is not None
    assert gc.get_freeze_count() <= before


def test_what_was_put_away_and_is_gone_is_freed_once_more_than_is_left_has_gone_and_some_come(
    policy: GarbagePolicy,
) -> None:
    fleet = [Knot() for _ in range(1_000)]
    for _ in fleet:
        policy.grow()
    policy.tidy()
    first, last = weakref.ref(fleet[0]), weakref.ref(fleet[-1])
    for _ in range(501):
        fleet.pop(0)
        policy.shrink()
    policy.grow()
    policy.grow()
    policy.tidy()
    assert first() is not None, "half of the fleet is left: not worth a walk over it"
    for _ in range(3):
        fleet.pop(0)
        policy.shrink()
    policy.grow()
    policy.tidy()
    assert first() is None
    assert last() is fleet[-1]


def test_a_fleet_that_only_goes_down_is_never_walked(policy: GarbagePolicy) -> None:
    fleet = [Knot() for _ in range(1_000)]
    for _ in fleet:
        policy.grow()
    policy.tidy()
    frozen = gc.get_freeze_count()
    lost = weakref.ref(fleet[0])
    while fleet:
        fleet.pop()
        policy.shrink()
        policy.tidy()
    assert lost() is not None
    assert gc.get_freeze_count() == frozen


def test_a_few_that_are_gone_are_not_looked_for(policy: GarbagePolicy) -> None:
    fleet = [Knot() for _ in range(FEW)]
    for _ in fleet:
        policy.grow()
    policy.tidy()
    lost = weakref.ref(fleet[0])
    fleet.clear()
    for _ in range(FEW):
        policy.shrink()
    policy.tidy()
    assert lost() is not None
