"""The distributions that the platform's delays are drawn from are the ones they say they are."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.platform.settings import Delay, ExponentialDelay, FixedDelay, LognormalDelay, UniformDelay

DELAYS = [
    FixedDelay(seconds=0.3),
    UniformDelay(low=0.1, high=0.5),
    ExponentialDelay(mean=0.2),
    LognormalDelay(median=0.02, p99=0.2),
]


@pytest.mark.parametrize(
    ("delay", "share", "seconds"),
    [
        (FixedDelay(seconds=0.3), 0.5, 0.3),
        (UniformDelay(low=0.1, high=0.5), 0.25, 0.2),
        (ExponentialDelay(mean=0.2), 0.5, 0.2 * math.log(2)),
        (LognormalDelay(median=0.02, p99=0.2), 0.5, 0.02),
        (LognormalDelay(median=0.02, p99=0.2), 0.99, 0.2),
    ],
)
def test_quantiles(delay: Delay, share: float, seconds: float) -> None:
    assert delay.quantile(share) == pytest.approx(seconds)


@pytest.mark.parametrize("delay", DELAYS, ids=lambda delay: type(delay).__name__)
def test_draws_follow_the_quantiles(delay: Delay) -> None:
    random = Random(1)
    draws = sorted(delay.draw(random) for _ in range(20_000))
    for share in (0.1, 0.5, 0.9, 0.99):
        assert draws[int(share * len(draws))] == pytest.approx(delay.quantile(share), rel=0.1)


@given(st.sampled_from(DELAYS), st.integers())
def test_no_draw_is_negative_or_endless(delay: Delay, seed: int) -> None:
    assert 0 <= delay.draw(Random(seed)) < math.inf


def test_a_random_zero_is_survived() -> None:
    class Zero(Random):
        def random(self) -> float:
            return 0.0

    for delay in DELAYS:
        assert delay.draw(Zero()) >= 0
