"""`conformance.html`: what to mend, an index by section, each case with its conversation; one file, all inside."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from markupsafe import Markup

from reports.conformance.words import RESULTS, headline
from reports.html import asset, render_page

MOST_LINES: Final = 60
"""Of the conversation of a case that is to be mended; the file beside the page has all."""
MOST_LINES_ELSE: Final = 8
"""Of any other: the last ones, which are its own; before them the device only came online."""
MOST_OF_A_SECTION: Final = 3
"""Cases to mend that are listed before all others; one fault often shows in many."""
MOST_OPENED: Final = 20
"""With more to mend a page of opened cases is not to be read."""
_LINE_CHARS: Final = 4_000
_LINE_CHARS_ELSE: Final = 600
_ONE_LINE: Final = 150
_TO_MEND: Final = ("FAILED", "NON-STRICT")
_MARKS: Final = {"conforming": "passed", "failing": "failed", "inconclusive": "invalid"}
_ARROWS: Final = {">": ("out", "→"), "<": ("in", "←"), "-": ("aside", "·")}
_NUMBERS: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_UNNUMBERED: Final = (3, 1, 1)
"""Where a section without a number stands: the handshake, behind the look-up."""


@dataclass(frozen=True, slots=True)
class Section:
    """The cases about one section of the document."""

    title: str
    cases: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation."""

    at: str
    """Milliseconds since the case began."""
    kind: str
    """`out`, `in` or `aside`."""
    mark: str
    text: str


def render_conformance(document: Mapping[str, Any], traces: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        document: conformance.json.
        traces: JSON lines by the id of their case.
    """
    cases = document["cases"]
    mend = [case for result in _TO_MEND for case in cases if case["result"] == result]
    talks = {
        case["id"]: list(conversation(traces[case["id"]], whole=case["result"] in _TO_MEND))
        for case in cases
        if case["id"] in traces
    }
    return render_page(
        "conformance.html.j2",
        None,
        own_css=Markup(asset("conformance.css")),
        d=document,
        headline=headline(document),
        style=_MARKS[document["verdict"]],
        results=RESULTS,
        mend=sections_of(mend),
        most=MOST_OF_A_SECTION,
        opened=frozenset(case["id"] for case in mend) if len(mend) <= MOST_OPENED else (),
        sections=sections_of(cases),
        talks=talks,
    )


def sections_of(cases: Iterable[Mapping[str, Any]]) -> list[Section]:
    """The cases by section, in the document's order; within one as they ran."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for case in cases:
        found.setdefault(case["section"], []).append(case)
    return [Section(title, tuple(found[title])) for title in sorted(found, key=_place)]


def _place(title: str) -> tuple[tuple[int, ...], str]:
    match = _NUMBERS.match(title)
    return (tuple(int(each or 0) for each in match.groups()) if match else _UNNUMBERED), title


def conversation(trace: bytes, *, whole: bool) -> Iterator[Line]:
    """A case's trace for people.

    Args:
        whole: With `MOST_LINES` lines and longer messages' JSON over several lines, else `MOST_LINES_ELSE` short ones.
    """
    lines = trace.splitlines()
    most = MOST_LINES if whole else MOST_LINES_ELSE
    if len(lines) > most:
        yield Line("", "aside", "·", f"… {len(lines) - most} lines before these, in the file")
    for line in lines[-most:]:
        entry = orjson.loads(line)
        kind, mark = _ARROWS[entry["direction"]]
        yield Line(f"{entry['at_ms']:.1f}", kind, mark, _told(entry["text"], whole))


def _told(text: str, whole: bool) -> str:
    if whole and len(text) > _ONE_LINE and text.startswith("{"):
        with contextlib.suppress(orjson.JSONDecodeError):
            text = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    most = _LINE_CHARS if whole else _LINE_CHARS_ELSE
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
