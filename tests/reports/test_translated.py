"""Terminal, Markdown, JUnit and every sentence of a verdict leave no text unmarked; what scripts read stays English."""

import io
import re
import string
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from reports.causes import CAUSES, sentence
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import CHINESE, speaking
from tests.texts.pseudo import speak_pseudo, unmarked

Info = Callable[..., RunInfo]
CHINESE_LETTER = re.compile("[\u4e00-\u9fff，。；：（）]")
CROSSED = ("failures == 0", "dev.heartbeat p99 < 1 us", "never_back == 0", "connect mean < 1 s after 5min")
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
