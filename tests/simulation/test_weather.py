"""Weather is the seed's, and over in time."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulator.fields.range import Range
from simulator.simulation.storm import Storm
from simulator.simulation.weather import declared, drawn
from simulator.weather.kinds import ClockJump, How, Outage, PlatformRestart
from simulator.weather.schedule import Entry


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
    assert len({fault.what for fault in faults}) == 14
    assert {fault.kind.how for fault in faults if isinstance(fault.kind, Outage)} == set(How)


def test_a_scenarios_faults_come_at_their_times_and_hit_what_they_name() -> None:
    entries = (
        Entry(kind=Outage(how=How.SILENT), at=100.0, lasts=Range(low=90.0, high=90.0), groups=(1,)),
        Entry(kind=ClockJump(by=-600.0), every=400.0, share=0.5),
        Entry(kind=PlatformRestart(), at=990.0, lasts=Range(low=60.0, high=60.0)),
    )
    faults = list(declared(entries, [0, 1, 0, 1], 1_000.0, seed=3))
    assert faults == list(declared(entries, [0, 1, 0, 1], 1_000.0, seed=3))
    told = [(fault.at, fault.what, fault.lasts, len(fault.devices)) for fault in faults]
    assert told == [
        (100.0, "outage", 90.0, 2),
        (400.0, "clock_jump", 0.0, 2),
        (800.0, "clock_jump", 0.0, 2),
        # Over at the end of the weather, whatever the scenario says.
        (990.0, "platform_restart", 10.0, 0),
    ]
    assert faults[0].devices == (1, 3)
    assert faults[0].text() == "outage for 90.000 s how silent devices 1,3"
    assert not any(fault.forgets for fault in faults)
