"""Records that were made before the device knew the platform's time zone are written in it once that is known.

Times of records carry the platform's zone then (docs/deviations.md, Time zone); the moments stay what they are.
"""

from collections.abc import Iterable

from simulator.device.device_clock import DeviceClock
from simulator.device.outbox import Record
from simulator.protocol.times import parse_iso


def write_in_known_zone(records: Iterable[Record], clock: DeviceClock) -> None:
    """Write the times of `records` anew, those aside that an earlier run made or that were sent already."""
    for record in records:
        if record.restored or record.sent:
            continue
        time = clock.format(parse_iso(record.fields["verifyTime"]))
        record.fields["verifyTime"] = time
        if record.photo is not None:
            for item in record.photo.items:
                item["photoTime"] = time
