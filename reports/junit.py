"""`junit.xml`: the run as test cases, for the test viewers of CI systems.

One suite: a case for the verdict, a case a threshold and a case a funcId. A funcId's case fails by its failed requests
only where no threshold was given, just as the verdict does; the counts stand in its output either way. A rule of
violations or observations that occurred is a case, too: it fails only where a threshold that speaks of it was crossed,
as the verdict does not ask for violations either where no threshold does. The schema is `schema/junit.xsd`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree

from reports import text
from reports.attendance import ATTENDANCE, listed_text, sentence_of
from reports.causes import sentence
from reports.hints import detail_of
from reports.occurrences import CLASSES, INTERNAL_ERRORS
from reports.retold import retold
from reports.rules_shown import Row, crossed_rules, rows_of
from reports.verdict import FAILED, PASSED, headline, note_lines, reason_lines
from reports.weather import FAULTS, MISBEHAVIOUR, WEATHER
from reports.weather_shown import COLUMNS, fault_rows, faults_sentence, misbehaviour_sentence
from simulator.shown import printable
from simulator.texts.translation import _

_WEATHER_REASONS: Final = {
    FAULTS: ("devices_not_back", "faults_absent", "faults_hit_nobody", "all_under_faults"),
    MISBEHAVIOUR: ("misbehaviour_accepted",),
}


def render_junit(summary: Mapping[str, Any]) -> bytes:
    """The document, UTF-8."""
    cases = [_run_case(summary)]
    cases += [_threshold_case(result, summary) for result in summary["thresholds"]]
    # As the verdict: thresholds decide about failed requests, or the command line allows them.
    judged = not summary["thresholds"] and all(note["key"] != "errors_allowed" for note in summary["notes"])
    details = _details(summary["failures"])
    cases += [
        _series_case("requests", name, item, "latency_ms", judged, details.get(name, ""))
        for name, item in summary["requests"].items()
    ]
    flows = {name: item for name, item in summary["flows"].items() if item["count"]}
    cases += [_series_case("flows", name, item, "latency_ms", False) for name, item in flows.items()]
    cases += [_series_case("commands", name, item, "handling_ms", False) for name, item in summary["commands"].items()]
    if ATTENDANCE in summary:
        cases.append(_attendance_case(summary))
    cases += _weather_cases(summary)
    cases += _rule_cases(summary)
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    skipped = str(sum(case.find("skipped") is not None for case in cases))
    seconds = f"{summary['duration_s']:.3f}"
    suites = ElementTree.Element("testsuites", {"name": "best-fleet", **totals, "time": seconds})
    started = summary["started"].split("+")[0].split(".")[0]
    name = _clean(summary["scenario"])
    suite = ElementTree.SubElement(
        suites, "testsuite", {"name": name, **totals, "skipped": skipped, "time": seconds, "timestamp": started}
    )
    suite.extend(cases)
    ElementTree.indent(suites)
    content: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _case(kind: str, name: str, seconds: float = 0.0) -> ElementTree.Element:
    names = {"classname": f"best-fleet.{kind}", "name": _clean(name), "time": f"{seconds:.6f}"}
    return ElementTree.Element("testcase", names)


def _add(case: ElementTree.Element, tag: str, message: str, content: str = "") -> None:
    element = ElementTree.SubElement(case, tag, {"message": _clean(message), "type": tag})
    element.text = _clean(content or message)


def _run_case(summary: Mapping[str, Any]) -> ElementTree.Element:
    """The run itself, with its verdict: an error where its figures cannot be trusted or are not all there."""
    case = _case("run", "verdict", summary["duration_s"])
    verdict = summary["verdict"]
    lines = [headline(summary), *reason_lines(summary)[1:]]
    if verdict == PASSED:
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join([*lines, *note_lines(summary)]))
    else:
        _add(case, "failure" if verdict == FAILED else "error", lines[0], "\n".join([*lines, *note_lines(summary)]))
    return case


def _threshold_case(result: Mapping[str, Any], summary: Mapping[str, Any]) -> ElementTree.Element:
    """A failure unless it passed; one that a run cut short could not judge is skipped: it is no reason."""
    case = _case("thresholds", result["expression"])
    reason = _(" ({reasons})", reasons=retold(result["reason"])) if result["reason"] else ""
    measured = _("measured {value}", value=text.threshold_value(result)) + reason
    if text.judged(result) == text.NOT_JUDGED:
        tag = "failure" if summary.get("complete", True) else "skipped"
        _add(case, tag, f"{result['expression']}: {text.judged_word(result)}{reason}")
    elif result["passed"]:
        ElementTree.SubElement(case, "system-out").text = _clean(measured)
    else:
        _add(case, "failure", f"{result['expression']}: {measured}")
    return case


def _details(failures: list[Mapping[str, Any]]) -> dict[str, str]:
    """By name, what is known of the first failure with each code."""
    found: dict[str, list[str]] = {}
    for item in failures:
        if item.get("detail"):
            found.setdefault(item["name"], []).append(f"{item['code']}: {detail_of(item)}")
    return {name: "\n".join(lines) for name, lines in found.items()}


def _series_case(
    kind: str, name: str, item: Mapping[str, Any], latency: str, judged: bool, details: str = ""
) -> ElementTree.Element:
    figures = item[latency]
    case = _case(kind, name, (figures["mean"] or 0.0) / 1000.0)
    if judged and item["failures"]:
        message = _(
            "{failures} of {count} failed: {codes}",
            failures=text.count(item["failures"]),
            count=text.count(item["count"]),
            codes=text.codes(item["codes"]),
        )
        _add(case, "failure", message, "\n".join(filter(None, (message, details))))
    found = ", ".join(f"{key} {text.milliseconds(value)}" for key, value in figures.items())
    counts = {"count": text.count(item["count"]), "failures": text.count(item["failures"])}
    lines = [_("count {count}, failed {failures}", **counts), f"ms: {found}"]
    if item["failures"]:
        lines.append(_("failure codes: {codes}", codes=text.codes(item["codes"])))
        lines += filter(None, [details])
    ElementTree.SubElement(case, "system-out").text = _clean("\n".join(lines))
    return case


def _attendance_case(summary: Mapping[str, Any]) -> ElementTree.Element:
    """What happened at the meetings; a failure where there was none though the scenario asked for it."""
    case = _case(ATTENDANCE, "meetings")
    section = summary[ATTENDANCE]
    if any(reason["key"] == "no_attendance" for reason in summary["reasons"]):
        _add(case, "failure", sentence_of(section))
    else:
        ElementTree.SubElement(case, "system-out").text = _clean(f"{sentence_of(section)}\n{listed_text(section)}")
    return case


def _weather_cases(summary: Mapping[str, Any]) -> Iterator[ElementTree.Element]:
    """What came of the faults, and of misbehaviour: failures where the verdict has a reason that speaks of them."""
    rows = fault_rows(summary)
    lines = [
        text.clauses(
            [
                _("{when}: {what}", when=row.when, what=_("{fault}: {hit} hit", fault=row.text, hit=row.hit_text)),
                text.listed(f"{_(label)} {column.cell(row)}" for label, column in COLUMNS.items()),
                row.state,
            ]
        )
        for row in rows
    ]
    told = misbehaviour_sentence(summary)
    for name, about, found in ((FAULTS, faults_sentence(summary), lines), (MISBEHAVIOUR, told, [])):
        if not about:
            continue
        case = _case(WEATHER, name)
        reasons = [sentence(reason) for reason in summary["reasons"] if reason["key"] in _WEATHER_REASONS[name]]
        if reasons:
            _add(case, "failure", reasons[0], "\n".join(reasons))
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join([about, *found]))
        yield case


def _rule_cases(summary: Mapping[str, Any]) -> Iterator[ElementTree.Element]:
    """A case a rule that occurred; internal errors are errors, as they make the run invalid."""
    crossed = crossed_rules(summary)
    for of_class in CLASSES:
        for row in rows_of(summary, of_class):
            case = _case(of_class, row.rule)
            lines = _rule_lines(row)
            if of_class == INTERNAL_ERRORS:
                _add(case, "error", lines[0], "\n".join(lines))
            elif expression := crossed[of_class].get(row.rule):
                crossed_by = _("{told} ({expression} was crossed)", told=lines[0], expression=expression)
                _add(case, "failure", crossed_by, "\n".join(lines))
            else:
                ElementTree.SubElement(case, "system-out").text = _clean("\n".join(lines))
            yield case


def _rule_lines(row: Row) -> list[str]:
    found = [text.counted(row.count, "time") if row.count != 1 else _("once")]
    found += [text.counted(row.devices, "device")] if row.devices else []
    lines = [_("{meaning}: {found}", meaning=row.meaning, found=text.listed(found))]
    lines += [_("first example: {example}", example=row.example), row.advice]
    lines += [_("messages: {messages}", messages=row.messages)] if row.func_ids else []
    lines += [_("document: {section}", section=row.section)] if row.section else []
    return [*lines, _("from {first} to {last}", first=row.first, last=row.last)]


def _clean(value: str) -> str:
    """With the escapes of what XML cannot hold, or of what a viewer would act on."""
    return "\n".join(map(printable, value.split("\n")))
