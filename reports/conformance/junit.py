"""`junit.xml` of a conformance run: a suite a section, a test case a case; what could not be judged is an error."""

from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree

from reports.conformance.words import families, headline
from simulator.shown import printable
from simulator.texts.told import said
from simulator.texts.translation import _

_SKIPPED: Final = "NOT-RUN"


def render_junit(document: Mapping[str, Any]) -> bytes:
    """The document, UTF-8."""
    suites = ElementTree.Element("testsuites", {"name": "best-fleet conform"})
    started = document["started"].split("+")[0]
    failing = {"FAILED", "NON-STRICT"} if document["strict"] else {"FAILED"}
    groups = [("run", [_run_case(document)])]
    groups += [(family, [_case(case, failing) for case in cases]) for family, cases in families(document["cases"])]
    for name, cases in groups:
        totals = {"tests": str(len(cases))}
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            totals[attribute] = str(sum(case.find(tag) is not None for case in cases))
        seconds = sum(float(case.attrib["time"]) for case in cases)
        attributes = {"name": name, **totals, "time": f"{seconds:.3f}", "timestamp": started}
        ElementTree.SubElement(suites, "testsuite", attributes).extend(cases)
    ElementTree.indent(suites)
    content: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _run_case(document: Mapping[str, Any]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": "best-fleet.conform", "name": "verdict", "time": "0.000000"})
    told = printable(headline(document))
    if document["verdict"] == "inconclusive":
        _add(case, "error", told)
    else:
        ElementTree.SubElement(case, "system-out").text = told
    return case


def _case(case: Mapping[str, Any], failing: set[str]) -> ElementTree.Element:
    names = {"classname": f"best-fleet.conform.{case['family']}", "name": case["id"]}
    element = ElementTree.Element("testcase", {**names, "time": f"{case['duration_ms'] / 1000:.6f}"})
    told = printable(said(case["observed"]))
    if case["result"] in failing:
        _add(element, "failure", told, _detail(case, told))
    elif case["result"] == _SKIPPED:
        ElementTree.SubElement(element, "skipped", {"message": told})
    else:
        ElementTree.SubElement(element, "system-out").text = f"{case['result']}: {told}"
    return element


def _detail(case: Mapping[str, Any], told: str) -> str:
    return _(
        "{title}\nsent: {sent}\nright: {right}\n{told}",
        title=said(case["title"]),
        sent=said(case["sends"]),
        right=said(case["expected"]),
        told=told,
    )


def _add(case: ElementTree.Element, tag: str, message: str, content: str = "") -> None:
    element = ElementTree.SubElement(case, tag, {"message": message, "type": tag})
    element.text = content or message
