"""What is other for a session over publish/subscribe: a topic says whose message it is, and nobody sees connections.

The session asks; who knows is whoever turns topics into sessions (`mqtt`).
"""

from collections.abc import Mapping
from typing import Any, Protocol


class Publisher(Protocol):
    """The device that publishes to one topic."""

    @property
    def sn(self) -> str:
        """Its serial number, by its topic."""
        ...

    @property
    def most_bytes(self) -> int:
        """Bytes of JSON that one message to it may have."""
        ...

    @property
    def heir(self) -> object:
        """The session that follows, where its device waits for what the one before has not answered yet; else None."""
        ...

    def completed(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of a registration, with what may be left out of them."""
        ...

    def begins_anew(self, name: str, message: Mapping[str, Any], size: int) -> bool:
        """A right message that opens the initial flow has come; True where another session has taken it over."""
        ...

    def is_late(self) -> bool:
        """Whether what has just come was sent again (DUP): then it may be of an earlier connection. Counted if so."""
        ...

    def repeated(self) -> None:
        """The message that has just come was here before, and is ignored."""
        ...

    def answered_before(self, mid: str) -> bool:
        """Whether an answer to the command of this mid has come before; notes it."""
        ...
