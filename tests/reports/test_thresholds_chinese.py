"""The Chinese page of thresholds names every measure, and every threshold on it is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.measures import MEASURES
from reports.thresholds import wrong_threshold

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "zh" / "thresholds.md").read_text(encoding="utf-8")
EXAMPLES = sorted(
    {
        *re.findall(r"`([^`\n]+ (?:<|<=|>|>=|==|!=) [^`\n]+)`", PAGE),
        *re.findall(r"^  - (.+)$", PAGE, re.MULTILINE),
    }
)


def test_every_measure_is_named() -> None:
    words = set(re.findall(r"`([a-z0-9_.]+)`", PAGE))
    assert not {measure.name for measure in MEASURES} - words - {"percentile"}  # written as p95


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_threshold(example: str) -> None:
    assert wrong_threshold(example) is None
