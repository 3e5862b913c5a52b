"""The files of one run: its directory taken at the start, kept fresh while it goes on, the reports at the end.

Nothing that happens to a file ends the run: what could not be written is told, and is a reason of the verdict.
"""

import logging
from pathlib import Path
from typing import Any

from reports.checkpoint import Checkpoint
from reports.directory import ReportDirectory
from reports.run_info import RunInfo
from reports.writer import ALL_FILES, CHECKPOINT, OUTPUT_FAILED, SUMMARY, failed_files, write_reports
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.shown import printable
from simulator.swarm.run.embedded_platform import LOG_NAME

logger = logging.getLogger("simulator.swarm")


class RunFiles:
    """What a run leaves in `directory`.

    Args:
        overwrite: an earlier report there is removed instead of being kept aside.
    """

    def __init__(self, directory: Path, *, overwrite: bool = False) -> None:
        self.directory = directory
        self._overwrite = overwrite
        self._taken: ReportDirectory | None = None
        self._checkpoint: Checkpoint | None = None
        self._failing = False

    def take(self) -> None:
        """Make the directory, and keep all others from writing there until `release`.

        Raises:
            DirectoryBusyError: If another run does.
            OSError: If it cannot be made or written.
        """
        self._taken = ReportDirectory(self.directory)
        self._taken.clear(overwrite=self._overwrite, beside=(LOG_NAME,))

    def begin(self, measurements: RunMeasurements, info: RunInfo) -> None:
        """Keep what is measured from now on.

        Raises:
            OSError: If nothing can be kept there.
        """
        self._checkpoint = Checkpoint(self.directory, measurements, info)

    def keep(self, info: RunInfo, now: float, *, at_once: bool = False) -> None:
        """Seal what has ended, and see that even a killed run leaves a report. About once a second.

        Args:
            info: what is known of the run at `now` (epoch seconds).
            at_once: do not wait until it is due.
        """
        if self._checkpoint is None:
            return
        self._checkpoint.run = info
        try:
            written = self._checkpoint.tick(now, at_once=at_once)
        except OSError as error:
            if not self._failing:
                self._failing = True
                logger.error(
                    "the run cannot be kept in %s: %s; it goes on, and what is measured stays in memory",
                    self.directory,
                    error.strerror or error,
                )
        else:
            if written and self._failing:
                self._failing = False
                logger.warning("the run is kept in %s again, with all that was measured meanwhile", self.directory)

    def write(self, measurements: RunMeasurements, info: RunInfo) -> tuple[dict[str, Any] | None, list[Finding]]:
        """Write the reports, and tell of each that failed; returns the summary, and what was found without one."""
        try:
            summary = write_reports(self.directory, measurements, info)
        except Exception as error:
            logger.exception("no report can be made of this run")
            problem = f"an error of best-fleet itself, {type(error).__name__}"
            found = Finding(OUTPUT_FAILED, {"file": printable(str(self.directory)), "problem": problem})
            return None, [found]
        failed = failed_files(summary, self.directory)
        if not failed:
            logger.info("reports are in %s", self.directory)
            return summary, []
        for reason in summary["reasons"]:
            if reason["key"] == OUTPUT_FAILED:
                logger.error("%s could not be written: %s", reason["values"]["file"], reason["values"]["problem"])
        kept = [name for name in ALL_FILES if (self.directory / name).exists() and name not in (*failed, CHECKPOINT)]
        logger.warning("kept of this run in %s: %s", self.directory, ", ".join(kept) or "nothing")
        if SUMMARY in failed and (self.directory / CHECKPOINT).exists():
            logger.warning(
                "best-fleet report %s makes a report of the run until its last checkpoint, once there is room again",
                self.directory,
            )
        return summary, []

    def release(self) -> None:
        """Let others write there. Harmless when done again."""
        if self._taken is not None:
            self._taken.release()
