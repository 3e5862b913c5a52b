"""HdrHistogram as its library gives it: the layout of the buckets and the V2 wire form, for counts in a dictionary.

One dense histogram of the library lends its counts, its headers and its C codec to all histograms of the process, one
after the other and on one thread. `HdrHistogram.encode` itself would do the same in two to six times the time, and the
library's decoder makes a histogram of 170 KB a call.
"""

import zlib
from ctypes import addressof, c_uint64, memset, sizeof, string_at
from functools import cache
from typing import Final

import pyhdrh
from hdrh.codec import ExternalHeader, PayloadHeader
from hdrh.histogram import HdrHistogram

LOWEST_US: Final = 1
HIGHEST_US: Final = 600_000_000
"""10 minutes; a longer duration is counted in the last bucket, `max_us` stays exact."""
DIGITS: Final = 3

_dense = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
_counts = memoryview(_dense.counts).cast("B").cast("Q")
"""All zero between two calls."""
_address: Final[int] = addressof(_dense.counts)
WORD: Final[int] = _dense.word_size
BUCKETS: Final[int] = _dense.counts_len
"""How many buckets HdrHistogram lays out for this range: 20 of 2,048 values each, overlapping by half."""
LAST_BUCKET: Final[int] = _dense.get_counts_array_index(HIGHEST_US)

_EDGES: Final[list[int]] = [_dense.get_value_from_index(bucket) for bucket in range(BUCKETS + 1)]


