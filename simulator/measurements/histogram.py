"""HDR histograms of durations: sparse, exact to merge, in the wire form that every HdrHistogram tool reads.

Values are whole microseconds from 0 to 10 minutes with three significant digits. Layout and wire form are those of the
HdrHistogram library (`hdr`). The counts stay in a dictionary of the buckets that occur, because the library's dense
histogram takes 170 KB and a run holds one a series and second for the last 20 s or so: with 40 series that would be
130 MB. A batch of durations is counted here in a quarter of the time that the library's `record_value` takes.
"""

import math
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Iterator

from simulator.measurements.hdr import (
    BUCKETS,
    DIGITS,
    HIGHEST_US,
    LOWEST_US,
    OCTAVE_BASE,
    OCTAVE_SHIFT,
    HistogramFormatError,
    bucket_of,
    decode_counts,
    doubled_middles,
    encode_counts,
    highest_of,
    lowest_of,
)

__all__ = [
    "BUCKETS",
    "DIGITS",
    "HIGHEST_US",
    "LOWEST_US",
    "Histogram",
    "HistogramFormatError",
    "bucket_of",
    "highest_of",
    "lowest_of",
    "rank_of",
]


MOST_WAITING = 20_000
"""Buckets that wait to be counted: 1 ms of work, and 700 KB."""


class Histogram:
    """Counts of durations by bucket, with exact minimum, maximum and sum (all in µs).

    Buckets that other processes tell of wait until somebody reads the counts. A master gets some thousand of them a
    second for each series; counted in one go they take half of the time that one after the other does.
    """

    __slots__ = ("_counts", "_waiting", "count", "max_us", "min_us", "sum_us")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._waiting: list[int] = []
        self.count = 0
        self.sum_us = 0
        self.min_us = 0
        self.max_us = 0

    @property
    def counts(self) -> dict[int, int]:
        """How often each bucket that occurs was counted."""
        if self._waiting:
            self._count_waiting()
        return self._counts

    def _count_waiting(self) -> None:
        # As a plain function: a `Counter` itself would cost every histogram a µs.
        Counter.update(self._counts, self._waiting)  # type: ignore[call-overload]
        self._waiting.clear()

    def record(self, value_us: int, count: int = 1) -> None:
        """Count `value_us` `count` times; a negative value (a clock that was set back) counts as 0."""
        if count <= 0:
            return
        value_us = max(value_us, 0)
        self._widen(value_us, value_us)
        bucket = bucket_of(min(value_us, HIGHEST_US))
        self._counts[bucket] = self._counts.get(bucket, 0) + count
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
        counts = self._counts
        get = counts.get
        bases, shifts = OCTAVE_BASE, OCTAVE_SHIFT
        total = 0
        for duration in durations:
            value = int(duration * 1e6 + 0.5)
            total += value
            bits = value.bit_length()
            bucket = bases[bits] + (value >> shifts[bits])
            counts[bucket] = get(bucket, 0) + 1
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
        counts = self._counts
        if counts:
            get = counts.get
            for bucket, count in other._counts.items():
                counts[bucket] = get(bucket, 0) + count
        else:
            counts.update(other._counts)
        if other._waiting:
            self._waiting += other._waiting
            if len(self._waiting) > MOST_WAITING:
                self._count_waiting()
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
        histogram._counts = dict(zip(buckets, counts, strict=True))
        histogram.count = sum(histogram._counts.values())
        return histogram

    def wait(self, buckets: Iterable[int]) -> None:
        """Count each of `buckets` once more; extremes and sum are left to `set_exact`."""
        before = len(self._waiting)
        self._waiting.extend(buckets)
        self.count += len(self._waiting) - before

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
        counts = self.counts
        # Half of the time of sorting pairs.
        buckets = iter(sorted(counts))
        seen = 0
        bucket = 0
        for rank in ranks:
            wanted = min(max(rank, 1), self.count)
            while seen < wanted:
                bucket = next(buckets)
                seen += counts[bucket]
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
        return encode_counts(self.counts)

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
        except ValueError as error:
            raise HistogramFormatError(str(error)) from error
        histogram = cls()
        histogram._counts = counts = decode_counts(raw)
        if counts:
            histogram.count = sum(counts.values())
            histogram.min_us = lowest_of(min(counts))
            histogram.max_us = highest_of(max(counts))
            middles = doubled_middles()
            histogram.sum_us = sum(middles[bucket] * count for bucket, count in counts.items()) // 2
        return histogram


def rank_of(percent: float, count: int) -> int:
    """The nearest rank of `percent` among `count` values: 1 is the smallest."""
    # 99.9 % of 1,000 must be rank 999 though 99.9 is no binary fraction
    return max(1, math.ceil(percent * count / 100.0 - 1e-9 * count)) if count else 0
