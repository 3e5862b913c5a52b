"""Conformance runs that are over, read back from their directories, and their pages made anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from reports.conformance.words import RESULTS
from reports.conformance.writer import CONFORMANCE, write_pages
from reports.directory import ReportDirectory
from reports.rebuild import UnreadableRunError

SCHEMA: Final = 1
VERDICTS: Final = ("conforming", "failing", "inconclusive")
_TEXTS: Final = ("tool", "started", "verdict", "reason")
_OCCURRENCES: Final = ("violations", "observations", "internal_errors")
_CASE: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(
        ("id", "family", "section", "title", "result", "sends", "expected", "observed", "why", "trace"), str
    ),
    "required": bool,
    "duration_ms": (int, float),
}


def holds_conformance(directory: Path) -> bool:
    """Whether a conformance run left its report in `directory`."""
    return (directory / CONFORMANCE).is_file()


def load_conformance(directory: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """conformance.json of `directory`, and the traces that are there by the id of their case.

    Raises:
        UnreadableRunError: If the document cannot be read, or is none of this version; says what is wrong.
    """
    path = directory / CONFORMANCE
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableRunError(f"{path}: cannot be read ({error.strerror or error})") from error
    except orjson.JSONDecodeError as error:
        raise UnreadableRunError(f"{path}: is no JSON ({error})") from error
    if problem := _problem(document):
        raise UnreadableRunError(f"{path}: {problem}")
    traces = {}
    for case in document["cases"]:
        # only what lies in the report's own directory: the name stands in a file that anybody may have written
        if case["trace"] == f"cases/{case['id']}.jsonl" and "/" not in case["id"]:
            try:
                traces[case["id"]] = (directory / case["trace"]).read_bytes()
            except OSError:
                continue  # the page says of such a case that its conversation is left out
        else:
            case["trace"] = ""  # the page would link to it: it might be a script or another's site
    return document, traces


def rebuild_pages(directory: Path) -> tuple[dict[str, Any], list[str]]:
    """Write the pages of the run in `directory` anew; returns its document, and what could not be written.

    Raises:
        UnreadableRunError: If `directory` holds no conformance run.
        DirectoryBusyError: If a run still writes there.
        OSError: If nothing can be written there.
    """
    with ReportDirectory(directory):
        document, traces = load_conformance(directory)
        return document, write_pages(directory, document, traces)


def _problem(document: Any) -> str:
    """Why the pages cannot be made of it; empty if they can."""
    if not isinstance(document, dict) or document.get("kind") != "conformance":
        return "is no report of best-fleet conform"
    if document.get("schema") != SCHEMA:
        return f"has the schema {document.get('schema')!r}, this version reads {SCHEMA}"
    for name in _TEXTS:
        if not isinstance(document.get(name), str):
            return f"{name} should be a text"
    if document["verdict"] not in VERDICTS:
        return f"verdict should be one of {', '.join(VERDICTS)}"
    if not isinstance(document.get("exit_code"), int):
        return "exit_code should be a number"
    if not isinstance(document.get("strict"), bool) or not _number(document.get("duration_s")):
        return "strict should be true or false, and duration_s a number"
    platform, counts = document.get("platform"), document.get("counts")
    if not isinstance(platform, dict) or not all(
        isinstance(platform.get(name), str) for name in ("dispatch", "broker", "suite")
    ):
        return "platform should have the texts dispatch, broker and suite"
    if not isinstance(counts, dict) or not all(isinstance(counts.get(result), int) for result in RESULTS):
        return f"counts should have the numbers {', '.join(RESULTS)}"
    for name in ("leaves_behind", "notes"):
        if not isinstance(document.get(name), list):
            return f"{name} should be a list"
    if not isinstance(document.get("again"), str):
        return "again should be a text"
    for name in _OCCURRENCES:
        if not _occurrences(document.get(name)):
            return f"{name} should have a total and by_rule, each rule with count, section and example"
    cases = document.get("cases")
    if not isinstance(cases, list):
        return "cases should be a list"
    return next((problem for number, case in enumerate(cases, 1) if (problem := _case_problem(number, case))), "")


def _case_problem(number: int, case: Any) -> str:
    if not isinstance(case, dict):
        return f"case {number} should be an object"
    wrong = [name for name, kind in _CASE.items() if not isinstance(case.get(name), kind)]
    if wrong:
        return f"case {number}: {', '.join(wrong)} missing or of another type"
    return "" if case["result"] in RESULTS else f"case {number}: result should be one of {', '.join(RESULTS)}"


def _occurrences(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("total"), int):
        return False
    rules = found.get("by_rule")
    return isinstance(rules, dict) and all(
        isinstance(each, dict) and {"count", "section"} <= each.keys() and isinstance(each.get("example"), str)
        for each in rules.values()
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
