"""Mistakes of a platform over MQTT: of its broker, and in what it makes of a device's topic."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import MQTT, Mode

NTH: Final = 8
"""Of the messages to one connection, each of which another packet follows."""


def _mode(name: str, text: str, *found_under: str, in_runs: bool = True) -> Mode:
    return Mode(name=f"mqtt.{name}", text=text, rules=found_under, over=MQTT, in_runs=in_runs)


RETAINED: Final = _mode("retained", "sends every eighth message once more, as a retained one", rules.SESSION_RETAINED)
OTHER_TOPIC: Final = _mode(
    "other-topic", "sends every eighth message once more, on a topic beside the device's", rules.SESSION_TOPIC
)
UNASKED: Final = _mode(
    "unasked-puback", "acknowledges a publish that there was not, after every eighth message", rules.SESSION_MQTT
)
NO_PUBACK: Final = _mode("no-puback", "acknowledges no publish", in_runs=False)
NO_PINGRESP: Final = _mode("no-pingresp", "answers no PINGREQ", in_runs=False)
FORGETS: Final = _mode("forgets-session", "keeps no session of a client that is away")
NEEDS_SN: Final = _mode("needs-sn", "refuses a dev.register without sn, which is not needed over MQTT")
REGISTERS_ONCE: Final = _mode("registers-once", "refuses a second dev.register of a device that has not left")
ANSWERS_AGAIN: Final = _mode("answers-again", "refuses a message that is delivered twice, where it should ignore it")

BROKER_MODES: Final[tuple[Mode, ...]] = (RETAINED, OTHER_TOPIC, UNASKED)
MQTT_MODES: Final[tuple[Mode, ...]] = (
    *BROKER_MODES,
    NO_PUBACK,
    NO_PINGRESP,
    FORGETS,
    NEEDS_SN,
    REGISTERS_ONCE,
    ANSWERS_AGAIN,
)
"""In the order of tables."""
