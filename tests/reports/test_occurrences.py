import json
from collections.abc import Callable
from importlib.resources import files

import jsonschema
import pytest

from reports.occurrences import CLASSES, dump_occurrences, moment
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.occurrences import MOST_FUNC_IDS, MOST_RULES, Occurrences
from simulator.measurements.rules import RULES
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.0


def judged() -> RunMeasurements:
    """A run with some of each class."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    recorder.state(0, "offline", "online", T0)
    recorder.violation("reply.field-type", "dev.report", "results.heartbeatInterval is the number 5", T0 + 1, 0)
    recorder.violation("reply.field-type", "dev.report", "another", T0 + 3, 1, 4)
    recorder.violation("reply.field-type", "dev.login", "a third", T0 + 2, 1)
    recorder.observation("command.repeated", "cmd.reboot", "odd", T0 + 5, 2)
    recorder.internal_error("device.exception", "ValueError: odd", T0 + 6, 3)
    measurements = RunMeasurements()
    measurements.apply(events)
    return measurements


def test_each_class_stands_in_the_summary_in_the_contracts_form(info: Info) -> None:
    summary = build_summary(judged(), info())
    assert summary["violations"] == {
        "total": 6,
        "by_rule": {
            "reply.field-type": {
                "count": 6,
                "devices": 2,
                "func_ids": {"dev.report": 5, "dev.login": 1},
                "section": RULES["reply.field-type"].section,
                "first": "2023-11-14T22:13:21.000+00:00",
                "last": "2023-11-14T22:13:23.000+00:00",
                "example": "results.heartbeatInterval is the number 5",
            }
        },
    }
    assert list(summary["observations"]["by_rule"]) == ["command.repeated"]
    assert list(summary["internal_errors"]["by_rule"]) == ["device.exception"]


def test_nothing_is_told_as_nothing(info: Info) -> None:
    summary = build_summary(RunMeasurements(), info())
    assert [summary[name] for name in CLASSES] == [{"total": 0, "by_rule": {}}] * 3


def test_the_schema_knows_every_class_and_refuses_another_shape(info: Info) -> None:
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    summary = json.loads(json.dumps(build_summary(judged(), info())))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(summary, schema, format_checker=checker)
    for name in CLASSES:
        rules = summary[name]["by_rule"]
        rule = next(iter(rules))
        for key, wrong in (("count", -1), ("func_ids", []), ("first", None), ("example", 3), ("section", None)):
            spoilt = {**summary, name: {"total": 1, "by_rule": {rule: {**rules[rule], key: wrong}}}}
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(spoilt, schema, format_checker=checker)
    for name in CLASSES:  # as summaries of earlier versions
        del summary[name]
    jsonschema.validate(summary, schema, format_checker=checker)


def test_rules_and_func_ids_are_bounded_and_counts_exact() -> None:
    found = Occurrences()
    for number in range(MOST_RULES + 50):
        found.add(f"reply.{number}", "x", T0, number)
    for number in range(MOST_FUNC_IDS + 50):
        found.add("reply.0", "x", T0, 0, f"dev.{number}")
    told = dump_occurrences(found)
    assert told["total"] == MOST_RULES + MOST_FUNC_IDS + 100
    assert sum(item["count"] for item in told["by_rule"].values()) == told["total"]
    assert len(told["by_rule"]) == MOST_RULES + 1
    assert len(told["by_rule"]["reply.0"]["func_ids"]) == MOST_FUNC_IDS + 1
    assert sum(told["by_rule"]["reply.0"]["func_ids"].values()) == MOST_FUNC_IDS + 50


def test_examples_hold_no_secret() -> None:
    found = Occurrences()
    found.add("reply.field-format", "secretKey: 0123456789abcdef", T0)
    assert "0123456789abcdef" not in json.dumps(dump_occurrences(found))


def test_moments_are_iso_to_the_millisecond() -> None:
    assert moment(T0 + 0.0019) == "2023-11-14T22:13:20.001+00:00"
