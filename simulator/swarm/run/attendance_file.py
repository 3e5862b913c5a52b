"""`attendance.csv`: what every record of an attendance became, written while the run goes on.

A disk that is full does not end the run: rows wait in memory and stand in the file once as soon as there is room again.
"""

import logging
from pathlib import Path
from typing import Final

from reports.output import Output, RunView
from reports.writer import ATTENDANCE, OUTPUT_FAILED
from simulator.growing_file import GrowingFile
from simulator.measurements.attendance_rows import HEADER
from simulator.shown import printable
from simulator.texts.told import Told
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

BATCH: Final = 500
"""Rows that are written at once, some 50 KB: a disk that stays full costs no more each time it is tried."""


class AttendanceFile(Output):
    """Writes the file into `directory`, where the scenario asks for it."""

    name = "attendance_file"

    def __init__(self, directory: Path) -> None:
        self._path = directory / ATTENDANCE
        self._file: GrowingFile | None = None
        self._waiting: list[str] = []
        self._failing = False

    def start(self, run: RunView, now: float) -> None:
        if run.measurements.attendance.keeps_rows:
            self._waiting.append(HEADER)
            self._try()

    def tick(self, run: RunView, now: float) -> None:
        self._waiting += run.measurements.attendance.take_lines()
        if self._waiting:
            self._try()

    flush = tick

    def finish(self, run: RunView, now: float) -> None:
        self.tick(run, now)
        problem: str | None = (
            Told("{count:,} of its rows found no room", count=len(self._waiting)) if self._waiting else None
        )
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            problem = problem or error.strerror or str(error)
        if problem is not None:
            run.find(OUTPUT_FAILED, file=printable(str(self._path)), problem=problem)

    def _try(self) -> None:
        """Write what waits, and say once that it cannot be, and once that it can again."""
        try:
            self._write()
        except OSError as error:
            if not self._failing:
                logger.error(_("%s cannot be written: %s; its rows wait"), self._path, error.strerror or error)
            self._failing = True
        else:
            if self._failing:
                logger.warning(_("%s is written again, with all rows that waited"), self._path)
            self._failing = False

    def _write(self) -> None:
        if self._file is None:
            self._file = GrowingFile(self._path)
        while self._waiting:
            # Whole lines, however the process may end.
            self._file.append("".join(self._waiting[:BATCH]).encode("utf-8", "backslashreplace"))
            del self._waiting[:BATCH]
