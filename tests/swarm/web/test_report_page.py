"""The files of a run's report that may be asked for."""

from pathlib import Path
from types import SimpleNamespace

from simulator.swarm.web.report_page import MIMETYPES, files_of, report_file


def test_only_files_of_ours_that_are_there_and_only_once_the_run_is_over(tmp_path: Path) -> None:
    for name in ("summary.json", "report.html", "state.json", "checkpoint.json"):
        (tmp_path / name).write_text("{}")
    run = SimpleNamespace(directory=tmp_path, ended=None)
    assert files_of(run) == []
    assert report_file(run, "report.html") is None
    run.ended = 1.0
    assert files_of(run) == ["report.html", "summary.json"]
    assert report_file(run, "report.html") == tmp_path / "report.html"
    assert report_file(run, "junit.xml") is None
    assert report_file(None, "report.html") is None
    for name in ("state.json", "../report.html", "", "/etc/hostname", f"{tmp_path}/report.html"):
        assert report_file(run, name) is None


def test_what_a_browser_would_run_is_the_report_alone() -> None:
    assert [name for name, mimetype in MIMETYPES.items() if "html" in mimetype] == ["report.html"]
