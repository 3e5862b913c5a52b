"""The report of the run that is over, as files to look at: those that we write, from the run's own directory alone."""

from pathlib import Path
from typing import Final, Protocol

from reports.writer import ATTENDANCE, HLOG, HTML, JUNIT, MARKDOWN, SUMMARY

MIMETYPES: Final = {
    HTML: "text/html",
    MARKDOWN: "text/plain",
    SUMMARY: "application/json",
    JUNIT: "text/xml",
    HLOG: "text/plain",
    ATTENDANCE: "text/csv",
}
"""What may be asked for, in the order in which the page offers it."""
POLICY: Final = "sandbox allow-scripts allow-modals allow-downloads"
"""The report has scripts of its own, but nothing to do with this server: it is shown as a page of no origin."""


class EndedRun(Protocol):
    """Where a run leaves its report."""

    directory: Path
    ended: float | None


def files_of(run: EndedRun) -> list[str]:
    """The files of a run's report that are there; none while it goes on."""
    return [] if run.ended is None else [name for name in MIMETYPES if (run.directory / name).is_file()]


def report_file(run: EndedRun | None, name: str) -> Path | None:
    """Where a file of a run's report is; None where there is none of that name, or not yet."""
    return (run.directory / name).resolve() if run is not None and name in files_of(run) else None
