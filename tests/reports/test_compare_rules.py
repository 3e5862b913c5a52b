"""Violations of a run beside earlier ones: new rules are told and fail, chance does not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.commands import ComparisonError, compare_directories
from reports.compare_rules import (
    FEW,
    GONE,
    LESS,
    LIKE,
    MORE,
    NEWLY_BROKEN,
    NOT_ASKED,
    Broken,
    Judged,
    RuleDifference,
    compare_rules,
    judged,
)
from reports.gates import RuleLimit, parse_fail_on
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.exit_codes import ExitCode
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
MakeRun = Callable[..., RunMeasurements]
T0 = 1_700_000_010.0
MESSAGES = {"dev.heartbeat": 10_000, "dev.report": 20, "cmd.reboot": 5}


def found(messages: dict[str, int] | None = None, **rules: int) -> Judged:
    """A run with these counts; `reply_code=3` is three of `reply.code`, of heartbeats."""
    names = {name.replace("__", ".").replace("_", "-"): count for name, count in rules.items()}
    broken = {name: Broken(count, 1, {"dev.heartbeat": count}, "odd") for name, count in names.items()}
    return Judged(broken, MESSAGES if messages is None else messages)


def only(bases: list[Judged], new: Judged) -> RuleDifference:
    (difference,) = compare_rules(bases, new)
    return difference


# --- What is worse ---


@pytest.mark.parametrize(
    ("before", "after", "mark"),
    [
        (0, 1, NEWLY_BROKEN),
        (0, 9_000, NEWLY_BROKEN),
        (3, 3, LIKE),
        (3, 8, LIKE),
        (100, 190, LIKE),
        (100, 230, MORE),
        (1, 40, MORE),
        (230, 100, LESS),
        (5, 1, LIKE),
        (1, 0, GONE),
    ],
)
def test_marks_for_runs_of_one_length(before: int, after: int, mark: str) -> None:
    base = found(reply__code=before) if before else found()
    new = found(reply__code=after) if after else found()
    assert only([base], new).mark == mark


def test_a_longer_run_may_find_as_much_more() -> None:
    longer = {name: 10 * count for name, count in MESSAGES.items()}
    difference = only([found(reply__code=30)], found(longer, reply__code=300))
    assert (difference.mark, difference.excess) == (LIKE, 0.0)
    shorter = {name: count // 10 for name, count in MESSAGES.items()}
    difference = only([found(reply__code=30)], found(shorter, reply__code=30))
    assert (difference.mark, difference.excess) == (MORE, 27.0)


def test_several_bases_are_taken_together() -> None:
    bases = [found(reply__code=2), found(reply__code=60), found()]
    assert only(bases, found(reply__code=100)).mark == LIKE
    assert only(bases, found(reply__code=200)).mark == MORE
    assert only(bases, found(reply__code=1)).mark == LIKE
    assert only(bases, found(reply__code=200)).before == 60


def test_what_the_base_never_asked_for_is_not_judged() -> None:
    without = {"dev.login": 20}
    assert only([found(without)], found(reply__code=500)).mark == NOT_ASKED
    assert only([found(without), found()], found(reply__code=500)).mark == NEWLY_BROKEN
    # a command is the platform's own doing: that it sends one is what is wrong
    assert only([found(without)], found(command__not_negotiated=1)).mark == NEWLY_BROKEN


def test_what_load_and_networks_do_now_and_then_is_judged_beyond_chance() -> None:
    for rule in ("reply__late", "session__closed_unannounced"):
        assert only([found()], found(**{rule: 3})).mark == FEW
        assert only([found()], found(**{rule: 10})).mark == NEWLY_BROKEN
    many = [found() for _ in range(10)]
    assert only(many, found(reply__late=3)).mark == NEWLY_BROKEN


def test_the_worst_come_first() -> None:
    base = found(reply__message=10, reply__func_id=500, command__mid=3)
    new = found(reply__message=900, reply__code=1, reply__field_type=7, reply__func_id=500)
    rules = [item.rule for item in compare_rules([base], new)]
    assert rules == ["reply.field-type", "reply.code", "reply.message", "reply.func-id", "command.mid"]


@given(st.integers(1, 5_000), st.integers(1, 5_000), st.integers(1, 50))
def test_more_and_less_are_each_others_mirror(before: int, after: int, times: int) -> None:
    messages = {name: times * count for name, count in MESSAGES.items()}
    base, new = found(reply__code=before), found(messages, reply__code=after)
    mirror = {MORE: LESS, LESS: MORE, LIKE: LIKE}
    assert only([new], base).mark == mirror[only([base], new).mark]


def test_a_reason_says_what_how_often_where_and_an_example() -> None:
    new = Judged({"reply.code": Broken(1_200, 3, {"dev.heartbeat": 1_200}, "code is the number 0")}, MESSAGES)
    assert only([found()], new).reason == (
        "violations.reply.code: not in the base, now 1,200 times, 3 devices, dev.heartbeat 1,200; code is the number 0"
    )
    assert "more often than in the base, now 1,200 times, 3 devices, dev.heartbeat 1,200, before 9" in (
        only([found(reply__code=9)], new).reason
    )


def test_messages_and_rules_are_taken_from_the_measurements(busy: RunMeasurements) -> None:
    busy.settle()
    known = judged(busy)
    assert known.messages["dev.heartbeat"] == 1_200
    assert known.messages["cmd.data.update.user"] == 6
    assert "init" not in known.messages
    assert known.rules["reply.late"].count == 6
    assert known.rules["reply.late"].func_ids == {"dev.heartbeat": 6}


# --- The command ---


@pytest.fixture
def runs(tmp_path: Path, info: Info, make_run: MakeRun) -> Path:
    for seed, name in enumerate(("base", "same", "wrong", "old")):
        measurements = make_run(seconds=60, seed=seed)
        if name == "wrong":
            measurements.violations.add("reply.code", "code is \x1b[2J<b> devKey=hush-hush", T0, 0, "dev.login")
        write_reports(tmp_path / name, measurements, info(thresholds=(), run_ids=(name,), failure_code=0))
    path = tmp_path / "old" / "summary.json"
    path.write_text(path.read_text().replace('"violations":', '"not_yet":'))
    return tmp_path


def gate(runs: Path, base: str, new: str, *limits: str) -> ExitCode:
    found = [parse_fail_on(limit) for limit in limits]
    return compare_directories([runs / base], runs / new, found, html=runs / "page.html", overwrite=True)


def test_a_new_rule_is_a_regression_told_first(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(runs, "base", "same") is ExitCode.PASSED
    assert "violations" not in capsys.readouterr().out
    assert gate(runs, "base", "wrong") is ExitCode.THRESHOLD_CROSSED
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith("result regression: violations.reply.code: not in the base, now once")
    assert "violations.reply.code 0 → 1 newly broken" in shown
    page = (runs / "page.html").read_text()
    assert "✗ newly broken" in page
    for text in (shown, page):
        assert "\x1b" not in text
        assert "hush-hush" not in text
    assert "<b> devKey" not in page


def test_a_rule_that_is_gone_is_no_regression(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(runs, "wrong", "same") is ExitCode.PASSED
    assert "violations.reply.code 1 → 0 gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (("violations +0",), ExitCode.THRESHOLD_CROSSED),
        (("violations.reply.* +0",), ExitCode.THRESHOLD_CROSSED),
        (("violations.reply.code+0",), ExitCode.THRESHOLD_CROSSED),
        (("failures +50%", "violations +0"), ExitCode.THRESHOLD_CROSSED),
        (("violations +1",), ExitCode.PASSED),
        (("violations.command.* +0",), ExitCode.PASSED),
        (("failures +50%",), ExitCode.PASSED),
    ],
)
def test_limits_decide_when_given(
    runs: Path, capsys: pytest.CaptureFixture[str], limits: tuple[str, ...], code: ExitCode
) -> None:
    assert gate(runs, "base", "wrong", *limits) is code
    shown = capsys.readouterr().out
    # told in the first lines, whatever the limits are
    assert "violations.reply.code: not in the base" in "\n".join(shown.splitlines()[:5])


def test_a_limit_on_no_rule_is_refused(runs: Path) -> None:
    with pytest.raises(ComparisonError, match=r"no rule .* fits 'reply.cod' \(did you mean reply.code"):
        gate(runs, "base", "same", "violations.reply.cod +0")
    with pytest.raises(ComparisonError, match="no rule of the violations fits 'answer"):
        gate(runs, "base", "same", "violations.answer.* +0")


@pytest.mark.parametrize("text", ["violations", "violations +", "violations +10%", "violations -1", "violation +0"])
def test_wrong_limits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_fail_on(text)


def test_what_a_limit_is(runs: Path) -> None:
    assert parse_fail_on("violations.reply.*  +3") == RuleLimit("violations.reply.* +3", "reply.*", 3.0)


@pytest.mark.parametrize(("base", "new"), [("old", "wrong"), ("wrong", "old")])
def test_a_run_that_was_not_judged_is_not_taken_for_a_right_one(
    runs: Path, capsys: pytest.CaptureFixture[str], base: str, new: str
) -> None:
    assert gate(runs, base, new) is ExitCode.PASSED
    assert "a version that did not judge the platform" in capsys.readouterr().out
    assert gate(runs, base, new, "violations +0") is ExitCode.THRESHOLD_CROSSED
    assert "no run to compare with judged its platform" in capsys.readouterr().out
