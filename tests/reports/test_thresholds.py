import re

import pytest

from reports.measures import Scope
from reports.thresholds import ThresholdError, parse_threshold, wrong_threshold
from simulator.measurements.names import KNOWN_NAMES

NAMES = KNOWN_NAMES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dev.heartbeat p99 < 500 ms", ("dev.heartbeat", "percentile", 99.0, "<", 500.0, "ms")),
        ("dev.heartbeat p99<500ms", ("dev.heartbeat", "percentile", 99.0, "<", 500.0, "ms")),
        ("dev.heartbeat p99.9 <= 1.5 s", ("dev.heartbeat", "percentile", 99.9, "<=", 1500.0, "ms")),
        ("dev.heartbeat p999 <= 1.5 s", ("dev.heartbeat", "percentile", 99.9, "<=", 1500.0, "ms")),
        ("dev.heartbeat p9999 < 2 min", None),
        ("init p95 < 5 s", ("init", "percentile", 95.0, "<", 5000.0, "ms")),
        ("init mean < 800us", ("init", "mean", 0.0, "<", 0.8, "ms")),
        ("failures < 0.1 %", ("failures", "", 0.0, "<", 0.1, "%")),
        ("failures == 0", ("failures", "", 0.0, "==", 0.0, "")),
        ("dev.data.upload.verifyLog failures == 0", ("dev.data.upload.verifyLog", "failures", 0.0, "==", 0.0, "")),
        ("dev.data.upload.verifyLog failures < 1%", ("dev.data.upload.verifyLog", "failures", 0.0, "<", 1.0, "%")),
        ("online >= 99 %", ("online", "", 0.0, ">=", 99.0, "%")),
        ("record_delivery p99 < 15 s", ("record_delivery", "percentile", 99.0, "<", 15_000.0, "ms")),
        ("enrolment_delivery p95 < 30 s", ("enrolment_delivery", "percentile", 95.0, "<", 30_000.0, "ms")),
        ("requests_per_second > 200", ("requests_per_second", "", 0.0, ">", 200.0, "/s")),
        ("requests_per_second > 200/s", ("requests_per_second", "", 0.0, ">", 200.0, "/s")),
        ("generator.loop_lag p99 < 20 ms", ("generator.loop_lag", "percentile", 99.0, "<", 20.0, "ms")),
        ("generator.rss < 2000 MB", ("generator.rss", "", 0.0, "<", 2000.0, "MB")),
        ("dev.data.upload.* p99 < 2 s", ("dev.data.upload.*", "percentile", 99.0, "<", 2000.0, "ms")),
        ("connect max < 2 s", ("connect", "max", 0.0, "<", 2000.0, "ms")),
        ("getBrokerServer rate >= 2 /s", ("getBrokerServer", "rate", 0.0, ">=", 2.0, "/s")),
        ("records.pending == 0", ("records.pending", "", 0.0, "==", 0.0, "")),
        ("cmd.data.update.user count != 0", ("cmd.data.update.user", "count", 0.0, "!=", 0.0, "")),
    ],
)
def test_grammar(text: str, expected: tuple[object, ...] | None) -> None:
    found = parse_threshold(text, NAMES)
    if expected is None:
        assert found.percent == 99.99
        return
    metric = found.measure.name if found.measure.scope is not Scope.RUN else ""
    assert (found.subject, metric, found.percent, found.comparison, found.limit, found.unit) == expected
    assert (found.after_s, found.abort) == (0.0, False)


@pytest.mark.parametrize(
    ("text", "after", "abort"),
    [
        ("dev.heartbeat p99 < 500 ms after 30s", 30.0, False),
        ("dev.heartbeat p99 < 500 ms after 30 s abort", 30.0, True),
        ("failures < 1 % abort after 2 min", 120.0, True),
        ("failures < 5 abort", 0.0, True),
        ("requests_per_second > 200 after 1.5min", 90.0, False),
    ],
)
def test_modifiers(text: str, after: float, abort: bool) -> None:
    found = parse_threshold(text, NAMES)
    assert (found.after_s, found.abort) == (after, abort)


def test_intended_time() -> None:
    found = parse_threshold("dev.heartbeat intended_p99 < 1 s", NAMES)
    assert found.intended
    assert found.percent == 99.0


