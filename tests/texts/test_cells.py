"""Columns with characters of two cells."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from simulator.texts.cells import padded, wrapped


def test_columns_are_padded_by_cells() -> None:
    assert (padded("场景", 6) + "|", padded("name", 6) + "|", padded("阈值", 2)) == ("场景  |", "name  |", "阈值")


@pytest.mark.parametrize("width", range(10, 60))
def test_lines_fit_and_nothing_is_lost(width: int) -> None:
    text = "按 N 台设备的设备群检查，同 `run -u N`；the rest of it（默认：场景的时长）。"
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[:1] in ("，", "。", "：", "）") for line in lines)


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert wrapped("见 summary.json,report.html 等", 8) == ["见", "summary.json,report.html", "等"]
