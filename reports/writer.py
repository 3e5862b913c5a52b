"""Writes a run's files into its directory, each by itself, each whole or not at all.

A file that fails takes no other along: it becomes a reason of the verdict, and the others tell of it.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from reports.hlog import HlogFile, HlogIntervals, write_hlog
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.verdict import with_findings
from simulator.measurements.findings import Finding
from simulator.measurements.intervals import Interval
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_interval
from simulator.shown import detail, printable

logger = logging.getLogger("reports")

SUMMARY: Final = "summary.json"
HLOG: Final = "latency.hlog"
MARKDOWN: Final = "report.md"
HTML: Final = "report.html"
JUNIT: Final = "junit.xml"
ATTENDANCE: Final = "attendance.csv"
"""Grows while a run goes on, where its scenario asks for it (`simulator.measurements.attendance_rows`)."""
CHECKPOINT: Final = "checkpoint.json"
"""Stands in for the summary while a run goes on (see `reports.checkpoint`)."""
ALL_FILES: Final = (SUMMARY, HLOG, MARKDOWN, HTML, JUNIT, CHECKPOINT)
RUN_FILES: Final = (*ALL_FILES, ATTENDANCE)
"""With what some runs leave besides."""
OUTPUT_FAILED: Final = "output_failed"
"""The reason that a file makes which could not be written."""


def write_reports(directory: Path, measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    """Write all files of a run that has ended; returns its summary, which is made before any file is touched.

    Seals every second that is still open, so it is called once, after the last event and the last delta. What could
    not be written is a reason in the summary (`OUTPUT_FAILED`), on the terminal and in the files that were.

    Raises:
        ThresholdError: If a threshold of `run` cannot be read.
    """
    measurements.seal(float("inf"))
    summary = build_summary(measurements, run)
    with contextlib.suppress(OSError):  # then each file says so
        directory.mkdir(parents=True, exist_ok=True)
    failed: dict[str, Finding] = {}
    log = directory / HLOG
    if finding := tried(log, lambda: _write_log(log, measurements, run)):
        failed[HLOG] = finding
        summary["state"]["unwritten"] = [dump_interval(interval) for interval in _unwritten(log, measurements)]
    renders: dict[str, Callable[[], bytes]] = {
        MARKDOWN: lambda: _utf8(render_markdown(summary)),
        JUNIT: lambda: render_junit(summary),
        HTML: lambda: _utf8(render_report(summary, measurements, run)),
        # last: whoever waits for the summary finds all the others
        SUMMARY: lambda: dump_summary(summary),
    }
    written: set[str] = set()
    told = -1
    while told < len(failed):
        # Again where one has failed: the others were written with a verdict that did not know of it.
        told = len(failed)
        summary = with_findings(summary, failed.values())
        for name, render in renders.items():
            if name in failed or (name == SUMMARY and len(failed) > told):
                continue
            path = directory / name
            finding = tried(path, lambda path=path, render=render: write_whole(path, render()))  # type: ignore[misc]
            if finding is None:
                written.add(name)
                continue
            failed[name] = finding
            if name in written:
                with contextlib.suppress(OSError):
                    path.unlink()
    if SUMMARY not in failed:
        with contextlib.suppress(OSError):
            (directory / CHECKPOINT).unlink(missing_ok=True)
    return summary


def failed_files(summary: dict[str, Any], directory: Path) -> list[str]:
    """The names of a report's files in `directory` that could not be written."""
    found = {reason["values"].get("file") for reason in summary["reasons"] if reason["key"] == OUTPUT_FAILED}
    return [name for name in RUN_FILES if printable(str(directory / name)) in found]


def tried(path: Path, write: Callable[[], None]) -> Finding | None:
    """None, or why `write` could not write `path`."""
    try:
        write()
    except OSError as error:
        problem = error.strerror or str(error)
    except Exception as error:
        logger.exception("%s cannot be made", path)
        problem = f"an error of best-fleet itself, {type(error).__name__}: {detail(str(error))}"
    else:
        return None
    return Finding(OUTPUT_FAILED, {"file": printable(str(path)), "problem": problem})


def _write_log(log: Path, measurements: RunMeasurements, run: RunInfo) -> None:
    store = measurements.intervals
    if isinstance(store, HlogIntervals) and store.path == log:
        store.close()
        return
    with whole_or_not(log) as temporary:
        write_hlog(temporary, store, run.started)
        temporary.replace(log)


def _unwritten(log: Path, measurements: RunMeasurements) -> tuple[Interval, ...]:
    """What the log at its place does not hold, though it is measured."""
    store = measurements.intervals
    of_it = isinstance(store, HlogIntervals | HlogFile) and store.path == log
    return store.unwritten if of_it else tuple(store)  # type: ignore[attr-defined]


def dump_summary(summary: dict[str, Any]) -> bytes:
    """The summary as JSON: indented for people, but for the state, which is one long line for machines."""
    figures = {key: value for key, value in summary.items() if key != "state"}
    text = to_json(figures, orjson.OPT_INDENT_2)
    state = to_json(summary["state"], orjson.OPT_NON_STR_KEYS)
    return text.removesuffix(b"\n}") + b',\n  "state": ' + state + b"\n}\n"


def to_json(value: Any, option: int = 0) -> bytes:
    """`value` as JSON, whatever its texts hold: half a surrogate pair (of a file's name, say) stands as its escape."""
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_encodable(value), option=option)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _utf8(value).decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Put `content` in place of the file `path` in one step, so that no reader ever sees half of it.

    Without `sync` it does not wait for the disk. A pipe or a device is written to, not replaced.

    Raises:
        OSError: If it cannot be written; what was there is there still.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    with whole_or_not(path) as temporary:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        temporary.replace(path)


@contextlib.contextmanager
def whole_or_not(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to and put in its place; it is gone afterwards, with the room that it took."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
