"""What the tests of the fleet's network share."""

from collections.abc import AsyncIterator

import pytest

from simulator.wire.tls import SelfSigned, self_signed
from tests.fleet.network_bench import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> SelfSigned:
    return self_signed(tmp_path_factory.mktemp("tls"), ["127.0.0.1", "localhost"])
