"""The times in which a fault disturbs a device, and what can be its doing in them."""

from dataclasses import dataclass
from typing import Final, Protocol

from simulator.measurements.names import (
    BAD_CERTIFICATE,
    BAD_KEY,
    BAD_PROFILE,
    BAD_URL,
    DISCONNECTED,
    INIT,
    INTERNAL_ERROR,
    MALFORMED_REPLY,
    NO_SESSION,
    OWN_CODES,
    SESSION_REFUSED,
    TIMEOUT,
    TLS_HANDSHAKE,
    TLS_RESUMPTION,
    TOO_LARGE,
    UNSUPPORTED_TRANSPORT,
    is_failure,
)

_NEVER_BY_FAULT: Final = frozenset(
    {
        INTERNAL_ERROR,
        MALFORMED_REPLY,
        BAD_KEY,
        BAD_CERTIFICATE,
        UNSUPPORTED_TRANSPORT,
        BAD_URL,
        BAD_PROFILE,
        TOO_LARGE,
        SESSION_REFUSED,
        NO_SESSION,
        "no proper MQTT",
        "message too large",
    }
)
"""Codes of what arrived and was wrong, or is wrong here: no weather makes an answer wrong."""
_OPENINGS: Final = frozenset({INIT.name, TLS_HANDSHAKE.name, TLS_RESUMPTION.name})
"""Flows that bring a device back: a fault holds them up while it lasts, and no longer."""
_WAITED_IN_VAIN: Final = frozenset({TIMEOUT, "keep-alive", "no pong"})
"""Codes of requests, and reasons of endings, that say: nothing came in time."""
_NEVER_BY_DELAY: Final = frozenset(OWN_CODES) - {TIMEOUT, DISCONNECTED}
"""What nothing that only takes longer can come to: that nobody listens at an address, say."""
_ITS_SHARE: Final = 0.5
"""Of the time that somebody waited in vain: where it was held as long, that is the slow line's doing."""


class Held(Protocol):
    """How long a slow line held a device's data."""

    def __call__(self, begin: float, end: float, *, opening: bool) -> float:
        """Seconds of those from `begin` to `end` (epoch) that a request and its reply may have been held.

        Args:
            opening: whether of look-ups, downloads and openings too, and not only of what goes over connections.
        """
        ...


@dataclass(slots=True)
class Window:
    """A time in which a fault disturbs a device; epoch seconds.

    Attributes:
        end: None while it lasts.
        back: when the device was back after it; None before.
        delays: whether what succeeds meanwhile takes longer by it. What does not, misbehaviour, can still have the
            platform end a connection, but nobody waits in vain by it.
        held: of a fault that does nothing but hold data up; None of any other.
        blocks: whether the device cannot come online meanwhile.
    """

    number: int
    begin: float
    delays: bool
    held: Held | None
    blocks: bool
    end: float | None = None
    back: float | None = None

    def overlaps(self, begin: float, end: float) -> bool:
        """Whether any of the time from `begin` to `end` is in it."""
        return self.begin <= end and (self.end is None or begin <= self.end)

    def meets(self, begin: float, end: float, code: str) -> bool:
        """Whether what came to `code` in that time can have to do with it: what a slow line holds outlasts its end."""
        return self.overlaps(begin, end) or (self.held is not None and is_failure(code) and self.begin <= end)

    def explains(self, code: str, since: float, at: float, *, opening: bool) -> bool:
        """Whether what came to `code`, or a connection that ended for that reason, may be its doing.

        Args:
            since: from when on somebody had waited in vain `at` that time.
            opening: as `Held` has it.
        """
        if not is_failure(code):
            return True
        if code in _NEVER_BY_FAULT:
            return False
        if self.held is None:
            return self.delays or code not in _WAITED_IN_VAIN
        if code in _NEVER_BY_DELAY:
            return False
        return self.held(since, at, opening=opening) >= _ITS_SHARE * (at - since) > 0

    def holds_up(self, flow: str, begin: float, end: float) -> bool:
        """As `overlaps`, of a flow: until the device is back no record can go up, but it can come online."""
        if flow in _OPENINGS:
            return self.overlaps(begin, end)
        return self.begin <= end and (self.back is None or begin <= self.back)
