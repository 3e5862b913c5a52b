"""What a platform says stands in every output and does nothing there: no terminal obeys it, no page runs it."""

import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from reports import markup
from reports.compare import compare_runs, compared_run
from reports.compare_rules import compare_rules
from reports.comparison import Result, print_comparison, render_comparison
from reports.gates import broken_rules, regressions
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import MOST_CHARS, render_markdown
from reports.occurrences import CLASSES
from reports.progress import ProgressLine
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from reports.writer import write_reports
from simulator.measurements.run import RunMeasurements
from simulator.protocol.catalogue import PROTOCOL_ORDER

Info = Callable[..., RunInfo]
T0 = 1_700_000_010.0

TEXTS = {
    "a terminal's commands": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "lines": "one\r\ntwo\u2028three\x0bfour",
    "direction": "\u202egnp.exe\u2066",
    "characters that XML cannot hold": "\x00\x08\ufffe\ud83d",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "HTML in an attribute": "\" onmouseover=\"alert(1)' x='",
    "the end of the data": "</script><!--",
    "Markdown": "[x](javascript:alert(1)) ![](http://x) **b** # h @someone",
    "a table's cells": "a|b\\|c\\\\|d",
    "code's end": "`x``<b>y`",
    "rich's markup": "[bold red]x[/] [link=file:///x]y[/link] [/nothing] \\",
    "a template": "{{ 7*7 }} {% raw %} ${7*7}",
    "a formula": '=HYPERLINK("http://x","y")',
    "a secret": "secretKey=hush-hush",
}
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def hostile(measurements: RunMeasurements, text: str) -> RunMeasurements:
    measurements.apply(
        [
            (0, f"dev.{text}", T0, 0.1, text, 1, 1, 0.0, ""),
            (0, "dev.login", T0, 0.1, text, 1, 1, 0.0, ""),
            (1, text, T0, 0.1, text, ""),
            (2, f"cmd.{text}", T0, 0.1, text, False),
            (4, text, T0),
            (11, text, text, text, T0, 0, 1),
            (8, text, text, T0, 0),
            (11, text, f"dev.{text}", text, T0, 0, 1),
            (11, "reply.late", f"dev.{text}", text, T0, 0, 1),
            (12, text, f"dev.{text}", text, T0, 0, 1),
        ]
    )
    return measurements


@pytest.fixture(params=TEXTS.values(), ids=TEXTS.keys())
def run(request: pytest.FixtureRequest, make_run: Callable[..., RunMeasurements]) -> RunMeasurements:
    return hostile(make_run(seconds=20), request.param)


