"""What the page of thresholds shows is so: each threshold on it is read and evaluated on a run's figures."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from reports.evaluation import LiveThresholds, evaluate_all
from reports.measures import MEASURES, UNITS
from reports.run_info import RunInfo
from reports.thresholds import ThresholdError, parse_all, parse_threshold
from reports.thresholds_page import thresholds_page
from reports.weather_readings import KINDS_OF_FAULTS
from simulator.measurements.events import MISSED, Event, QueueRecorder
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.measurements.names import FLOWS, KNOWN_NAMES
from simulator.measurements.run import RunMeasurements
from tests.reports.stormy import planned, strike

PAGE = thresholds_page()
IN_LIST = re.compile(r'^  - "?(.+?)"?(?: +#.*)?$')
IN_LINE = re.compile(r"`([^`|]*\w ?(?:<|<=|>|>=|==|!=) ?[^`|]+)`")


def thresholds_on(page: str) -> list[str]:
    """Every threshold in a list of YAML, in a table or in the text; not the mistakes and the grammar."""
    found: list[str] = []
    language = ""
    for line in page.splitlines():
        if line.startswith("```"):
            language = "" if language else line.removeprefix("```")
        elif language == "yaml":
            found += IN_LIST.findall(line)
        elif not language:
            found += IN_LINE.findall(line)
    return list(dict.fromkeys(found))


THRESHOLDS = thresholds_on(PAGE)
FAULTS = tuple(planned(number, 5.0 + number, 1.0, what) for number, what in enumerate(KINDS_OF_FAULTS))


@pytest.fixture
def everything(busy: RunMeasurements, info: Callable[..., RunInfo]) -> RunMeasurements:
    """A minute in which all occurred that the page's thresholds speak of."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    started = info().started
    for flow in FLOWS:
        recorder.flow(flow.name, started + 40, 0.2, "00000000")
    busy.apply([*events, (MISSED, "dev.heartbeat", 1, started + 5)])
    for fault in FAULTS:
        strike(busy, fault)
    for way in MISBEHAVIOURS:
        busy.weather.misbehaved(way, "sent", 1)
    busy.seal(info().ended)
    return busy


@pytest.mark.parametrize("text", THRESHOLDS)
def test_threshold_is_evaluated(everything: RunMeasurements, info: Callable[..., RunInfo], text: str) -> None:
    run = info(thresholds=(text,), faults=FAULTS)
    (result,) = evaluate_all(parse_all(run.thresholds, everything), everything, run)
    assert result.value is not None
    assert not result.aborted


def test_thresholds_that_abort_are_watched(everything: RunMeasurements, info: Callable[..., RunInfo]) -> None:
    run = info(thresholds=tuple(THRESHOLDS))
    thresholds = parse_all(run.thresholds, everything)
    assert sum(threshold.abort for threshold in thresholds) >= 4
    assert LiveThresholds(thresholds, everything, run).tick(run.started + 50) == []


def test_examples_in_tables_lists_and_text_are_found() -> None:
    assert {measure.example for measure in MEASURES} <= set(THRESHOLDS)
    assert {"* failures < 1 %", "failures<0.1%", "dev.heartbeat p99 < 500 ms after 30s abort"} <= set(THRESHOLDS)


def test_every_measure_unit_and_flow_is_listed() -> None:
    for measure in MEASURES:
        assert re.search(rf"^\| .+ \| {measure.unit.kind} \| {re.escape(measure.help)} \|", PAGE, re.MULTILINE)
    for unit in UNITS:
        assert all(f"`{text}`" in PAGE for text in unit.written if text)
    for flow in FLOWS:
        assert f"`{flow.name}`: {flow.measures}" in PAGE
    for part in (*KINDS_OF_FAULTS, *MISBEHAVIOURS):
        assert f"`{part}`" in PAGE


def test_parts_combine_as_the_page_says() -> None:
    for modifiers in ("after 30s abort", "abort after 30s", "after 1 min", "after 500ms", "abort"):
        threshold = parse_threshold(f"dev.heartbeat intended_p99.9<=1.5s {modifiers}", KNOWN_NAMES)
        assert (threshold.limit, threshold.intended, threshold.percent) == (1500.0, True, 99.9)
    with pytest.raises(ThresholdError):
        parse_threshold("generator.loop_lag intended_p99 < 1 s", KNOWN_NAMES)
    with pytest.raises(ThresholdError):
        parse_threshold("dev.heartbeat intended_count > 1", KNOWN_NAMES)


def test_what_the_page_calls_mistakes_is_refused() -> None:
    (mistakes,) = re.findall(r"## Mistakes\n.*?```text\n(.*?)```", PAGE, re.DOTALL)
    lines = mistakes.splitlines()
    assert len(lines) >= 5
    for line in lines:
        text = line.split("'")[1]
        with pytest.raises(ThresholdError) as caught:
            parse_threshold(text, KNOWN_NAMES)
        assert str(caught.value) == line


def test_links_lead_to_headings() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
