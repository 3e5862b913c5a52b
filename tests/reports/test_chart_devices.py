"""Devices by state: means and peaks of spans, and nothing that comes and goes between their ends is missed."""

from reports.chart_devices import devices_by_state
from reports.chart_requests import Bins
from simulator.measurements.devices import DeviceStates

T0 = 1_700_000_000


def outage() -> DeviceStates:
    """Two devices that are online from the third second on, but for the seconds 12 … 14."""
    states = DeviceStates()
    for index in (0, 1):
        states.change(index, "offline", "lookup", T0 + 0.5)
        states.change(index, "lookup", "online", T0 + 2.5)
    for index in (0, 1):
        states.change(index, "online", "waiting", T0 + 12.5)
        states.change(index, "waiting", "online", T0 + 15.5)
    return states


def test_what_comes_and_goes_within_a_span_is_in_its_mean_and_peak() -> None:
    means, peaks = devices_by_state(outage(), Bins(T0, 10, 3), T0 + 30.0)
    assert means == {"online": [1.6, 1.4, 2.0], "lookup": [0.4, 0.0, 0.0], "waiting": [0.0, 0.6, 0.0]}
    assert peaks == {"online": [2, 2, 2], "lookup": [2, 0, 0], "waiting": [0, 2, 0]}
    assert list(means) == ["online", "lookup", "waiting"]


def test_with_a_second_a_span_the_mean_is_the_gauge() -> None:
    means, peaks = devices_by_state(outage(), Bins(T0, 1, 20), T0 + 20.0)
    assert means["online"] == [0.0] * 2 + [2.0] * 10 + [0.0] * 3 + [2.0] * 5
    assert means["online"] == peaks["online"]


def test_of_the_last_span_only_the_time_until_the_end_counts() -> None:
    means, _ = devices_by_state(outage(), Bins(T0, 10, 3), T0 + 24.0)
    assert means["online"] == [1.6, 1.4, 2.0]


def test_devices_that_stop_after_the_end_are_drawn_as_they_were() -> None:
    states = outage()
    for index in (0, 1):
        states.change(index, "online", "stopped", T0 + 25.2)
    means, _ = devices_by_state(states, Bins(T0, 10, 3), T0 + 25.0)
    assert means["online"][-1] == 2.0
    assert "stopped" not in means


def test_what_happened_before_the_start_by_a_slow_clock_counts_from_the_start() -> None:
    states = DeviceStates()
    states.change(0, "offline", "online", T0 - 3.0)
    assert devices_by_state(states, Bins(T0, 1, 2), T0 + 2.0) == ({"online": [1.0, 1.0]}, {"online": [1, 1]})


def test_nothing_known_draws_nothing() -> None:
    assert devices_by_state(DeviceStates(), Bins(T0, 1, 1), T0 + 0.5) == ({}, {})
