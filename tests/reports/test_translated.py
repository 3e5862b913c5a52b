"""Terminal, Markdown, JUnit and every sentence of a verdict leave no text unmarked; what scripts read stays English."""

import io
import re
import string
from collections.abc import Callable
from html import unescape
from typing import Any

import orjson
import pytest

from reports.causes import CAUSES, sentence
from reports.comparability import remarks, worthless
from reports.compare import ComparedRun, compare_runs, compared_run
from reports.compare_rules import compare_rules
from reports.comparison import Result, print_comparison, render_comparison
from reports.gates import (
    FailOn,
    RuleLimit,
    broken_rules,
    parse_fail_on,
    regressions,
    unjudged,
    unknown_names,
    unknown_rules,
)
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.retold import retold
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from simulator.fields.range import Range
from simulator.fleet.forecast import told as faults_told
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import CHINESE, speaking
from simulator.texts.told import said
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Kind,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Entry
from tests.reports.stormy import planned, strike
from tests.texts.pseudo import speak_pseudo, unmarked

Info = Callable[..., RunInfo]
CHINESE_LETTER = re.compile("[\u4e00-\u9fff，。；：（）]")
CROSSED = ("failures == 0", "dev.heartbeat p99 < 1 us", "never_back == 0", "connect mean < 1 s after 5min")
OWN_NAMES = ("closed 1006", "an example", "reply.code", "reply.envelope")
SAMPLES: dict[str, Any] = {
    "names": {"dev.login": 3},
    "reasons": {"timeout": 2},
    "value": 12.5,
    "unit": "ms",
    "generated": 7,
    "restored": 2,
    "uploads_failed": 3,
    "failed": 4,
    "others": 2,
    "kept": 3,
}
"""Of findings' values; all others are 5, or `x` where they are written as they are."""


