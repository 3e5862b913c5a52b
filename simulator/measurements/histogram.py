"""HDR histograms of durations: sparse, exact to merge, in the wire form that every HdrHistogram tool reads.

Values are whole microseconds from 0 to 10 minutes with three significant digits, laid out as HdrHistogram lays them
out (2,048 sub-buckets), but kept as a dictionary of the buckets that occur: a second of one funcId fills a few hundred
of some 22,000. The format is HdrHistogram's V2 (ZigZag LEB128, zlib); logs of such histograms are left to `reports`.
"""

import math
import re
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import accumulate

LOWEST_US = 1
HIGHEST_US = 600_000_000
"""10 minutes; a longer duration is counted in the last bucket, `max_us` stays exact."""
DIGITS = 3

_SUB_BITS = 11
"""2,048 sub-buckets: the smallest power of two that tells 2 * 10**3 values apart."""
_HALF_BITS = _SUB_BITS - 1
_HALF = 1 << _HALF_BITS

_COOKIE = 0x1C849303 | 0x10
_COMPRESSED_COOKIE = 0x1C849304 | 0x10
_HEADER = struct.Struct(">iiiiqqd")
_COMPRESSED_HEADER = struct.Struct(">ii")
_ZLIB_LEVEL = 3
"""Levels above cost twice the time for 2 % of the size on intervals of a second."""


class HistogramFormatError(ValueError):
    """Bytes that are no V2 histogram of this layout."""


def bucket_of(value_us: int) -> int:
    """The index of the bucket that counts `value_us`."""
    shift = value_us.bit_length() - _SUB_BITS
    return value_us if shift <= 0 else (shift << _HALF_BITS) + (value_us >> shift)


def lowest_of(bucket: int) -> int:
    """The smallest value (µs) counted in `bucket`."""
    shift = (bucket >> _HALF_BITS) - 1
    return bucket if shift <= 0 else (bucket - (shift << _HALF_BITS)) << shift


def highest_of(bucket: int) -> int:
    """The largest value (µs) counted in `bucket`: at most 0.1 % above the smallest."""
    shift = (bucket >> _HALF_BITS) - 1
    return bucket if shift <= 0 else ((bucket - (shift << _HALF_BITS) + 1) << shift) - 1


_LAST_BUCKET = bucket_of(HIGHEST_US)
BUCKETS = 21 * _HALF
"""How many buckets HdrHistogram lays out for this range: 20 of 2,048 values each, overlapping by half."""


