"""A delay begins when the message that it is for arrived, not when the platform came to read it."""

import pytest

from simulator.clock import ManualClock
from simulator.platform.ledger.transactions import Ledger
from tests.platform.parts import platform_settings, services_of


@pytest.mark.parametrize(
    ("arrived_ago", "delay", "left"), [(None, 0.05, 0.05), (0.0, 0.05, 0.05), (0.02, 0.05, 0.03), (0.07, 0.05, 0.0)]
)
def test_what_is_left_of_a_delay(arrived_ago: float | None, delay: float, left: float) -> None:
    clock = ManualClock()
    clock.advance(10.0)
    services = services_of(platform_settings(), Ledger(None), clock)
    if arrived_ago is not None:
        services.received.at = clock.monotonic() - arrived_ago
    assert services.left(delay) == pytest.approx(left)
    assert services.age() == pytest.approx(arrived_ago or 0.0)
