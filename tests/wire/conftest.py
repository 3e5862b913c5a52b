"""Every asynchronous test of this layer runs on both event loops, and none may log or leave an error to the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from simulator.wire.tls import SelfSigned, self_signed
from tests.wire.helpers import Network


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A hook of pytest-asyncio: every asynchronous test once with each of these."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


@pytest_asyncio.fixture
async def network(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Network]:
    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    async with Network() as network:
        yield network
    await asyncio.sleep(0)
    assert complaints == network.expected_complaints
    assert caplog.get_records("call") == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> SelfSigned:
    return self_signed(tmp_path_factory.mktemp("tls"), ["localhost", "127.0.0.1"])
