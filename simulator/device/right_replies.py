"""Replies that are right whatever request they answer: known by their bytes, they need not be read again.

Nearly every reply of a platform is the same text round another `mid`. Once one was read and found right, what has the
same bytes before and after the `mid` says the same; each byte that differs makes a message go the long way.
"""

from collections.abc import Mapping
from typing import Any, Final

from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import MalformedMessage, decode

EVERY: Final = 64
"""One of so many replies that were read in full and could be learned is: another platform's wording, or another
request's, takes the place of what is rare by and by, and none costs much."""
_NOTHING: Final = b"\0"
"""No JSON begins so."""
_OTHER: Final = "0OtherMid1"


class RightReplies:
    """The one wording of a success without results that is known by its bytes; serves every device of an engine.

    Attributes:
        head: what comes before the `mid`.
        tail: what comes after it.
        start: where the `mid` begins.
        end: where it ends, counted from the end.
        names: the funcIds of requests that such a reply is right for.
    """

    __slots__ = ("_seen", "end", "head", "names", "start", "tail")

    def __init__(self) -> None:
        self.head = self.tail = _NOTHING
        self.start = 1
        self.end = -1
        self.names: set[str] = set()
        self._seen = 0

    def read(self, name: str, message: Mapping[str, Any], data: bytes) -> None:
        """A reply to the request `name` was read and nothing in it departs: know others like it.

        Args:
            message: what `data` says.
            data: the whole of the reply's JSON; its `mid` is the request's own.
        """
        if message["code"] != SUCCESS or "payload" in message:
            return
        mid = message["mid"].encode()
        if data[self.start : self.end] == mid and data.startswith(self.head) and data.endswith(self.tail):
            self.names.add(name)
        elif self._seen % EVERY == 0 and self._learn(message, mid, data):
            self.names = {name}
        self._seen += 1

    def _learn(self, message: Mapping[str, Any], mid: bytes, data: bytes) -> bool:
        head, found, tail = data.rpartition(b'"%b"' % mid)
        if not found:
            return False
        # It may be the value of something else: with another one in its place the message must say all but the same.
        try:
            same = decode(b'%b"%b"%b' % (head, _OTHER.encode(), tail)) == {**message, "mid": _OTHER}
        except MalformedMessage:
            return False
        if same:
            self.head = head + b'"'
            self.tail = b'"' + tail
            self.start = len(self.head)
            self.end = -len(self.tail)
        return same
