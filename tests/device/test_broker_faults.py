"""Which rule a broker breaks with what MQTT allows and no profile has."""

from __future__ import annotations

import pytest

from simulator.device.broker_faults import rule_of


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        ("a retained message on 'best/P/SN/down'", "session.retained"),
        ("a message on 'best/P/SN/down/x', which is not subscribed to", "session.topic"),
        ("a SUBACK that nothing waits for", "session.mqtt"),
        ("a PUBACK for a packet id that is not in flight", "session.mqtt"),
        ("", "session.mqtt"),
    ],
)
def test_each_kind_has_its_rule(what: str, rule: str) -> None:
    assert rule_of(what) == rule