class Page(HTMLParser):
    """Which elements a page has, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))

    @property
    def dangers(self) -> list[tuple[str, tuple[str, ...]]]:
        return [
            (tag, attributes)
            for tag, attributes in self.elements
            if tag in ("img", "iframe", "object") or any(name.startswith("on") for name in attributes)
        ]


def test_terminal(run: RunMeasurements, info: Info) -> None:
    out = io.StringIO()
    print_summary(build_summary(run, info(20.0)), file=out, width=400)
    ProgressLine(run, info(20.0), 20.0, file=out).tick(T0 + 4)
    assert not CONTROLS.search(out.getvalue())
    assert "hush-hush" not in out.getvalue()


def test_terminal_with_colours(run: RunMeasurements, info: Info, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "reports.terminal.Console",
        lambda **options: Console(**{**options, "force_terminal": True, "color_system": "truecolor", "_environ": {}}),
    )
    out = io.StringIO()
    print_summary(build_summary(run, info(20.0)), file=out, width=400)
    # only what sets colours and weights, as we ask for them ourselves, and no link
    assert not CONTROLS.search(re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()))
    assert "]8;" not in out.getvalue()


def test_markdown(run: RunMeasurements, info: Info) -> None:
    page = render_markdown(build_summary(run, info(20.0)))
    assert not CONTROLS.search(page)
    outside = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", page)
    assert not re.search(r"<\w|(?<!\\)\]\(|(?<!\\)!\[|@someone", outside), outside
    # every row of a table has the cells of its heading
    widths = set()
    for block in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()]
        widths.add(len(set(rows)))
    assert widths == {1}
    assert "hush-hush" not in page


def test_html(run: RunMeasurements, info: Info) -> None:
    measured = build_summary(run, info(20.0))
    page = render_report(measured, run, info(20.0))
    assert not CONTROLS.search(page.replace(page[page.index("<style>") : page.rindex("</style>")], ""))
    assert Page(page).dangers == []
    # the page of a run without anything odd has as many scripts
    assert page.count("<script") == page.count("</script>") == 4
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    assert data is not None
    json.loads(data[1])
    assert "hush-hush" not in page


def test_junit(run: RunMeasurements, info: Info) -> None:
    text = render_junit(build_summary(run, info(20.0)))
    ElementTree.fromstring(text)
    assert not CONTROLS.search(text.decode())
    assert b"hush-hush" not in text


def test_comparison(run: RunMeasurements, info: Info, make_run: Callable[..., RunMeasurements]) -> None:
    base = compared_run("base", make_run(seconds=20), info(20.0))
    new = compared_run("a\x1b[2J<b>", run, info(20.0))
    found = compare_runs([base], new)
    assert base.judged is not None
    assert new.judged is not None
    rules = compare_rules([base.judged], new.judged)
    worse = broken_rules(rules, [])
    assert worse
    result = Result(
        {rule: [reason] for rule, reason in worse.items()} | regressions(found, []),
        ["\x1b[2Jx"],
        ["<b>\x07", *worse.values()],
        rules=rules,
    )
    out = io.StringIO()
    print_comparison([base], new, found, result, everything=True, file=out, width=400)
    assert not CONTROLS.search(out.getvalue())
    page = render_comparison([base], new, found, result)
    assert Page(page).dangers == []
    assert "hush-hush" not in out.getvalue() + page
    assert not CONTROLS.search(page.replace(page[page.index("<style>") : page.rindex("</style>")], ""))


def test_files(run: RunMeasurements, info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path, run, info(20.0))
    summary = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert not CONTROLS.search(summary)
    assert "hush-hush" not in summary
    assert "hush-hush" not in (tmp_path / "latency.hlog").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dev.login", "`dev.login`"),
        ("a`b", "`` a`b ``"),
        ("a|b", "`a\\|b`"),
        ("a\\|b", "`a\\\\\\|b`"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_names_in_markdown(text: str, expected: str) -> None:
    assert markup.code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`p99 < 5 ms` was crossed", "`p99 < 5 ms` was crossed"),
        ("a < b & c_d @e", "a &lt; b &amp; c\\_d &#64;e"),
        ("one ` alone <b>", "one ' alone &lt;b&gt;"),
        ("``<b>``", "'&lt;b&gt;'"),
        ("- no list", "\\- no list"),
    ],
)
def test_sentences_in_markdown(text: str, expected: str) -> None:
    assert markup.sentence(text) == expected


def test_markdown_keeps_every_funcid_whatever_else_there_is(
    make_run: Callable[..., RunMeasurements], info: Info
) -> None:
    measurements = make_run(seconds=20)
    names = [name for name in PROTOCOL_ORDER if not name.startswith("cmd.")]
    for number in range(1_000):
        for name in names:
            measurements.apply([(0, name, T0, 0.1, f"{number} " + "x|" * 40, 1, 1, 0.0, "")])
        odd = f"{number}|" * 12
        measurements.apply([(0, f"dev.{odd}", T0, 0.1, odd, 1, 1, 0.0, ""), (2, f"cmd.{odd}", T0, 0.1, odd, False)])
    thresholds = tuple(f"{name} p{number} < 1 ms" for name in names for number in range(1, 40))
    page = render_markdown(build_summary(measurements, info(20.0, thresholds=thresholds)))
    assert len(page) <= MOST_CHARS
    assert all(f"| `{name}` |" in page for name in names)
    assert "(cut: the whole is in `report.html`)" in page
    assert page.startswith("## ❌ FAILED after 20.0 s of busy: `")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_writers_trust_no_summary(text: str, make_run: Callable[..., RunMeasurements], info: Info) -> None:
    """Names are clean where they are counted; a writer escapes them all the same."""
    summary = build_summary(make_run(seconds=10), info(10.0))
    summary["scenario"] = text
    summary["requests"] = {
        f"dev.{text}": next(iter(summary["requests"].values())) | {"codes": {text: 3}, "failures": 3}
    }
    summary["fleet"]["disconnects"] = {text: 1}
    wrong = {"count": 3, "devices": 1, "func_ids": {text: 3}, "section": text, "example": text}
    for name in CLASSES:
        summary[name] = {"total": 3, "by_rule": {text: wrong | {"first": text, "last": text}}}
    out = io.StringIO()
    print_summary(summary, file=out, width=300)
    junit = render_junit(summary)
    ElementTree.fromstring(junit)
    for shown in (out.getvalue(), junit.decode(), render_markdown(summary)):
        assert not CONTROLS.search(shown)
