import math
from collections.abc import Callable

import pytest

from reports.evaluation import evaluate_all
from reports.measures import MEASURES, PERCENTILE, Measure, Scope, measures_of, percent_of, spellings
from reports.run_info import RunInfo
from reports.thresholds import ThresholdError, parse_all, parse_threshold
from simulator.measurements.events import MISSED
from simulator.measurements.names import KNOWN_NAMES
from simulator.measurements.run import RunMeasurements
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]


def named(measure: Measure) -> str:
    return f"{measure.scope.name} {measure.name} {measure.unit.symbol}"


@pytest.mark.parametrize("measure", MEASURES, ids=named)
def test_example_speaks_of_its_measure_and_is_evaluated(busy: RunMeasurements, info: Info, measure: Measure) -> None:
    run = info(thresholds=(measure.example,), faults=(planned(0),))
    strike(busy, planned(0))
    busy.weather.misbehaved("bad_sign", "sent", 1)
    busy.apply([(MISSED, "dev.heartbeat", 3, run.started + 5)])
    busy.seal(run.ended)
    (threshold,) = parse_all(run.thresholds, busy)
    assert threshold.measure is measure
    (result,) = evaluate_all([threshold], busy, run)
    assert result.value is not None
    assert math.isfinite(result.value)


@pytest.mark.parametrize("measure", MEASURES, ids=named)
def test_what_is_known_of_the_whole_run_alone_takes_neither_after_nor_abort(measure: Measure) -> None:
    for modifier in ("after 20s", "abort"):
        text = f"{measure.example} {modifier}"
        if measure.whole_run:
            with pytest.raises(ThresholdError, match=f"{measure.name} is judged for the whole run"):
                parse_threshold(text, KNOWN_NAMES)
        else:
            assert parse_threshold(text, KNOWN_NAMES).measure is measure


def test_no_spelling_means_two_things() -> None:
    for scope in Scope:
        ways = [(item.name, unit) for item in measures_of(scope) for unit in item.unit.written]
        assert len(ways) == len(set(ways))


def test_percentiles_are_written_with_their_number() -> None:
    assert PERCENTILE not in spellings(MEASURES)
    with pytest.raises(ThresholdError, match="there is no metric 'percentile' of init"):
        parse_threshold("init percentile < 5 s", KNOWN_NAMES)


@pytest.mark.parametrize(
    ("text", "percent"), [("p50", 50.0), ("p99.9", 99.9), ("p999", 99.9), ("p9999", 99.99), ("p100", 100.0)]
)
def test_percentages(text: str, percent: float) -> None:
    assert percent_of(text) == percent
