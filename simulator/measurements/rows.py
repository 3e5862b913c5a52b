"""An open second of one series as a plain list for JSON, and back: what deltas and checkpoints carry."""

from functools import partial
from typing import Any

from simulator.measurements.codec import dump_plain, dump_sparse, load_histogram
from simulator.measurements.labels import Vocabulary
from simulator.measurements.series import Counted, Slot, dump_tallies, load_tallies


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


def load_row(row: list[Any], labels: Vocabulary) -> tuple[int, str, Counted]:
    """The inverse of `dump_row`: second, tag and what was counted, under the names by which `labels` counts."""
    second, name, histogram, intended, failed, bytes_out, bytes_in, *later = row
    tag = labels.tag(name)
    # checkpoints of earlier versions do not tell it
    expected = later[0] if later else None
    # A master reads some hundred rows a second, and most of them tell of neither.
    return (
        second,
        tag,
        Counted(
            load_histogram(histogram),
            load_histogram(intended),
            load_tallies(failed, partial(labels.code, tag)) if failed else {},
            load_tallies(expected, partial(labels.code, tag)) if expected else {},
            bytes_out,
            bytes_in,
        ),
    )
