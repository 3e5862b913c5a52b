"""The report of 20,000 devices and an hour, from a histogram log as large as such a run leaves."""

import json
import random
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from reports.hlog import write_hlog
from reports.run_info import RunInfo
from reports.writer import CHECKPOINT, HLOG
from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import Interval
from simulator.measurements.names import FLOW_PREFIX, INTENDED_PREFIX, LOOP_LAG_TAG
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_state

STARTED = 1_700_000_000
DEVICES = 20_000
RATES = {
    "dev.heartbeat": 333,
    "dev.data.upload.verifyLog": 60,
    "dev.data.upload.verifyPhoto": 60,
    FLOW_PREFIX + "record_delivery": 60,
    FLOW_PREFIX + "photo_delivery": 60,
    "dev.file.upload.start": 20,
    "dev.file.upload.package": 40,
    "dev.file.upload.end": 20,
    "dev.data.upload.user": 20,
    "cmd.data.update.user": 20,
    "cmd.data.update.meeting": 10,
    "cmd.data.query.user": 5,
    INTENDED_PREFIX + "dev.heartbeat": 333,
    INTENDED_PREFIX + "dev.data.upload.verifyLog": 60,
    LOOP_LAG_TAG: 20,
}
BUILD = """
import json, re, sys, time

import pytest
from itertools import islice
from pathlib import Path
from reports.hlog import read_hlog
from reports.rebuild import rebuild
from reports.writer import HLOG
from simulator.measurements.histogram import Histogram
began = time.process_time()
for interval in islice(read_hlog(Path(sys.argv[1], HLOG)), 10_000):
    Histogram.decode(interval.encoded)
reading = time.process_time() - began
began = time.process_time()
summary = rebuild(Path(sys.argv[1]))
# Not getrusage: its peak counts what the process was before it became this program, a copy of the test runner.
peak_mb = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
count = summary["requests"]["dev.heartbeat"]["count"]
print(json.dumps({"ratio": (time.process_time() - began) / reading, "mb": peak_mb, "count": count}))
"""


def histogram_of(rng: random.Random, count: int) -> Histogram:
    histogram = Histogram()
    histogram.record_seconds([rng.lognormvariate(-4.5, 0.7) for _ in range(count)])
    return histogram


def write_hour(directory: Path) -> int:
    """A run of an hour that broke off in its last second; returns how many heartbeats it holds."""
    rng = random.Random(5)
    measurements = RunMeasurements()
    few = {tag: [histogram_of(rng, rate) for _ in range(12)] for tag, rate in RATES.items()}
    encoded = {tag: [(item.max_us, item.encode()) for item in items] for tag, items in few.items()}
    intervals = []
    for second in range(STARTED, STARTED + 3600):
        for tag in RATES:
            variant = rng.randrange(12)
            intervals.append(Interval(tag, second, 1.0, *encoded[tag][variant]))
            target = measurements.intended if tag.startswith(INTENDED_PREFIX) else None
            name = tag.removeprefix(INTENDED_PREFIX)
            total = measurements.series(name).histogram if target is None else target.setdefault(name, Histogram())
            total.add(few[tag][variant])
        for _ in range(30):
            index = rng.randrange(DEVICES)
            measurements.devices.change(index, "online", "waiting", second + 0.1)
            measurements.devices.change(index, "waiting", "online", second + 0.6)
        measurements.disconnects[second]["closed 1006"] += 30
        measurements.failures_over_time[second]["dev.heartbeat"] += 1
        measurements.latest = second + 1.0
    for totals in measurements.totals.values():
        totals.add_span(STARTED, STARTED + 3600)
    run = RunInfo("hour", STARTED, STARTED + 3600, DEVICES, thresholds=("dev.* p99 < 5 s after 5 min",), complete=False)
    write_hlog(directory / HLOG, intervals, STARTED)
    state = {"run": run.dump(), "state": dump_state(measurements, len(intervals))}
    (directory / CHECKPOINT).write_bytes(orjson.dumps(state, option=orjson.OPT_NON_STR_KEYS))
    return measurements.totals["dev.heartbeat"].count


@pytest.mark.long
def test_hour_of_twenty_thousand_devices_is_reported_fast_and_small(tmp_path: Path) -> None:
    heartbeats = write_hour(tmp_path)
    assert (tmp_path / HLOG).stat().st_size > 10_000_000
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["count"] == heartbeats
    # as many times the reading of the log's first 10,000 histograms, of 54,000: a slow machine slows down both
    assert found["ratio"] < 22.0, found
    assert found["mb"] < 500.0
    assert (tmp_path / "report.html").stat().st_size < 2 * 1024 * 1024
