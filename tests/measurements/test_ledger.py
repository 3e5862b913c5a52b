"""What a platform keeps, held against what its devices were told: by cases."""

from dataclasses import asdict

import pytest

from simulator.measurements.findings import Finding
from simulator.measurements.ledger import Kept, LedgerFigures, findings_of, held_against, merged_ledgers

NONE = dict.fromkeys(("generated", "acknowledged", "pending", "refused", "rejected", "lost", "restored"), 0)


def compared(kept: int, *, duplicates: int = 0, all_told: bool = True, **records: int) -> LedgerFigures:
    return held_against(Kept(kept, 0, duplicates), NONE | records, NONE, all_told=all_told)


def wrong(kept: int, *, all_told: bool = True, **records: int) -> tuple[int, int | None]:
    """(missing, unexpected)"""
    figures = compared(kept, all_told=all_told, **records)
    return figures.missing, figures.unexpected


# --- The comparison ---


@pytest.mark.parametrize("count", [0, 1, 438, 1_000_000])
def test_as_many_as_were_acknowledged_is_right(count: int) -> None:
    figures = compared(count, generated=count, acknowledged=count, duplicates=3)
    assert figures == LedgerFigures(count, 0, 3, missing=0, missing_photos=0, unexpected=0)
    assert list(findings_of(figures)) == []


def test_one_that_was_acknowledged_and_is_not_kept_is_missing() -> None:
    figures = compared(433, generated=438, acknowledged=438)
    assert (figures.missing, figures.unexpected) == (5, 0)
    assert list(findings_of(figures)) == [
        Finding("records_missing", {"acknowledged": 438, "kept": 433, "missing": 5}),
    ]


@pytest.mark.parametrize(
    ("kept", "unexpected"), [(7, 0), (8, 0), (10, 0), (11, 1), (20, 10)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("fate", ["pending", "rejected", "lost"])
def test_one_whose_acknowledgement_did_not_come_may_be_kept(fate: str, kept: int, unexpected: int) -> None:
    assert wrong(kept, generated=10, acknowledged=7, **{fate: 3}) == (0, unexpected)


def test_one_that_the_full_store_refused_never_left_the_device() -> None:
    assert wrong(10, generated=12, acknowledged=10, refused=2) == (0, 0)
    assert wrong(11, generated=12, acknowledged=10, refused=2) == (0, 1)


def test_one_of_an_earlier_run_goes_up_into_the_new_ledger() -> None:
    assert wrong(14, generated=10, acknowledged=14, restored=4) == (0, 0)
    assert wrong(10, generated=10, acknowledged=14, restored=4) == (4, 0)
    assert wrong(15, generated=10, acknowledged=14, restored=4) == (0, 1)


def test_too_many_are_told_with_the_most_that_can_have_come() -> None:
    figures = compared(12, generated=10, acknowledged=9, pending=1)
    assert list(findings_of(figures)) == [Finding("records_unexpected", {"offered": 10, "kept": 12})]


def test_of_a_run_that_did_not_tell_all_only_missing_ones_are_known() -> None:
    # A lost worker's records are kept, and nobody has counted them.
    assert wrong(50, all_told=False, generated=10, acknowledged=10) == (0, None)
    assert wrong(9, all_told=False, generated=10, acknowledged=10) == (1, None)


@pytest.mark.parametrize(("kept", "missing"), [(3, 0), (4, 0), (2, 1), (0, 3)])
def test_pictures_are_compared_too(kept: int, missing: int) -> None:
    figures = held_against(Kept(5, kept, 0), NONE | {"generated": 5, "acknowledged": 5}, NONE | {"acknowledged": 3})
    assert figures.missing_photos == missing
    expected = [Finding("photos_missing", {"acknowledged": 3, "kept": kept, "missing": missing})] if missing else []
    assert list(findings_of(figures)) == expected


# --- Between reports ---


@pytest.mark.parametrize("unexpected", [2, None])
def test_what_is_written_can_be_read(unexpected: int | None) -> None:
    figures = LedgerFigures(5, 4, 3, missing=1, missing_photos=1, unexpected=unexpected)
    assert LedgerFigures.load(asdict(figures) | {"later": 1}) == figures


def test_merged_runs_add_up() -> None:
    one = LedgerFigures(5, 4, 3, missing=1, missing_photos=1, unexpected=0)
    two = LedgerFigures(50, 40, 30, missing=0, missing_photos=0, unexpected=2)
    assert merged_ledgers([one, two]) == LedgerFigures(55, 44, 33, missing=1, missing_photos=1, unexpected=2)
    unsure = LedgerFigures(1, 0, 0, missing=0, missing_photos=0, unexpected=None)
    merged = merged_ledgers([one, unsure])
    assert merged is not None
    assert merged.unexpected is None


def test_of_runs_one_of_which_has_no_ledger_there_is_no_sum() -> None:
    one = LedgerFigures(5, 4, 3, missing=0, missing_photos=0, unexpected=0)
    assert merged_ledgers([one, None]) is None
    assert merged_ledgers([None]) is None
    assert merged_ledgers([]) is None
