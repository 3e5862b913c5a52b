"""Keeps a run's directory so fresh that even `kill -9` loses five seconds at most.

A disk that is full does not end the run: that nothing can be kept is told once, and once that it can be again.
"""

import logging
from pathlib import Path
from typing import Final

from reports.checkpoint import write_checkpoint
from reports.output import Output, RunView
from simulator.measurements.state import shorten_series
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

EVERY_S: Final = 3.0
"""Between two checkpoints: well under the promised 5 s, and at some 20 ms each no burden."""


class Checkpoints(Output):
    """Writes a checkpoint into `directory` every `EVERY_S` until the reports take over."""

    name = "checkpoints"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._due = 0.0
        self._failing = False

    def tick(self, run: RunView, now: float) -> None:
        run.measurements.seal(now)
        shorten_series(run.measurements)
        if now >= self._due:
            self.flush(run, now)

    def flush(self, run: RunView, now: float) -> None:
        if run.log is None:
            return
        self._due = now + EVERY_S
        try:
            write_checkpoint(self._directory, run.measurements, run.log, run.info(now, complete=False))
        except OSError as error:
            if not self._failing:
                self._failing = True
                logger.error(
                    _("the run cannot be kept in %s: %s; it goes on, and what is measured stays in memory"),
                    self._directory,
                    error.strerror or error,
                )
        else:
            if self._failing:
                self._failing = False
                logger.warning(_("the run is kept in %s again, with all that was measured meanwhile"), self._directory)
