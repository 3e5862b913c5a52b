"""The reference page says everything that the catalogue declares, and the checkout holds today's page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import walk_fields
from simulator.protocol.reference import reference_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = reference_page()


def section(func_id: str) -> str:
    start = PAGE.index(f"\n### {func_id}\n")
    end = re.compile(r"^##+ ", re.MULTILINE).search(PAGE, start + 5)
    return PAGE[start : end.start() if end else None]


def test_the_checkout_is_up_to_date() -> None:
    assert (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8") == PAGE, "outdated: make docs"


@pytest.mark.parametrize("func_id", CATALOGUE)
def test_every_field_stands_in_its_table(func_id: str) -> None:
    spec = CATALOGUE[func_id]
    text = section(func_id)
    parameters, _, results = text.partition("Results of the reply:")
    for shape, tables in ((spec.params, parameters), (spec.results, results)):
        for path, field in walk_fields(shape):
            row = next(line for line in tables.splitlines() if line.startswith(f"| `{path}` |"))
            assert field.description in row
            assert ("| yes |" in row) is field.required
    assert spec.section in text
    assert spec.summary in text


def test_links_lead_to_headings() -> None:
    anchors = {heading.lower().replace(".", "") for heading in re.findall(r"^### (.*)$", PAGE, re.MULTILINE)}
    targets = re.findall(r"\]\(#([^)]*)\)", PAGE)
    assert len(targets) == len(CATALOGUE)
    assert set(targets) <= anchors


def test_tables_are_tables() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        lines = block.splitlines()
        columns = lines[0].count(" | ")
        assert all(line.replace("\\|", "").count(" | ") == columns for line in lines), lines[0]
