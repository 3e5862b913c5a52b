"""All that is compared, by name; the first is what the others are measured against."""

from benchmarks.mqtt.fleets import Fleet, FloorFleet, WebSocketFleet
from benchmarks.mqtt.libraries import LIBRARIES
from benchmarks.mqtt.own import OwnQos0Fleet, OwnQos1Fleet

BASE = WebSocketFleet.name
_KINDS: tuple[type[Fleet], ...] = (WebSocketFleet, FloorFleet, OwnQos0Fleet, OwnQos1Fleet, *LIBRARIES)
CANDIDATES = {kind.name: kind for kind in _KINDS}
