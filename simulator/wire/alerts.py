"""The alert of a server that refuses a client's certificate: without it no client could say why it was turned away.

Both event loops drop a connection whose TLS handshake failed before what OpenSSL has to say of it has gone out.
"""

import ssl


class TellingHandshake(ssl.SSLObject):
    """A handshake that fails a moment later: the alert goes out first, and the peer hangs up on it."""

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """As of its base class; a failure is raised when more comes from the peer, or its time has run out."""
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._failure = error
            # The loop sends what OpenSSL has written, and waits.
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert goes out first") from error
