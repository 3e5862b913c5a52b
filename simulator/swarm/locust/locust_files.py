"""Locust's own files (`--html`, `--json-file`, `--csv`, `--logfile`), so that one that fails takes no other along.

Locust writes page and JSON when all is over, and what fails there ends the process before our table is printed; what
fails in its CSV files ends their greenlet. Here page and JSON are written whole before the run's reports, which tell of
a file that failed as they do of their own.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent
from locust import stats
from locust.html import get_html_report, process_html_filename

from reports.output import Output, RunView
from reports.writer import OUTPUT_FAILED, write_whole
from simulator.measurements.findings import Finding
from simulator.shown import printable
from simulator.swarm.locust.options import refuse
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

CSV_SETTLE_S: Final = 1.2
"""Locust rewrites its CSV files once a second and not again at the end."""


class GuardedCsv(stats.StatsCSVFileWriter):
    """Locust's writer of CSV files, which keeps what went wrong instead of raising it.

    Ends the process with exit code 2 if the files cannot be made.
    """

    current: "GuardedCsv | None" = None
    """This process' own; Locust makes one."""

    def __init__(self, environment: Any, percentiles: list[float], prefix: str, history: bool = False) -> None:
        try:
            super().__init__(environment, percentiles, prefix, history)
        except OSError as error:
            refuse(
                _(
                    "--csv {prefix}: {filename}: {strerror}",
                    prefix=prefix,
                    filename=error.filename,
                    strerror=error.strerror,
                )
            )
        self.problem: str | None = None
        GuardedCsv.current = self

    def stats_writer(self) -> None:
        self._keep_problem(super().stats_writer)

    def close_files(self) -> None:
        for file in self._files():
            self._keep_problem(file.close)

    def flush(self) -> None:
        """Write what waits, and keep why it could not be."""
        for file in self._files():
            self._keep_problem(file.flush)

    def _files(self) -> tuple[Any, ...]:
        return (
            self.requests_csv_filehandle,
            self.stats_history_csv_filehandle,
            self.failures_csv_filehandle,
            self.exceptions_csv_filehandle,
        )

    def _keep_problem(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, ValueError) as error:
            if self.problem is None:
                self.problem = _text(error)
                logger.error(_("the CSV files %s_*.csv cannot be written on: %s"), self.base_filepath, self.problem)


class LocustFiles(Output):
    """The files that a run's command line asks Locust for, besides the run's own reports.

    Args:
        environment: Locust's.
    """

    name = "locust_files"

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        options = environment.parsed_options
        self._csv = GuardedCsv.current if options.csv_prefix else None
        self._html: str | None = None
        if options.headless and options.html_file:
            process_html_filename(options)
            # Locust leaves it to us.
            self._html, options.html_file = options.html_file, None

    def finish(self, run: RunView, now: float) -> None:
        """Bring them up to date, now that the last request is counted."""
        for finding in self._write():
            run.find(finding.key, **finding.values)

    def _write(self) -> list[Finding]:
        found = []
        if self._csv is not None:
            gevent.sleep(CSV_SETTLE_S)
            self._csv.flush()
            if self._csv.problem is not None:
                found.append(_finding(f"{self._csv.base_filepath}_*.csv", self._csv.problem))
        options = self._environment.parsed_options
        if self._html is not None:
            found += _tried(Path(self._html), self._page)
        if options.headless and options.json_file:
            found += _tried(Path(f"{options.json_file}.json"), lambda: _json(self._environment.stats))
        return found

    def _page(self) -> str:
        return str(get_html_report(self._environment, show_download_link=False))  # type: ignore[no-untyped-call]


def install() -> None:
    """Make Locust use these. Harmless when done again."""
    stats.StatsCSVFileWriter = GuardedCsv  # type: ignore[assignment,misc]
    stats.save_stats_json = _save_json  # type: ignore[assignment]


def _save_json(found: stats.RequestStats, filename: str) -> None:
    # After our reports: what fails here has failed before, and is a reason of the verdict.
    for finding in _tried(Path(f"{filename}.json"), lambda: _json(found)):
        logger.error(_("%s could not be written: %s"), finding.values["file"], finding.values["problem"])


def _json(found: stats.RequestStats) -> str:
    # Locust's own `serialize_stats` sets everything to 0, which is too early here.
    entries = (entry for entry in found.entries.values() if entry.num_requests or entry.num_failures)
    return json.dumps([entry.serialize() for entry in entries], indent=4)


def _tried(path: Path, render: Callable[[], str]) -> list[Finding]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, render().encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        return [_finding(str(path), _text(error))]
    return []


def _finding(file: str, problem: str) -> Finding:
    return Finding(OUTPUT_FAILED, {"file": printable(file), "problem": problem})


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
