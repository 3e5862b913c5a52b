"""All that is compared, by name; the first is what the others are measured against."""

from benchmarks.mqtt.fleets import Fleet, FloorFleet, WebSocketFleet
from benchmarks.mqtt.libraries import LIBRARIES

BASE = WebSocketFleet.name
_KINDS: tuple[type[Fleet], ...] = (WebSocketFleet, FloorFleet, *LIBRARIES)
CANDIDATES = {kind.name: kind for kind in _KINDS}
