"""An open second of one series as a plain list for JSON, and back: what deltas and checkpoints carry."""

from functools import partial
from typing import Any

from simulator.measurements.codec import dump_plain, dump_sparse, load_histogram
from simulator.measurements.labels import Vocabulary
from simulator.measurements.series import Slot, dump_tallies, load_tallies


def dump_row(second: int, tag: str, slot: Slot, sparse: bool) -> list[Any]:
    """The settled `slot` of the series `tag`; `sparse` takes half the bytes and is for what is merged soon."""
    dump = dump_sparse if sparse else dump_plain
    return [
        second,
        tag,
        dump(slot.histogram),
        dump(slot.intended_histogram),
        dump_tallies(slot.failed),
        slot.bytes_out,
        slot.bytes_in,
        dump_tallies(slot.expected),
    ]


def load_row(row: list[Any], labels: Vocabulary) -> tuple[int, str, Slot]:
    """The inverse of `dump_row`: second, tag and slot, under the names by which `labels` counts."""
    second, name, histogram, intended, failed, bytes_out, bytes_in, *later = row
    tag = labels.tag(name)
    slot = Slot(
        histogram=load_histogram(histogram),
        intended_histogram=load_histogram(intended),
        failed=load_tallies(failed, partial(labels.code, tag)),
        # checkpoints of earlier versions do not tell it
        expected=load_tallies(later[0], partial(labels.code, tag)) if later else {},
        bytes_out=bytes_out,
        bytes_in=bytes_in,
    )
    return second, tag, slot
