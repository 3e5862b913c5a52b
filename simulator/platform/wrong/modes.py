"""The table of all mistakes, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.platform.wrong.certificate_modes import CERTIFICATE_MODES
from simulator.platform.wrong.channel_modes import CHANNEL_MODES
from simulator.platform.wrong.command_modes import COMMAND_MODES
from simulator.platform.wrong.leniency_modes import ACCEPTING_MODES, REFUSING_MODES
from simulator.platform.wrong.lookup_modes import LOOKUP_MODES
from simulator.platform.wrong.mode import Mode
from simulator.platform.wrong.mqtt_modes import MQTT_MODES
from simulator.platform.wrong.reply_modes import REPLY_MODES
from simulator.platform.wrong.session_modes import SESSION_MODES

MODES: Final[Mapping[str, Mode]] = MappingProxyType(
    {
        mode.name: mode
        for mode in (
            *LOOKUP_MODES,
            *CERTIFICATE_MODES,
            *CHANNEL_MODES,
            *SESSION_MODES,
            *MQTT_MODES,
            *REPLY_MODES,
            *COMMAND_MODES,
            *ACCEPTING_MODES,
            *REFUSING_MODES,
        )
    }
)
"""In the order of tables."""
