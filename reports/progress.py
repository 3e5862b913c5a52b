"""The progress line of a headless run: how many devices are where, how fast, how well, and how much time is left.

On a terminal it is one line with a progress bar that is drawn over; elsewhere a plain line every 10 s. Whoever drives
the run calls `tick` about once a second; nothing here has a clock or a thread of its own.
"""

import os
import sys
from typing import Final, TextIO

from rich.cells import cell_len, set_cell_size

from reports import text
from reports.fault_words import kind_text
from reports.figures import Figures, all_requests, recent
from reports.run_info import RunInfo
from reports.weather_now import weather_now
from simulator.measurements.names import INACTIVE_STATES, DeviceState, state_word
from simulator.measurements.run import RunMeasurements
from simulator.printing import safe
from simulator.texts.translation import _

PLAIN_EVERY_S: Final = 10.0
WINDOW_S: Final = 5
"""Rate and p99 are those of the last seconds."""
_BAR: Final = 20
_WIDE: Final = 100
"""Columns; in fewer the bar is half as long, so that 80 hold the line."""
_NARROW: Final = 60
"""In fewer there is no bar: the figures matter more."""


class ProgressLine:
    """Tells on `file` how a run goes.

    Args:
        measurements: of the run.
        run: its names and start.
        planned_s: how long it will take; None if it runs until stopped.
        file: standard error unless given, which leaves standard output to the report.
        width: columns of the terminal; asked of the terminal unless given.
    """

    def __init__(
        self,
        measurements: RunMeasurements,
        run: RunInfo,
        planned_s: float | None,
        file: TextIO | None = None,
        width: int | None = None,
    ) -> None:
        self._measurements = measurements
        self._run = run
        self._planned_s = planned_s
        self._file = safe(sys.stderr if file is None else file)
        # One that cannot draw over a line (`TERM=dumb`) has plain ones.
        self._on_terminal = self._file.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._width = width
        self._next_plain = 0.0
        self._drawn = False

    def tick(self, now: float) -> None:
        """Bring the line up to date; `now` is epoch seconds."""
        if self._on_terminal:
            self._file.write("\r\x1b[2K" + cut(self.line(now), self._columns() - 1))
            self._drawn = True
        elif now >= self._next_plain:
            self._next_plain = now + PLAIN_EVERY_S
            self._file.write(self.line(now) + "\n")
        else:
            return
        self._file.flush()

    def clear(self) -> None:
        """Take the line off the terminal, before something else is printed there."""
        if self._drawn:
            self._file.write("\r\x1b[2K")
            self._file.flush()
            self._drawn = False

    def line(self, now: float) -> str:
        """The line for `now` (epoch seconds), without colours."""
        elapsed = max(now - self._run.started, 0.0)
        figures = recent(self._measurements, self._run, now, WINDOW_S, intended=False)
        _, failed = all_requests(self._measurements.totals)
        parts = [self._time(elapsed), self._devices(), self._weather(now), *_activity(figures, failed)]
        if violations := self._measurements.violations.total:
            parts.append(text.counted(violations, "violation"))
        return "  ".join(part for part in parts if part)

    def _time(self, elapsed: float) -> str:
        if self._planned_s is None:
            return f"{_short(elapsed)}"
        if elapsed > self._planned_s:
            # The devices deliver what they still hold.
            return _("{elapsed}, ending", elapsed=_short(elapsed))
        left = max(self._planned_s - elapsed, 0.0)
        if not self._on_terminal:
            return _("{elapsed} of {planned}", elapsed=_short(elapsed), planned=_short(self._planned_s))
        bar = _BAR if self._columns() >= _WIDE else _BAR // 2 if self._columns() >= _NARROW else 0
        full = round(bar * min(elapsed / self._planned_s, 1.0)) if self._planned_s else bar
        return f"{'█' * full}{'░' * (bar - full)} {_left(left)}".lstrip()

    def _devices(self) -> str:
        gauge = self._measurements.devices.gauge
        online = DeviceState.ONLINE.value
        states = [
            _("{count}/{devices} online", count=text.count(gauge.get(online, 0)), devices=text.count(self._run.devices))
        ]
        states += [
            f"{count:,} {state_word(state)}"
            for state, count in sorted(gauge.items(), key=lambda item: -item[1])
            if count > 0 and state != online and state not in INACTIVE_STATES
        ]
        return text.listed(states)

    def _weather(self, now: float) -> str:
        """The fault that explains where the devices are: the one under way, or the last that they are coming back from.

        A fault's own words may be long: its kind has to do.
        """
        weather = weather_now(self._measurements, self._run, now)
        found = [f"{kind_text(each.planned.what)} {_left(weather.left_s(each))}" for each in weather.under_way]
        if not found and weather.recovering:
            last = weather.recovering[-1]
            found = [
                _("{fault} over, {count} not back", fault=kind_text(last.planned.what), count=text.count(last.not_back))
            ]
        return text.listed(found)

    def _columns(self) -> int:
        if self._width is not None:
            return self._width
        try:
            # a terminal that does not know its size says 0
            return os.get_terminal_size(self._file.fileno()).columns or _WIDE
        except (OSError, ValueError):
            return _WIDE


def _activity(figures: Figures, failed: int) -> list[str]:
    slowest = max(
        ((found.histogram.percentile(99.0), name) for name, found in figures.series.items() if found.count),
        default=None,
    )
    parts = [
        _("{rate} requests/s", rate=text.rate(figures.requests / figures.seconds)),
        _("{count} failed", count=text.count(failed)),
    ]
    if slowest is not None:
        p99 = text.milliseconds(slowest[0] / 1000.0)
        parts.append(_("p99 ≤ {milliseconds} ms ({name})", milliseconds=p99, name=slowest[1]))
    return parts


def cut(line: str, columns: int) -> str:
    """The line within so many columns, where wide characters take two; what is left out is marked by `…`."""
    return line if cell_len(line) <= columns else f"{set_cell_size(line, max(columns - 1, 0)).rstrip()}…"


def _left(seconds: float) -> str:
    return _("{duration} left", duration=_short(seconds))


def _short(seconds: float) -> str:
    """`0:45`, `12:03`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
