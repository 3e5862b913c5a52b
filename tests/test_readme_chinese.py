"""The Chinese README is that of the same program: it names the same commands, options, files and exit codes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
PAIRS = (("README.md", "README.zh-CN.md"), ("docs/troubleshooting.md", "docs/zh/troubleshooting.md"))


def _without_comments(line: str) -> str:
    return re.sub(r"\s+#.*", "", line).strip()


def commands(text: str) -> Counter[str]:
    """The lines of shell examples, without what is said of them."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return Counter(_without_comments(line) for block in blocks for line in block.splitlines())


def test_the_same_commands_in_the_examples() -> None:
    assert commands(CHINESE) == commands(ENGLISH)


def test_the_same_options() -> None:
    own = {"--lang"}  # said where the language is spoken of
    assert set(re.findall(r"--[a-z][a-z-]+", CHINESE)) - own == set(re.findall(r"--[a-z][a-z-]+", ENGLISH)) - own


def test_the_same_exit_codes() -> None:
    rows = re.compile(r"^\| (\d) \| (`[A-Z_]+`) \|", re.MULTILINE)
    assert rows.findall(CHINESE) == rows.findall(ENGLISH)
    assert len(rows.findall(ENGLISH)) == 6


def test_the_same_scenarios_and_pictures() -> None:
    for pattern in (r"\(scenarios/[\w.-]+\)", r"\(docs/images/[\w.-]+\)"):
        assert set(re.findall(pattern, CHINESE)) == set(re.findall(pattern, ENGLISH))


def test_the_same_sections() -> None:
    own = ["###"]  # on the languages
    assert re.findall(r"^#{1,3} ", CHINESE, re.MULTILINE).count("## ") == re.findall(
        r"^#{1,3} ", ENGLISH, re.MULTILINE
    ).count("## ")
    levels = len(re.findall(r"^### ", CHINESE, re.MULTILINE)) - len(own)
    assert levels == len(re.findall(r"^### ", ENGLISH, re.MULTILINE))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_each_names_the_other(pair: tuple[str, str]) -> None:
    for one, other in (pair, pair[::-1]):
        text = (ROOT / one).read_text(encoding="utf-8")
        links = {((ROOT / one).parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+)\)", text)}
        assert (ROOT / other).resolve() in links
        assert all(link.exists() for link in links)
