"""Which colour a name has: the same in every chart of every page, whatever else is drawn there.

Colours are numbers of `assets/palette.css` (`--c1` … `--c12`, `--c0` is grey), so that light, dark and print have
their own shades of them. Two names of one colour differ by the dash of their lines.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from zlib import crc32

from simulator.measurements.names import KNOWN_NAMES, OTHERS, OWN_CODES, DeviceState, is_command

COLORS: Final = 12
DASHES: Final = 3
"""Solid, dashed, dotted."""
_OFTEN: Final = (
    *("dev.heartbeat", "dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto", "init", "dev.login", "connect"),
    *("dev.report", "device.exchange.factor", "getBrokerServer", "record_delivery", "device.exchange.publicKey"),
    *("dev.register",),
)
"""What stands side by side in most charts: twelve colours that differ, in this order."""
_PLACES: Final[Mapping[str, int]] = MappingProxyType(
    # commands, which have charts of their own, come last: there are more names than colours with dashes
    {name: place for place, name in enumerate(dict.fromkeys((*_OFTEN, *sorted(KNOWN_NAMES, key=is_command))))}
)
STATES: Final[Mapping[str, int]] = MappingProxyType(
    {
        DeviceState.ONLINE.value: 2,
        DeviceState.REPORT.value: 9,
        DeviceState.LOGIN.value: 4,
        DeviceState.ACCREDIT.value: 12,
        DeviceState.REGISTER.value: 10,
        DeviceState.EXCHANGE.value: 11,
        DeviceState.CONNECTING.value: 3,
        DeviceState.LOOKUP.value: 6,
        DeviceState.WAITING.value: 7,
        DeviceState.LOST.value: 0,
        DeviceState.REBOOTING.value: 1,
        DeviceState.UNPOWERED.value: 8,
        DeviceState.FAILED.value: 5,
    }
)
"""By state, in the order in which charts pile them up."""
FAULTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "outage": 8,
        "flapping": 6,
        "slow_link": 3,
        "power_cut": 4,
        "clock_jump": 1,
        "reboot_wave": 9,
        "platform_restart": 5,
        "misbehave": 7,
    }
)
"""Of bands behind charts, by kind of fault; `report.css` says them once more for tables."""
_CODES: Final = (5, 6, 3, 4, 7, 11, 12, 10, 1, 9, 8)
"""Of failures, the most alarming first; green is none of them."""
_KNOWN_CODES: Final[Mapping[str, int]] = MappingProxyType({code: place for place, code in enumerate(OWN_CODES)})


def style_of(name: str) -> tuple[int, int]:
    """The colour (1 … 12) and the dash (0 … 2) of a funcId, flow or command."""
    place = _PLACES.get(name)
    if place is None:
        place = crc32(name.encode("utf-8", "surrogatepass"))
    return place % COLORS + 1, place // COLORS % DASHES


def color_of_code(code: str) -> int:
    """The colour of a failure's code."""
    if code == OTHERS:
        return 0
    place = _KNOWN_CODES.get(code)
    return _CODES[(crc32(code.encode("utf-8", "surrogatepass")) if place is None else place) % len(_CODES)]


def styles(names: Iterable[str], codes: Iterable[str]) -> dict[str, object]:
    """All that a page's script asks for: `names` -> [colour, dash], `codes`, `states` and `faults` -> colour."""
    return {
        "names": {name: style_of(name) for name in names},
        "codes": {code: color_of_code(code) for code in codes},
        "states": dict(STATES),
        "faults": dict(FAULTS),
    }