class Histogram:
    """Counts of durations by bucket, with exact minimum, maximum and sum (all in µs)."""

    __slots__ = ("count", "counts", "max_us", "min_us", "sum_us")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.count = 0
        self.sum_us = 0
        self.min_us = 0
        self.max_us = 0

    def record(self, value_us: int, count: int = 1) -> None:
        """Count `value_us` `count` times; a negative value (a clock that was set back) counts as 0."""
        if count <= 0:
            return
        value_us = max(value_us, 0)
        self._widen(value_us, value_us)
        bucket = min(bucket_of(value_us), _LAST_BUCKET)
        self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.count += count
        self.sum_us += value_us * count

    def record_seconds(self, durations: list[float]) -> None:
        """Count many durations given in seconds: the way of the hot path, a third of a µs each."""
        if not durations:
            return
        low = int(min(durations) * 1e6 + 0.5)
        high = int(max(durations) * 1e6 + 0.5)
        if low < 0 or high > HIGHEST_US:
            for duration in durations:
                self.record(int(duration * 1e6 + 0.5))
            return
        counts = self.counts
        get = counts.get
        total = 0
        for duration in durations:
            value = int(duration * 1e6 + 0.5)
            total += value
            shift = value.bit_length() - _SUB_BITS
            if shift > 0:
                value = (shift << _HALF_BITS) + (value >> shift)
            counts[value] = get(value, 0) + 1
        self._widen(low, high)
        self.count += len(durations)
        self.sum_us += total

    def add(self, other: "Histogram") -> None:
        """Add the counts of `other`, exactly."""
        if not other.count:
            return
        self._widen(other.min_us, other.max_us)
        self.sum_us += other.sum_us
        self.add_counts(other)

    def add_counts(self, other: "Histogram") -> None:
        """Add the counts alone, where the extremes and the sum are known to cover them already."""
        counts = self.counts
        if counts:
            get = counts.get
            for bucket, count in other.counts.items():
                counts[bucket] = get(bucket, 0) + count
        else:
            counts.update(other.counts)
        self.count += other.count

    def _widen(self, low: int, high: int) -> None:
        if self.count == 0:
            self.min_us, self.max_us = low, high
            return
        self.min_us = min(self.min_us, low)
        self.max_us = max(self.max_us, high)

    def set_exact(self, min_us: int, max_us: int, sum_us: int) -> None:
        """Put the exact extremes and sum in place of those that decoding could only know to 0.1 %."""
        self.min_us, self.max_us, self.sum_us = min_us, max_us, sum_us

    @classmethod
    def of_counts(cls, buckets: Iterable[int], counts: Iterable[int]) -> "Histogram":
        """The histogram with these counts; its extremes and sum are 0 until `set_exact` gives them."""
        histogram = cls()
        histogram.counts = dict(zip(buckets, counts, strict=True))
        histogram.count = sum(histogram.counts.values())
        return histogram

    @property
    def mean_us(self) -> float:
        """The exact mean; 0 when nothing was counted."""
        return self.sum_us / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The value (µs) that `percent` of the counted values do not exceed (nearest rank, top of its bucket)."""
        return self.percentiles((percent,))[0]

    def percentiles(self, percents: Iterable[float]) -> list[int]:
        """Several percentiles, ascending in `percents`, in one pass; zeros when nothing was counted."""
        ranks = [rank_of(percent, self.count) for percent in percents]
        return self.values_at_ranks(ranks)

    def values_at_ranks(self, ranks: list[int]) -> list[int]:
        """The values (µs) of the given ranks (1 = smallest), which must ascend."""
        found: list[int] = []
        if not self.count:
            return [0] * len(ranks)
        buckets = iter(sorted(self.counts.items()))
        seen = 0
        bucket = 0
        for rank in ranks:
            wanted = min(max(rank, 1), self.count)
            while seen < wanted:
                bucket, count = next(buckets)
                seen += count
            found.append(max(min(highest_of(bucket), self.max_us), self.min_us))
        return found

    def share_at_most(self, value_us: int) -> float:
        """The share (0..1) of counted values that do not exceed `value_us`, to the bucket; 1 when none was counted."""
        if not self.count:
            return 1.0
        if value_us >= self.max_us:
            return 1.0
        limit = bucket_of(value_us)
        return sum(count for bucket, count in self.counts.items() if bucket <= limit) / self.count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Pairs (highest value of the bucket in µs, count), ascending."""
        for bucket, count in sorted(self.counts.items()):
            yield highest_of(bucket), count

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Histogram)
            and self.counts == other.counts
            and (self.min_us, self.max_us, self.sum_us) == (other.min_us, other.max_us, other.sum_us)
        )

    __hash__ = None  # type: ignore[assignment]

    def encode(self) -> bytes:
        """The counts in HdrHistogram's compressed V2 form (no base64)."""
        payload = _encode_counts(self.counts)
        header = _HEADER.pack(_COOKIE, len(payload), 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)
        packed = zlib.compress(header + payload, _ZLIB_LEVEL)
        return _COMPRESSED_HEADER.pack(_COMPRESSED_COOKIE, len(packed)) + packed

    def encode_text(self) -> str:
        """`encode` in base64, as it stands in a histogram log."""
        return b64encode(self.encode()).decode("ascii")

    @classmethod
    def decode(cls, data: bytes | str) -> "Histogram":
        """The histogram of `encode`'s bytes or `encode_text`'s text; extremes and sum are known to the bucket only.

        Raises:
            HistogramFormatError: If `data` is nothing that HdrHistogram's V2 encoding with our layout makes.
        """
        try:
            raw = b64decode(data, validate=True) if isinstance(data, str) else data
            cookie, length = _COMPRESSED_HEADER.unpack_from(raw)
            if cookie != _COMPRESSED_COOKIE:
                raise HistogramFormatError(f"unknown cookie {cookie:#x}")
            plain = zlib.decompress(raw[_COMPRESSED_HEADER.size : _COMPRESSED_HEADER.size + length])
            cookie, length, offset, digits, lowest, _highest, _ratio = _HEADER.unpack_from(plain)
        except (ValueError, struct.error, zlib.error) as error:
            raise HistogramFormatError(str(error)) from error
        if (cookie, offset, digits, lowest) != (_COOKIE, 0, DIGITS, LOWEST_US):
            raise HistogramFormatError("another layout than 1 µs with 3 digits")
        histogram = cls()
        histogram.counts = counts = _decode_counts(plain[_HEADER.size : _HEADER.size + length])
        if counts:
            histogram.count = sum(counts.values())
            histogram.min_us = lowest_of(min(counts))
            histogram.max_us = highest_of(max(counts))
            histogram.sum_us = sum((lowest_of(bucket) + highest_of(bucket)) * n for bucket, n in counts.items()) // 2
        return histogram


