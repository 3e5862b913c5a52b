"""The chart of devices by state: the mean over each span, and the peak within it.

A look at the ends of spans alone would miss what came and went between two of them, such as an outage of a minute in
a run of a day.
"""

from reports.chart_requests import Bins
from reports.colors import STATES
from simulator.measurements.devices import DeviceStates
from simulator.measurements.names import INACTIVE_STATES


def devices_by_state(
    devices: DeviceStates, bins: Bins, ended: float
) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """State -> the mean and the highest number of devices in it in each bin, of what is known second by second.

    Args:
        ended: when the run ended (epoch seconds); of the last bin only the time until then counts.
    """
    sums = _BySpan(bins, max(int(ended), bins.first + 1))
    gauge: dict[str, int] = {}
    reached = bins.first
    for second, following in devices.gauges():
        sums.add(gauge, reached, second)
        # what happened after the end, as devices stop, is not drawn
        gauge, reached = following, max(second, bins.first)
    sums.add(gauge, reached, sums.end)
    states = [state for state in sums.total if state not in INACTIVE_STATES and any(sums.peak[state])]
    ordered = [state for state in STATES if state in states] + sorted(set(states) - set(STATES))
    lengths = [sums.length(index) for index in range(bins.count)]
    means = {
        state: [round(total / length, 2) for total, length in zip(sums.total[state], lengths, strict=True)]
        for state in ordered
    }
    return means, {state: sums.peak[state] for state in ordered}


class _BySpan:
    """Device-seconds and peaks by state and bin."""

    def __init__(self, bins: Bins, end: int) -> None:
        self._bins = bins
        self.end = max(end, bins.first + (bins.count - 1) * bins.step + 1)
        """The first second that is not looked at; the last bin holds one at least."""
        self.total: dict[str, list[int]] = {}
        self.peak: dict[str, list[int]] = {}

    def length(self, index: int) -> int:
        """Seconds of the bin `index`."""
        begin = self._bins.first + index * self._bins.step
        return min(begin + self._bins.step, self.end) - begin

    def add(self, gauge: dict[str, int], begin: int, end: int) -> None:
        """There were `gauge` devices at the end of each of the seconds `begin` … `end`-1."""
        end = min(end, self.end)
        while begin < end:
            index = self._bins.of(begin)
            until = min(self._bins.first + (index + 1) * self._bins.step, end)
            for state, count in gauge.items():
                if count > 0:
                    total = self.total.setdefault(state, [0] * self._bins.count)
                    peak = self.peak.setdefault(state, [0] * self._bins.count)
                    total[index] += count * (until - begin)
                    peak[index] = max(peak[index], count)
            begin = until
