"""Every funcId of the document, declared once.

From these declarations come the platform's checks of device messages, the device's checks of commands and replies, the
funcIds of `dev.report`, the reference page and the property tests.
"""

from collections.abc import Mapping
from types import MappingProxyType

from simulator.protocol.catalogue.commands import COMMANDS
from simulator.protocol.catalogue.device_messages import BUSINESS_MESSAGES, INITIAL_MESSAGES
from simulator.protocol.catalogue.extensions import EXTENSIONS
from simulator.protocol.catalogue.lookup import LOOKUP_MESSAGES
from simulator.protocol.catalogue.spec import Direction, MessageSpec

CONNECT = "connect"
"""Name under which the opening of the connection is measured; it is no message."""
SUBSCRIBE = "subscribe"
"""Name under which the subscription of a publish/subscribe protocol is measured."""
LOOKUP = "getBrokerServer"

CATALOGUE: Mapping[str, MessageSpec] = MappingProxyType(
    {spec.func_id: spec for spec in (*LOOKUP_MESSAGES, *INITIAL_MESSAGES, *BUSINESS_MESSAGES, *EXTENSIONS, *COMMANDS)}
)

OVER_PUBLISH_SUBSCRIBE: Mapping[str, MessageSpec] = MappingProxyType(
    {
        func_id: spec.over_publish_subscribe() if spec.left_out_over_publish_subscribe else spec
        for func_id, spec in CATALOGUE.items()
    }
)
"""The catalogue as it is over MQTT and its like."""

DEVICE_FUNC_IDS: tuple[str, ...] = tuple(
    spec.func_id for spec in CATALOGUE.values() if spec.direction is Direction.TO_PLATFORM and not spec.extension
)
"""Everything of the document that a device may send over its connection, the exchanges included."""

COMMAND_FUNC_IDS: tuple[str, ...] = tuple(spec.func_id for spec in COMMANDS)

EXTENSION_FUNC_IDS: tuple[str, ...] = tuple(spec.func_id for spec in EXTENSIONS)
"""What devices send beside it, where they were told to."""

ALWAYS_SUPPORTED: tuple[str, ...] = (
    "dev.register",
    "dev.accredit",
    "dev.login",
    "dev.report",
    "cmd.dev.response",
    "dev.cmd.response",
)
"""The six that both sides support whatever their lists say (section 设备上报, funcIds)."""

NEGOTIATED_FUNC_IDS: tuple[str, ...] = (
    *(spec.func_id for spec in CATALOGUE.values() if spec.negotiated and not spec.extension),
    "cmd.dev.response",
)
"""What a device that can do everything of the document lists in `dev.report`."""

PROTOCOL_ORDER: tuple[str, ...] = (LOOKUP, CONNECT, SUBSCRIBE, *(name for name in CATALOGUE if name != LOOKUP))
"""Names of requests and commands in the document's order, for every table that people read."""