def rank_of(percent: float, count: int) -> int:
    """The nearest rank of `percent` among `count` values: 1 is the smallest."""
    # 99.9 % of 1,000 must be rank 999 though 99.9 is no binary fraction
    return max(1, math.ceil(percent * count / 100.0 - 1e-9 * count)) if count else 0


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_VARINTS = tuple(_varint(value) for value in range(4_096))
"""LEB128 of the numbers that nearly all counts and runs of zeros make."""


def _encode_counts(counts: dict[int, int]) -> bytes:
    """ZigZag LEB128: counts as they are, a run of empty buckets as its negative length."""
    parts: list[bytes] = []
    append = parts.append
    expected = 0
    for bucket in sorted(counts):
        zeros = bucket - expected
        if zeros == 1:
            append(b"\x00")
        elif zeros:
            append(_VARINTS[zeros + zeros - 1] if zeros < 2_048 else _varint(zeros + zeros - 1))
        count = counts[bucket]
        append(_VARINTS[count + count] if count < 2_048 else _varint(count + count))
        expected = bucket + 1
    return b"".join(parts)


_RUNS = re.compile(rb"[\x80-\xff]+[\x00-\x7f]|[\x00-\x7f]+")
_STEP = bytes((byte + 1) >> 1 if byte & 1 else 1 for byte in range(256))
_COUNT = bytes(0 if byte & 1 else byte >> 1 for byte in range(256))


def _decode_counts(payload: bytes) -> dict[int, int]:
    """Counts by bucket. Runs of one-byte numbers, which are nearly everything, go through C code as a whole."""
    counts: dict[int, int] = {}
    bucket = read = 0
    for run in _RUNS.findall(payload):
        read += len(run)
        if run[0] < 0x80:
            positions = list(accumulate(run.translate(_STEP), initial=bucket))
            bucket = positions[-1]
            counts.update({at: count for at, count in zip(positions, run.translate(_COUNT), strict=False) if count})
            continue
        value = 0
        for place, byte in enumerate(run):
            value |= (byte & 0x7F) << (7 * place)
        if value & 1:
            bucket += (value + 1) >> 1
        else:
            counts[bucket] = value >> 1
            bucket += 1
    if read != len(payload) or bucket > _LAST_BUCKET + 1:
        raise HistogramFormatError("counts that are cut off or beyond 10 minutes")
    return counts
