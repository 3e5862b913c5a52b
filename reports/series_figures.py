"""The figures of one series as `summary.json` has them: counts, codes, bytes, durations in ms."""

from typing import Any, Final

from simulator.measurements.histogram import Histogram
from simulator.measurements.ranges import ranges
from simulator.measurements.series import Totals, by_code

PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}


def series_figures(totals: Totals, succeeded: Histogram) -> dict[str, Any]:
    """A request or a flow; `succeeded` are the durations of its successful ones."""
    return {
        "count": totals.count,
        "failures": totals.failures,
        "codes": totals.codes,
        **expected_figures(totals),
        "bytes_out": totals.bytes_out,
        "bytes_in": totals.bytes_in,
        "latency_ms": latency_ms(totals.histogram),
        "ranges": ranges(succeeded),
    }


def expected_figures(totals: Totals) -> dict[str, Any]:
    """What was refused as the scenario expects: among `count`, and neither in `codes` nor in `failures`."""
    return {"expected": totals.refusals, "expected_codes": by_code(totals.expected)}


def latency_ms(histogram: Histogram) -> dict[str, float | None]:
    """The contract's latency figures of a histogram; nulls when it is empty."""
    if not histogram.count:
        return dict.fromkeys(("min", "mean", *PERCENTILES, "max"))
    percentiles = histogram.percentiles(PERCENTILES.values())
    return {
        "min": _ms(histogram.min_us),
        "mean": _ms(histogram.mean_us),
        **{name: _ms(value) for name, value in zip(PERCENTILES, percentiles, strict=True)},
        "max": _ms(histogram.max_us),
    }


def _ms(microseconds: float) -> float:
    return round(microseconds / 1000.0, 3)
