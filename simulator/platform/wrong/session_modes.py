"""Mistakes in how connections are kept, and in WebSocket itself."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Mode

ENDS_AFTER_S: Final = 1.0
"""A device has been online for so long when its connection is ended."""

CUT: Final = Mode(
    name="session.cut",
    text=f"ends TCP without a close frame when a device was online for {ENDS_AFTER_S:g} s",
    rules=(rules.SESSION_CLOSED_UNANNOUNCED,),
    cases=("ws.*", "heartbeat.*"),
)
KEEPS_OLDER: Final = Mode(
    name="session.keeps-older",
    text="leaves a device's older connection open when it logs in on another",
    cases=("login.*",),
)
CLOSES_NEWER: Final = Mode(
    name="session.closes-newer",
    text="closes the newer of two connections of a device",
    cases=("login.*",),
)
NORMAL_STATUS: Final = Mode(
    name="session.normal-status",
    text="closes with 1000 where 1008 is due",
    cases=("login.*", "channel.*", "ws.*"),
)

SESSION_MODES: Final[tuple[Mode, ...]] = (
    CUT,
    KEEPS_OLDER,
    CLOSES_NEWER,
    NORMAL_STATUS,
)
"""In the order of tables."""
