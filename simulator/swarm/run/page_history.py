"""What our web page shows of a run over time, second by second. Small enough to be sent often."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from reports.output import Output, RunView
from simulator.measurements.devices import active
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import LOOP_LAG_TAG, is_request, is_series, name_of
from simulator.measurements.run import HOLD_S, RECENT_S, RunMeasurements
from simulator.measurements.series import Slot
from simulator.measurements.windows import window

KEPT_S = 3_600
"""An hour at one point a second; older points leave the page, not the report."""
_MOST_CODES = 6
"""Of a series, each second; those beyond are `others`."""
OTHERS = "others"


class PageHistory(Output):
    """Points of the charts: devices by state, latency, requests and failures by series, and the event loops' lag."""

    name = "page_history"

    def __init__(self) -> None:
        self._points: deque[dict[str, Any]] = deque(maxlen=KEPT_S)
        self._states: dict[int, dict[str, int]] = {}
        self._shown: dict[str, int] = {}
        """What the latest point says; a second in which nobody looked was no different."""
        self._last = 0

    def tick(self, run: RunView, now: float) -> None:
        """Add the seconds that every worker has reported by now."""
        self._states[int(now)] = active_states(run.measurements)
        self._add_until(int(now) - HOLD_S, run.measurements)

    def finish(self, run: RunView, now: float) -> None:
        """All is counted: add the last seconds as well."""
        self._states[int(now)] = active_states(run.measurements)
        self._add_until(int(now), run.measurements)

    def _add_until(self, last: int, measurements: RunMeasurements) -> None:
        # A tick comes some ms more than a second after the one before, so that now and then two seconds are due.
        first = max(self._last + 1, last - RECENT_S + HOLD_S + 1) if self._last else last
        for second in range(first, last + 1):
            self._last = second
            for earlier in [earlier for earlier in self._states if earlier <= second]:
                self._shown = self._states.pop(earlier)
            self._points.append(_point(second, self._shown, window(measurements, second, second, intended=False)))

    def since(self, second: int) -> list[dict[str, Any]]:
        """The points after `second`, oldest first. Each has

        `at`: the second, `states`: devices by state at its end, `all`: p50 and p99 in ms of all requests (absent where
        there was none), `requests` and `others` (flows and commands): by name a list of count, failures, p50, p99 and,
        where some failed, the failures by code; `lag`: p50 and maximum of the event loops' lag in ms.
        """
        return [point for point in self._points if point["at"] > second]


def _point(second: int, states: Mapping[str, int], slots: Mapping[str, Slot]) -> dict[str, Any]:
    together = Histogram()
    point: dict[str, Any] = {"at": second, "states": states, "requests": {}, "others": {}}
    for tag, slot in slots.items():
        if tag == LOOP_LAG_TAG:
            point["lag"] = [*_ms(slot.histogram.percentiles((50.0,))), slot.histogram.max_us / 1000.0]
        elif is_series(tag) and slot.histogram.count:
            asked = is_request(tag)
            point["requests" if asked else "others"][name_of(tag)] = _of_second(slot)
            if asked:
                together.add(slot.histogram)
    if together.count:
        point["all"] = _ms(together.percentiles((50.0, 99.0)))
    return point


def _of_second(slot: Slot) -> list[Any]:
    told = [slot.histogram.count, slot.failures, *_ms(slot.histogram.percentiles((50.0, 99.0)))]
    return [*told, _few({code: tally.count for code, tally in slot.failed.items()})] if slot.failed else told


def _few(codes: Mapping[str, int]) -> dict[str, int]:
    """The most frequent codes, and how many failures had another."""
    by_count = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    left = sum(count for _, count in by_count[_MOST_CODES:])
    return dict(by_count[:_MOST_CODES]) | ({OTHERS: left} if left else {})


def active_states(measurements: RunMeasurements) -> dict[str, int]:
    """How many devices are in each state, those left out that have stopped."""
    return active(measurements.devices.gauge)


def _ms(values_us: list[int]) -> list[float]:
    return [value / 1000.0 for value in values_us]
