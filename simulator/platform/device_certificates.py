"""Security mode "certificate": the platform's own CA, and the certificate that a device gets with its look-up's answer.

A certificate is made when it is asked for (0.4 ms) and kept nowhere: whichever of this CA names the device and has not
expired is the device's. The CA lives as long as the platform, or as the file that it is kept in; a device that comes
back to another one looks up again.
"""

import datetime
from pathlib import Path
from typing import Final

from simulator.clock import Clock
from simulator.wire.authority import CLIENT_LIFE, HEAD_START, CertificateAuthority, Issued, ServerFiles
from simulator.wire.tls import Algorithm, StrPath

_NAME: Final = "best-fleet devices"


class DeviceCertificates:
    """What one platform issues.

    Args:
        kept: see `CertificateAuthority`.

    Attributes:
        root: the CA's certificate, PEM text.

    Raises:
        TlsFileError: If `kept` can be neither used nor written.
    """

    def __init__(self, clock: Clock, kept: Path | None = None) -> None:
        self._clock = clock
        self._authority = CertificateAuthority(_NAME, self.now(), kept)
        self.root = self._authority.root

    def now(self) -> datetime.datetime:
        """The platform's time."""
        return datetime.datetime.fromtimestamp(self._clock.wall(), datetime.UTC)

    def issue(self, sn: str) -> Issued:
        """A certificate for the device, whose common name is its serial number, and its private key."""
        now = self.now()
        return self.issue_for(sn, now - HEAD_START, now + CLIENT_LIFE)

    def issue_for(self, sn: str, begins: datetime.datetime, ends: datetime.datetime) -> Issued:
        """As `issue`, valid in just this time."""
        return self._authority.client(sn, begins, ends)

    def server(self, directory: StrPath, hosts: list[str], algorithm: Algorithm) -> ServerFiles:
        """Write the certificate that the platform itself shows at `hosts`, its key and the CA's certificate.

        Raises:
            TlsFileError: If the directory cannot be written to.
        """
        return self._authority.server(directory, hosts, self.now(), algorithm)
