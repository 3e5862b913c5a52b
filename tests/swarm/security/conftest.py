"""Fixtures of the tests of access."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose user keeps state in a folder of the test."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}
