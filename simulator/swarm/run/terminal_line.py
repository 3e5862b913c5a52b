"""The progress line of a headless run among the lines that others print."""

import logging

from reports.progress import ProgressLine


class _ClearFirst(logging.Filter):
    """Lets every record pass, and takes the progress line off the terminal before it is printed."""

    def __init__(self, line: ProgressLine) -> None:
        super().__init__()
        self._line = line

    def filter(self, record: logging.LogRecord) -> bool:
        self._line.clear()
        return True


class TerminalLine:
    """Draws the progress line once a second, and makes way for log lines until `end`."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._filter = _ClearFirst(line)
        loggers = (logging.getLogger(), logging.getLogger("locust"), logging.getLogger("locust.stats_logger"))
        self._handlers = [handler for logger in loggers for handler in logger.handlers]
        for handler in self._handlers:
            handler.addFilter(self._filter)

    def tick(self, now: float) -> None:
        """Draw; `now` is epoch seconds."""
        self._line.tick(now)

    def end(self) -> None:
        """Take the line away for good."""
        self._line.clear()
        for handler in self._handlers:
            handler.removeFilter(self._filter)
