"""Who is connected, logged in and online: one connection a device, of which the newest wins (docs/deviations.md)."""

from enum import Enum, auto
from functools import partial
from typing import Protocol

from simulator.platform.device_commands import Link
from simulator.platform.pushes import Pushes
from simulator.platform.services import Services
from simulator.wire.phase import GOING_AWAY, POLICY_VIOLATION

SECOND_LOGIN = "the device logged in on another connection"
"""Why an older connection is closed."""


class Phase(Enum):
    """Where a connection is in the initial flow."""

    EXCHANGE = auto()
    """The channel is not established yet."""
    CONNECTED = auto()
    """The channel is there; nobody has logged in."""
    LOGGED_IN = auto()
    """The login was accepted; the report's reply has not been sent."""
    ONLINE = auto()
    """The report's reply has been sent: business is allowed."""
    ENDED = auto()


class Session(Link, Protocol):
    """A connection, as it is seen from here."""

    phase: Phase
    heard: float
    """Monotonic time of the last message."""

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        ...


class OnlineDevices:
    """All connections of one platform."""

    def __init__(self, services: Services, pushes: Pushes) -> None:
        self._services = services
        self._pushes = pushes
        self._sessions: dict[Session, None] = {}
        """In the order in which they came, so that what is done to all has an order."""
        self._by_sn: dict[str, Session] = {}

    @property
    def serial_numbers(self) -> set[str]:
        """Of the devices that are online."""
        return {sn for sn, session in self._by_sn.items() if session.phase is Phase.ONLINE}

    def connections_of(self, sn: str) -> int:
        """On how many connections device `sn` is logged in: never more than one."""
        return sum(session.sn == sn and session.phase in (Phase.LOGGED_IN, Phase.ONLINE) for session in self._sessions)

    def has_other(self, sn: str, session: Session) -> bool:
        """Whether the device is logged in on another connection than this."""
        return self._by_sn.get(sn, session) is not session

    # --- What sessions tell ---

    def joined(self, session: Session) -> None:
        """A connection is open."""
        self._sessions[session] = None

    def logged_in(self, session: Session, sn: str) -> None:
        """A login was accepted.

        Raises:
            LedgerFault: If an older connection's end cannot be noted.
        """
        services = self._services
        older = self._by_sn.get(sn)
        if older is not None and older is not session:
            silent = services.clock.monotonic() - older.heard
            services.devices.logged_in_twice(sn, services.clock.wall(), silent)
            services.log(f"{sn}: logged in on a second connection; the older one, silent for {silent:.1f} s, is closed")
            self._forget(older)
            older.close(POLICY_VIOLATION, SECOND_LOGIN)
        self._by_sn[sn] = session
        session.sn = sn
        if session.phase is Phase.CONNECTED:
            session.phase = Phase.LOGGED_IN

    def reported(self, session: Session) -> None:
        """The reply to a report was sent: the device is online, and the pushes begin."""
        if session.phase is Phase.LOGGED_IN:
            session.phase = Phase.ONLINE
            self._services.ledger.perform(partial(self._push, session))

    def left(self, session: Session, code: int, detail: str) -> None:
        """A connection has ended."""
        self._sessions.pop(session, None)
        if self._services.verbose:
            self._services.log(f"{session.sn or 'a device'}: connection ended ({code}, {detail})")
        self._forget(session)

    def away(self, session: Session) -> None:
        """The device of a session that goes on has left: nothing is pushed to it."""
        self._forget(session)

    def back(self, session: Session) -> None:
        """A device that was away is heard again on the same session."""
        sn = session.sn
        if sn and sn not in self._by_sn:
            self._by_sn[sn] = session
            if session.phase is Phase.ONLINE:
                self._services.ledger.perform(partial(self._push, session))

    # --- What the server does from time to time ---

    def close_silent(self, seconds: float) -> None:
        """Close the connections that have sent nothing for so long."""
        limit = self._services.clock.monotonic() - seconds
        for session in [session for session in self._sessions if session.heard < limit]:
            self._services.tally.event("silent connection closed")
            session.close(GOING_AWAY, "nothing was heard for too long")
            self._forget(session)

    def _push(self, session: Session) -> None:
        if session.phase is Phase.ONLINE:
            self._pushes.online(session)

    def _forget(self, session: Session) -> None:
        sn = session.sn
        if not sn or self._by_sn.get(sn) is not session:
            return
        del self._by_sn[sn]
        self._pushes.offline(sn, session)
        services, at = self._services, self._services.clock.wall()
        services.ledger.perform(lambda: services.devices.left(sn, at))
