"""A conformance run as Markdown, JUnit and HTML: all verdicts are there, nothing from outside acts, traces are cut."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema

from reports.conformance.conversation import MOST_BYTES, MOST_LINES, MOST_LINES_ELSE, conversation, conversations
from reports.conformance.junit import render_junit
from reports.conformance.markdown import render_markdown
from reports.conformance.page import (
    MOST_OF_A_SECTION,
    MOST_OPENED,
    render_conformance,
    sections_of,
)
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
        "notes": ["judged http://h, suite plain, as DEV1"],
        "again": "best-fleet conform --host http://h --report DIR --only",
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
    assert headline(document(case("a.b", "OK"))) == "conforming: the one case did not fail"
    assert headline({**ALL, "verdict": "inconclusive", "reason": "gone"}) == "inconclusive: gone"


def test_markdown_tells_what_is_not_ok() -> None:
    text = render_markdown(ALL)
    assert "| lookup | 1 | 0 | 0 | 1 | 0 |" in text
    assert "`ws.d` | A title | NOT-RUN | no push" in text
    assert "as DEV1" in text
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


@pytest.mark.parametrize("changes", [{}, {"strict": True}, {"verdict": "inconclusive", "reason": HOSTILE}])
def test_junit_follows_its_schema(changes: dict[str, Any]) -> None:
    schema = xmlschema.XMLSchema(files("reports").joinpath("schema/junit.xsd").read_text())
    schema.validate(render_junit({**ALL, **changes}).decode())


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
    # The case's own line stands in what to mend as well.
    assert page.count("&lt;script&gt;alert") == MOST_LINES + 2
    assert "3 lines before these, in the file" in page


def test_what_is_ok_has_the_end_of_its_conversation() -> None:
    lines = [
        json.dumps({"at_ms": number, "direction": "<", "kind": "message", "text": f"line {number}."})
        for number in range(MOST_LINES_ELSE + 2)
    ]
    page = render_conformance(ALL, {"lookup.a": "\n".join(lines).encode()})
    assert "line 1." not in page
    assert "line 2." in page
    assert f"line {MOST_LINES_ELSE + 1}." in page


def test_quotes_stay_and_what_could_act_does_not() -> None:
    line = json.dumps({"at_ms": 1, "direction": "<", "kind": "message", "text": '{"a": "</pre><b>&"}'}).encode()
    (told,) = conversation(line, whole=True)
    assert told.text == '{"a": "&lt;/pre&gt;&lt;b&gt;&amp;"}'


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"7", b'{"direction": "?"}', b'{"direction": "<", "at_ms": "x", "text": ""}']
)
def test_a_line_that_cannot_be_read_is_told(line: bytes) -> None:
    (told,) = conversation(line, whole=False)
    assert "cannot be read" in told.text


@pytest.mark.parametrize(("kind", "told"), [("close", "close 1000"), ("frame", "1000"), ("message", "1000")])
def test_a_close_is_named(kind: str, told: str) -> None:
    line = json.dumps({"at_ms": 1, "direction": ">", "kind": kind, "text": "1000"}).encode()
    assert [each.text for each in conversation(line, whole=False)] == [told]


def test_all_conversations_together_are_bounded_and_those_to_mend_come_first() -> None:
    line = json.dumps({"at_ms": 1, "direction": "<", "kind": "message", "text": "<" * 3_000}).encode() + b"\n"
    cases = [case(f"a.ok{number}", "OK") for number in range(900)]
    cases += [case(f"a.bad{number}", "FAILED") for number in range(20)]
    found = conversations(cases, {each["id"]: line * 20 for each in cases})
    assert sum(len(each.text) for lines in found.values() for each in lines) <= MOST_BYTES
    assert {f"a.bad{number}" for number in range(20)} <= found.keys()
    assert len(found) < len(cases)
    page = render_conformance(document(*cases), {each["id"]: line * 20 for each in cases})
    assert "The conversation is left out" in page


def test_what_is_to_be_mended_stands_before_all_else_and_bounded() -> None:
    many = document(*(case(f"lookup.c{number}", "FAILED") for number in range(MOST_OPENED + 5)))
    page = render_conformance(many, {})
    assert f"and {MOST_OPENED + 5 - MOST_OF_A_SECTION} more of this section" in page
    assert " open>" not in page
    assert page.index("What to mend") < page.index('id="case-lookup.c0"')
    assert "Nothing: no case failed" in render_conformance(document(case("a.b", "OK")), {})
    assert "could not be judged as a whole" in render_conformance(
        {**document(case("a.b", "NOT-RUN")), "verdict": "inconclusive", "reason": "gone"}, {}
    )


def test_sections_stand_in_the_documents_order() -> None:
    titles = ["4.3.1 c", "3.30 b", "通道安全握手", "3.2 a", "3.1 x", "2 y", "3.10 z"]
    found = sections_of({**case("a.b", "OK"), "section": title} for title in titles)
    assert [section.title for section in found] == [
        *("2 y", "3.1 x", "通道安全握手", "3.2 a", "3.10 z", "3.30 b", "4.3.1 c")
    ]