def _octaves() -> tuple[list[int], list[int]]:
    """What maps a value: its bucket is `OCTAVE_BASE[n] + (value >> OCTAVE_SHIFT[n])`, n being its length in bits."""
    bases, shifts = [], []
    for bits in range(HIGHEST_US.bit_length() + 1):
        first = (1 << bits) >> 1
        width = _dense.get_highest_equivalent_value(first) - first + 1
        shifts.append(width.bit_length() - 1)
        bases.append(_dense.get_counts_array_index(first) - first // width)
    return bases, shifts


OCTAVE_BASE, OCTAVE_SHIFT = _octaves()
"""Buckets between two powers of two are equally wide: two look-ups do what the library's method takes 1 µs for."""

_header = _dense.encoder.header
_payload_header = _dense.encoder.payload.payload
_HEADER_BYTES: Final = sizeof(ExternalHeader)
_PAYLOAD_HEADER_BYTES: Final = sizeof(PayloadHeader)
_COOKIE: Final = bytes(_header)[: ExternalHeader.length.offset]
_PAYLOAD_COOKIE: Final = bytes(_payload_header)[: PayloadHeader.payload_len.offset]
_SETTINGS: Final = slice(PayloadHeader.normalizing_index_offset.offset, PayloadHeader.highest_trackable_value.offset)
_OUR_SETTINGS: Final = bytes(_payload_header)[_SETTINGS]

_IS_NOT_ZERO: Final = bytes(byte != 0 for byte in range(256))

_varints = (c_uint64 * (BUCKETS * (WORD + 1) // sizeof(c_uint64) + 1))()
_varints_address = addressof(_varints)

_ZLIB = (1, zlib.DEFLATED, zlib.MAX_WBITS, 6, zlib.Z_RLE)
"""Varints hold no strings that come again, but runs: searching for runs alone takes half the time and 8 % less space;
less than zlib's usual memory, because to set that up takes longer than to pack these few hundred bytes."""


class HistogramFormatError(ValueError):
    """Bytes that are no V2 histogram of this layout."""


def bucket_of(value_us: int) -> int:
    """The index of the bucket that counts `value_us`."""
    bucket: int = _dense.get_counts_array_index(value_us)
    return bucket


def lowest_of(bucket: int) -> int:
    """The smallest value (µs) counted in `bucket`."""
    return _EDGES[bucket]


def highest_of(bucket: int) -> int:
    """The largest value (µs) counted in `bucket`: at most 0.1 % above the smallest."""
    return _EDGES[bucket + 1] - 1


@cache
def doubled_middles() -> list[int]:
    """Twice the middle (µs) of every bucket."""
    return [lowest_of(bucket) + highest_of(bucket) for bucket in range(BUCKETS)]


def encode_counts(counts: dict[int, int]) -> bytes:
    """Counts by bucket in HdrHistogram's compressed V2 form (no base64)."""
    low, high = (min(counts), max(counts)) if counts else (0, -1)
    for bucket, count in counts.items():
        _counts[bucket] = count
    leading = _empty_run(low)
    first = _address + low * WORD
    length = high + 1 - low
    size = pyhdrh.encode(first, length, WORD, _varints_address, sizeof(_varints))
    memset(first, 0, length * WORD)
    _payload_header.payload_len = len(leading) + size
    deflate = zlib.compressobj(*_ZLIB)
    packed = deflate.compress(b"".join((_payload_header, leading, string_at(_varints_address, size))))
    packed += deflate.flush()
    _header.length = len(packed)
    return bytes(_header) + packed


@cache
def _empty_run(length: int) -> bytes:
    """`length` empty buckets in wire form: kept, for the codec steps through each one of them."""
    size = pyhdrh.encode(_address, length, WORD, _varints_address, sizeof(_varints))
    return string_at(_varints_address, size)


def decode_counts(encoded: bytes) -> dict[int, int]:
    """The inverse of `encode_counts`; ascending.

    Raises:
        HistogramFormatError: If `encoded` is nothing that HdrHistogram's V2 encoding with our layout makes.
    """
    low, high, total = _decode(encoded)
    used = _counts[low : high + 1]
    # thousands of buckets lie between the few that are not empty: a search in one byte of each is the fastest way there
    low_bytes = used.tobytes()[::WORD]
    find = low_bytes.translate(_IS_NOT_ZERO).find
    counts: dict[int, int] = {}
    at = find(1)
    while at >= 0:
        counts[low + at] = low_bytes[at]
        at = find(1, at + 1)
    if sum(counts.values()) != total:
        # a bucket holds more than a byte does
        counts = {bucket: count for bucket, count in enumerate(used.tolist(), low) if count}
    memset(_address + low * WORD, 0, used.nbytes)
    return counts


def add_encoded(encoded: bytes, address: int) -> tuple[int, int]:
    """Add `encode_counts`' bytes to the `BUCKETS` dense counts at `address`.

    Returns:
        The first and the last bucket that was added to: 0 and -1 for none.

    Raises:
        HistogramFormatError: As `decode_counts`; nothing was added then.
    """
    low, high, _ = _decode(encoded)
    first, length = low * WORD, high + 1 - low
    pyhdrh.add_array(address + first, _address + first, length, WORD)
    memset(_address + first, 0, length * WORD)
    return low, high


def _decode(encoded: bytes) -> tuple[int, int, int]:
    """Put the counts into `_counts`, which the caller clears.

    Returns:
        The first and the last bucket that is not empty (0 and -1 for none), and the sum of the counts.
    """
    if not encoded.startswith(_COOKIE):
        raise HistogramFormatError("no compressed histogram")
    try:
        plain = zlib.decompress(encoded[_HEADER_BYTES:])
    except zlib.error as error:
        raise HistogramFormatError(str(error)) from error
    if not plain.startswith(_PAYLOAD_COOKIE) or plain[_SETTINGS] != _OUR_SETTINGS:
        raise HistogramFormatError(f"another layout than {LOWEST_US} µs with {DIGITS} digits")
    try:
        found = pyhdrh.decode(plain, _PAYLOAD_HEADER_BYTES, _address, BUCKETS, WORD)
    except (ValueError, IndexError, OverflowError) as error:
        # it stops at what is wrong and leaves what it has read by then
        memset(_address, 0, BUCKETS * WORD)
        raise HistogramFormatError(str(error)) from error
    total = found["total"]
    return (found["min_nonzero_index"], found["max_nonzero_index"], total) if total else (0, -1, 0)
