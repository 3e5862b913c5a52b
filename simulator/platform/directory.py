"""Who the platform's devices are: what was written into each at the factory, found by serial number.

Where the identities come from (a pattern, a CSV file) is left to whoever starts the platform.
"""

from typing import Protocol


class DeviceIdentity(Protocol):
    """What the platform knows of a device before it has ever seen it."""

    @property
    def sn(self) -> str:
        """Serial number."""
        ...

    @property
    def secret_key(self) -> str:
        """Signs the look-up."""
        ...

    @property
    def product_id(self) -> str:
        """Product the device belongs to; salt of the devKey's digest."""
        ...

    @property
    def dev_key(self) -> str:
        """Device key in the clear; only its digest is ever sent."""
        ...

    @property
    def auth_code(self) -> str | None:
        """From an earlier registration, together with `secret`."""
        ...

    @property
    def secret(self) -> str | None:
        """Login password from an earlier registration."""
        ...

    @property
    def device_secret(self) -> str | None:
        """Signs the login over MQTT where a profile asks for it; devKey stands in for it."""
        ...


class Directory(Protocol):
    """Finds a device's identity; asked at each look-up, registration and login."""

    def lookup(self, sn: str) -> DeviceIdentity | None:
        """The identity with this serial number, or None where there is no such device."""
        ...