def values_of(template: str) -> dict[str, Any]:
    found: dict[str, Any] = {"code": "E1", "step": "dev.login", "remark": ""}
    for _literal, name, spec, _conversion in string.Formatter().parse(template):
        if name and name != "values":
            plain = ["a", "b"] if spec == "names" else 5 if spec else "x"
            found[name] = plain if spec == "names" else SAMPLES.get(name, plain)
    return SAMPLES | found


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
def test_every_sentence_is_marked_as_a_whole(cause: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(cause.key, values_of(cause.text))
    english = sentence(finding)
    speak_pseudo(monkeypatch)
    with speaking(CHINESE):
        told = sentence(finding)
    assert list(unmarked(told)) == [], told
    monkeypatch.undo()
    with speaking(CHINESE):
        chinese = sentence(finding)
    assert CHINESE_LETTER.search(chinese) or cause.text == "{text}", chinese
    assert not CHINESE_LETTER.search(english)


def test_no_text_of_a_report_is_unmarked(busy: RunMeasurements, info: Info, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_pseudo(monkeypatch)
    with speaking(CHINESE):
        summary = build_summary(busy, info(thresholds=CROSSED))
        terminal = io.StringIO()
        print_summary(summary, terminal, 400)
        pages = (terminal.getvalue(), render_markdown(summary), render_junit(summary).decode())
    names = [*summary["requests"], *summary["flows"], *summary["commands"], *CROSSED, summary["scenario"]]
    names += ["closed 1006", "testsuites", "testsuite", "testcase name", "system-out", "xml version"]
    assert [found for page in pages for found in unmarked(page, names)] == []


def texts_of(page: str) -> list[str]:
    """What stands on a page, text by text, without its scripts and styles."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    # A name within a sentence does not end it.
    page = re.sub(r"</?code\b[^>]*>", "", page)
    named = re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', page)
    return [unescape(text) for text in (*re.split(r"<[^>]*>", page), *named)]


def test_no_text_of_report_html_is_unmarked(busy: RunMeasurements, info: Info, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = (planned(0, devices=4), planned(1, at=40.0, what="slow_link"))
    strike(busy, faults[0])
    speak_pseudo(monkeypatch)
    with speaking(CHINESE):
        run = info(thresholds=CROSSED, faults=faults)
        summary = build_summary(busy, run)
        page = render_report(summary, busy, run)
    names = [*summary["requests"], *summary["flows"], *summary["commands"], *CROSSED, summary["scenario"], "best-fleet"]
    names += ["dev.heartbeat", *OWN_NAMES]
    assert sorted({found for text in texts_of(page) for found in unmarked(text, names)}) == []


def compared_in_pseudo(runs: list[ComparedRun], limits: list[str]) -> tuple[str, str]:
    """A comparison on the terminal and as a page."""
    base, new = runs
    found = compare_runs([base], new)
    parsed = [parse_fail_on(limit) for limit in limits]
    assert base.judged is not None
    assert new.judged is not None
    rules = compare_rules([base.judged], new.judged)
    of_figures = [limit for limit in parsed if isinstance(limit, FailOn)]
    of_rules = {rule: [why] for rule, why in broken_rules(rules, []).items()}
    reasons = of_rules | regressions(found, []) | regressions(found, of_figures)
    cannot = [*worthless([base], new), *unjudged(found, of_figures)]
    result = Result(reasons, cannot, remarks([base], new), rules=rules)
    terminal = io.StringIO()
    print_comparison([base], new, found, result, everything=True, file=terminal, width=400)
    return terminal.getvalue(), render_comparison([base], new, found, result)


def test_no_text_of_a_comparison_is_unmarked(
    busy: RunMeasurements, make_run: Callable[..., RunMeasurements], info: Info, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_run(seconds=20, slow=9.0)
    strike(busy, planned(0))
    busy.violations.add("reply.code", "an example", 1.0, 3, "dev.login")
    busy.seal(float("inf"))
    other.violations.add("reply.envelope", "an example", 1.0, 3, "dev.login")
    other.seal(float("inf"))
    speak_pseudo(monkeypatch)
    with speaking(CHINESE):
        base = compared_run("base", busy, info(faults=(planned(0),)), "failed", "", "")
        new = compared_run("new", other, info(20.0, scenario="another", devices=9, target="wss://x"), "", "", "")
        terminal, page = compared_in_pseudo([base, new], ["p99 +1%", "dev.login p99.9 +1%"])
    names = [*base.series, *new.series, *OWN_NAMES]
    assert sorted({found for text in (terminal, *texts_of(page)) for found in unmarked(text, names)}) == []


def test_limits_that_speak_of_nothing_are_told_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_pseudo(monkeypatch)
    limits = [FailOn("x", subject, "p99", 1.0, "%") for subject in ("dev.logn", "dev.logn*")]
    told = [*unknown_names(limits, ()), *unknown_rules([RuleLimit("y", "reply.cod", 0.0)], ())]
    for wrong in ("p99", "failures +1 ms", "p0 +1%"):
        with pytest.raises(ValueError, match="⟦") as error:
            parse_fail_on(wrong)
        told.append(str(error.value))
    assert [found for text in told for found in unmarked(text)] == []


@pytest.mark.parametrize(
    "kind",
    [
        Outage(how=How.DNS),
        Flapping(up=Range(low=5, high=20), down=Range(low=1, high=10)),
        SlowLink(latency=Range(low=0.1, high=0.2), bandwidth=1000, stall=0.1),
        PowerCut(back_after=Range(low=1, high=2), store=Store.LOST),
        ClockJump(by=3600.0),
        RebootWave(),
        PlatformRestart(),
        Misbehave(ways=("a", "b", "c", "d"), rate=1.0, refused=False),
    ],
    ids=lambda kind: kind.what,
)
def test_every_fault_is_said_in_chinese_alike_from_its_parts_and_from_a_file(kind: Kind) -> None:
    told = faults_told(Entry(kind=kind, groups=(0,), share=0.4), ["halls"])
    with speaking(CHINESE):
        chinese = said(told)
        assert retold(str(told)) == chinese
    assert CHINESE_LETTER.search(chinese)
    assert not re.search("[a-z]{4,}", chinese.replace("halls", "")), chinese
    assert not CHINESE_LETTER.search(told)


def test_a_summary_is_english_whatever_is_spoken(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=CROSSED)
    with speaking(CHINESE):
        in_chinese = build_summary(busy, run)
    assert not CHINESE_LETTER.search(orjson.dumps(in_chinese["thresholds"]).decode())
    told = orjson.dumps([in_chinese[name] for name in ("reasons", "notes", "thresholds", "failures")]).decode()
    assert not CHINESE_LETTER.search(told)
    assert in_chinese["thresholds"] == build_summary(busy, run)["thresholds"]


def test_the_same_run_in_chinese(busy: RunMeasurements, info: Info) -> None:
    summary = build_summary(busy, info(thresholds=CROSSED))
    terminal = io.StringIO()
    with speaking(CHINESE):
        print_summary(summary, terminal, 200)
        markdown = render_markdown(summary)
    shown = terminal.getvalue()
    for part in ("结论", "未通过", "请求（时长单位 ms）", "1,200 条", "20 台中 20 台上线", "运行在 1 分 00 秒后结束"):
        assert part in shown
    assert markdown.startswith("## ❌ 未通过，busy 运行了 1 分 00 秒：")
