"""What the embedded platform keeps at a run's end, held against what the run's devices were told.

Pure. The figures are numbers of records, so that a record whose acknowledgement was lost on its way (kept, and pending
for the device) may stand in for one that is missing: without pending, rejected and lost records they are exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from simulator.measurements.findings import Finding
from simulator.measurements.names import ACKNOWLEDGED, GENERATED, REFUSED, RESTORED


@dataclass(frozen=True, slots=True)
class Kept:
    """What a platform has in its ledger, which was empty when the run began."""

    records: int
    """By sn and logId."""
    photos: int
    """Pictures of records."""
    duplicates: int
    """How often it received a record that it had."""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """What came of the comparison."""

    records: int
    photos: int
    duplicates: int
    missing: int
    """Acknowledged records that the platform does not keep."""
    missing_photos: int
    """The same of pictures."""
    unexpected: int | None
    """Records that it keeps beyond those that it can have been offered; None where not all of these are known of."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "LedgerFigures":
        """From plain data for JSON; keys that a later version may add are ignored."""
        return cls(**{item.name: data[item.name] for item in fields(cls)})


LEDGER_FIGURES: Final = {
    "records": "records that the platform keeps, by sn and logId",
    "photos": "pictures of records that it keeps",
    "duplicates": "how often it received a record that it had, and kept it once all the same",
    "missing": "records that it acknowledged and does not keep; any of them fails the run",
    "missing_photos": "the same of pictures",
    "unexpected": "records that it keeps beyond all that devices made, took back from `state_file` and had room for, "
    "which fail the run too; null where a process of the run did not tell all it counted",
}
"""What the fields of `LedgerFigures` mean, for people."""


def held_against(
    kept: Kept, records: Mapping[str, int], photos: Mapping[str, int], *, all_told: bool = True
) -> LedgerFigures:
    """Compare what the platform keeps with what became of the run's records.

    Args:
        records: of `reports.figures.record_counts`: also those of earlier runs that went up in this one (`restored`).
        photos: the same of pictures.
        all_told: every process of the run has told all it counted. What it did not tell can only be more, so that what
            is missing is missing all the same.
    """
    # Pending, rejected and lost ones may have arrived, with their acknowledgements lost or no more waited for.
    offered = records[GENERATED] + records[RESTORED] - records[REFUSED]
    return LedgerFigures(
        records=kept.records,
        photos=kept.photos,
        duplicates=kept.duplicates,
        missing=max(0, records[ACKNOWLEDGED] - kept.records),
        missing_photos=max(0, photos[ACKNOWLEDGED] - kept.photos),
        unexpected=max(0, kept.records - offered) if all_told else None,
    )


def merged_ledgers(ledgers: Sequence[LedgerFigures | None]) -> LedgerFigures | None:
    """The ledgers of several runs as one; None where one of the runs has none, for sums of the others mean nothing."""
    known = [ledger for ledger in ledgers if ledger is not None]
    if not known or len(known) < len(ledgers):
        return None
    unexpected = [ledger.unexpected for ledger in known if ledger.unexpected is not None]
    return LedgerFigures(
        records=sum(ledger.records for ledger in known),
        photos=sum(ledger.photos for ledger in known),
        duplicates=sum(ledger.duplicates for ledger in known),
        missing=sum(ledger.missing for ledger in known),
        missing_photos=sum(ledger.missing_photos for ledger in known),
        unexpected=sum(unexpected) if len(unexpected) == len(known) else None,
    )


def findings_of(figures: LedgerFigures) -> Iterator[Finding]:
    """What is wrong with the ledger."""
    if figures.missing:
        kept, missing = figures.records, figures.missing
        yield Finding("records_missing", {"acknowledged": kept + missing, "kept": kept, "missing": missing})
    if figures.missing_photos:
        kept, missing = figures.photos, figures.missing_photos
        yield Finding("photos_missing", {"acknowledged": kept + missing, "kept": kept, "missing": missing})
    if figures.unexpected:
        offered = figures.records - figures.unexpected
        yield Finding("records_unexpected", {"offered": offered, "kept": figures.records})
