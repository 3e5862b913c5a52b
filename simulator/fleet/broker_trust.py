"""TLS settings for brokers: whom a look-up's answer has a device trust, and the certificate that it has it show.

Devices share settings by what they trust and by the kind of key that they show; see `simulator.wire.own_certificate`.
"""

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.device.environment import NetworkError
from simulator.measurements.names import BAD_CERTIFICATE
from simulator.protocol import device_certificate
from simulator.protocol.broker import BrokerAnswer
from simulator.scenario.scenario import SYSTEM_TRUST, TlsFiles
from simulator.wire.errors import TlsFileError
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.tls import client_context

MOST_KEPT: Final = 16
"""Settings of each kind: a platform has one root or two, and one that names another in each answer must not fill us."""
_OF_TLS: Final = frozenset({"tls", "handshake"})
"""Kinds of failure that a certificate may be the reason of; with TLS 1.3 it is refused after the handshake."""

_Key = tuple[str | None, str, str | None]


def is_secure(url: str) -> bool:
    """Whether a broker's address is one over TLS."""
    return url.startswith(("wss:", "mqtts:"))


class BrokerTrust:
    """Makes the settings, and keeps them while they are in use.

    Args:
        files: of the scenario; an answer's `rootCA` stands in for its `ca`, an answer's certificate for its own.
        plain: the settings that `files` alone ask for; None for the system's trust.
    """

    def __init__(self, files: TlsFiles, plain: ssl.SSLContext | None) -> None:
        self._files = files
        self._plain = plain
        self._contexts: dict[_Key, ssl.SSLContext] = {}

    def __len__(self) -> int:
        return len(self._contexts)

    def for_broker(self, broker: BrokerAnswer, alpn: str | None = None) -> ssl.SSLContext | OwnCertificate | None:
        """What to connect with; None for the system's trust.

        Args:
            alpn: the protocol to offer.

        Raises:
            NetworkError: If rootCA, certificate or key of the answer cannot be used.
        """
        root_ca = broker.root_ca if self._files.verify else None
        fault = device_certificate.pair_fault(broker.certificate, broker.private_key)
        if fault is not None:
            raise NetworkError(BAD_CERTIFICATE, f"the look-up's {fault.field} {fault.problem}")
        if broker.certificate is None or broker.private_key is None:
            if root_ca is None and (alpn is None or self._files == SYSTEM_TRUST):
                return self._plain
            return self._kept((root_ca, "", alpn), lambda: self._trusting(root_ca, shown=True, alpn=alpn))
        # OpenSSL holds a certificate of each kind of key and chooses among them.
        kind = device_certificate.key_kind(broker.certificate) or "unknown"
        context = self._kept((root_ca, kind, alpn), lambda: self._trusting(root_ca, shown=False, alpn=alpn))
        return OwnCertificate(context, broker.certificate, device_certificate.key_in_pem(broker.private_key))

    def explained(self, broker: BrokerAnswer, error: NetworkError) -> NetworkError:
        """A failed connect, with what was shown where that may be why."""
        if error.kind not in _OF_TLS or not is_secure(broker.url or ""):
            return error
        if broker.certificate is not None:
            told = f"shown was the look-up's certificate: {device_certificate.in_words(broker.certificate)}"
        elif self._files.client_cert is not None:
            told = "shown was tls.client_cert: the look-up's answer holds no certificate"
        else:
            told = "no certificate was shown: the look-up's answer holds none"
        return NetworkError(error.kind, f"{error}; {told}", after=error.after)

    def _trusting(self, root_ca: str | None, *, shown: bool, alpn: str | None) -> ssl.SSLContext:
        """
        Args:
            shown: whether the scenario's own certificate is to be shown.

        Raises:
            NetworkError: If the rootCA is no certificate, or a file of the scenario has gone.
        """
        files = self._files
        own = (files.client_cert, files.client_key) if shown else (None, None)
        try:
            if root_ca is None:
                return client_context(files.ca, *own, files.verify, alpn=alpn)
            with tempfile.TemporaryDirectory(prefix="best-fleet-") as directory:
                path = Path(directory, "root.pem")
                path.write_text(root_ca, encoding="ascii", errors="replace")
                return client_context(path, *own, alpn=alpn)
        except TlsFileError as error:
            if root_ca is None:
                raise NetworkError("tls", str(error)) from error
            raise NetworkError("tls", f"the rootCA of the look-up cannot be used: {error.problem}") from error

    def _kept(self, key: _Key, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        context = self._contexts.pop(key, None) or make()
        # The last one used stands last; whoever connects holds on to what has to go.
        self._contexts[key] = context
        if len(self._contexts) > MOST_KEPT:
            del self._contexts[next(iter(self._contexts))]
        return context
