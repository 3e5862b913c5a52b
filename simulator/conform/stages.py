"""How far a tester's device has come in the initial flow, and which case judges each step of it."""

from enum import IntEnum
from typing import Final


class Stage(IntEnum):
    """A device's place in the initial flow; a later one includes the earlier ones."""

    LOOKED_UP = 0
    """It knows where the broker is; there is no connection."""
    OPENED = 1
    """The WebSocket is open, nothing was sent."""
    EXCHANGED = 2
    """Keys and factors are exchanged; the same as OPENED in a suite without an exchange."""
    REGISTERED = 3
    """It holds an authCode."""
    ACCREDITED = 4
    """It holds a secret as well."""
    LOGGED_IN = 5
    """The login was accepted; no report yet, so no business."""
    ONLINE = 6
    """The report was accepted."""


STEP_CASES: Final = {
    Stage.LOOKED_UP: "lookup.granted",
    Stage.OPENED: "channel.opened",
    Stage.EXCHANGED: "channel.exchanged",
    Stage.REGISTERED: "register.granted",
    Stage.ACCREDITED: "accredit.granted",
    Stage.LOGGED_IN: "login.granted",
    Stage.ONLINE: "report.accepted",
}
"""The case that judges each step (`simulator.conform.cases.flow`). A platform that blocks a step has FAILED this case,
and all that needs the step is NOT-RUN."""
