"""The collector's ways while a fleet lives, and that they end with it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from simulator.garbage import THRESHOLDS, GarbagePolicy


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
