"""Moments of random behaviours: their rate, their spread, and the rate of a wave."""

import random
from collections import Counter
from itertools import pairwise
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.behaviours.arrivals import Arrival, Arrivals, Wave

WAVE = Wave(at=60.0, width=30.0, peak_rate=0.5)


def drawn(count: int, seed: int = 1, **settings: object) -> list[float]:
    arguments: dict[str, object] = {"rate": 2.0, "arrival": Arrival.POISSON, "wave": None, "start": 100.0}
    arrivals = Arrivals(random.Random(seed), **(arguments | settings))  # type: ignore[arg-type]
    moments = []
    for _ in range(count):
        moment = arrivals.next()
        if moment is None:
            break
        moments.append(moment)
    return moments


def test_poisson_arrivals_have_the_rate_and_its_spread() -> None:
    moments = drawn(4000)
    gaps = [after - before for before, after in pairwise(moments)]
    assert moments[0] > 100.0
    assert fmean(gaps) == pytest.approx(0.5, rel=0.06)
    assert pstdev(gaps) == pytest.approx(0.5, rel=0.08)
    assert min(gaps) > 0


def test_fixed_arrivals_keep_time_from_a_random_phase() -> None:
    moments = drawn(50, arrival=Arrival.FIXED)
    assert all(after - before == pytest.approx(0.5) for before, after in pairwise(moments))
    phases = [drawn(1, seed, arrival=Arrival.FIXED)[0] - 100.0 for seed in range(200)]
    assert 0 <= min(phases) < 0.02
    assert 0.48 < max(phases) <= 0.5
    assert fmean(phases) == pytest.approx(0.25, abs=0.03)


def test_no_rate_no_arrivals() -> None:
    assert drawn(5, rate=0.0) == []
    assert drawn(5, rate=0.0, arrival=Arrival.FIXED) == []
    assert drawn(5, rate=0.0, wave=Wave(at=10, width=2, peak_rate=0.0)) == []


def test_a_wave_raises_the_rate_and_lets_it_fall_again() -> None:
    wave = Wave(at=500.0, width=100.0, peak_rate=20.0)
    moments = [moment for moment in drawn(20_000, start=0.0, rate=1.0, wave=wave) if moment < 1000]
    by_time = Counter(int(moment // 50) for moment in moments)
    for slot, count in by_time.items():
        middle = slot * 50 + 25
        assert count == pytest.approx(50 * wave.rate_at(1.0, middle), rel=0.35, abs=30)
    assert by_time[10] > 10 * by_time[2]


def test_a_wave_alone_has_an_end_and_stays_over() -> None:
    arrivals = Arrivals(
        random.Random(1), rate=0.0, arrival=Arrival.POISSON, wave=Wave(at=50.0, width=10.0, peak_rate=5.0), start=0.0
    )
    moments = []
    while (moment := arrivals.next()) is not None:
        moments.append(moment)
    assert 20 < len(moments) < 90
    assert moments == sorted(moments)
    assert [arrivals.next() for _ in range(200)] == [None] * 200


def test_a_wave_peaks_at_its_moment_and_is_half_as_high_half_its_width_away() -> None:
    assert WAVE.rate_at(0.1, 60.0) == pytest.approx(0.5)
    for moment in (45.0, 75.0):
        assert WAVE.rate_at(0.1, moment) == pytest.approx(0.3)
    for moment in (0.0, 120.0, 1e9):
        assert WAVE.rate_at(0.1, moment) == pytest.approx(0.1, abs=1e-4)


@given(st.floats(0, 1e6))
def test_a_wave_stays_between_the_steady_rate_and_its_peak(moment: float) -> None:
    assert 0.1 <= WAVE.rate_at(0.1, moment) <= 0.5 + 1e-12
