"""What devices and the platform said in each case, for people: cut so that a page of many cases can still be opened."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from markupsafe import Markup

from simulator.shown import printable

MOST_LINES: Final = 60
"""Of the conversation of a case that is to be mended; the file beside the page has all."""
MOST_LINES_ELSE: Final = 8
"""Of any other: the last ones, which are its own; before them the device only came online."""
MOST_BYTES: Final = 1_100_000
"""Of all conversations of a page together."""
MOST_BYTES_WHOLE: Final = 350_000
"""Of those of cases to mend, before the rest of them are cut as the others are."""
TO_MEND: Final = ("FAILED", "NON-STRICT")
_MARKUP_BYTES: Final = 75
"""About what a line takes beside its text."""
_LINE_CHARS: Final = 4_000
_LINE_CHARS_ELSE: Final = 600
_ONE_LINE: Final = 150
_ARROWS: Final = {">": ("out", "→"), "<": ("in", "←"), "-": ("aside", "·")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation."""

    at: str
    """Milliseconds since the case began."""
    kind: str
    """`out`, `in` or `aside`."""
    mark: str
    text: Markup
    """Escaped for the content of an element: quotes, of which JSON is full, stay as they are."""


def conversations(cases: Iterable[Mapping[str, Any]], traces: Mapping[str, bytes]) -> dict[str, list[Line]]:
    """The conversations by the id of their case, `MOST_BYTES` together; a case for which nothing was left is not there.

    Args:
        cases: of conformance.json.
        traces: JSON lines by the id of their case.
    """
    told = [case for case in cases if case["id"] in traces]
    found: dict[str, list[Line]] = {}
    used = 0
    # what is to be mended first: it is what the page is read for
    for case in sorted(told, key=lambda case: case["result"] not in TO_MEND):
        trace = traces[case["id"]]
        lines = list(conversation(trace, whole=case["result"] in TO_MEND and used < MOST_BYTES_WHOLE))
        size = sum(len(line.text.encode("utf-8", "backslashreplace")) + _MARKUP_BYTES for line in lines)
        if used + size <= MOST_BYTES:
            used += size
            found[case["id"]] = lines
    return found


def conversation(trace: bytes, *, whole: bool) -> Iterator[Line]:
    """A case's trace for people.

    Args:
        whole: With `MOST_LINES` lines and longer messages' JSON over several lines, else `MOST_LINES_ELSE` short ones.
    """
    lines = trace.splitlines()
    most = MOST_LINES if whole else MOST_LINES_ELSE
    if len(lines) > most:
        yield Line("", "aside", "·", _escaped(f"… {len(lines) - most} lines before these, in the file"))
    for line in lines[-most:]:
        yield _line(line, whole)


def _line(line: bytes, whole: bool) -> Line:
    try:
        entry = orjson.loads(line)
        kind, mark = _ARROWS[entry["direction"]]
        text = _told(str(entry["text"]), whole)
        if entry["kind"] == "close":  # its text begins with the bare status
            text = f"close {text}"
        return Line(f"{float(entry['at_ms']):.1f}", kind, mark, _escaped(text))
    except (ValueError, KeyError, TypeError):
        # a file that was cut off or changed, from which a page is made anew
        return Line("", "aside", "·", _escaped("a line of the file that cannot be read"))


def _told(text: str, whole: bool) -> str:
    if whole and len(text) > _ONE_LINE and text.startswith("{"):
        with contextlib.suppress(orjson.JSONDecodeError):
            text = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    most = _LINE_CHARS if whole else _LINE_CHARS_ELSE
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _escaped(text: str) -> Markup:
    lines = "\n".join(printable(line) for line in text.split("\n"))
    return Markup(lines.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
