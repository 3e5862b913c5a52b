"""`latency.hlog`: the HdrHistogram log (format 1.3), one tagged line a series and second.

Any HdrHistogram tool reads it. Histograms count µs; `Interval_Max` is in ms. Tags are funcIds and commands; flows,
intended times, failed ones once more, groups (one line for ten seconds) and the generator's loop lag stand behind the
prefixes of `simulator.measurements.names`. The format knows no commas, blanks and line breaks in a tag, and a platform
may send any of them in a funcId: what is neither a letter or digit of ASCII nor of its harmless punctuation is written
as in URLs (`a%2Cb`).

The library writes the lines before the intervals, and the patterns of its reader take every line apart. Its writer is
not used for intervals, because it knows no tags; nor its reader as a whole, because that skips damaged lines without a
word, drops the exact maximum and makes a histogram of 170 KB of each line, where mostly only its bytes are wanted.
"""

import errno
import io
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import quote, unquote

from hdrh.log import HistogramLogWriter, re_base_time, re_histogram_interval, re_start_time

from simulator.growing_file import GrowingFile
from simulator.measurements.intervals import Interval

_HARMLESS: Final = "!$&'()*+/:;<=>?@[]^{|}"
"""What may stand in a tag as it is, beside letters, digits and `_.-~`. A tag without more is written unchanged."""
_BATCH: Final = 200
"""Intervals that are written at once, some 60 KB: a disk that stays full costs no more each time it is tried."""


class HlogFormatError(ValueError):
    """A file that is no histogram log; the message says which line."""


def write_header(file: TextIO, started: float) -> None:
    """Write the log's first lines; `started` is epoch seconds, later times are relative to its whole second."""
    writer = HistogramLogWriter(file)
    writer.output_comment("[Histogram log format version 1.3]")
    # readers leave out what lies before the start time, so it is the first interval's; the library's own method for
    # this line calls one that `datetime` does not have
    writer.output_comment(f"[StartTime: {int(started)}.000 (seconds since epoch)]")
    writer.output_base_time(int(started) * 1000)
    writer.output_comment("[Values are microseconds; Interval_Max is in milliseconds]")
    writer.output_legend()


def line(interval: Interval, base: int) -> str:
    """One interval as the log's line, with its newline; `base` is the whole second in which the run started.

    What a worker with a slow clock measured before that counts as measured then: the format has no negative times.
    """
    text = b64encode(interval.encoded).decode("ascii")
    start = max(interval.start - base, 0.0)
    tag = _written_tag(interval.tag)
    return f"Tag={tag},{start:.3f},{interval.length_s:.3f},{interval.max_us / 1000.0:.3f},{text}\n"


def _written_tag(tag: str) -> str:
    return quote(tag, safe=_HARMLESS, errors="surrogatepass")


def _read_tag(text: str) -> str:
    return unquote(text, errors="surrogatepass") if "%" in text else text


def write_hlog(path: Path, intervals: Iterable[Interval], started: float) -> None:
    """Write a whole log."""
    base = int(started)
    with path.open("w", encoding="utf-8") as file:
        write_header(file, started)
        file.writelines(line(interval, base) for interval in intervals)


def read_hlog(path: Path) -> Iterator[Interval]:
    """The intervals of a log in its order. A last line that a crash has torn is left out.

    Raises:
        HlogFormatError: If a line before the last cannot be read.
        OSError: If the file cannot be read.
    """
    base = 0.0
    broken: str | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            if broken is not None:
                raise HlogFormatError(broken)
            if text.startswith(("#", '"')) or not text.strip():
                told = re_base_time.match(text) or re_start_time.match(text)
                base = float(told[1]) if told else base
                continue
            try:
                yield _parse(text, base)
            except ValueError as error:
                broken = f"{path.name}, line {number}: no interval of a histogram log ({error})"


def _parse(text: str, base: float) -> Interval:
    if not text.endswith("\n"):
        raise ValueError("the line is cut off")
    tag, _, figures = text.partition(",")
    if not tag.startswith("Tag="):
        raise ValueError("no tag")
    found = re_histogram_interval.fullmatch(figures, 0, len(figures) - 1)
    if found is None:
        raise ValueError("not start, length, maximum and histogram")
    start, length, most, payload = found.groups()
    # to the ms, which the log keeps: a sum of floats would move a second's start below the second
    moment = round(base + float(start), 3)
    encoded = b64decode(payload, validate=True)
    return Interval(_read_tag(tag[4:]), moment, float(length), round(float(most) * 1000), encoded)


class HlogIntervals:
    """An interval store that writes a log as the run goes on.

    Appended intervals wait in memory until `flush`, which the owner calls every second or so. Iterating reads the file
    again, so a run of a day keeps nothing of it in memory. What the disk has no room for waits on, and stands in the
    log once as soon as there is room again.

    Raises:
        OSError: If the log cannot be begun.
    """

    def __init__(self, path: Path, started: float) -> None:
        self.path = path
        self._base = int(started)
        self._waiting: list[Interval] = []
        self._flushed = 0
        header = io.StringIO()
        write_header(header, started)
        self._file = GrowingFile(path)
        self._file.append(header.getvalue().encode())
        self._closed = False

    def append(self, interval: Interval) -> None:
        self._waiting.append(interval)

    def flush(self) -> int:
        """Write what waits; returns how many intervals the log holds now.

        Raises:
            OSError: If there is no room for all; what was not written waits on.
        """
        while self._waiting and not self._closed:
            batch = self._waiting[:_BATCH]
            self._file.append("".join(line(interval, self._base) for interval in batch).encode())
            del self._waiting[:_BATCH]
            self._flushed += len(batch)
        return self._flushed

    def close(self) -> None:
        """Write what waits and close the file; iterating goes on to work.

        Raises:
            OSError: If the log does not hold all; `unwritten` says what it lacks.
        """
        if self._closed and self._waiting:
            raise OSError(errno.EIO, f"{len(self._waiting)} intervals could not be written when it was closed")
        try:
            self.flush()
        finally:
            self._closed = True
            self._file.close()

    @property
    def unwritten(self) -> tuple[Interval, ...]:
        """What the log does not hold (yet)."""
        return tuple(self._waiting)

    def __iter__(self) -> Iterator[Interval]:
        if self._flushed:
            yield from islice(read_hlog(self.path), self._flushed)
        yield from tuple(self._waiting)

    def __len__(self) -> int:
        return self._flushed + len(self._waiting)


class HlogFile:
    """An interval store on top of a log that is only read; what is appended stays in memory.

    Args:
        path: the log.
        count: how many of its intervals belong to the run.

    Iterating raises `HlogFormatError` where the log holds fewer.
    """

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self._count = count
        self._appended: list[Interval] = []

    def append(self, interval: Interval) -> None:
        self._appended.append(interval)

    def __iter__(self) -> Iterator[Interval]:
        found = 0
        if self._count:
            for interval in islice(read_hlog(self.path), self._count):
                found += 1
                yield interval
        if found < self._count:
            raise HlogFormatError(f"{self.path.name} ends after {found} of {self._count} intervals")
        yield from tuple(self._appended)

    @property
    def unwritten(self) -> tuple[Interval, ...]:
        """What the log does not hold."""
        return tuple(self._appended)

    def __len__(self) -> int:
        return self._count + len(self._appended)
