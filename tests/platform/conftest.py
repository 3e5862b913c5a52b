"""A platform for a test that needs nothing special of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.platform.harness import Running, running


@pytest.fixture
async def platform() -> AsyncIterator[Running]:
    """A plain platform with everything at its default."""
    async with running() as one:
        yield one
