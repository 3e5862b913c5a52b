"""What happened, a line an event, and its digest: two runs are the same when their digests are."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Final

NOBODY: Final = "-"
"""In place of a device: the weather and the platform."""
_KEPT: Final = 4_096
"""Lines that are digested at once."""


class History:
    """Lines of virtual time, device and what.

    Args:
        tell: given each line, for people; None to keep nothing but the digest.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell
        self._digest = hashlib.sha256()
        self._lines: list[str] = []
        self.counts: Counter[str] = Counter()
        """Events by their first word."""
        self.lines = 0

    def write(self, at: float, who: object, what: str) -> None:
        """Something happened `at` so many virtual seconds to device `who`."""
        line = f"{at:.6f} {who} {what}\n"
        lines = self._lines
        lines.append(line)
        self.lines += 1
        if self._tell is not None:
            self._tell(line)
        if len(lines) >= _KEPT:
            self._fold()

    def event(self, at: float, who: object, kind: str, detail: str = "") -> None:
        """As `write`, of something rare that is counted under `kind`."""
        self.counts[kind] += 1
        self.write(at, who, f"{kind} {detail}".rstrip())

    def digest(self) -> str:
        """Of all lines so far, in hexadecimal."""
        self._fold()
        return self._digest.hexdigest()

    def _fold(self) -> None:
        self._digest.update("".join(self._lines).encode(errors="backslashreplace"))
        self._lines.clear()
