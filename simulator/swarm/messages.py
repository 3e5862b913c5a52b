"""The messages between master and workers beside Locust's own, and their names."""

from typing import Final

RUN: Final = "best_fleet.run"
"""Master to worker: the order of the run that begins (`RunOrder.to_wire`)."""
ASK_RUN: Final = "best_fleet.ask_run"
"""Worker to master: I am here, is there a run?"""
LEASE: Final = "best_fleet.lease"
"""Both ways: `LeaseHolder.question` and `LeaseBook.answer`, each with the run's id under `run`."""
STOP: Final = "best_fleet.stop"
"""Master to worker: let the devices deliver their records and stop, then report."""
STOPPED: Final = "best_fleet.stopped"
"""Worker to master: all my devices are down and my last figures are with you. `leaving`: I am about to quit."""
FAILED: Final = "best_fleet.failed"
"""Worker to master: I cannot run devices; `reason` says why, `code` is the exit code that this means."""
DELTA: Final = "best_fleet"
"""Key of a worker's measurements in Locust's own reports."""
