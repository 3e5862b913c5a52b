"""`conformance.html`: an index by section and each case with its trace, on one page that needs nothing but itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from reports.conformance.words import RESULTS, families, headline, tally
from reports.html import render_page

MOST_LINES: Final = 40
"""Of a trace that stand in the page; the file beside it has all."""
_STYLES: Final = {
    "FAILED": "failed",
    "NON-STRICT": "invalid",
    "NOT-RUN": "invalid",
    "OK": "passed",
    "INFORMATIONAL": "",
}
_MARKS: Final = {"conforming": "passed", "failing": "failed", "inconclusive": "invalid"}


def render_conformance(document: Mapping[str, Any], traces: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        traces: JSON lines by the id of their case.
    """
    sections = [(family, cases, tally(cases)) for family, cases in families(document["cases"])]
    shown = {name: list(_lines(lines)) for name, lines in traces.items()}
    return render_page(
        "conformance.html.j2",
        None,
        d=document,
        headline=headline(document),
        style=_MARKS[document["verdict"]],
        styles=_STYLES,
        results=RESULTS,
        sections=sections,
        traces=shown,
    )


def _lines(trace: bytes) -> Iterator[str]:
    lines = trace.splitlines()
    for line in lines[:MOST_LINES]:
        entry = orjson.loads(line)
        yield f"{entry['at_ms']:10.1f} ms {entry['direction']} {entry['text']}"
    if len(lines) > MOST_LINES:
        yield f"… {len(lines) - MOST_LINES} more in the file"
