"""TLS sessions that a peer keeps from one connection to the next, which goes on with them (RFC 8446, section 2.2).

Tickets of TLS 1.3 come after the handshake: a session is taken over when its connection ends, or the next one begins,
and given away with the next. It holds secrets and is shown nowhere. Where the server does not take it, OpenSSL makes a
full handshake instead, and the connection is as good as any.
"""

import ssl
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from simulator.wire.own_certificate import OwnCertificate


class Handshakes(Protocol):
    """What begins a handshake: `ssl.SSLContext`, or what stands in for one (`OwnCertificate`, `Resuming`)."""

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str) -> ssl.SSLObject: ...


class Handshake(Enum):
    """What a handshake was for a peer that keeps sessions."""

    FIRST = "full: the peer had not been connected there before"
    NO_SESSION = "full: the last connection there had left no session"
    REFUSED = "full, although a session was offered"
    RESUMED = "resumed"


_Key = tuple[ssl.SSLContext, str | None, str]
"""Whom a session is for: the settings, the certificate that was shown in it, and the server's name."""


class KeptSession:
    """What one peer keeps.

    Args:
        monotonic: the clock, in seconds.
        tell: told of each handshake that came through: what it was, and how many seconds it took.
    """

    __slots__ = ("_key", "_monotonic", "_session", "_tell", "_tls")

    def __init__(self, monotonic: Callable[[], float], tell: Callable[[Handshake, float], None]) -> None:
        self._monotonic = monotonic
        self._tell = tell
        self._key: _Key | None = None
        """Of the last connection."""
        self._tls: ssl.SSLObject | None = None
        """Of the last connection, while it has not ended and the next one has not begun."""
        self._session: ssl.SSLSession | None = None
        """Of the last connection, since it has ended."""

    def resuming(self, settings: ssl.SSLContext | OwnCertificate) -> "Resuming":
        """What the peer's next connection, with these settings, does TLS with."""
        return Resuming(self, settings)

    def now(self) -> float:
        """Seconds of the clock."""
        return self._monotonic()

    def take(self, key: _Key) -> ssl.SSLSession | None:
        """The session, which nobody gets again; None where there is none for this."""
        tls, self._tls = self._tls, None
        session, self._session = self._session, None
        if self._key != key:
            return None
        return session if tls is None else _session_of(tls)

    def give_back(self, key: _Key, session: ssl.SSLSession) -> None:
        """It was taken for a handshake that broke off."""
        if self._tls is None and self._key == key:
            self._session = session

    def opened(self, key: _Key, tls: ssl.SSLObject, offered: ssl.SSLSession | None, seconds: float) -> None:
        """A handshake has come through."""
        if offered is not None:
            handshake = Handshake.RESUMED if tls.session_reused else Handshake.REFUSED
        else:
            handshake = Handshake.NO_SESSION if self._key == key else Handshake.FIRST
        self._key, self._tls, self._session = key, tls, None
        self._tell(handshake, seconds)

    def ended(self, tls: ssl.SSLObject) -> None:
        """A connection has ended."""
        if self._tls is tls:
            self._tls, self._session = None, _session_of(tls)


class Resuming:
    """Stands in for TLS settings in one connection of a peer: offers what that has kept, and leaves what comes of it.

    Where several addresses are tried, in each handshake.
    """

    __slots__ = ("_began", "_kept", "_key", "_offered", "_settings")

    def __init__(self, kept: KeptSession, settings: ssl.SSLContext | OwnCertificate) -> None:
        self._kept = kept
        self._settings = settings
        self._began = 0.0
        self._key: _Key
        self._offered: ssl.SSLSession | None = None

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str) -> ssl.SSLObject:
        """As `SSLContext.wrap_bio`."""
        settings = self._settings
        self._began = self._kept.now()
        if isinstance(settings, ssl.SSLContext):
            self._key = (settings, None, server_hostname)
        else:
            self._key = (settings.context, settings.shown, server_hostname)
        self._offered = self._kept.take(self._key)
        return settings.wrap_bio(incoming, outgoing, server_hostname=server_hostname, session=self._offered)

    def opened(self, tls: ssl.SSLObject) -> None:
        """The handshake is done."""
        offered, self._offered = self._offered, None
        self._kept.opened(self._key, tls, offered, self._kept.now() - self._began)

    def ended(self, tls: ssl.SSLObject | None) -> None:
        """The connection has ended.

        Args:
            tls: what it was encrypted by; None where the handshake was not done, so that what was offered still holds.
        """
        if tls is not None:
            self._kept.ended(tls)
        elif self._offered is not None:
            self._kept.give_back(self._key, self._offered)


def _session_of(tls: ssl.SSLObject) -> ssl.SSLSession | None:
    """What a server would go on with; None where it has given nothing for that (in TLS 1.3: not yet)."""
    session = tls.session
    return session if session is not None and (session.has_ticket or session.id) else None
