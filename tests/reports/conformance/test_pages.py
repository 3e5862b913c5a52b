"""A conformance run as Markdown, JUnit and HTML: all verdicts are there, nothing from outside acts, traces are cut."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.conformance.junit import render_junit
from reports.conformance.markdown import render_markdown
from reports.conformance.page import MOST_LINES, render_conformance
from reports.conformance.words import headline

HOSTILE = "<script>alert(1)</script> | `x` \x1b[2J"


def case(name: str, result: str, observed: str = "seen") -> dict[str, Any]:
    texts = {"section": "3.1", "title": "A title", "sends": "sent", "expected": "right", "why": "签名"}
    rest = {"required": True, "duration_ms": 1.5, "trace": f"cases/{name}.jsonl", "family": name.partition(".")[0]}
    return {"id": name, "result": result, "observed": observed, **texts, **rest}


def document(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    names = ("OK", "NON-STRICT", "INFORMATIONAL", "FAILED", "NOT-RUN")
    counts = {name: sum(each["result"] == name for each in cases) for name in names}
    nothing: dict[str, Any] = {"total": 0, "by_rule": {}}
    return {
        "schema": 1,
        "kind": "conformance",
        "tool": "best-fleet 1.0",
        "platform": {"dispatch": "http://h", "broker": "ws://h", "suite": "plain"},
        "started": "2026-01-01T00:00:00+00:00",
        "duration_s": 1.2,
        "verdict": "failing" if counts["FAILED"] else "conforming",
        "reason": "",
        "strict": False,
        "counts": counts,
        "cases": list(cases),
        "violations": nothing,
        "observations": nothing,
        "internal_errors": nothing,
        "leaves_behind": ["Something stays."],
        **changes,
    }


ALL = document(
    case("lookup.a", "OK"),
    case("lookup.b", "FAILED", HOSTILE),
    case("ws.c", "NON-STRICT"),
    case("ws.d", "NOT-RUN", "no push"),
    case("ws.e", "INFORMATIONAL"),
)


def test_the_headline_says_why() -> None:
    assert headline(ALL) == "failing: of 4 cases 1 FAILED and 1 NON-STRICT"
    assert headline(document(case("a.b", "OK"))) == "conforming: none of 1 cases failed"
    assert headline({**ALL, "verdict": "inconclusive", "reason": "gone"}) == "inconclusive: gone"


def test_markdown_tells_what_is_not_ok() -> None:
    text = render_markdown(ALL)
    assert "| lookup | 1 | 0 | 0 | 1 | 0 |" in text
    assert "`ws.d` | NOT-RUN | no push" in text
    assert "`lookup.a`" not in text
    assert "Something stays." in text
    assert "<script>" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("strict", "failures"), [(False, 1), (True, 2)])
def test_junit_counts_as_the_exit_code_does(strict: bool, failures: int) -> None:
    root = ElementTree.fromstring(render_junit({**ALL, "strict": strict}))
    assert len(root.findall(".//failure")) == failures
    assert len(root.findall(".//skipped")) == 1
    assert [suite.attrib["name"] for suite in root] == ["run", "lookup", "ws"]
    assert root.find("testsuite[@name='lookup']").attrib["failures"] == "1"  # type: ignore[union-attr]


def test_junit_has_an_error_where_nothing_could_be_judged() -> None:
    root = ElementTree.fromstring(render_junit({**ALL, "verdict": "inconclusive", "reason": HOSTILE}))
    assert len(root.findall(".//error")) == 1


def test_the_page_has_every_case_with_its_trace() -> None:
    line = json.dumps({"at_ms": 1.0, "direction": ">", "kind": "message", "text": HOSTILE}).encode() + b"\n"
    page = render_conformance(ALL, {"lookup.b": line * (MOST_LINES + 3)})
    for each in ALL["cases"]:
        assert f'id="case-{each["id"]}"' in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;alert") == MOST_LINES + 1
    assert "3 more in the file" in page
