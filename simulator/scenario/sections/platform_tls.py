"""How the embedded platform speaks TLS: by what certificate, and whose certificates it demands of devices."""

from pydantic import Field, model_validator

from simulator.fields.section import Section
from simulator.fields.texts import FileName
from simulator.texts.translation import _
from simulator.wire.tls import Algorithm


class PlatformTlsSection(Section):
    """Makes the embedded platform speak https and wss. `tls: {}` makes a certificate; the devices then trust it."""

    certificate: FileName | None = Field(default=None, description="PEM file.")
    key: FileName | None = Field(default=None, description="PEM file of its private key.")
    client_ca: FileName | None = Field(
        default=None, description="PEM file; devices must show a certificate signed by it."
    )
    algorithm: Algorithm = Field(
        default="ecdsa",
        description="Key of the certificate that it makes: `ecdsa` (P-256), or `rsa` (2048 bits), with which a "
        "handshake costs the platform more.",
    )
    device_certificates: bool = Field(
        default=False,
        description='Security mode "certificate": each look-up\'s answer holds a certificate and its private key for '
        "the device, of a CA of the platform's own, and the broker demands it of that device.",
    )

    @model_validator(mode="after")
    def _together(self) -> "PlatformTlsSection":
        if (self.certificate is None) != (self.key is None):
            raise ValueError(_("`certificate` and `key` go together"))
        if self.certificate is not None and "algorithm" in self.model_fields_set:
            raise ValueError(
                _("`algorithm` is for a certificate that the platform makes: leave it out, or `certificate` and `key`")
            )
        if self.device_certificates and self.client_ca is not None:
            raise ValueError(
                _(
                    "`device_certificates` makes a CA of its own, whose certificates the broker demands: leave "
                    "out `client_ca`, or `device_certificates`"
                )
            )
        return self
