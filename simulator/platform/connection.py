"""What a session asks of its device's connection: a WebSocket's of the wire, or a topic of a broker."""

from typing import Protocol, runtime_checkable

from simulator.wire.handler import MessageHandler


class PlatformConnection(Protocol):
    """One connection, as a session sees it."""

    @property
    def is_open(self) -> bool:
        """Whether what is sent now may arrive."""
        ...

    @property
    def peer_name(self) -> str | None:
        """Whom the device's certificate names; None where it showed none."""
        ...

    def send(self, payload: bytes, binary: bool) -> None:
        """Send one message; dropped on a connection that is not open."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection: no message comes after it. `code` is a WebSocket's close code."""
        ...


@runtime_checkable
class Admitting(Protocol):
    """A connection that sets limits until it is told that the device has proved who it is."""

    def admit(self, handler: MessageHandler) -> None:
        """From now on `handler` gets the messages, and the full limits hold."""
        ...
