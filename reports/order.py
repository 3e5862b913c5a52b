"""The order of rows in every table: the protocol's own, then whatever else was measured, by name."""

from collections.abc import Iterable, Mapping

from simulator.measurements.series import FLOW_PREFIX
from simulator.protocol.catalogue import PROTOCOL_ORDER

FLOW_ORDER = ("init", "record_delivery", "photo_delivery")
INITIAL_FLOW = (
    "getBrokerServer",
    "connect",
    "device.exchange.publicKey",
    "device.exchange.factor",
    "dev.register",
    "dev.accredit",
    "dev.login",
    "dev.report",
)
"""The steps a device goes through until it is online (docs/deviations.md, Initial flow)."""

PARTS_OF_FLOWS: Mapping[str, tuple[str, ...]] = {
    "init": INITIAL_FLOW,
    "record_delivery": ("dev.data.upload.verifyLog",),
    "photo_delivery": (
        "dev.data.upload.verifyLog",
        "dev.data.upload.verifyPhoto",
        "dev.file.upload.start",
        "dev.file.upload.package",
        "dev.file.upload.end",
    ),
}
"""The requests whose time a flow contains."""

_PLACES = {name: place for place, name in enumerate((*PROTOCOL_ORDER, *FLOW_ORDER))}


def in_order(names: Iterable[str]) -> list[str]:
    """Names or tags as the protocol orders them; unknown ones last, by name."""
    return sorted(names, key=lambda name: (_PLACES.get(name.removeprefix(FLOW_PREFIX), len(_PLACES)), name))
