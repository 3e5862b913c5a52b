"""Every asynchronous test of the client runs on both event loops, and none may log or leave an error to the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from tests.mqtt.client.helpers import Room


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A hook of pytest-asyncio: every asynchronous test once with each of these."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


@pytest_asyncio.fixture
async def room(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Room]:
    caplog.set_level(logging.DEBUG)
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    async with Room() as room:
        yield room
    await asyncio.sleep(0)
    assert complaints == []
    assert caplog.get_records("call") == []
