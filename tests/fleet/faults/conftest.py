"""The weather acts on both event loops: every asynchronous test here runs once on each, and none may leave an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvloop

from simulator.wire.tls import SelfSigned
from tests.fleet.faults.field import TRANSPORTS, Field


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """A hook of pytest-asyncio: every asynchronous test once with each of these."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


MakeField = Callable[[str], Awaitable[Field]]


@pytest.fixture
async def make_field(certificate: SelfSigned) -> AsyncIterator[MakeField]:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    fields: list[Field] = []

    async def make(transport: str) -> Field:
        fields.append(Field(transport, certificate))
        await fields[-1].open()
        return fields[-1]

    yield make
    for field in fields:
        await field.close()
    assert complaints == []


@pytest.fixture(params=TRANSPORTS)
async def field(request: pytest.FixtureRequest, make_field: MakeField) -> Field:
    return await make_field(request.param)
