"""What was known about the first failure of each kind: the certificate's fault, a proxy's text, a redirect's target.

A code is what can be counted, and rarely what helps. One text a series and code is kept, bounded and masked.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from simulator.measurements.names import DISCONNECTED, NO_HTTP, TIMEOUT
from simulator.shown import detail
from simulator.texts.told import Told

MOST_DETAILS: Final = 500
DETAIL_CHARS: Final = 300
"""Room for an address, a path and what would help."""

_BY_DEATH: Final = frozenset(
    {
        *(TIMEOUT, DISCONNECTED, NO_HTTP, "refused", "unreachable", "tls", "handshake"),
        *("closed by the broker", "connection lost", "keep-alive"),
    }
)
"""Codes of what fails because nobody is there any more; no setting helps then."""


class Details:
    """The first detail of each series and code; merges over processes.

    Args:
        tag: the series in which a name is counted.
        code: the code under which a failure of such a series is counted.
    """

    __slots__ = ("_code", "_dead_since", "_found", "_tag")

    def __init__(self, tag: Callable[[str], str], code: Callable[[str, str], str]) -> None:
        self._tag = tag
        self._code = code
        self._found: dict[tuple[str, str], tuple[str, float]] = {}
        self._dead_since = math.inf

    def died(self, since: float) -> None:
        """The embedded platform is dead, at the earliest `since` (epoch seconds): that is why what failed later did."""
        self._dead_since = since
        for (tag, code), (text, at) in self._found.items():
            self._found[tag, code] = (self._known(code, text, at), at)

    def add(self, name: str, code: str, text: str, at: float) -> None:
        """A request, command or flow `name` failed with `code` at `at` (epoch seconds), and `text` is known of it."""
        if not text:
            return
        tag = self._tag(name)
        key = (tag, self._code(tag, code))
        known = self._found.get(key)
        if known is None and len(self._found) >= MOST_DETAILS:
            return
        if known is None or at < known[1]:
            self._found[key] = (self._known(code, detail(text, DETAIL_CHARS), at), at)

    def of(self, tag: str, code: str) -> str:
        """What is known of the first failure of the series with this code; empty for nothing."""
        return self._found.get((tag, code), ("", 0.0))[0]

    def _known(self, code: str, text: str, at: float) -> str:
        return Told("the embedded platform had died") if at >= self._dead_since and code in _BY_DEATH else text

    def dump(self) -> list[list[Any]]:
        """For JSON; `merge` reads it."""
        return [[tag, code, text, at] for (tag, code), (text, at) in self._found.items()]

    def merge(self, rows: list[list[Any]]) -> None:
        """Add what another process (or run) dumped."""
        for tag, code, text, at in rows:
            self.add(tag, code, text, at)

    def clear(self) -> None:
        self._found.clear()
