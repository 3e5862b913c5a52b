"""The documentation as a site: it builds, every link leads somewhere, and nothing is fetched from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mkdocs_hooks import site_links

ROOT = Path(__file__).resolve().parent.parent
KNOWN = {"index.md", "faults.md", "contributing.md", "zh/index.md", "zh/thresholds.md", "scenarios/smoke.yaml"}


def test_it_builds_strictly_and_is_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.stem for path in tmp_path.glob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} | {"index", "contributing", "changelog"} <= pages
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|link)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)", page.read_text("utf-8")
        )
        assert not loaded, page


@pytest.mark.parametrize(
    ("page", "text", "turned"),
    [
        ("index.md", "[a](docs/faults.md#x)", "[a](faults.md#x)"),
        ("index.md", "![a](docs/images/a.png)", "![a](images/a.png)"),
        ("index.md", "[a](scenarios/smoke.yaml)", "[a](scenarios/smoke.yaml)"),
        ("faults.md", "[a](../README.md#many-machines)", "[a](index.md#many-machines)"),
        ("faults.md", "[a](../CONTRIBUTING.md)", "[a](contributing.md)"),
        ("zh/index.md", "[a](docs/zh/thresholds.md)", "[a](thresholds.md)"),
        ("zh/index.md", "[a](docs/faults.md)", "[a](../faults.md)"),
        ("zh/thresholds.md", "[a](../../README.zh-CN.md)", "[a](index.md)"),
        ("zh/thresholds.md", "[a](../faults.md)", "[a](../faults.md)"),
        ("faults.md", "[a](#here) [b](https://example.com/x.md)", "[a](#here) [b](https://example.com/x.md)"),
        ("faults.md", "[a](../simulator/clock.py)", "a (`simulator/clock.py`)"),
        ("faults.md", "[a](nowhere.md)", "[a](nowhere.md)"),
        ("faults.md", "```\n[a](../README.md)\n```\n[a](../README.md)", "```\n[a](../README.md)\n```\n[a](index.md)"),
    ],
)
def test_links_are_turned_to_where_the_site_has_the_files(page: str, text: str, turned: str) -> None:
    assert site_links(text, page, KNOWN | {"images/a.png"}) == turned
