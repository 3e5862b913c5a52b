"""`conformance.html`: what to mend, an index by section, each case with its conversation; one file, all inside."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from reports.conformance.conversation import TO_MEND, conversations
from reports.conformance.words import RESULTS, headline
from reports.page import asset, render_page
from simulator.texts.told import said
from simulator.texts.translation import _

MOST_OF_A_SECTION: Final = 3
"""Cases to mend that are listed before all others; one fault often shows in many."""
MOST_OPENED: Final = 20
"""With more to mend a page of opened cases is not to be read."""
_MARKS: Final = {"conforming": "passed", "failing": "failed", "inconclusive": "invalid"}
_NUMBERS: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_UNNUMBERED: Final = (3, 1, 1)
"""Where a section without a number stands: the handshake, behind the look-up."""


@dataclass(frozen=True, slots=True)
class Section:
    """The cases about one section of the document."""

    title: str
    cases: tuple[Mapping[str, Any], ...]


def render_conformance(document: Mapping[str, Any], traces: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        document: conformance.json.
        traces: JSON lines by the id of their case.
    """
    cases = document["cases"]
    mend = [case for result in TO_MEND for case in cases if case["result"] == result]
    return render_page(
        "conformance.html.j2",
        None,
        own_css=Markup(asset("conformance.css")),
        d=document,
        _=_,
        said=said,
        headline=headline(document),
        style=_MARKS[document["verdict"]],
        results=RESULTS,
        mend=sections_of(mend),
        most=MOST_OF_A_SECTION,
        opened=frozenset(case["id"] for case in mend) if len(mend) <= MOST_OPENED else (),
        sections=sections_of(cases),
        talks=conversations(cases, traces),
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
