"""What all pages share: their language, their scripts' texts, moments that a script can show in another zone."""

import re
from importlib.resources import files

import pytest

from reports.page import CHART_SCRIPTS, asset, clock_tag, coded, moment_tag_of, script_texts
from simulator.texts.language import CHINESE, speaking
from simulator.texts.translation import translations

SCRIPTS = (*CHART_SCRIPTS, "report.js", "report_time.js", "compare.js")
CALLS = re.compile(r"(?<![\w.$])_\((?!text, values)")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_says_nothing_that_has_no_translation(name: str) -> None:
    script = asset(name)
    with speaking(CHINESE):
        said = script_texts(script)
    # every call is found: one within a template literal or with a variable would stay English
    assert len(CALLS.findall(script)) == len(re.findall(r'(?<![\w.$])_\(\s*"', script))
    catalogue = translations(CHINESE)
    for english in re.findall(r'(?<![\w.$])_\(\s*"((?:[^"\\]|\\.)*)"', script):
        assert english in said, english
        assert said[english] == catalogue.gettext(english)
    assert script_texts(script) == {}


def test_what_stands_between_backticks_is_code() -> None:
    assert coded("`p95 < 1 s` was crossed") == "<code>p95 &lt; 1 s</code> was crossed"
    assert coded("a `b` c ` <i>") == "a <code>b</code> c ` &lt;i&gt;"
    assert coded("plain") == "plain"


def test_moments_stand_in_utc_for_whoever_has_no_script() -> None:
    assert clock_tag(1_700_000_000.5) == '<time datetime="2023-11-14T22:13:20Z" data-form="clock">22:13:20</time>'
    shown = moment_tag_of("2023-11-14T22:13:20.123+00:00")
    assert ">2023-11-14 22:13:20</time>" in shown
    assert "&lt;b&gt;" in moment_tag_of("<b>")


def test_charts_have_colours_of_the_palette_alone() -> None:
    """A colour of its own would be the same in light and dark, and another one on another page."""
    for name in SCRIPTS:
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^\n]*href)", asset(name)), name
    palette = asset("palette.css")
    for theme in palette.split(":root.dark"):
        assert set(re.findall(r"--c(\d+):", theme)) == {str(number) for number in range(13)}
    used = set(re.findall(r"var\((--[\w-]+)\)", asset("report.css")))
    assert used <= set(re.findall(r"(--[\w-]+):", palette + asset("report.css")))


def test_texts_of_the_palette_are_legible() -> None:
    """4.5:1 of every text on every surface that it stands on (WCAG 2, 1.4.3); 3:1 of charts' colours (1.4.11)."""
    for theme in asset("palette.css").split(":root.dark"):
        color = dict(re.findall(r"--([\w-]+):\s*(#\w{6})", theme))
        for text in ("ink", "soft", "faint", "accent"):
            for surface in ("page", "card", "hover"):
                assert contrast(color[text], color[surface]) >= 4.5, (text, surface)
        for state in ("good", "bad", "warn"):
            for surface in (f"{state}-back", "card"):
                assert contrast(color[state], color[surface]) >= 4.5, (state, surface)
        for number in range(13):
            assert contrast(color[f"c{number}"], color["card"]) >= 3.0, number


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_assets_are_in_the_package() -> None:
    assert {"palette.css", "report.css", *SCRIPTS} <= {
        each.name for each in files("reports").joinpath("assets").iterdir()
    }
