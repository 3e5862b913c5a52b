"""What a connection asks of its owner: the calls by which messages and endings are handed up.

`wire.handler` has two more that an owner may have: `WritableHandler` and `PongHandler`.
"""

from typing import Final, Protocol, runtime_checkable

RETAINED: Final = "a retained message"
OTHER_TOPIC: Final = "a message on"
"""With these words begins what an `UnusualHandler` is told of a message; other packets have others."""


class Listener(Protocol):
    """What a connection calls, on the event loop's thread, once it is open; see `connection.MessageHandler`."""

    def message(self, payload: bytes, binary: bool) -> None:
        """A message has arrived on the client's topic; it is acknowledged when this returns.

        Args:
            payload: Whatever was published: MQTT does not tell text from anything else.
            binary: Always False.
        """
        ...

    def closed(self, ending: str, reason: str, detail: str, /) -> None:
        """The connection has ended, whoever ended it and however.

        Args:
            ending: One of `endings.ENDINGS`.
            reason: Empty: a broker gives none.
            detail: What happened, for people.
        """
        ...


@runtime_checkable
class UnusualHandler(Protocol):
    """A handler that wants to know what a broker sends that the standard allows, and no broker should send here."""

    def unusual(self, what: str) -> None:
        """`what` is for people; it holds no payload. The connection goes on."""
        ...


class Nobody:
    """Stands in for the handler of a connection that has ended, which lets go of the real one."""

    def message(self, payload: bytes, binary: bool) -> None:
        pass

    def closed(self, ending: str, reason: str, detail: str) -> None:
        pass


NOBODY = Nobody()
