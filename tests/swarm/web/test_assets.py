"""The page's files: which there are, and that the colours and the chart library are the report's own."""

from importlib.resources import files

import pytest

from simulator.swarm.web.assets import ECHARTS, FOLDER, PALETTE, asset

PAGE = files(FOLDER).joinpath("assets")
NAMES = sorted(each.name for each in PAGE.iterdir() if not each.name.endswith(".j2"))


@pytest.mark.parametrize("name", NAMES)
def test_each_file_of_the_page_is_served_as_what_it_is(name: str) -> None:
    found = asset(name)
    assert found is not None
    assert found.data == PAGE.joinpath(name).read_bytes()
    assert found.mimetype in ("text/css", "text/javascript", "image/svg+xml")
    assert len(found.data.splitlines()) <= 400


def test_the_colours_are_those_of_the_report() -> None:
    palette = asset(PALETTE)
    assert palette is not None
    assert palette.data == files("reports").joinpath("assets", "palette.css").read_bytes()


def test_the_charts_are_drawn_by_the_library_of_the_report() -> None:
    found = asset(ECHARTS)
    assert found is not None
    assert found.data == files("reports").joinpath("assets", "echarts.common.min.js").read_bytes()


def test_every_variable_of_the_style_is_one_of_the_palette() -> None:
    import re

    palette, style = asset(PALETTE), asset("page.css")
    assert palette is not None
    assert style is not None
    used = set(re.findall(r"var\((--[\w-]+)\)", style.data.decode()))
    assert used <= set(re.findall(r"(--[\w-]+):", palette.data.decode()))


@pytest.mark.parametrize("name", ["", "page", "fleet.html.j2", "../page.py", "report.css", ".js"])
def test_nothing_else_is(name: str) -> None:
    assert asset(name) is None
