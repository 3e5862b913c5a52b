"""What the tests of deliveries share."""

from typing import Any

from simulator.device.behaviours.arrivals import Arrival
from simulator.fields.range import Range
from tests.device.harness import World, verification

LOG = "dev.data.upload.verifyLog"
PHOTO = "dev.data.upload.verifyPhoto"
SMALL = Range(low=9_000, high=25_000)
START, PACKAGE, END = "dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end"


def people(rate: float = 1.0, photos: float = 0.0, size: Range = SMALL, batch: int = 1) -> dict[str, Any]:
    """Settings of a device with a steady stream of people."""
    return {
        "behaviours": (
            verification(rate=rate, arrival=Arrival.FIXED, photo_share=photos, photo_bytes=size, batch=batch),
        )
    }


def log_ids(world: World) -> list[list[int]]:
    """The logIds of every verifyLog message."""
    return [[int(record["logId"]) for record in seen.params["verifyLog"]] for seen in world.platform.sent(LOG)]
