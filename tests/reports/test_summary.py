import json
from collections.abc import Callable
from importlib.resources import files

import jsonschema
import pytest

from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.text import generator_state, hundredths
from reports.verdict import exit_code, headline, note_lines
from simulator.exit_codes import ExitCode
from simulator.measurements.events import LATENESS, Event, QueueRecorder
from simulator.measurements.health import HealthSample, late_probes
from simulator.measurements.ledger import LedgerFigures
from simulator.measurements.names import LOOP_LAG_TAG
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.0


def late(lag: float, at: float) -> Event:
    """The engine's probe came `lag` seconds late."""
    return (LATENESS, LOOP_LAG_TAG, late_probes(lag), at)


def measured(*codes: str) -> RunMeasurements:
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    recorder.state(0, "offline", "online", T0)
    for number, code in enumerate(codes):
        recorder.request("dev.heartbeat", T0 + number, 0.010, code, 100, 50, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    return measurements


def test_follows_its_schema(busy: RunMeasurements, info: Info) -> None:
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for measurements in (busy, RunMeasurements()):
        for ledger in (None, LedgerFigures(5, 4, 3, 1, 1, 0), LedgerFigures(5, 4, 3, 0, 0, None)):
            summary = json.loads(json.dumps(build_summary(measurements, info(ledger=ledger))))
            jsonschema.validate(summary, schema, format_checker=checker)
            assert ("ledger" in summary) is (ledger is not None)


def test_contract_figures(busy: RunMeasurements, info: Info) -> None:
    summary = build_summary(busy, info())
    assert summary["schema"] == 1
    assert summary["started"].startswith("2023-11-14T22:13:20.250")
    assert summary["duration_s"] == 60.0
    assert summary["fleet"] == {
        "devices": 20,
        "came_online": 20,
        "peak_online": 20,
        "online_ratio": pytest.approx(0.997, abs=0.001),
        "connections": 20,
        "disconnects": {"closed 1006": 6},
        "lost_connections": 6,
        "peak_connects_per_s": 4,
    }
    heartbeat = summary["requests"]["dev.heartbeat"]
    assert heartbeat["count"] == 1200
    assert heartbeat["codes"] == {"00000000": 1200}
    assert list(heartbeat["latency_ms"]) == ["min", "mean", "p50", "p90", "p95", "p99", "p999", "max"]
    assert summary["requests"]["dev.data.upload.verifyPhoto"]["codes"] == {"E0000004": 6, "timeout": 6}
    assert summary["commands"]["cmd.data.update.user"]["count"] == 6
    assert summary["records"] == {
        "generated": 1200,
        "acknowledged": 1200,
        "pending": 0,
        "refused": 0,
        "rejected": 0,
        "lost": 0,
        "resent": 0,
        "restored": 0,
        "kept": 0,
        "unkept": 0,
        "unclaimed": 0,
    }
    assert summary["thresholds"][0]["expression"] == "dev.heartbeat p99 < 500 ms"
    assert summary["generator"]["healthy"]
    assert summary["flows"]["photo_delivery"]["latency_ms"]["p99"] is None


def test_rows_are_in_the_protocols_order(busy: RunMeasurements, info: Info) -> None:
    names = list(build_summary(busy, info())["requests"])
    assert names[:3] == ["getBrokerServer", "connect", "device.exchange.publicKey"]
    assert names.index("dev.report") < names.index("dev.heartbeat") < names.index("dev.data.upload.verifyLog")


def test_pending_is_what_is_left(info: Info) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for event, count in (("generated", 10), ("acknowledged", 4), ("refused", 2), ("rejected", 1), ("resent", 3)):
        recorder.record(event, count)
    measurements.apply(events)
    assert build_summary(measurements, info())["records"]["pending"] == 3


@pytest.mark.parametrize(
    ("codes", "thresholds", "busy_s", "complete", "verdict", "code"),
    [
        (["00000000"], (), 0, True, "passed", ExitCode.PASSED),
        (["00000000", "timeout"], (), 0, True, "failed", ExitCode.FAILED),
        (["00000000", "timeout"], ("failures < 60 %",), 0, True, "passed", ExitCode.PASSED),
        (["00000000", "timeout"], ("failures < 10 %",), 0, True, "failed", ExitCode.THRESHOLD_CROSSED),
        (["00000000"], ("dev.login p99 < 1 s",), 0, True, "failed", ExitCode.THRESHOLD_CROSSED),
        (["00000000"], ("failures < 10 %",), 12, True, "invalid", ExitCode.INVALID),
        (["timeout"], ("failures < 10 %",), 12, True, "invalid", ExitCode.INVALID),
        (["00000000"], (), 0, False, "invalid", ExitCode.INVALID),
    ],
)
def test_verdict_and_exit_code(
    info: Info, codes: list[str], thresholds: tuple[str, ...], busy_s: int, complete: bool, verdict: str, code: ExitCode
) -> None:
    measurements = measured(*codes)
    for second in range(busy_s):
        measurements.sample_health(HealthSample(T0 + second, 97.0, 100.0, 0, 0))
    summary = build_summary(measurements, info(thresholds=thresholds, complete=complete))
    assert summary["verdict"] == verdict
    assert exit_code(summary) is code


def test_late_loop_makes_the_run_invalid(info: Info) -> None:
    measurements = measured("00000000")
    measurements.apply([late(0.2, T0)])
    summary = build_summary(measurements, info(thresholds=()))
    assert summary["verdict"] == "invalid"
    assert summary["generator"]["reasons"] == summary["reasons"]
    assert headline(summary).endswith("generator overloaded: event loop lag p99 200 ms in process local, limit 50 ms")
    assert build_summary(measurements, info(thresholds=(), lag_limit_ms=300.0))["verdict"] == "passed"


@pytest.mark.parametrize(("cpu_percent", "itself"), [(9.0, False), (49.9, False), (50.0, True), (85.0, True)])
def test_a_generator_that_was_late_and_had_little_to_do_was_held_up_by_something_else(
    info: Info, cpu_percent: float, itself: bool
) -> None:
    measurements = measured("00000000")
    measurements.apply([late(0.2, T0)])
    measurements.sample_health(HealthSample(T0 + 1, cpu_percent, 100.0, 0, 0))
    summary = build_summary(measurements, info(thresholds=()))
    (reason,) = summary["reasons"]
    assert (reason["key"], reason["values"]["cpu_percent"]) == ("loop_lag", cpu_percent)
    assert exit_code(summary) is ExitCode.INVALID
    if itself:
        assert headline(summary).endswith(
            "generator overloaded: event loop lag p99 200 ms in process local, limit 50 ms"
        )
    else:
        assert "generator held up: event loop lag p99 200 ms in process local, limit 50 ms" in headline(summary)
        assert "something else on the machine most likely kept it from running" in headline(summary)
        assert f"used {hundredths(cpu_percent)} % of a core" in headline(summary)
    assert generator_state(summary["generator"]) == ("overloaded" if itself else "held up")
    jsonschema.validate(summary, json.loads(files("reports").joinpath("schema/summary.schema.json").read_text("utf-8")))


def test_a_generator_that_stood_still_is_called_frozen(info: Info) -> None:
    measurements = measured("00000000")
    measurements.apply([late(6.0, T0 + 6), *(late(0.001, T0 + 6 + number / 20) for number in range(700))])
    summary = build_summary(measurements, info(thresholds=()))
    assert exit_code(summary) is ExitCode.INVALID
    assert headline(summary).endswith("generator frozen: process local stood still for 6.0 s, limit 1.0 s")
    assert summary["generator"]["healthy"] is False
    assert build_summary(measurements, info(thresholds=(), lag_limit_ms=9e3, stall_limit_ms=6_001.0))["reasons"] == []


@pytest.mark.parametrize(
    ("lags", "state"), [([], "healthy"), ([0.2] * 20, "overloaded"), ([0.001] * 2000 + [6.0], "frozen")]
)
def test_the_generators_state_in_a_word(info: Info, lags: list[float], state: str) -> None:
    measurements = measured("00000000")
    measurements.apply([late(lag, T0 + number / 20) for number, lag in enumerate(lags)])
    assert generator_state(build_summary(measurements, info())["generator"]) == state


def test_requests_that_were_planned_and_never_sent_are_counted_as_missed(info: Info) -> None:
    measurements = measured("00000000")
    assert build_summary(measurements, info())["requests"]["dev.heartbeat"]["missed"] == 0
    measurements.apply([(9, "dev.heartbeat", 4, T0 + 5), (9, "dev.heartbeat", 1, T0 + 6)])
    summary = build_summary(measurements, info(thresholds=("dev.heartbeat missed == 0",)))
    assert summary["requests"]["dev.heartbeat"]["missed"] == 5
    assert summary["thresholds"][0]["value"] == 5
    assert not summary["thresholds"][0]["passed"]
    assert note_lines(summary) == [
        "requests that were planned and never sent, because the generator stood still: dev.heartbeat 5"
    ]
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    jsonschema.validate(summary, schema)


def test_requests_of_which_none_was_sent_are_told_of_as_well(info: Info) -> None:
    measurements = RunMeasurements()
    measurements.apply([(9, "dev.heartbeat", 4, T0 + 5)])
    summary = build_summary(measurements, info(thresholds=("dev.heartbeat missed < 1", "dev.heartbeat count > 0")))
    assert summary["requests"]["dev.heartbeat"]["missed"] == 4
    assert [(found["value"], found["passed"]) for found in summary["thresholds"]] == [(4, False), (None, False)]


def test_failures_carry_times_and_a_meaning(busy: RunMeasurements, info: Info) -> None:
    failures = build_summary(busy, info())["failures"]
    timeout = next(item for item in failures if item["code"] == "timeout")
    assert timeout["count"] == 6
    assert timeout["last"] - timeout["first"] == pytest.approx(50.0)
    assert timeout["example"] == "timeout: no reply before the deadline"


def test_secrets_are_masked(busy: RunMeasurements, info: Info) -> None:
    busy.apply([(11, "reply.code", "dev.login", "authCode=abcdef0123 refused", T0, 0, 1)])
    text = json.dumps(build_summary(busy, info()))
    for secret in ("hunter2", "abcdef"):
        assert secret not in text


def test_lost_delta_is_told(info: Info) -> None:
    worker, master = RunMeasurements("w1"), RunMeasurements("master")
    worker.drain_delta()
    master.merge_delta(worker.drain_delta())
    summary = build_summary(master, info())
    assert summary["verdict"] == "invalid"
    assert "worker w1" in headline(summary)
