from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from reports.hlog import HlogFile, HlogFormatError, HlogIntervals, read_hlog, write_hlog
from simulator.measurements.histogram import HIGHEST_US, bucket_of, highest_of
from simulator.measurements.run import RunMeasurements

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
