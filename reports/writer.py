"""Writes a run's files into its directory, each one whole or not at all."""

import os
from pathlib import Path
from typing import Any, Final

import orjson

from reports.hlog import HlogIntervals, write_hlog
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.run import RunMeasurements

SUMMARY: Final = "summary.json"
HLOG: Final = "latency.hlog"
MARKDOWN: Final = "report.md"
HTML: Final = "report.html"
JUNIT: Final = "junit.xml"
CHECKPOINT: Final = "checkpoint.json"
"""Stands in for the summary while a run goes on (see `reports.checkpoint`)."""
ALL_FILES: Final = (SUMMARY, HLOG, MARKDOWN, HTML, JUNIT, CHECKPOINT)


def write_reports(directory: Path, measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    """Write all files of a run that has ended; returns its summary.

    Seals every second that is still open, so it is called once, after the last event and the last delta.

    Raises:
        OSError: If the directory cannot be made or written.
        ThresholdError: If a threshold of `run` cannot be read.
    """
    directory.mkdir(parents=True, exist_ok=True)
    measurements.seal(float("inf"))
    log = directory / HLOG
    store = measurements.intervals
    if isinstance(store, HlogIntervals) and store.path == log:
        store.close()
    else:
        temporary = log.with_name(log.name + ".tmp")
        write_hlog(temporary, store, run.started)
        temporary.replace(log)
    summary = build_summary(measurements, run)
    write_whole(directory / MARKDOWN, render_markdown(summary).encode())
    write_whole(directory / JUNIT, render_junit(summary))
    write_whole(directory / HTML, render_report(summary, measurements, run).encode())
    # last: whoever waits for the summary finds all the others
    write_whole(directory / SUMMARY, dump_summary(summary))
    (directory / CHECKPOINT).unlink(missing_ok=True)
    return summary


def dump_summary(summary: dict[str, Any]) -> bytes:
    """The summary as JSON: indented for people, but for the state, which is one long line for machines."""
    figures = {key: value for key, value in summary.items() if key != "state"}
    text = orjson.dumps(figures, option=orjson.OPT_INDENT_2)
    state = orjson.dumps(summary["state"], option=orjson.OPT_NON_STR_KEYS)
    return text.removesuffix(b"\n}") + b',\n  "state": ' + state + b"\n}\n"


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Put `content` in place of the file `path` in one step, so that no reader ever sees half of it.

    Without `sync` it does not wait for the disk.
    """
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    temporary.replace(path)
