"""What our web page shows of a run: its charts, second by second, and its table. Small enough to be sent often."""

from collections import deque
from collections.abc import Callable
from typing import Any

from reports.order import in_order
from reports.output import Output, RunView
from simulator.measurements.devices import active
from simulator.measurements.names import is_request, name_of
from simulator.measurements.run import HOLD_S, RunMeasurements

KEPT_S = 3_600
"""An hour at one point a second; older points leave the page, not the report."""


class PageHistory(Output):
    """Points of the charts: devices by state, and latency per funcId in each second."""

    name = "page_history"

    def __init__(self) -> None:
        self._points: deque[dict[str, Any]] = deque(maxlen=KEPT_S)
        self._states: dict[int, dict[str, int]] = {}
        self._shown: dict[str, int] = {}
        """What the latest point says; a second in which nobody looked was no different."""
        self._last = 0

    def tick(self, run: RunView, now: float) -> None:
        """Add the second that every worker has reported by now."""
        measurements = run.measurements
        self._states[int(now)] = active_states(measurements)
        second = int(now) - HOLD_S
        if second <= self._last:
            return
        self._last = second
        for earlier in [earlier for earlier in self._states if earlier <= second]:
            self._shown = self._states.pop(earlier)
        slots = measurements.window(second, second)
        self._points.append(
            {
                "at": second,
                "states": self._shown,
                "requests": {
                    tag: [slot.histogram.count, slot.failures, *_ms(slot.histogram.percentiles((50.0, 99.0)))]
                    for tag, slot in slots.items()
                    if is_request(tag) and slot.histogram.count
                },
            }
        )

    def since(self, second: int) -> list[dict[str, Any]]:
        """The points after `second`, oldest first."""
        return [point for point in self._points if point["at"] > second]


def active_states(measurements: RunMeasurements) -> dict[str, int]:
    """How many devices are in each state, those left out that have stopped."""
    return active(measurements.devices.gauge)


def totals(measurements: RunMeasurements, shown: Callable[[str], bool] = is_request) -> list[dict[str, Any]]:
    """A table's rows: every funcId (or flow) in the protocol's order, over the whole run; durations in ms.

    Args:
        shown: whether a tag belongs into this table.
    """
    measurements.settle()
    rows = []
    for tag in in_order(tag for tag in measurements.totals if shown(tag)):
        found = measurements.totals[tag]
        if not found.count:
            continue
        p50, p95, p99 = _ms(found.histogram.percentiles((50.0, 95.0, 99.0)))
        rows.append(
            {
                "name": name_of(tag),
                "count": found.count,
                "failures": found.failures,
                "codes": dict(found.codes),
                "p50": p50,
                "p95": p95,
                "p99": p99,
                "max": found.histogram.max_us / 1000.0,
            }
        )
    return rows


def _ms(values_us: list[int]) -> list[float]:
    return [value / 1000.0 for value in values_us]
