"""What a device could not deliver, as it is kept between runs: rows of bytes, and the interface of who keeps them.

A row is written while its record waits, loses the record when the platform has acknowledged it, and is dropped when
the picture is up too, or when both were given up (docs/deviations.md, Records and photos).
"""

from typing import NamedTuple, Protocol


class Unsent(NamedTuple):
    """One verification of which something is not delivered yet."""

    log_id: int
    record: bytes | None
    """The record as JSON; None once it is acknowledged."""
    photo: bytes | None
    """What its picture is made from, as JSON; None without one, or once it is up."""


class UnsentStore(Protocol):
    """Keeps what devices could not deliver, between runs and while a device is switched off; never blocks."""

    def restore(self, sn: str) -> list[Unsent]:
        """What is kept of a device that is switched on, by `logId`; it stays kept until it is dropped.

        Raises:
            WarmStateError: If it cannot be used.
        """
        ...

    def keep(self, sn: str, row: Unsent) -> None:
        """A record was made."""
        ...

    def acknowledged(self, sn: str, log_id: int) -> None:
        """The platform has the record; its picture, which it has, is still on its way."""
        ...

    def drop(self, sn: str, log_id: int) -> None:
        """Nothing of it needs to be kept any more."""
        ...
