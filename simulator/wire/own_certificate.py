"""A certificate that one peer alone shows, of PEM texts instead of files: its key never lies on a disk.

Settings of TLS cost 25 KB and 1.3 ms, with the system's CAs 830 KB and 30 ms. So the peers of a process share them:
each loads its own pair, which takes 0.75 ms, when its handshake begins, and OpenSSL copies it to that handshake.
"""

import contextlib
import os
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.wire.errors import TlsFileError, in_words


class OwnCertificate:
    """Stands in for shared TLS settings in the handshakes of one peer, which shows a certificate of its own in them.

    Args:
        context: of clients that all show a certificate of the same kind of key, and for nobody else: what was loaded
            last stays in it.
        certificate: PEM text, its chain after it.
        private_key: PEM text.

    Attributes:
        shown: the certificate.
    """

    __slots__ = ("_private_key", "context", "shown")

    def __init__(self, context: ssl.SSLContext, certificate: str, private_key: str) -> None:
        self.context = context
        self.shown = certificate
        self._private_key = private_key

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """As `SSLContext.wrap_bio`, which both event loops call when a handshake begins.

        Where OpenSSL cannot use the pair, that handshake fails.
        """
        try:
            load_pair(self.context, self.shown, self._private_key)
        except (ssl.SSLError, TlsFileError) as error:
            return _failing(error, *arguments, **options)
        return self.context.wrap_bio(*arguments, **options)


class _FailingHandshake(ssl.SSLObject):
    """Fails when the server answers: where something is raised before, uvloop may close the socket of another."""

    failure: Exception
    _begun = False

    def do_handshake(self) -> None:
        if self._begun:
            error = ssl.SSLError(ssl.SSL_ERROR_SSL, "no certificate")
            error.reason = f"own certificate cannot be shown: {in_words(self.failure)}"
            raise error
        self._begun = True
        super().do_handshake()


def _failing(error: Exception, *arguments: Any, **options: Any) -> ssl.SSLObject:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslobject_class = _FailingHandshake
    # A session is one of the settings that it was made with.
    handshake = context.wrap_bio(*arguments, **options | {"session": None})
    assert isinstance(handshake, _FailingHandshake)
    handshake.failure = error
    return handshake


def load_pair(context: ssl.SSLContext, certificate: str, private_key: str) -> None:
    """Have `context` show this certificate, PEM texts both.

    Raises:
        ssl.SSLError: If OpenSSL cannot use the pair.
        TlsFileError: If there is neither memory nor a place on the disk for it.
    """
    content = f"{certificate}\n{private_key}\n".encode(errors="replace")
    with _as_file(content) as path:
        # A passphrase is none: without this OpenSSL would ask for one on the terminal.
        context.load_cert_chain(path, password=lambda: b"")


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL reads `content`, as long as this lasts: in memory where the system can."""
    try:
        descriptor, path = _in_memory()
    except OSError:
        with _on_disk(content) as path:
            yield path
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        yield path


def _in_memory() -> tuple[int, str]:
    """
    Raises:
        OSError: If this system has no files in memory, or does not show them.
    """
    if sys.platform != "linux":
        raise OSError("no memfd_create")
    descriptor = os.memfd_create("certificate")
    path = f"/proc/self/fd/{descriptor}"
    if not os.path.exists(path):
        os.close(descriptor)
        raise OSError("no /proc")
    return descriptor, path


@contextlib.contextmanager
def _on_disk(content: bytes) -> Iterator[str]:
    """A file that its owner alone can read, in a directory of his own; both are gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix="best-fleet-") as directory:
            path = Path(directory, "pair.pem")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            yield str(path)
    except ssl.SSLError:
        raise
    except OSError as error:
        raise TlsFileError(Path(tempfile.gettempdir()), f"cannot be written ({error.strerror})") from error
