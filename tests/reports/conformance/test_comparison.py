"""Two conformance runs compared: worse is a regression, and what cannot be told is never green."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.conformance.comparison import Comparison, compare_conformance
from simulator.cli import main
from simulator.conform.case import Result
from tests.reports.conformance.test_pages import case, document
from tests.reports.conformance.test_stored import leave


def compared(before: str | None, now: str | None, **changes: Any) -> Comparison:
    """Two runs with one equal case, and one that changed; None: it is not there."""
    same = case("a.same", "OK")
    base = document(same, *([case("a.b", before)] if before else []))
    return compare_conformance(base, {**document(same, *([case("a.b", now)] if now else [])), **changes})


@pytest.mark.parametrize(
    ("before", "now", "part", "code"),
    [
        ("OK", "FAILED", "worse", 3),
        ("OK", "NON-STRICT", "worse", 3),
        ("INFORMATIONAL", "FAILED", "worse", 3),
        ("NON-STRICT", "FAILED", "worse", 3),
        ("FAILED", "NON-STRICT", "better", 0),
        ("FAILED", "OK", "better", 0),
        ("OK", "INFORMATIONAL", "other", 0),
        ("NOT-RUN", "OK", "other", 0),
        (None, "OK", "other", 0),
        ("NOT-RUN", None, "other", 0),
        ("NOT-RUN", "FAILED", "untold", 3),
        (None, "NON-STRICT", "untold", 3),
        ("OK", "NOT-RUN", "untold", 3),
        ("FAILED", None, "untold", 3),
    ],
)
def test_a_changed_case(before: str | None, now: str | None, part: str, code: int) -> None:
    found = compared(before, now)
    lengths = {name: len(getattr(found, name)) for name in ("worse", "better", "other", "untold")}
    assert lengths == {**dict.fromkeys(lengths, 0), part: 1}
    assert found.exit_code(allow_untold=False) == code
    assert found.exit_code(allow_untold=True) == (3 if part == "worse" else 0)
    assert any("a.b" in line for line in found.lines())


def test_nothing_changed() -> None:
    found = compared("FAILED", "FAILED")
    assert list(found.lines()) == ["0 worse, 0 better, 0 changed, 0 cannot be told"]
    assert found.exit_code(allow_untold=False) == 0


def test_an_inconclusive_run_and_nothing_in_common_are_never_green() -> None:
    assert compared("OK", "OK", verdict="inconclusive", reason="gone").untold == ("the new run is inconclusive: gone",)
    none = compare_conformance(document(case("a.b", "NOT-RUN")), document(case("a.c", "OK")))
    assert none.untold == ("the runs have no case in common",)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = str(leave(tmp_path / "base", Result.OK))
    new = str(leave(tmp_path / "new", Result.FAILED))
    assert main(["compare", base, new]) == 3
    assert "OK -> FAILED  lookup.n0: seen" in capsys.readouterr().out
    assert main(["compare", new, base]) == 0
    assert main(["compare", base, base]) == 2
    assert main(["compare", base, new, "--fail-on", "p99 +10%"]) == 2
    assert main(["compare", base, new, new]) == 2
    assert main(["compare", base, str(tmp_path)]) == 2
