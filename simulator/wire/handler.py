"""What a connection asks of its owner: the calls by which messages and endings are handed up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from simulator.wire.connection import Connection

OnError = Callable[[BaseException], None]


class MessageHandler(Protocol):
    """What a connection calls, on the event loop's thread. `opened` and `closed` come in pairs, each exactly once."""

    def opened(self, connection: "Connection") -> None:
        """The opening handshake is done: messages can be sent from here on."""
        ...

    def message(self, payload: bytes, binary: bool) -> None:
        """A complete message has arrived; text is valid UTF-8. None comes after `Connection.close` or `abort`."""
        ...

    def closed(self, code: int, reason: str, detail: str) -> None:
        """The connection has ended, whoever ended it and however.

        Args:
            code: The close code received; where none was, the one sent because of a fault; otherwise 1006.
            reason: The text beside that code, often empty.
            detail: What happened, for people.
        """
        ...


@runtime_checkable
class WritableHandler(Protocol):
    """A handler that wants to know when a connection that was `paused` takes data again."""

    def writable(self) -> None:
        """The write buffer is low again."""
        ...


@runtime_checkable
class PongHandler(Protocol):
    """A handler that wants to know of the peer's pongs."""

    def ponged(self) -> None:
        """A pong has arrived, the answer to a ping or unasked."""
        ...


class Nobody:
    """Stands in for the handler of a connection that has ended, which lets go of the real one."""

    def opened(self, connection: "Connection") -> None:
        pass

    def message(self, payload: bytes, binary: bool) -> None:
        pass

    def closed(self, code: int, reason: str, detail: str) -> None:
        pass


NOBODY = Nobody()
