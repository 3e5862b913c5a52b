"""The generated documents of the checkout are those that the code would write today."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import main
from simulator.cli.docs_command import DOCUMENTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == DOCUMENTS[name](), f"{name} is outdated: make docs"


def test_only_outdated_documents_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "simulator" / "cli").mkdir(parents=True)
    assert main(["docs", "--checkout", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name} written" for name in DOCUMENTS]
    assert main(["docs", "--checkout", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_another_directory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--checkout", str(tmp_path)]) == 2
    assert "is no checkout" in capsys.readouterr().err
