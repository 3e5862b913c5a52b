"""The reports of a run that has ended. What could not be written is told, and is a reason of the verdict."""

import logging
from pathlib import Path
from typing import Any

from reports.output import Output, RunView
from reports.writer import CHECKPOINT, OUTPUT_FAILED, RUN_FILES, SUMMARY, failed_files, write_reports
from simulator.shown import printable
from simulator.texts.told import Told
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")


class ReportFiles(Output):
    """Writes the reports into `directory`; their summary holds the run's verdict.

    Args:
        told: whether the log says where they are; a headless run's last line does.
    """

    name = "report_files"

    def __init__(self, directory: Path, *, told: bool = True) -> None:
        self._directory = directory
        self._told = told
        self.summary: dict[str, Any] | None = None
        """Of the run, once it has ended; None before, and where no report can be made."""

    def finish(self, run: RunView, now: float) -> None:
        """Write the reports; again when something was found since."""
        directory = self._directory
        self.summary = None
        try:
            self.summary = summary = write_reports(directory, run.measurements, run.info(now, complete=True))
        except Exception as error:
            logger.exception(_("no report can be made of this run"))
            problem = Told("an error of best-fleet itself, {name}", name=type(error).__name__)
            run.find(OUTPUT_FAILED, file=printable(str(directory)), problem=problem)
            return
        failed = failed_files(summary, directory)
        if not failed:
            if self._told:
                logger.info(_("reports are in %s"), directory)
            return
        for reason in summary["reasons"]:
            if reason["key"] == OUTPUT_FAILED:
                logger.error(_("%s could not be written: %s"), reason["values"]["file"], reason["values"]["problem"])
        kept = [name for name in RUN_FILES if (directory / name).exists() and name not in (*failed, CHECKPOINT)]
        logger.warning(_("kept of this run in %s: %s"), directory, ", ".join(kept) or "nothing")
        if SUMMARY in failed and (directory / CHECKPOINT).exists():
            logger.warning(
                _("best-fleet report %s makes a report of the run until its last checkpoint, once there is room again"),
                directory,
            )
