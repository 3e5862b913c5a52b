"""Conformance runs read back: the same pages from the files alone, and a damaged document is told, not a traceback."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reports.conformance.stored import holds_conformance, load_conformance, rebuild_pages
from reports.rebuild import UnreadableRunError
from simulator.cli import main
from simulator.conform.case import Result
from simulator.conform.output import write
from tests.conform.test_document import TRACE, finished

PAGES = ("conformance.html", "conformance.md", "junit.xml")


def leave(directory: Path, *results: Result, **options: Any) -> Path:
    assert write(finished(*results, **options), directory) == []
    return directory


def changed(directory: Path, **changes: Any) -> None:
    path = directory / "conformance.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


@pytest.mark.parametrize(
    "options", [{}, {"reason": "gone"}, {"strict": True}, {"reason": "stopped", "interrupted": True}]
)
def test_a_document_follows_its_schema(options: dict[str, Any], tmp_path: Path) -> None:
    schema = json.loads(files("reports").joinpath("schema/conformance.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    document, _ = load_conformance(leave(tmp_path, *Result, **options))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(document, schema, format_checker=checker)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "verdict": "passed"}, schema)


def test_the_pages_are_made_again_from_the_files_alone(tmp_path: Path) -> None:
    leave(tmp_path, Result.OK, Result.FAILED)
    before = {name: (tmp_path / name).read_bytes() for name in PAGES}
    for name in PAGES:
        (tmp_path / name).unlink()
    document, problems = rebuild_pages(tmp_path)
    assert problems == []
    assert document["verdict"] == "failing"
    assert {name: (tmp_path / name).read_bytes() for name in PAGES} == before
    assert b"hello" in before["conformance.html"]


def test_without_its_traces_the_page_is_made_and_says_so(tmp_path: Path) -> None:
    leave(tmp_path, Result.OK)
    (tmp_path / "cases" / "lookup.n0.jsonl").unlink()
    assert rebuild_pages(tmp_path)[1] == []
    assert "conversation is left out" in (tmp_path / "conformance.html").read_text()


def test_no_file_outside_the_report_is_shown(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_bytes(TRACE)
    directory = leave(tmp_path / "report", Result.OK)
    case = load_conformance(directory)[0]["cases"][0]
    for name, trace in (("lookup.n0", "../secret.jsonl"), ("../../secret", "cases/../../secret.jsonl")):
        changed(directory, cases=[{**case, "id": name, "trace": trace}])
        assert load_conformance(directory)[1] == {}


@pytest.mark.parametrize("trace", ["javascript:alert(1)", "https://example.com/x", "../secret.jsonl"])
def test_the_page_links_to_nothing_but_the_reports_own_traces(trace: str, tmp_path: Path) -> None:
    case = load_conformance(leave(tmp_path, Result.OK))[0]["cases"][0]
    changed(tmp_path, cases=[{**case, "trace": trace}])
    assert rebuild_pages(tmp_path)[1] == []
    assert trace not in (tmp_path / "conformance.html").read_text()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "run"}, "is no report of best-fleet conform"),
        ({"schema": 2}, "has the schema 2, this version reads 1"),
        ({"reason": None}, "reason should be a text"),
        ({"verdict": "fine"}, "verdict should be one of conforming"),
        ({"exit_code": "0"}, "exit_code should be a number"),
        ({"strict": 0}, "strict should be"),
        ({"platform": {}}, "platform should have"),
        ({"counts": {"OK": 1}}, "counts should have"),
        ({"leaves_behind": "x"}, "leaves_behind should be a list"),
        ({"violations": {"total": 1, "by_rule": {"a": {}}}}, "violations should have"),
        ({"observations": []}, "observations should have"),
        ({"cases": {}}, "cases should be a list"),
        ({"cases": [7]}, "case 1 should be an object"),
        ({"cases": [{"id": "a"}]}, "case 1: family"),
    ],
)
def test_what_is_wrong_with_a_document_is_told(
    changes: dict[str, Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(leave(tmp_path, Result.OK), **changes)
    with pytest.raises(UnreadableRunError, match=told):
        load_conformance(tmp_path)
    assert main(["report", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_a_cut_off_document_is_told(tmp_path: Path) -> None:
    (tmp_path / "conformance.json").write_bytes(b'{"schema": 1')
    assert holds_conformance(tmp_path)
    with pytest.raises(UnreadableRunError, match="is no JSON"):
        load_conformance(tmp_path)


@pytest.mark.parametrize(
    ("options", "code"),
    [({}, 3), ({"reason": "gone"}, 4), ({"reason": "stopped", "interrupted": True}, 5)],
)
def test_the_command_builds_them_and_ends_as_the_run_did(
    options: dict[str, Any], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, Result.FAILED, **options)
    (tmp_path / "conformance.md").unlink()
    assert main(["report", str(tmp_path)]) == 0
    assert (tmp_path / "conformance.md").exists()
    assert main(["report", str(tmp_path), "--verdict"]) == code
    assert "written" in capsys.readouterr().out


def test_conformance_is_not_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = leave(tmp_path / "one", Result.OK)
    assert main(["report", "--merge", str(directory), "--out", str(tmp_path / "all")]) == 2
    assert "is a report of best-fleet conform" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(tmp_path, Result.OK)
    (tmp_path / "conformance.md").unlink()
    (tmp_path / "conformance.md").mkdir()
    assert main(["report", str(tmp_path)]) == 4
    assert "conformance.md cannot be written" in capsys.readouterr().err
