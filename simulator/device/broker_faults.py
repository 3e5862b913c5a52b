"""Which rule a broker breaks with what MQTT allows and no profile has."""

from typing import Final

from simulator.measurements.violation_rules import SESSION_MQTT, SESSION_RETAINED, SESSION_TOPIC
from simulator.mqtt.handler import OTHER_TOPIC, RETAINED

_RULES: Final = {RETAINED: SESSION_RETAINED, OTHER_TOPIC: SESSION_TOPIC}


def rule_of(what: str) -> str:
    """The rule of what a connection calls unusual, which begins with one of few words."""
    return next((rule for word, rule in _RULES.items() if what.startswith(word)), SESSION_MQTT)
