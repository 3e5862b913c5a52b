"""What somebody did to the fleet by hand while a run went on: names of actions, why one was not done, what is kept.

Everything that is kept stands in the report, with its time: whoever reads it must know that the run was not left alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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
MOST_REFUSED: Final = 20
"""Of those that were not done, the latest stand there too; the others are counted."""


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

    @property
    def refused(self) -> bool:
        """Whether it is known that nothing was done."""
        return not self.done and self.problem != NO_ANSWER


class Away(NamedTuple):
    """The devices that somebody has taken away and not given back."""

    devices: int
    since: float
    """When the last of them went, in seconds from the run's begin."""


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


def still_away(
    actions: Sequence[Action], end: float, groups: Mapping[str, int], group_of: Callable[[str], str | None]
) -> Away:
    """Who is stopped or off the network at `end`, by hand.

    Args:
        end: seconds from the run's begin.
        groups: devices by group.
        group_of: the group of a serial number; None where there is no such device. Asked only where it matters.
    """
    single = still_stopped(actions)
    several: dict[str | None, float] = {}
    for action in actions:
        if action.done and action.action in (AWAY, OUTAGE) and action.at + (action.seconds or 0.0) > end:
            if action.device is not None:
                single[action.device] = min(action.at, single.get(action.device, action.at))
            else:
                several[action.group] = min(action.at, several.get(action.group, action.at))
    own: dict[str, list[float]] = {}
    for sn, at in single.items():
        group = next(iter(groups)) if len(groups) == 1 else group_of(sn)
        if group is not None:
            own.setdefault(group, []).append(at)
    count, since = 0, 0.0
    for group, devices in groups.items():
        alone = own.get(group, [])
        wholly = [several[key] for key in (None, group) if key in several]
        if alone and len(alone) >= devices:
            wholly.append(max(alone))
        if devices and wholly:
            count, since = count + devices, max(since, min(wholly))
        elif alone:
            count, since = count + len(alone), max(since, *alone)
    return Away(count, since)