@pytest.mark.parametrize(
    ("text", "column", "problem", "suggestion"),
    [
        ("dev.hartbeat p99 < 500 ms", 1, "there is no funcId", "dev.heartbeat"),
        ("dev.heartbeat p99", 18, "expected a comparison", None),
        ("anomalies == 0", 1, "there is no measure 'anomalies' any more", "violations or observations"),
        ("violation == 0", 1, "there is no funcId, flow, command or measure 'violation'", "violations"),
        ("violations.reply.cod == 0", 12, "there is no rule 'reply.cod' of the violations", "reply.code"),
        ("violations. == 0", 12, "there is no rule '' of the violations", None),
        ("violations.answer.* == 0", 12, "no rule of the violations matches 'answer.*'", None),
        ("violations.command.repeated == 0", 12, "is none of the violations", "observations.command.repeated"),
        ("observations.reply.code == 0", 14, "is none of the observations", "violations.reply.code"),
        ("internal_errors.device.exception == 0", 1, "there is no funcId, flow, command or measure", "internal_errors"),
        ("violations count == 0", 12, "takes no metric, but a comparison", None),
        ("violations == 0 %", 17, "expected no unit", None),
        ("violations == 0 after 5s", 17, "is judged for the whole run", None),
        ("violations.reply.* == 0 abort", 25, "is judged for the whole run", None),
        ("dev.heartbeat q99 < 500 ms", 15, "there is no metric 'q99'", "p99"),
        ("dev.heartbeat < 500 ms", 15, "expected a metric", None),
        ("dev.heartbeat p99 < 500", 21, "expected us or", None),
        ("dev.heartbeat p99 < 500 %", 25, "instead of '%'", None),
        ("dev.heartbeat p101 < 5 ms", 15, "a percentile lies above 0", None),
        ("dev.heartbeat p0 < 5 ms", 15, "a percentile lies above 0", None),
        ("dev.heartbeat p99 < fast", 21, "expected a number", None),
        ("dev.heartbeat p99 =< 5 ms", 19, "cannot read '=<'", "<="),
        ("never_back = 0", 12, "cannot read '='", "=="),
        ("never_back =0", 12, "cannot read '='", "=="),
        ("failures => 1", 10, "cannot read '=>'", ">="),
        ("never_back === 0", 14, "cannot read '='", "=="),
        ("recovery.outage.p98 < 9 s", 1, "there is no funcId", "recovery.outage.p99"),
        ("misbehaviour.bad_sign.accept == 0", 1, "there is no funcId", "misbehaviour.bad_sign.accepted"),
        ("recovery.p98 < 9 s", 1, "there is no funcId", "recovery.p99"),
        ("online >= 99", 11, "expected %", None),
        ("onlin >= 99 %", 1, "there is no", "online"),
        ("online p99 >= 99 %", 8, "takes no metric", None),
        ("failures < 1 % afterwards 3s", 16, "expected `after` or `abort`", None),
        ("failures < 1 % after soon", 22, "expected a duration", None),
        ("failures < 1 % after 30", 24, "expected the duration's unit", None),
        ("failures < 1 % after 30 parsecs", 22, "instead of 'parsecs'", None),
        ("records.pending == 0 abort", 22, "judged for the whole run", None),
        ("dev.nothing.* p99 < 1 s", 1, "no funcId, flow or command matches", None),
        ("generator.loop_lag failures == 0", 20, "there is no metric", None),
        ("", 1, "the expression ends", None),
        (f"failures < {'9' * 400} %", 413, "the limit is out of range: at most 100 %", None),
        ("online >= 101 %", 15, "at most 100 %", None),
        ("generator.cpu < 100001 %", 24, "at most 100,000 %", None),
        ("dev.heartbeat p99 < 25000 min", 27, "at most 86,400,000 ms", None),
        ("dev.heartbeat rate > 9999999999 /s", 33, "at most 1,000,000,000 /s", None),
        ("disconnects < 9999999999999", 15, "at most 1,000,000,000,000 can be meant", None),
        ("failures < 1 % after 99999999 min", 22, "`after` is out of range", None),
    ],
)
def test_errors_say_where_and_what_was_meant(text: str, column: int, problem: str, suggestion: str | None) -> None:
    with pytest.raises(ThresholdError) as caught:
        parse_threshold(text, NAMES)
    assert caught.value.position + 1 == column
    assert problem in caught.value.problem
    assert caught.value.suggestion == suggestion
    assert f"column {column}" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "listed"),
    [("came_onlin == 3", "failures, online, came_online"), ("records.pendin == 0", "records.generated, records.ack")],
)
def test_an_unknown_measure_is_told_what_there_is_beside_the_nearest(text: str, listed: str) -> None:
    with pytest.raises(ThresholdError, match=f"there are {re.escape(listed)}.* and the funcIds.*did you mean "):
        parse_threshold(text, NAMES)


def test_all_errors_of_thresholds_are_found_before_the_run() -> None:
    texts = ("dev.heartbeat p99 < 1 s", "onlin > 3 %", "failures <")
    assert [text for text in texts if wrong_threshold(text)] == ["onlin > 3 %", "failures <"]


def test_an_unknown_measure_is_told_what_there_is() -> None:
    with pytest.raises(ThresholdError, match=r"measure 'zzz'; there are failures, online, .*violations, observations"):
        parse_threshold("zzz == 0", KNOWN_NAMES)
    with pytest.raises(
        ThresholdError, match=r"there is no metric 'p100x' of dev.heartbeat; there are .*min, mean, max"
    ):
        parse_threshold("dev.heartbeat p100x < 5 s", KNOWN_NAMES)
    with pytest.raises(ThresholdError, match=r"'maxi' of dev.heartbeat; there are max, .* \(did you mean max\?\)"):
        parse_threshold("dev.heartbeat maxi < 5 s", KNOWN_NAMES)
