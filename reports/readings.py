"""How measures are read from a view of a run: the functions that the table in `reports.measures` names."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from reports.figures import Figures, SeriesFigures
from simulator.measurements.histogram import Histogram, rank_of
from simulator.measurements.resources import Resources


@dataclass(frozen=True, slots=True)
class Question:
    """What a threshold asks of a view of a run."""

    figures: Figures
    name: str
    """The funcId, flow or command; of other measures the subject as it was written."""
    percent: float = 0.0
    """Of a percentile; else 0."""
    intended: bool = False
    """Latencies count from the moment that the scenario had planned a request for."""
    promised_percent: float | None = None
    """How many percent of all, failed ones included, have to keep an upper limit; None: only successful ones count."""

    @property
    def series(self) -> SeriesFigures:
        """The figures of `name`.

        Raises:
            KeyError: If nothing of that name was measured.
        """
        return self.figures.series[self.name]


Reading = Callable[[Question], float | None]
"""The value in the measure's unit: None if there was nothing to measure, infinite if a failed request decides."""
Statistic = Callable[[Histogram, float], float]
"""A figure in µs of a histogram that is not empty, and of a percentage if it needs one."""

STATISTICS: Final[dict[str, Statistic]] = {
    "min": lambda histogram, _: histogram.min_us,
    "mean": lambda histogram, _: histogram.mean_us,
    "max": lambda histogram, _: histogram.max_us,
    "percentile": lambda histogram, percent: histogram.percentile(percent),
}


def latency(statistic: str) -> Reading:
    """Reads a latency of one series (see `reports.thresholds` for what failed requests count as)."""
    microseconds = STATISTICS[statistic]

    def read(question: Question) -> float | None:
        if question.intended:
            histogram = question.figures.intended.get(question.name)
            return _milliseconds(microseconds, histogram, question.percent) if histogram is not None else None
        found = question.series
        if found.count <= found.expected:
            return None
        succeeded = found.succeeded
        if not succeeded.count:
            return math.inf
        if question.promised_percent is not None:
            rank = rank_of(question.promised_percent, found.count - found.expected + found.pending)
            return succeeded.values_at_ranks([rank])[0] / 1000.0 if rank <= succeeded.count else math.inf
        return _milliseconds(microseconds, succeeded, question.percent)

    return read


def loop_lag(statistic: str) -> Reading:
    """Reads how late the generator's event loop was."""
    microseconds = STATISTICS[statistic]
    return lambda question: _milliseconds(microseconds, question.figures.loop_lag, question.percent)


def _milliseconds(microseconds: Statistic, histogram: Histogram, percent: float) -> float | None:
    return microseconds(histogram, percent) / 1000.0 if histogram.count else None


def if_occurred(read: Callable[[Question], float]) -> Reading:
    """Reads a figure of one series that is none, not 0, where nothing of the series was done."""
    return lambda question: read(question) if question.series.count else None


def rules_total(counts: Callable[[Figures], Mapping[str, int]]) -> Reading:
    """Reads how often the rules that are asked for were found: of `violations.reply.*` those under `reply`."""

    return lambda asked: sum(count for rule, count in counts(asked.figures).items() if is_of(asked.name, rule))


def is_of(subject: str, rule: str) -> bool:
    """Whether `violations` or `violations.reply.*` counts a rule of its class."""
    _, dot, rules = subject.partition(".")
    return not dot or fnmatchcase(rule, rules)


def in_percent(part: float | None, whole: float = 1.0) -> float | None:
    """How many percent of `whole` a part is; None where there is nothing."""
    return 100.0 * part / whole if part is not None and whole else None


def platform_held(read: Callable[[Resources], float | None]) -> Reading:
    """Reads what the embedded platform's process held."""

    def of_platform(question: Question) -> float | None:
        held = question.figures.generator.platform()
        return None if held is None else read(held)

    return of_platform
