"""A connection until its device has logged in: small limits, few messages, and little time (docs/deviations.md).

Stands before the session and steps aside at the login, so that a device that is online is not asked about it. How many
connections there are in all, and for how long, is counted by the wire's `Strangers`.
"""

from collections.abc import Callable

from simulator.platform.connection import Admitting, PlatformConnection
from simulator.platform.device_session import DeviceSession
from simulator.wire.phase import POLICY_VIOLATION

MESSAGES_BEFORE_LOGIN = 100
"""A cold start takes five, a warm one that is refused eight."""


class BeforeLogin:
    """The first handler of a connection.

    Args:
        on_too_many: told when more messages came than anybody needs for a login.
    """

    __slots__ = ("_admitting", "_messages", "_on_too_many", "_session")

    def __init__(self, session: DeviceSession, on_too_many: Callable[[], None]) -> None:
        self._session = session
        self._on_too_many = on_too_many
        self._admitting: Admitting | None = None
        self._messages = 0

    def opened(self, connection: PlatformConnection) -> None:
        """The connection is open."""
        if isinstance(connection, Admitting):
            self._admitting = connection
        self._session.opened(connection)

    def message(self, payload: bytes, binary: bool) -> None:
        """A message has come."""
        session = self._session
        self._messages += 1
        if not session.sn and self._messages > MESSAGES_BEFORE_LOGIN:
            self._on_too_many()
            session.close(POLICY_VIOLATION, "too many messages without a login")
            return
        session.message(payload, binary)
        if session.sn and self._admitting is not None:
            self._admitting.admit(session)

    def closed(self, code: int, reason: str, detail: str) -> None:
        """The connection has ended."""
        self._admitting = None
        self._session.closed(code, reason, detail)
