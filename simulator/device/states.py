"""Everything about the states of a device's life: which follow each other, and how far its end has come.

What each state means is said where the states are declared, in `simulator.measurements.names`.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from simulator.measurements.names import DeviceState

_OVER: Final = (DeviceState.STOPPED, DeviceState.FAILED, DeviceState.UNPOWERED)
"""A device is told to stop, breaks down by a fault of this program, or loses its power, wherever it is."""
_LOST: Final = (DeviceState.WAITING, *_OVER)
"""Beside these, whatever is under way towards the platform may come to nothing, and is tried again."""

TRANSITIONS: Final[Mapping[DeviceState, frozenset[DeviceState]]] = MappingProxyType(
    {
        DeviceState.OFFLINE: frozenset({DeviceState.LOOKUP, *_OVER}),
        # FAILED is also where the platform's broker is none that a device can speak to.
        DeviceState.LOOKUP: frozenset({DeviceState.CONNECTING, *_LOST}),
        # What comes first depends on the channel's suite, and on whether the device holds a login.
        DeviceState.CONNECTING: frozenset({DeviceState.EXCHANGE, DeviceState.REGISTER, DeviceState.LOGIN, *_LOST}),
        DeviceState.EXCHANGE: frozenset({DeviceState.REGISTER, DeviceState.LOGIN, *_LOST}),
        DeviceState.REGISTER: frozenset({DeviceState.ACCREDIT, *_LOST}),
        DeviceState.ACCREDIT: frozenset({DeviceState.LOGIN, *_LOST}),
        # A refused login of an earlier run is thrown away, and the device registers.
        DeviceState.LOGIN: frozenset({DeviceState.REPORT, DeviceState.REGISTER, *_LOST}),
        DeviceState.REPORT: frozenset({DeviceState.ONLINE, *_LOST}),
        DeviceState.ONLINE: frozenset({DeviceState.REBOOTING, *_LOST}),
        # The broker's address is kept, and asked for again when it led nowhere, or as the scenario says.
        DeviceState.WAITING: frozenset({DeviceState.LOOKUP, DeviceState.CONNECTING, *_OVER}),
        DeviceState.REBOOTING: frozenset({DeviceState.LOOKUP, DeviceState.CONNECTING, *_OVER}),
        # With power again a device begins as after it was switched on; without it nothing can break down.
        DeviceState.UNPOWERED: frozenset({DeviceState.WAITING, DeviceState.STOPPED}),
        DeviceState.FAILED: frozenset(),
        DeviceState.STOPPED: frozenset(),
    }
)
"""State -> the states that may follow it; the first is OFFLINE."""

RESTING: Final = frozenset(
    {DeviceState.OFFLINE, DeviceState.WAITING, DeviceState.REBOOTING, DeviceState.FAILED},
)
"""States in which nothing is under way: a device that has nothing to deliver can stop at once."""


class Stage(Enum):
    """How far the end of a device's life has come; it never goes back."""

    LIVING = "living"
    DRAINING = "draining"
    """Told to stop: nothing new begins, what waits is delivered."""
    LEAVING = "leaving"
    """Closes its connection, and is not to come back."""


class TransitionError(Exception):
    """A device was to enter a state that cannot follow the one it is in: a fault of this program."""


def check_transition(state: DeviceState, following: DeviceState) -> None:
    """
    Raises:
        TransitionError: If `following` is not in the table after `state`.
    """
    if following not in TRANSITIONS.get(state, ()):
        raise TransitionError(f"a device cannot go from {state.value} to {following.value}")
