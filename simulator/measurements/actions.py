"""What somebody did to the fleet by hand while a run went on: names of actions, why one was not done, what is kept.

Everything that is kept stands in the report, with its time: whoever reads it must know that the run was not left alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

VERIFY: Final = "verify"
ENROL: Final = "enrol"
REBOOT: Final = "reboot"
AWAY: Final = "offline"
STOP: Final = "stop"
START: Final = "start"
OUTAGE: Final = "outage"
DEVICE_ACTIONS: Final = (VERIFY, ENROL, REBOOT, AWAY, STOP, START)
"""Of one device."""

NOT_ON: Final = "not_on"
"""The device is not switched on."""
NOT_UP: Final = "not_up"
"""It is restarting, or has no power."""
NOT_ONLINE: Final = "not_online"
NOBODY: Final = "nobody"
"""Nobody is enrolled who may verify now."""
STORE_FULL: Final = "store_full"
NOT_LISTED: Final = "not_listed"
"""Its firmware does not have what that needs."""
IS_ON: Final = "is_on"
"""It is switched on already."""
STOPPING: Final = "stopping"
"""It is still about to stop."""
NOT_HELD: Final = "not_held"
"""No user of the run has it, so that nobody can switch it on."""
NO_RUN: Final = "no_run"
"""No run is going on."""
NO_ANSWER: Final = "no_answer"
"""Its process did not answer in time: whether it was done is not known."""
TOO_MANY: Final = "too_many"
"""There were as many actions in this run as are kept."""

MOST_ACTIONS: Final = 1_000
"""Of a run: no more are done than stand in its report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        at: seconds from the run's begin.
        device: serial number; None for the fleet, or for a group of it.
        group: its name; None for all.
        seconds: how long it lasts, where it lasts.
        done: whether it was.
        problem: one of the keys above where it was not; empty else.
    """

    at: float
    action: str
    device: str | None = None
    group: str | None = None
    seconds: float | None = None
    done: bool = True
    problem: str = ""


def still_stopped(actions: Iterable[Action]) -> dict[str, float]:
    """The devices that somebody stopped and nobody started again, and when that was."""
    stopped: dict[str, float] = {}
    for action in actions:
        if action.device is None or not action.done:
            continue
        if action.action == STOP:
            stopped[action.device] = action.at
        elif action.action == START:
            stopped.pop(action.device, None)
    return stopped
