"""The progress line of a headless run among the lines that others print on the terminal."""

import logging

from reports.output import Output, RunView
from reports.progress import ProgressLine


class _ClearFirst(logging.Filter):
    """Lets every record pass, and takes the progress line off the terminal before it is printed."""

    def __init__(self, line: ProgressLine) -> None:
        super().__init__()
        self._line = line

    def filter(self, record: logging.LogRecord) -> bool:
        self._line.clear()
        return True


class TerminalLine(Output):
    """Draws the progress line once a second, and makes way for log lines."""

    name = "terminal_line"

    def __init__(self) -> None:
        self._line: ProgressLine | None = None
        self._filter: _ClearFirst | None = None
        self._handlers: list[logging.Handler] = []

    def start(self, run: RunView, now: float) -> None:
        self._line = ProgressLine(run.measurements, run.info(now, complete=False), run.planned_s)
        self._filter = _ClearFirst(self._line)
        loggers = (logging.getLogger(), logging.getLogger("locust"), logging.getLogger("locust.stats_logger"))
        self._handlers = [handler for logger in loggers for handler in logger.handlers]
        for handler in self._handlers:
            handler.addFilter(self._filter)

    def tick(self, run: RunView, now: float) -> None:
        if self._line is not None:
            self._line.tick(now)

    def finish(self, run: RunView, now: float) -> None:
        """Take the line away for good."""
        if self._line is None or self._filter is None:
            return
        self._line.clear()
        for handler in self._handlers:
            handler.removeFilter(self._filter)
