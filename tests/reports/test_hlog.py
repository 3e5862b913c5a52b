import tempfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import example, given
from hypothesis import strategies as st

from reports.hlog import HlogFile, HlogFormatError, HlogIntervals, read_hlog, write_hlog
from simulator.measurements.histogram import HIGHEST_US, Histogram, bucket_of, highest_of
from simulator.measurements.intervals import Interval
from simulator.measurements.run import RunMeasurements
from tests.test_growing_file import Disk

STARTED = 1_700_000_000.25


@pytest.fixture
def log(busy: RunMeasurements, tmp_path: Path) -> Path:
    busy.seal(float("inf"))
    path = tmp_path / "latency.hlog"
    write_hlog(path, busy.intervals, STARTED)
    return path


def test_round_trip(busy: RunMeasurements, log: Path) -> None:
    assert list(read_hlog(log)) == list(busy.intervals)


def test_reference_reader_reads_tags_times_and_counts(busy: RunMeasurements, log: Path) -> None:
    reader = HistogramLogReader(str(log), HdrHistogram(1, HIGHEST_US, 3))
    counts: dict[str, int] = {}
    most: dict[str, int] = {}
    starts = []
    while (found := reader.get_next_interval_histogram()) is not None:
        tag = found.get_tag()
        counts[tag] = counts.get(tag, 0) + found.get_total_count()
        most[tag] = max(most.get(tag, 0), found.get_max_value())
        starts.append(found.get_start_time_stamp())
        assert found.get_end_time_stamp() - found.get_start_time_stamp() == 1000
    for tag, totals in busy.totals.items():
        assert counts[tag] == totals.count
        assert most[tag] == highest_of(bucket_of(totals.histogram.max_us))
    assert counts["intended:dev.heartbeat"] == busy.intended["dev.heartbeat"].count
    assert min(starts) == 1_700_000_000_000


def test_torn_last_line_is_left_out(log: Path) -> None:
    whole = list(read_hlog(log))
    log.write_bytes(log.read_bytes()[:-20])
    assert list(read_hlog(log)) == whole[:-1]


def test_damage_in_the_middle_is_told_with_its_line(log: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    lines[9] = "Tag=dev.login,nonsense\n"
    log.write_text("".join(lines))
    with pytest.raises(HlogFormatError, match="line 10"):
        list(read_hlog(log))


def test_store_gives_back_what_is_written_and_what_waits(busy: RunMeasurements, tmp_path: Path) -> None:
    busy.seal(float("inf"))
    intervals = list(busy.intervals)
    store = HlogIntervals(tmp_path / "a.hlog", STARTED)
    for interval in intervals[:50]:
        store.append(interval)
    assert store.flush() == 50
    for interval in intervals[50:]:
        store.append(interval)
    assert list(store) == intervals
    assert len(store) == len(intervals)
    store.close()
    assert list(HlogFile(tmp_path / "a.hlog", 10)) == intervals[:10]


HARD_TAGS = (
    *("cmd,x", "cmd\nx", "cmd\r\nTag=dev.login,0,1,1,AAAA", "a b\tc"),
    *("50%", "%2C", "#x", '"x"', "用户", "\u2028", "half \udc80", ""),
)


def interval(tag: str, start: float = 1_700_000_000.0, value_us: int = 1_000) -> Interval:
    histogram = Histogram()
    histogram.record(value_us)
    return Interval(tag, start, 1.0, value_us, histogram.encode())


@given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
@example(list(HARD_TAGS))
def test_any_tag_comes_back_and_other_tools_read_the_log(tags: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "latency.hlog"
        write_hlog(path, [interval(tag) for tag in tags], STARTED)
        assert [found.tag for found in read_hlog(path)] == tags
        assert path.read_bytes().isascii()
        reader = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3))
        seen = []
        while (found := reader.get_next_interval_histogram()) is not None:
            assert found.get_total_count() == 1
            seen.append(unquote(found.get_tag() or "", errors="surrogatepass"))
        assert seen == tags


def test_tags_of_the_protocol_stand_there_as_they_are(tmp_path: Path) -> None:
    tags = ["dev.data.upload.verifyLog", "flow:init", "intended:dev.heartbeat", "failed:cmd.data.update.user", "a(b)"]
    write_hlog(tmp_path / "a.hlog", [interval(tag) for tag in tags], STARTED)
    lines = [line for line in (tmp_path / "a.hlog").read_text().splitlines() if line.startswith("Tag=")]
    assert [line.split(",")[0] for line in lines] == [f"Tag={tag}" for tag in tags]


@pytest.mark.parametrize("cuts", [True, False])
def test_a_full_disk_counts_nothing_twice(
    busy: RunMeasurements, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: bool
) -> None:
    busy.seal(float("inf"))
    intervals = list(busy.intervals)
    path = tmp_path / "a.hlog"
    store = HlogIntervals(path, STARTED)
    for item in intervals[:50]:
        store.append(item)
    assert store.flush() == 50
    disk = Disk(monkeypatch, room=3_000)
    disk.cuts = cuts
    for item in intervals[50:400]:
        store.append(item)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            store.flush()
        assert list(store) == intervals[:400]
        assert len(store) == 400
        disk.room += 20_000
    held = 400 - len(store.unwritten)
    assert list(read_hlog(path))[:held] == intervals[:held]
    disk.room = 10**9
    for item in intervals[400:]:
        store.append(item)
    store.close()
    assert store.unwritten == ()
    assert list(read_hlog(path)) == intervals == list(store)


def test_a_log_that_was_closed_with_something_missing_says_so_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = HlogIntervals(tmp_path / "a.hlog", STARTED)
    disk = Disk(monkeypatch, room=10)
    store.append(interval("dev.login"))
    for _ in range(2):
        with pytest.raises(OSError, match=r"No space left|could not be written"):
            store.close()
        disk.room = 10**6
    assert store.unwritten == (interval("dev.login"),)
    assert list(read_hlog(tmp_path / "a.hlog")) == []


def test_a_log_that_is_too_short_is_told(log: Path) -> None:
    count = len(list(read_hlog(log)))
    store = HlogFile(log, count + 1)
    with pytest.raises(HlogFormatError, match=f"ends after {count} of {count + 1}"):
        list(store)
