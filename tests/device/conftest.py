"""What the tests of the device share: a world that is held to account when the test is over."""

from collections.abc import AsyncIterator

import pytest

from tests.device.harness import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A plain-text world."""
    world = World()
    yield world
    await world.close()


@pytest.fixture
async def sealed_world() -> AsyncIterator[World]:
    """A world with the encrypted channel."""
    world = World("rsa-aes")
    yield world
    await world.close()
