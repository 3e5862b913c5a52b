"""Looks at what the embedded platform's process holds: a soak asks of both sides whether anything grows.

Every few seconds, and each second while more devices come online than ever before: the most files that it had open are
told as such.
"""

from typing import Final

import psutil

from reports.output import Output, RunView
from simulator.measurements.names import DeviceState
from simulator.measurements.resources import Held, Resources
from simulator.swarm.open_files import open_files

EVERY_S: Final = 5.0
"""Its open files are counted, which takes a ms for two thousand of them where the system does not tell it."""


class PlatformWatch(Output):
    """Samples memory and open files of the embedded platform, if the run has one, wherever it lives now."""

    name = "platform_watch"

    def __init__(self) -> None:
        self._due = 0.0
        self._most_online = 0
        self._process: psutil.Process | None = None

    def tick(self, run: RunView, now: float) -> None:
        pid = run.platform.pid if run.platform is not None else None
        online = run.measurements.devices.gauge.get(DeviceState.ONLINE.value, 0)
        if pid is None or (now < self._due and online <= self._most_online):
            return
        self._most_online = max(online, self._most_online)
        self._due = now + EVERY_S
        health = run.measurements.health
        held = health.platforms.setdefault("", Resources())
        try:
            if self._process is None or self._process.pid != pid:
                if self._process is not None:
                    held.live_again()
                self._process = psutil.Process(pid)
            with self._process.oneshot():
                rss_mb, files = self._process.memory_info().rss / 1e6, open_files(self._process)
            for child in self._process.children():
                rss_mb += child.memory_info().rss / 1e6
                files += open_files(child)
        except psutil.Error:
            return  # it has just ended: whether it should have is the run's to say
        held.add(now, rss_mb, Held(open_files=files))
