"""What one case sent and heard, decrypted and without secrets: the lines of its trace file."""

import json
from collections.abc import Callable, Collection
from typing import Any, Final

import orjson

from simulator.protocol.envelope import MalformedMessage, UnreadableMessage, decode
from simulator.protocol.masking import masked
from simulator.shown import mask, printable, without_values

_MOST_LINES: Final = 2_000
"""Of one case; what comes after them is only counted."""
_TEXT_CHARS: Final = 4_000

Secrets = Callable[[], Collection[str]]


class Trace:
    """The messages and events of one case.

    Args:
        now: monotonic seconds.
        secrets: values that nobody may be shown, wherever the platform repeats them.
    """

    def __init__(self, now: Callable[[], float], secrets: Secrets) -> None:
        self._now = now
        self._secrets = secrets
        self._began = now()
        self._lines: list[dict[str, Any]] = []
        self._left_out = 0

    def message(self, direction: str, data: bytes) -> None:
        """A decrypted message, `>` sent or `<` received."""
        self.add(direction, "message", self._readable(data))

    def http(self, direction: str, text: str) -> None:
        """A part of a look-up; a query that holds a sign is handed in as JSON."""
        self.add(direction, "http", text)

    def http_body(self, status: int, body: bytes) -> None:
        """The answer to a look-up."""
        self.add("<", "http", f"{status} {self._readable(body)}")

    def note(self, text: str) -> None:
        """Something that is no message."""
        self.add("-", "note", text)

    def add(self, direction: str, kind: str, text: str) -> None:
        """One line: `>`, `<` or `-`, and `http`, `message`, `frame`, `close` or `note`."""
        if len(self._lines) >= _MOST_LINES:
            self._left_out += 1
            return
        text = printable(without_values(text, self._secrets()))
        if len(text) > _TEXT_CHARS:
            text = f"{text[:_TEXT_CHARS]}… ({len(text):,} characters)"
        at_ms = round((self._now() - self._began) * 1000, 3)
        self._lines.append({"at_ms": at_ms, "direction": direction, "kind": kind, "text": text})

    def lines(self) -> bytes:
        """The trace file: JSON lines."""
        lines = list(self._lines)
        if self._left_out:
            text = f"{self._left_out} further lines are left out"
            lines.append({"at_ms": lines[-1]["at_ms"], "direction": "-", "kind": "note", "text": text})
        return b"".join(orjson.dumps(line) + b"\n" for line in lines)

    def _readable(self, data: bytes) -> str:
        try:
            return json.dumps(masked(decode(data), self._secrets()), ensure_ascii=False)
        except UnreadableMessage as error:
            return f"{json.dumps(masked(error.message, self._secrets()), ensure_ascii=False)} ({error})"
        except (MalformedMessage, RecursionError):
            # Twice what is shown: of a secret that the cut goes through, the beginning would be left.
            text = without_values(data[: 2 * _TEXT_CHARS].decode("utf-8", "backslashreplace"), self._secrets())
            return f"no JSON object, {len(data)} bytes: {mask(text)[:_TEXT_CHARS]}"
