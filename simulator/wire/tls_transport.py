"""TLS between a protocol and a socket's transport: the glue round `ssl.MemoryBIO` that a client's connection needs.

The loops have their own. That of uvloop keeps a buffer of 256 KB for each connection, the peer's certificate in parts
and a deque; at thousands of connections which sleep most of the time, that is more than TLS itself holds. Here a
connection holds what OpenSSL does (some 22 KB), two memory BIOs and one object.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final, cast

from simulator.wire.resumption import Handshakes, Resuming

RECORD: Final = 16 * 1024
"""Bytes that one record of TLS holds at most (RFC 8446, section 5.1): reading that many leaves none of it behind."""

_AGAIN: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_State = IntEnum("_State", ["HANDSHAKE", "OPEN", "CLOSING", "ENDED"])  # closing: ours is sent, the peer's waited for


class TlsTransport(asyncio.Protocol, asyncio.Transport):
    """The transport of `protocol`, and the protocol of the socket's transport; see `secure`.

    As the loops' own: it cannot be half closed; `close` sends what was written, then TLS's own end, and waits for the
    peer's; an end of the socket without one is `connection_lost(None)`.
    """

    __slots__ = (
        "_backlog",
        "_closing_s",
        "_failure",
        "_held",
        "_incoming",
        "_loop",
        "_opened",
        "_outgoing",
        "_protocol",
        "_raw",
        "_raw_full",
        "_resuming",
        "_state",
        "_timer",
        "_tls",
        "_told_full",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        settings: Handshakes,
        server_hostname: str,
        closing_s: float,
    ) -> None:
        """Arguments as of `secure`.

        Raises:
            ValueError: If the host name can stand in no certificate.
        """
        # Without that of BaseTransport, which makes a dictionary for each.
        self._loop = loop
        self._protocol = protocol
        self._closing_s = closing_s
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = settings.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._resuming = settings if isinstance(settings, Resuming) else None
        self._raw: asyncio.Transport
        self._state = _State.HANDSHAKE
        self._opened: asyncio.Future[None] | None = loop.create_future()
        self._held = False
        # What could not be encrypted because OpenSSL waits for the peer: in a renegotiation (TLS 1.2) alone.
        self._backlog: list[bytes] | None = None
        self._raw_full = self._told_full = False
        self._failure: Exception | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def opened(self) -> None:
        """Wait until the handshake is done.

        Raises:
            OSError: It failed, or the connection ended in it.
        """
        if self._opened is not None:
            await self._opened

    @property
    def below(self) -> asyncio.Transport:
        """The socket's transport."""
        return self._raw

    # --- The protocol's transport ---

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._state is not _State.OPEN or not data:
            return
        if self._backlog is not None:
            self._backlog.append(bytes(data))
            return
        try:
            # All of it: a memory BIO takes whatever it is given.
            self._tls.write(data)
        except _AGAIN:
            self._backlog = [bytes(data)]
            self._tell_whether_full()
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._raw.write(self._outgoing.read())

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def write_eof(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        if self._state is _State.OPEN:
            self._state = _State.CLOSING
            self._timer = self._loop.call_later(self._closing_s, self._closing_timed_out)
            self._go_on_closing()
        elif self._state is _State.HANDSHAKE:
            self.abort()

    def abort(self) -> None:
        self._state = _State.ENDED
        self._raw.abort()

    def is_closing(self) -> bool:
        return self._state is not _State.OPEN or self._raw.is_closing()

    def pause_reading(self) -> None:
        self._held = True
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        self._held = False
        # Not at once: whoever resumes is not prepared for data meanwhile.
        self._loop.call_soon(self._read_what_waited)
        self._raw.resume_reading()

    def is_reading(self) -> bool:
        return self._raw.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._raw.get_write_buffer_size() + sum(map(len, self._backlog or ()))

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._raw.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._raw.set_write_buffer_limits(high, low)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        tls = getattr(self, "_tls", None)
        if tls is not None:
            if name == "ssl_object":
                return tls
            if name == "peercert":
                return tls.getpeercert()
            if name == "cipher":
                return tls.cipher()
        return self._raw.get_extra_info(name, default)

    # --- The socket's protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = cast("asyncio.Transport", transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if self._state is _State.OPEN:
            self._read()
        elif self._state is _State.HANDSHAKE:
            self._shake_hands()
        elif self._state is _State.CLOSING:
            self._go_on_closing()

    def eof_received(self) -> None:
        """The peer's socket ended, whatever TLS has said; returning nothing has the socket's transport close itself."""
        if self._state is _State.HANDSHAKE:
            self._refuse(ConnectionResetError())
        self._state = _State.ENDED

    def pause_writing(self) -> None:
        self._raw_full = True
        self._tell_whether_full()

    def resume_writing(self) -> None:
        self._raw_full = False
        self._tell_whether_full()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._state = _State.ENDED
        protocol, self._protocol = self._protocol, _NOBODY
        self._backlog = None
        if self._resuming is not None:
            self._resuming.ended(self._tls if self._opened is None else None)
        # What somebody still holds is an empty shell: OpenSSL's part is most of a connection's memory.
        del self._tls, self._incoming, self._outgoing
        if self._opened is not None:
            self._refuse(exc or ConnectionResetError())
        else:
            protocol.connection_lost(exc or self._failure)

    # --- Between them ---

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except _AGAIN:
            self._send()
        except OSError as error:
            # An alert says to the peer why. A session that was offered in vain is not offered again.
            self._resuming = None
            self._send()
            self._raw.close()
            self._refuse(error)
        else:
            self._state = _State.OPEN
            if self._resuming is not None:
                self._resuming.opened(self._tls)
            # Its first words go along with the handshake's last ones, as one piece. A server that refuses our
            # certificate hangs up on the latter; words that come after that would be answered by a reset, which may
            # take the place of the alert that says why.
            self._protocol.connection_made(self)
            if self._outgoing.pending:
                self._send()
            opened, self._opened = self._opened, None
            if opened is not None and not opened.done():
                opened.set_result(None)
            self._read_what_waited()

    def _refuse(self, error: Exception) -> None:
        """The handshake has failed; the protocol never knew of it."""
        self._state = _State.ENDED
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error)

    def _read_what_waited(self) -> None:
        if self._state is _State.OPEN and self._incoming.pending:
            self._read()

    def _read(self) -> None:
        """Hand on what has come, as one piece."""
        if self._held:
            return
        pieces: list[bytes] = []
        ended = False
        failure: ssl.SSLError | None = None
        incoming, read = self._incoming, self._tls.read
        try:
            # Asked for more than there is, OpenSSL answers with an exception, which costs more than a record does.
            while incoming.pending:
                piece = read(RECORD)
                if not piece:
                    ended = True
                    break
                pieces.append(piece)
        except _AGAIN:
            pass
        except ssl.SSLError as error:
            failure = error
        if pieces:
            self._protocol.data_received(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if self._state is not _State.OPEN:
            return
        if failure is not None:
            self._fail(failure)
            return
        if self._backlog is not None:
            self._write_backlog()
        if self._outgoing.pending:
            # Of TLS itself, for instance new keys that the peer has asked for.
            self._send()
        if ended:
            self._protocol.eof_received()
            self.close()

    def _go_on_closing(self) -> None:
        """Send what waits and TLS's own end; once that of the peer has come, end the socket's connection."""
        try:
            ended = self._read_into_nothing()
            if self._backlog is None or self._write_backlog():
                # Raises until the peer's end has come too.
                self._tls.unwrap()
                self._state = _State.ENDED
        except _AGAIN:
            pass
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._send()
        if ended:
            self._protocol.eof_received()
        if self._state is _State.ENDED:
            self._raw.close()

    def _read_into_nothing(self) -> bool:
        """What comes while closing is for nobody; whether the peer's end of TLS was among it."""
        try:
            while self._incoming.pending:
                if not self._tls.read(RECORD):
                    return True
        except _AGAIN:
            pass
        except ssl.SSLZeroReturnError:
            # The same, once this side has sent its own.
            return True
        return False

    def _closing_timed_out(self) -> None:
        self._timer = None
        self._fail(TimeoutError("SSL shutdown timed out"))

    def _write_backlog(self) -> bool:
        """Whether all of it could be encrypted now."""
        backlog = self._backlog or []
        try:
            while backlog:
                self._tls.write(backlog[0])
                del backlog[0]
        except _AGAIN:
            return False
        self._backlog = None
        self._tell_whether_full()
        return True

    def _tell_whether_full(self) -> None:
        """Have the protocol write on or not: it does not while the socket takes nothing, nor while OpenSSL does not."""
        full = self._raw_full or self._backlog is not None
        if full is not self._told_full and self._state is _State.OPEN:
            self._told_full = full
            if full:
                self._protocol.pause_writing()
            else:
                self._protocol.resume_writing()

    def _send(self) -> None:
        """Give the socket's transport what OpenSSL has written."""
        data = self._outgoing.read()
        if data and not self._raw.is_closing():
            self._raw.write(data)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.abort()


async def secure(
    loop: asyncio.AbstractEventLoop,
    protocol: asyncio.Protocol,
    sock: socket.socket,
    settings: Handshakes,
    server_hostname: str,
    closing_s: float,
) -> TlsTransport:
    """Shake hands on a connected socket, which belongs to `protocol` from then on.

    There is no time-out: whoever cancels ends the connection.

    Args:
        server_hostname: The name or address to expect in the peer's certificate.
        closing_s: Seconds that the peer has, when this side closes, to end TLS too.

    Returns:
        What `protocol` has for its transport.

    Raises:
        OSError: The handshake failed.
        ValueError: If the host name can stand in no certificate.
    """
    transport = TlsTransport(loop, protocol, settings, server_hostname, closing_s)
    await loop.create_connection(lambda: transport, sock=sock)
    try:
        await transport.opened()
    except asyncio.CancelledError:
        transport.abort()
        raise
    return transport


_NOBODY: Final = asyncio.Protocol()
