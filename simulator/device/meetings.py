"""A meeting as a device keeps it, and into which of its windows a moment falls.

Both windows include their ends. Where a meeting lacks a window's time, the window is open on that side within the
meeting's start and end (docs/deviations.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.device.settings import OwnMeeting
from simulator.protocol.times import parse_iso

SIGN_IN = "0"
SIGN_OUT = "1"
NEITHER = "255"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Times are seconds since the epoch."""

    id: str
    name: str
    start: float
    end: float
    sign_in_from: float
    sign_in_to: float
    sign_out_from: float
    sign_out_to: float

    def status_at(self, moment: float) -> str:
        """`status` of a verification at `moment`, in whole seconds as records carry it.

        A moment in both windows is a sign-in: it is the window that opened first.
        """
        if self.sign_in_from <= moment <= self.sign_in_to:
            return SIGN_IN
        if self.sign_out_from <= moment <= self.sign_out_to:
            return SIGN_OUT
        return NEITHER


def parse_meeting(fields: Mapping[str, Any]) -> Meeting:
    """A meeting from an item of cmd.data.update.meeting that has been checked.

    Raises:
        ValueError: If a time cannot be read.
    """
    start, end = parse_iso(fields["startTime"]), parse_iso(fields["endTime"])

    def time_or(name: str, default: float) -> float:
        text = fields.get(name)
        return parse_iso(text) if text else default

    return Meeting(
        id=fields["id"],
        name=fields["name"],
        start=start,
        end=end,
        sign_in_from=time_or("startSignInTime", start),
        sign_in_to=time_or("lastSignInTime", end),
        sign_out_from=time_or("earSignOutTime", start),
        sign_out_to=time_or("lastSignOutTime", end),
    )


def own_meeting(plan: OwnMeeting, device_start: float) -> Meeting:
    """A meeting of the scenario's own; `device_start` is the device's start in seconds since the epoch.

    Its times are cut to whole seconds, because that is what a platform could have sent.
    """
    base = float(int(device_start))
    start, end = base + plan.starts, base + plan.ends

    def at(offset: float | None, default: float) -> float:
        return default if offset is None else base + offset

    return Meeting(
        id=plan.id,
        name=plan.name,
        start=start,
        end=end,
        sign_in_from=at(plan.sign_in_opens, start),
        sign_in_to=at(plan.sign_in_closes, end),
        sign_out_from=at(plan.sign_out_opens, start),
        sign_out_to=at(plan.sign_out_closes, end),
    )
