"""Weather is the seed's, and over in time."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulator.simulation.storm import Storm
from simulator.simulation.weather import drawn


@given(seed=st.integers(), devices=st.integers(1, 500), end=st.floats(20, 100_000))
def test_every_fault_is_over_at_the_end_and_hits_devices_that_are_there(seed: int, devices: int, end: float) -> None:
    faults = list(drawn(Random(seed), devices, 10, end, 300))
    assert faults == list(drawn(Random(seed), devices, 10, end, 300))
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    for fault in faults:
        assert 10 <= fault.at <= fault.at + fault.lasts <= end + 1e-6
        assert set(fault.devices) <= set(range(devices))
        assert callable(getattr(Storm, f"_{fault.what}"))
        assert fault.text()


def test_every_kind_comes() -> None:
    faults = list(drawn(Random(1), 10, 0, 1_000_000, 300))
    assert len({fault.what for fault in faults}) == 12
    assert {fault.how for fault in faults if fault.what == "outage"} == {"reset", "close", "silent", "dns", "refused"}
