"""The page of all ways."""

from __future__ import annotations

import pytest

from simulator.device.misbehaviour.page import misbehaviour_page
from simulator.device.misbehaviour.registry import WAYS, Way


@pytest.mark.parametrize("way", WAYS.values(), ids=lambda way: way.name)
def test_each_way_stands_there_with_its_reason(way: Way) -> None:
    page = misbehaviour_page()
    assert f"\n## {way.name}\n" in page
    for text in (way.text, way.sends, way.section, way.words, way.must, way.judged, way.not_done):
        assert text in page
