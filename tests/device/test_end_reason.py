"""The words for why a connection ended."""

import pytest

from simulator.device.end_reason import EndReason
from simulator.measurements.names import OWN_ENDINGS


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1013, 4000])
def test_the_platforms_close_is_told_by_its_code(code: int) -> None:
    assert EndReason.closed(code) == f"closed {code}"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1002, "closed 1002 by the device: no proper WebSocket frame"),
        (1007, "closed 1007 by the device: text that is not UTF-8"),
        (1009, "closed 1009 by the device: message too large"),
        (1011, "closed 1011 by the device: internal fault"),
        (1003, "closed 1003 by the device"),
    ],
)
def test_the_devices_own_close_says_why(code: int, reason: str) -> None:
    assert EndReason.closed_by_us(code) == reason


def test_only_what_somebody_asked_for_is_no_lost_connection() -> None:
    reasons = {value for name, value in vars(EndReason).items() if name.isupper()}
    assert reasons & OWN_ENDINGS == OWN_ENDINGS == {EndReason.STOPPED, EndReason.REBOOT, EndReason.POWER_LOST}
