"""Against the library itself: the same buckets, the same bytes' meaning, and nothing left over between two calls."""

import zlib
from base64 import b64decode

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from simulator.measurements import hdr
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import Histogram

VALUES = st.integers(0, hdr.HIGHEST_US)
COUNTS = st.dictionaries(st.integers(0, hdr.LAST_BUCKET), st.integers(1, 1 << 40), max_size=60)


def reference() -> HdrHistogram:
    return HdrHistogram(hdr.LOWEST_US, hdr.HIGHEST_US, hdr.DIGITS)


def framed(packed: bytes) -> bytes:
    """`packed` behind the outer header of a compressed histogram."""
    return hdr.encode_counts({})[:4] + len(packed).to_bytes(4, "big") + packed


@given(VALUES)
def test_layout_is_the_library_s(value: int) -> None:
    library = reference()
    bucket = library.get_counts_array_index(value)
    bits = value.bit_length()
    assert hdr.bucket_of(value) == bucket
    assert hdr.OCTAVE_BASE[bits] + (value >> hdr.OCTAVE_SHIFT[bits]) == bucket
    assert hdr.lowest_of(bucket) == library.get_lowest_equivalent_value(value)
    assert hdr.highest_of(bucket) == library.get_highest_equivalent_value(value)


def test_layout_holds_at_every_bucket_s_edges() -> None:
    library = reference()
    for bucket in range(hdr.LAST_BUCKET):
        low, high = hdr.lowest_of(bucket), hdr.highest_of(bucket)
        assert high == library.get_highest_equivalent_value(low)
        for value in (low, high):
            bits = value.bit_length()
            assert hdr.OCTAVE_BASE[bits] + (value >> hdr.OCTAVE_SHIFT[bits]) == bucket


@given(COUNTS)
def test_counts_of_any_size_come_back(counts: dict[int, int]) -> None:
    encoded = hdr.encode_counts(counts)
    assert hdr.decode_counts(encoded) == counts
    total = HistogramSum()
    total.add(encoded)
    total.add(encoded)
    assert total.histogram().counts == {bucket: 2 * count for bucket, count in counts.items()}


@pytest.mark.parametrize("most", [1, 255, 256, 65_536])
def test_the_library_s_own_encoding_is_read(most: int) -> None:
    library = reference()
    counts = {value: most + value % 7 for value in (0, 3, 2_047, 2_048, 90_000, hdr.HIGHEST_US)}
    for value, count in counts.items():
        library.record_value(value, count)
    expected = {hdr.bucket_of(value): count for value, count in counts.items()}
    assert hdr.decode_counts(b64decode(library.encode())) == expected


def test_what_breaks_off_leaves_nothing_behind() -> None:
    whole = hdr.encode_counts({5: 1, 6: 2, 9_000: 300})
    broken = framed(zlib.compress(zlib.decompress(whole[8:])[:-1]))
    with pytest.raises(hdr.HistogramFormatError):
        hdr.decode_counts(broken)
    with pytest.raises(hdr.HistogramFormatError):
        HistogramSum().add(broken)
    assert hdr.decode_counts(hdr.encode_counts({5_000: 1})) == {5_000: 1}
    assert hdr.encode_counts({7: 1}) == hdr.encode_counts({7: 1})


@pytest.mark.parametrize("make", [lambda: HdrHistogram(1, hdr.HIGHEST_US, 2), lambda: HdrHistogram(64, 1 << 40, 3)])
def test_another_layout_is_refused(make: type[HdrHistogram]) -> None:
    other = make()
    other.record_value(1_000)
    with pytest.raises(hdr.HistogramFormatError, match="layout"):
        Histogram.decode(other.encode().decode())


def test_counts_beyond_the_last_bucket_are_refused() -> None:
    wider = HdrHistogram(hdr.LOWEST_US, hdr.HIGHEST_US * 10, hdr.DIGITS)
    wider.record_value(hdr.HIGHEST_US * 9)
    with pytest.raises(hdr.HistogramFormatError):
        Histogram.decode(wider.encode().decode())


@pytest.mark.parametrize("plain", [b"", b"\x1c\x84\x93\x13", bytes(48)])
def test_foreign_payloads_are_refused(plain: bytes) -> None:
    with pytest.raises(hdr.HistogramFormatError):
        hdr.decode_counts(framed(zlib.compress(plain)))
