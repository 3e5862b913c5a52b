"""What the settings compute by themselves: the rate of a wave; and what they do not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.settings import Credentials, Wave

WAVE = Wave(at=60.0, width=30.0, peak_rate=0.5)


def test_a_wave_peaks_at_its_moment_and_is_half_as_high_half_its_width_away() -> None:
    assert WAVE.rate_at(0.1, 60.0) == pytest.approx(0.5)
    for moment in (45.0, 75.0):
        assert WAVE.rate_at(0.1, moment) == pytest.approx(0.3)
    for moment in (0.0, 120.0, 1e9):
        assert WAVE.rate_at(0.1, moment) == pytest.approx(0.1, abs=1e-4)


@given(st.floats(0, 1e6))
def test_a_wave_stays_between_the_steady_rate_and_its_peak(moment: float) -> None:
    assert 0.1 <= WAVE.rate_at(0.1, moment) <= 0.5 + 1e-12


def test_credentials_show_no_secret() -> None:
    shown = repr(Credentials(sn="A", secret_key="k3y", product_id="p", dev_key="d3v", auth_code="a7h", secret="s3c"))
    assert not any(secret in shown for secret in ("k3y", "d3v", "a7h", "s3c"))
