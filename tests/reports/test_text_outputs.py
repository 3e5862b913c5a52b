"""The table on the terminal, the Markdown page, the progress line, and the masking of secrets."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reports import text
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import MOST_CHARS, render_markdown
from reports.masking import mask
from reports.progress import ProgressLine
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import MOST_DETAILS, print_summary, print_verdict
from reports.unread import waited
from simulator.measurements.events import LATENESS
from simulator.measurements.ledger import LedgerFigures
from simulator.measurements.names import REPLY_WAIT_TAG
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.25


def printed(measurements: RunMeasurements, run: RunInfo, width: int | None = None) -> str:
    out = io.StringIO()
    print_summary(build_summary(measurements, run), file=out, width=width)
    return out.getvalue()


def test_terminal_table_is_plain_and_complete(busy: RunMeasurements, info: Info) -> None:
    shown = printed(busy, info())
    assert "\x1b" not in shown
    for part in ("dev.heartbeat", "E0000004 6, timeout 6", "record_delivery", "cmd.data.update.user", "p99.9"):
        assert part in shown
    for part in ("20 of 20 came online", "1,200 generated", "Thresholds", "closed 1006 6", "PASSED"):
        assert part in shown
    assert shown.index("getBrokerServer") < shown.index("dev.heartbeat") < shown.index("verifyPhoto")


def test_of_a_run_that_is_looked_at_elsewhere_the_verdict_and_the_place_of_its_report_are_printed(
    busy: RunMeasurements, info: Info, tmp_path: Path
) -> None:
    out = io.StringIO()
    (tmp_path / "report.html").write_text("")
    print_verdict(build_summary(busy, info()), tmp_path, out)
    verdict, report = out.getvalue().strip().splitlines()
    assert verdict.startswith("Verdict")
    assert report.split() == ["Report", str(tmp_path / "report.html")]


def test_every_output_tells_the_first_detail_of_a_failure(busy: RunMeasurements, info: Info) -> None:
    """The reason is known where it failed, and has to be where somebody looks."""
    told = "the certificate of broker.test:443 has expired"
    busy.apply([(0, "connect", T0, 0.01, "tls", 0, 0, 0.0, ""), (10, "connect", "tls", told, T0)])
    run = info(thresholds=())
    summary = build_summary(busy, run)
    pages = {
        "terminal": printed(busy, run),
        "narrow terminal": printed(busy, run, 80),
        "markdown": render_markdown(summary),
        "html": render_report(summary, busy, run),
        "junit": render_junit(summary).decode(),
    }
    assert [name for name, page in pages.items() if told not in page.replace("\\", "")] == []


def test_every_output_says_what_the_generator_held(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=())
    summary = build_summary(busy, run)
    generator = summary["generator"]
    assert generator["rss_slope_mb_per_h"] == pytest.approx(12.0, abs=0.1)
    assert generator["open_files"] == {"peak": 109, "limit": 1000, "per_h": pytest.approx(60, abs=5)}
    assert generator["tasks"] == {"peak": 49, "per_h": pytest.approx(60, abs=5)}
    told = "memory +12.0 MB/h, 109 files, 49 tasks at most"
    assert told in printed(busy, run, 400)
    assert told in render_markdown(summary)
    assert f"M{told[1:]}." in render_report(summary, busy, run)
    assert summary["embedded_platform"]["open_files"] == {"peak": 109, "per_h": pytest.approx(60, abs=5)}
    for page in (printed(busy, run, 400), render_markdown(summary), render_report(summary, busy, run)):
        assert "122 MB, memory +12.0 MB/h, 109 files at most" in page
    # A summary of an earlier version knows nothing of it.
    for name in ("rss_slope_mb_per_h", "open_files", "tasks"):
        del generator[name]
    del summary["embedded_platform"]
    assert text.held(generator) == ""
    assert "at most" not in render_markdown(summary)


def test_every_output_says_how_long_replies_lay_unread(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=())
    assert build_summary(busy, run)["generator"]["reply_wait"] == {
        "count": 0,
        "ms": {"p50": None, "p99": None, "max": None},
    }
    pages = (printed(busy, run, 400), render_markdown(build_summary(busy, run)))
    assert not any("unread" in page for page in pages)
    busy.apply([(LATENESS, REPLY_WAIT_TAG, [0.004] * 99 + [0.030], busy.latest)])
    summary = build_summary(busy, run)
    assert summary["generator"]["reply_wait"]["count"] == 100
    assert summary["generator"]["loop_lag_ms"] == build_summary(busy, run)["generator"]["loop_lag_ms"]
    assert "generator:reply_wait" not in summary["requests"] | summary["flows"] | summary["commands"]
    told = waited(summary["generator"])[1:]
    assert told.startswith("eplies lay unread p99 ")
    for page in (printed(busy, run, 400), render_markdown(summary), render_report(summary, busy, run)):
        assert told in page


@pytest.mark.parametrize(
    ("beyond", "ledger", "told"),
    [
        (0, LedgerFigures(0, 0, 0, 0, 0, 0), "{n} records kept, as many as were acknowledged"),
        (2, LedgerFigures(0, 0, 7, 0, 0, 0), "{n} records kept, 2 more than were acknowledged; 7 received again"),
        (
            -1,
            LedgerFigures(0, 0, 0, 1, 0, 0),
            "{n} records kept, of {all} that were acknowledged 1 is missing",
        ),
        (0, LedgerFigures(0, 0, 0, 0, 3, 0), "{n} records kept, as many as were acknowledged; 3 pictures missing"),
        (9, LedgerFigures(0, 0, 0, 0, 0, 4), "{n} records kept, 4 more than devices can have offered"),
    ],
)
def test_every_output_says_what_the_platform_keeps(
    busy: RunMeasurements, info: Info, beyond: int, ledger: LedgerFigures, told: str
) -> None:
    acknowledged = busy.records["acknowledged"]
    run = info(thresholds=(), ledger=replace(ledger, records=acknowledged + beyond))
    summary = build_summary(busy, run)
    told = told.format(n=f"{acknowledged + beyond:,}", all=f"{acknowledged:,}")
    for page in (printed(busy, run, 400), render_markdown(summary), render_report(summary, busy, run)):
        assert told in page
    assert text.ledger_wrong(summary) is ("missing" in told or "can have" in told)
    # One of somebody else's platform, or of an earlier version.
    del summary["ledger"]
    assert (text.ledger_held(summary), text.ledger_wrong(summary)) == ("", False)


def test_what_a_short_run_held_is_told_without_a_slope() -> None:
    generator = {"rss_slope_mb_per_h": None, "open_files": {"peak": 1}, "tasks": {"peak": None}}
    assert text.held(generator) == "1 file at most"
    assert text.held(generator | {"open_files": {"peak": None}}) == ""
    assert text.held(generator | {"open_files": {"peak": None}, "rss_slope_mb_per_h": -2.0}) == "memory -2.0 MB/h"


def test_a_run_in_which_everything_fails_keeps_its_tables_in_sight(busy: RunMeasurements, info: Info) -> None:
    for number in range(15):
        code = f"E{number:03}"
        busy.apply([(0, "connect", T0, 0.01, code, 0, 0, 0.0, ""), (10, "connect", code, f"why {number}", T0)])
    shown = printed(busy, info())
    assert len(re.findall(r"^First ", shown, re.MULTILINE)) == MOST_DETAILS + 1
    assert "3 more in the report" in shown


def test_details_are_escaped_on_the_terminal(busy: RunMeasurements, info: Info) -> None:
    told = "a [bold]page[/] with \x1b[2J and [link=x]"
    busy.apply([(0, "connect", T0, 0.01, "tls", 0, 0, 0.0, ""), (10, "connect", "tls", told, T0)])
    shown = printed(busy, info())
    assert "\x1b" not in shown
    assert "[bold]page[/]" in shown


@pytest.mark.parametrize("width", [80, 100, 120, 140, 200])
def test_terminal_table_fits_its_width(busy: RunMeasurements, info: Info, width: int) -> None:
    shown = printed(busy, info(), width)
    # a remark is a sentence that the terminal breaks itself
    assert max(len(line) for line in shown.splitlines() if not line.startswith("Note:")) <= width
    assert "timeout 6" in shown
    assert "dev.data.upload" in shown


def test_a_pipe_is_as_wide_as_somebody_said(busy: RunMeasurements, info: Info, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, wide in (("80", 80), ("no number", 160), ("0", 160)):
        monkeypatch.setenv("COLUMNS", said)
        told = printed(busy, info())
        assert tables(told) == tables(printed(busy, info(), wide))
        # Whoever reads a log searches it for sentences, which are not broken.
        assert "0 pending, 0 refused, 0 rejected, 0 resent" in told


def tables(told: str) -> str:
    """What was printed from the first table to the last."""
    return told[told.index("Requests (") : told.index("Disconnects ")].rpartition("\n\n")[0]


def test_markdown_fits_in_a_comment(busy: RunMeasurements, info: Info) -> None:
    page = render_markdown(build_summary(busy, info()))
    assert page.startswith("## ✅ PASSED after 1 min 00 s of busy: all 2 thresholds hold\n")
    assert "| `dev.heartbeat` | 1,200 |" in page
    assert "| ✅ | `dev.heartbeat p99 < 500 ms` |" in page
    for number in range(3000):
        busy.apply([(0, f"dev.odd.{number}", T0, 0.1, "00000000", 1, 1, 0.0, "")])
    assert len(render_markdown(build_summary(busy, info()))) <= MOST_CHARS + 100


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_line_is_plain_every_ten_seconds_without_a_terminal(busy: RunMeasurements, info: Info) -> None:
    out = io.StringIO()
    live = ProgressLine(busy, info(), 60.0, file=out)
    for second in range(1, 31):
        live.tick(T0 + second)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert "0:21 of 1:00" in lines[2]
    assert "20/20 online" in lines[2]
    assert "requests/s" in lines[2]
    assert "12 failed" in lines[2]
    assert "p99 ≤ " in lines[2]


def test_progress_line_draws_a_bar_on_a_terminal(busy: RunMeasurements, info: Info) -> None:
    out = Terminal()
    live = ProgressLine(busy, info(), 60.0, file=out, width=100)
    live.tick(T0 + 30)
    shown = out.getvalue()
    assert shown.startswith("\r\x1b[2K██████████░░░░░░░░░░ 0:30 left")
    assert len(shown) <= 105
    assert "\n" not in shown
    live.clear()
    assert out.getvalue().endswith("\r\x1b[2K")


def test_progress_line_fits_in_80_columns(busy: RunMeasurements, info: Info) -> None:
    out = Terminal()
    ProgressLine(busy, info(), 60.0, file=out, width=80).tick(T0 + 30)
    shown = out.getvalue().removeprefix("\r\x1b[2K")
    assert shown.startswith("█████░░░░░ 0:30 left")
    assert re.search(r"p99 ≤ [\d.,]+ m", shown)
    assert len(shown) < 80


def test_progress_line_says_that_a_run_drains(busy: RunMeasurements, info: Info) -> None:
    assert ProgressLine(busy, info(), 40.0, file=io.StringIO()).line(T0 + 41).startswith("0:41, ending  ")
    assert ProgressLine(busy, info(), 40.0, file=io.StringIO()).line(T0 + 40).startswith("0:40 of 0:40  ")


def test_progress_line_without_an_end(busy: RunMeasurements, info: Info) -> None:
    assert ProgressLine(busy, info(), None, file=io.StringIO()).line(T0 + 3723).startswith("1:02:03  ")


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("secretKey: aabbcc", "secretKey: ***"),
        ('"authCode": "0f1e2d", "sn": "A1"', '"authCode": ***, "sn": "A1"'),
        ("GET /v3/device/getBrokerServer?sn=A1&sign=bdd58420&type=best-w", "sign=***&type=best-w"),
        ("https://user:pass@host/path", "https://***@host/path"),
        ("digest 7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65 refused", "digest *** refused"),
        ("password=hunter2, next", "password=***, next"),
    ],
)
def test_secrets_are_masked(secret: str, shown: str) -> None:
    assert shown in mask(secret)


@pytest.mark.parametrize(
    "harmless",
    ["closed 1006", "devices: 20\nramp: 10s", "key_file: certs/client.pem", "dev.data.upload.verifyLog E0000004"],
)
def test_harmless_text_stays(harmless: str) -> None:
    assert mask(harmless) == harmless


def test_numbers_for_people() -> None:
    assert [text.milliseconds(value) for value in (None, 0.4213, 9.999, 12.34, 1234.5)] == [
        "–",
        "0.42",
        "10.0",
        "12.3",
        "1,234",
    ]
    assert [text.percent(value) for value in (0.0, 1.0, 0.5, 0.999999, 0.99995, 0.000001)] == [
        "0 %",
        "100 %",
        "50.0 %",
        "> 99.999 %",
        "99.995 %",
        "< 0.001 %",
    ]
    assert [text.size(value) for value in (5, 2048, 150_000, 5_000_000, 9_000_000_000)] == [
        "5 B",
        "2.0 KB",
        "146 KB",
        "4.8 MB",
        "8.4 GB",
    ]
    assert [text.duration(value) for value in (4.21, 303, 7503)] == ["4.2 s", "5 min 03 s", "2 h 05 min"]


@pytest.mark.parametrize(
    ("unit", "value", "written"),
    [
        ("%", 120.46, "120.5 %"),
        ("%", 0.6, "0.6 %"),
        ("%", 99.95, "99.950 %"),
        ("MB", 127.36, "127 MB"),
        ("MB/h", 3.14159, "3.1 MB/h"),
        ("/s", 12.345, "12.3/s"),
        ("ms", 0.4567, "0.46 ms"),
        ("", 12.0, "12"),
        ("/h", 1.25, "1.25/h"),
    ],
)
def test_a_thresholds_value_is_written_as_everywhere_else(unit: str, value: float, written: str) -> None:
    assert text.threshold_value({"value": value, "unit": unit}) == written


@pytest.mark.parametrize("value", [0.0, 0.6, 3.449, 99.9, 100.0, 120.4])
def test_load_and_memory_have_one_rounding(value: float) -> None:
    kept = round(value, 1)
    assert text.threshold_value({"value": value, "unit": "%"}) == f"{text.hundredths(kept)} %"
    assert text.threshold_value({"value": value, "unit": "MB"}) == f"{text.megabytes(kept)} MB"
