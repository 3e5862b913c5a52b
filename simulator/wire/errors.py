"""What can go wrong on the wire, as exceptions whose text is meant for people.

No text here carries a secret: URLs are shown without user information and query, see `shown_url`.
"""

import errno
import socket
import ssl
from pathlib import Path
from typing import Literal, Protocol

from websockets.uri import WebSocketURI

from simulator.texts.told import Told

FailureKind = Literal["dns", "refused", "unreachable", "tls", "handshake", "timeout", "limit", "proxy"]

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EACCES, errno.EPERM}
_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}
_OUT_OF_MEMORY = {errno.ENOBUFS, errno.ENOMEM}

# Verification results of OpenSSL (X509_V_ERR_*) that a person can do something about.
_NOT_YET_VALID = 9
_EXPIRED = 10
_ISSUER_UNKNOWN = {2, 18, 19, 20, 21}
_OTHER_NAME = {62, 63, 64}
_REVOKED = 23
_TOO_WEAK = {66, 67, 68}
_NO_COMMON_TLS = {
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "NO_CIPHERS_AVAILABLE",
    "NO_SHARED_CIPHER",
    "DH_KEY_TOO_SMALL",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
}


class Endpoint(Protocol):
    """Whom a connection is to be made with."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def secure(self) -> bool: ...


class WireError(Exception):
    """Base of this layer's exceptions."""


class ConnectFailed(WireError):  # noqa: N818 - reads as what has happened
    """A connection did not come to be open.

    Attributes:
        kind: What kind of failure, for counting: a `FailureKind`, or a word of what is spoken above TCP and TLS.
        detail: What happened and what would help, for people.
        after: The seconds that were allowed, where these ran out, whenever that was noticed.
    """

    def __init__(self, kind: str, detail: str, *, after: float | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.after = after


class ListenFailed(WireError):  # noqa: N818 - likewise
    """A server could not listen, for instance because the port is in use."""


class TlsFileError(WireError):
    """A certificate, key or CA file cannot be used; `path` names it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def shown_url(target: WebSocketURI) -> str:
    """The URL as messages may show it: no user information, no query."""
    scheme = "wss" if target.secure else "ws"
    return f"{scheme}://{shown_address(target.host, target.port)}{target.path}"


def shown_address(host: str, port: int) -> str:
    """`host:port`, with brackets round an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connect_failure(
    exc: OSError, target: Endpoint, local_addr: tuple[str, int] | None, scheme: str = "ws"
) -> ConnectFailed:
    """Sort a failed attempt to reach `target`, up to and with the TLS handshake, into a kind and explain it.

    Args:
        scheme: What a URL of this kind begins with where there is no TLS.
    """
    where = shown_address(target.host, target.port)
    if isinstance(exc, socket.gaierror):
        return ConnectFailed("dns", f"no address found for {target.host!r} ({exc.strerror or exc})")
    if isinstance(exc, ssl.SSLError):
        return ConnectFailed("tls", explain_tls(exc, target, scheme))
    if isinstance(exc, ConnectionRefusedError):
        return ConnectFailed("refused", f"nothing listens at {where} (connection refused)")
    if exc.errno in _UNREACHABLE:
        return ConnectFailed("unreachable", f"{where} cannot be reached ({exc.strerror or exc})")
    if exc.errno in _OUT_OF_FILES:
        return ConnectFailed("limit", f"too few open files allowed to connect to {where}: raise the limit (ulimit -n)")
    if exc.errno == errno.EADDRNOTAVAIL:
        source = f"from {local_addr[0]}" if local_addr else "from this machine"
        return ConnectFailed(
            "limit",
            f"no local port left {source} to {where}, or the source address is not one of this machine's",
        )
    if exc.errno in _OUT_OF_MEMORY:
        return ConnectFailed("limit", f"the system has no memory left for a connection to {where}")
    if isinstance(exc, TimeoutError):
        return ConnectFailed("timeout", f"{where} did not answer the connection attempt")
    if isinstance(exc, ConnectionAbortedError) and target.secure:
        return ConnectFailed("timeout", f"{where} did not complete the TLS handshake in time")
    if isinstance(exc, ConnectionError) and target.secure:
        return ConnectFailed(
            "tls",
            f"{where} broke off the TLS handshake: no TLS on that port, no common TLS version, "
            "or it demands a client certificate",
        )
    return ConnectFailed("unreachable", f"{where} cannot be reached ({exc.strerror or exc})")


def explain_tls(exc: ssl.SSLError, target: Endpoint, scheme: str = "ws") -> str:
    """Why TLS with `target` failed and which setting would help; `scheme` as of `connect_failure`."""
    where = shown_address(target.host, target.port)
    if isinstance(exc, ssl.SSLCertVerificationError):
        code = exc.verify_code
        problem = exc.verify_message
        if code in _ISSUER_UNKNOWN:
            return (
                f"the certificate of {where} is not trusted ({problem}): "
                "name the certificate of its issuer as CA file (ca_file), or have the server send its whole chain"
            )
        if code in _OTHER_NAME:
            return (
                f"the certificate of {where} is for another host ({problem}): "
                "use the host name that stands in the certificate"
            )
        if code == _EXPIRED:
            return f"the certificate of {where} has expired: renew it there, or check this machine's clock"
        if code == _NOT_YET_VALID:
            return f"the certificate of {where} is not valid yet: check the clocks of both machines"
        if code in _TOO_WEAK:
            return f"the certificate of {where} is too weak to be trusted ({problem}): it needs a new one"
        if code == _REVOKED:
            return f"the certificate of {where} was revoked: it needs a new one"
        return f"the certificate of {where} is refused ({problem})"
    reason = exc.reason or ""
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return Told(
            "{where} does not speak TLS: does the URL have to begin with {wanted}:// instead of {given}://?",
            where=where,
            wanted=scheme,
            given=f"{scheme}s",
        )
    if reason == "SSLV3_ALERT_HANDSHAKE_FAILURE":
        return (
            f"{where} broke off the TLS handshake: no cipher in common, or it demands a client certificate "
            "(client_cert, client_key)"
        )
    if reason in _NO_COMMON_TLS:
        return f"{where} and this side have no TLS version or cipher in common ({in_words(exc)}): TLS 1.2 is the least"
    if "UNRECOGNIZED_NAME" in reason:
        return f"{where} does not serve the host name {target.host!r} ({in_words(exc)}): use one that it does"
    if "CERTIFICATE_REQUIRED" in reason:
        return f"{where} demands a client certificate (client_cert, client_key)"
    if "ALERT" in reason and ("UNKNOWN_CA" in reason or "CERTIFICATE" in reason):
        return f"{where} refuses our client certificate ({in_words(exc)})"
    return f"TLS with {where} failed ({in_words(exc)})"


def in_words(exc: BaseException) -> str:
    """An exception of a socket or of TLS in a few words, without code positions and memory addresses."""
    if isinstance(exc, ssl.SSLError):
        return (exc.reason or str(exc)).replace("_", " ").lower()
    if isinstance(exc, ConnectionResetError):
        return "connection reset by the peer"
    if isinstance(exc, BrokenPipeError):
        return "the peer does not take data any more"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror.lower()
    return str(exc) or type(exc).__name__
