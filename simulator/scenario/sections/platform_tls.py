"""How the embedded platform speaks TLS: by what certificate, and whose certificates it demands of devices."""

from pydantic import Field, model_validator

from simulator.fields.section import Section
from simulator.fields.texts import FileName
from simulator.texts.translation import _


class PlatformTlsSection(Section):
    """Makes the embedded platform speak https and wss. `tls: {}` makes a certificate; the devices then trust it."""

    certificate: FileName | None = Field(default=None, description="PEM file.")
    key: FileName | None = Field(default=None, description="PEM file of its private key.")
    client_ca: FileName | None = Field(
        default=None, description="PEM file; devices must show a certificate signed by it."
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
        if self.device_certificates and self.client_ca is not None:
            raise ValueError(
                _(
                    "`device_certificates` makes a CA of its own, whose certificates the broker demands: leave "
                    "out `client_ca`, or `device_certificates`"
                )
            )
        return self
