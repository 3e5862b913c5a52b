"""What the devices of an engine remember of what a platform sent before, to see what comes twice.

One bounded memory serves the whole fleet: a few devices find everything again, very many what came a moment ago. Nobody
is accused of what is forgotten.
"""

from collections import deque
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST_REPLIES = 512
"""A second reply mostly follows the first one at once."""
MOST_FACTORS = 4_096
MOST_MIDS = 16_384


class Recent(Generic[K, V]):
    """A mapping that forgets the oldest of its keys when it holds `most`."""

    __slots__ = ("_most", "_order", "_values")

    def __init__(self, most: int) -> None:
        self._most = most
        self._order: deque[K] = deque()
        self._values: dict[K, V] = {}

    def before(self, key: K, value: V) -> V | None:
        """The value that was given for `key` first; None where this is the first time, and `value` is kept then."""
        known = self._values.get(key)
        if known is not None:
            return known
        if len(self._order) >= self._most:
            del self._values[self._order.popleft()]
        self._order.append(key)
        self._values[key] = value
        return None

    def __len__(self) -> int:
        return len(self._values)


class Recall:
    """The memories of one engine's devices."""

    __slots__ = ("_replies", "factors", "mids", "settled")

    def __init__(self) -> None:
        self._replies: deque[tuple[int, str, str, str]] = deque(maxlen=MOST_REPLIES)
        self.settled = self._replies.append
        """Note that a reply was taken: device, mid, funcId of the request, code. Called for every reply."""
        self.factors: Recent[bytes, int] = Recent(MOST_FACTORS)
        """The device that met a factor first, by the factor's mark."""
        self.mids: Recent[int, int] = Recent(MOST_MIDS)
        """The command (as a hash of its cmdId) that a mid was first given to, by a hash of connection and mid."""

    def reply_to(self, index: int, mid: str) -> tuple[str, str] | None:
        """funcId and code of the reply that device `index` took for `mid`, the last one; None where it is forgotten."""
        for device, known, func_id, code in reversed(self._replies):
            if known == mid and device == index:
                return func_id, code
        return None
