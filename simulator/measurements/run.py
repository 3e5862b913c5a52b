"""Everything that is measured in a run, of one process or merged from several.

Pure: events and deltas go in, figures come out; sockets, files and clocks belong to others. The first process of a run
calls `apply` with its devices' events. A worker also calls `drain_delta` and sends the bytes to its master, which feeds
them to `merge_delta`; counts, histograms and sums merge exactly, and a delta that comes twice counts once.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from simulator.measurements.codec import OverTime, dump_over_time, load_histogram, merge_over_time
from simulator.measurements.details import Details
from simulator.measurements.devices import DeviceStates
from simulator.measurements.events import (
    ATTENDED,
    COMMAND,
    DETAIL,
    DISCONNECT,
    FAULT,
    FLOW,
    INTERNAL_ERROR,
    LATENESS,
    MEETING_HELD,
    MISBEHAVED,
    MISSED,
    OBSERVATION,
    RECORD,
    REQUEST,
    STATE,
    VIOLATION,
    Event,
)
from simulator.measurements.groups import Groups
from simulator.measurements.health import GeneratorHealth, HealthSample
from simulator.measurements.held_violations import HeldViolations
from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import IntervalStore, MemoryIntervals, intervals_of
from simulator.measurements.labels import Vocabulary
from simulator.measurements.names import FAILED_PREFIX, FLOW_PREFIX, LOOP_LAG_TAG, RECORD_EVENTS
from simulator.measurements.occurrences import Occurrences
from simulator.measurements.rows import dump_row, load_row
from simulator.measurements.series import Counted, Slot, Totals, counted, tally
from simulator.measurements.sheet import Attendance
from simulator.measurements.timeline import Timeline
from simulator.measurements.weather import Weather
from simulator.protocol.codes import SUCCESS

HOLD_S = 3
"""A second is sealed this long after it ended, so that what comes late from a worker usually still finds it open."""
RECENT_S = 15
"""Sealed seconds are kept countable for this long, for thresholds that are watched while the run goes on."""
COUNTED_AT_ONCE = 256
"""A tenth of a millisecond's work: to count a whole second's durations in one go would keep the devices waiting."""


class RunMeasurements:
    """The measurements of a run.

    Args:
        process: this process' name in the swarm; unique, also over restarts of a worker.
        run_id: names the run; deltas of another run are refused.
        intervals: where sealed seconds go; a list in memory unless given.
    """

    def __init__(self, process: str = "local", run_id: str = "", intervals: IntervalStore | None = None) -> None:
        self.process = process
        self.run_id = run_id
        self.intervals: IntervalStore = MemoryIntervals() if intervals is None else intervals
        self.totals: dict[str, Totals] = {}
        self.intended: dict[str, Histogram] = {}
        self.devices = DeviceStates()
        self.health = GeneratorHealth()
        self.disconnects: OverTime = defaultdict(lambda: defaultdict(int))
        self.missed: OverTime = defaultdict(lambda: defaultdict(int))
        """Requests that were planned and never sent, by tag."""
        self.records: dict[str, int] = dict.fromkeys(RECORD_EVENTS, 0)
        self.records_over_time: OverTime = defaultdict(lambda: defaultdict(int))
        self.labels = Vocabulary()
        """Under which names all of this is counted."""
        self.details = Details(self.labels.tag, self.labels.code)
        self.violations = HeldViolations()
        """What the platform did that the document forbids, by rule (`measurements.rules`)."""
        self.observations = Occurrences()
        """What was unusual and allowed, by rule."""
        self.internal_errors = Occurrences()
        """Exceptions of this program itself, of every process."""
        self._by_class: dict[str, Occurrences] = {"violations": self.violations, "observations": self.observations}
        self._by_class["internal_errors"] = self.internal_errors
        self.attendance = Attendance()
        self.weather = Weather()
        """What came of the scenario's faults."""
        self.failures_over_time: OverTime = defaultdict(lambda: defaultdict(int))
        self.timeline = Timeline()
        self.groups = Groups()
        self.slots: defaultdict[int, dict[str, Slot]] = defaultdict(dict)
        """Open seconds: second -> tag -> slot."""
        self.recent: dict[int, dict[str, Slot]] = {}
        """Seconds that were sealed not long ago."""
        self.latest = 0.0
        """The latest moment (epoch seconds) that any event told."""
        self._sequence = 0
        self._received: dict[str, set[int]] = {}
        self._missing: dict[str, int] = {}
        self._unsettled: set[tuple[int, str]] = set()

    def apply(self, events: Iterable[Event]) -> None:
        """Count the events of `QueueRecorder`, in the order they were queued."""
        slots, groups = self.slots, self.groups
        unsettled = self._unsettled
        open_second = -1
        newest = self.latest
        second_slots: dict[str, Slot] = {}
        for event in events:
            kind = event[0]
            if kind == REQUEST:
                _, tag, started, duration, code, bytes_out, bytes_in, late, group = event
            elif kind == STATE:
                self.devices.change(event[1], event[2], event[3], event[4])
                continue
            elif kind == FLOW:
                _, tag, started, duration, code, group = event
                tag = FLOW_PREFIX + tag
                bytes_out = bytes_in = late = 0
            elif kind == COMMAND:
                _, tag, started, duration, code, _ = event
                group = ""
                bytes_out = bytes_in = late = 0
            else:
                self._apply_rare(kind, event)
                continue
            ended = started + duration
            second = int(ended)
            if second != open_second:
                second_slots = slots[second]
                open_second = second
                if ended > newest:
                    self.latest = newest = ended
            slot = second_slots.get(tag)
            if slot is None:
                # new in this second, or one of those that are counted together
                tag = self.labels.tag(tag)
                slot = second_slots.setdefault(tag, Slot())
            if not slot.durations:
                unsettled.add((second, tag))
            slot.durations.append(duration)
            if late:
                slot.intended.append(duration + late)
            if len(slot.durations) >= COUNTED_AT_ONCE:
                slot.count()
            slot.bytes_out += bytes_out
            slot.bytes_in += bytes_in
            if group:
                of_group = groups.add(group, second, tag, duration, bytes_out, bytes_in)
                if len(of_group.durations) >= COUNTED_AT_ONCE:
                    of_group.count()
            if code != SUCCESS:
                self._no_success(second, tag, slot, event, ended)

    def _apply_rare(self, kind: int, event: Event) -> None:
        if kind == RECORD:
            _, name, count, *second = event
            self.records[name] = self.records.get(name, 0) + count
            self.records_over_time[second[0] if second else int(self.latest)][name] += count
        elif kind == DISCONNECT:
            _, reason, at = event
            self.disconnects[int(at)][self.labels.reason(reason)] += 1
        elif kind == LATENESS:
            _, tag, durations, at = event
            for late in durations:
                self.slot(int(at - late), tag).durations.append(late)
            self.latest = max(self.latest, at)
        elif kind == MISSED:
            _, name, count, at = event
            self.missed[int(at)][self.labels.tag(name)] += count
        elif kind == DETAIL:
            self.details.add(*event[1:])
        elif kind in (VIOLATION, OBSERVATION):
            _, rule, func_id, example, at, index, count = event
            (self.violations if kind == VIOLATION else self.observations).add(rule, example, at, index, func_id, count)
        elif kind == ATTENDED:
            self.attendance.attended(event[1])
        elif kind == MEETING_HELD:
            self.attendance.meeting_held(event[1])
        elif kind == INTERNAL_ERROR:
            self.internal_errors.add(*event[1:])
        elif kind == FAULT:
            self.weather.faults[event[1]].add(*event[2:])
        elif kind == MISBEHAVED:
            self.weather.misbehaved(*event[1:])
        else:
            raise ValueError(f"unknown kind of event: {kind!r}")

    def slot(self, second: int, tag: str) -> Slot:
        """The open slot of a series (a label) in a second, to add to."""
        self._unsettled.add((second, tag))
        slots = self.slots[second]
        return slots.get(tag) or slots.setdefault(tag, Slot())

    def _no_success(self, second: int, tag: str, slot: Slot, event: Event, at: float) -> None:
        """A request, a flow or a command ended with another code than success: it failed, or that was expected."""
        duration, code = event[3], self.labels.code(tag, event[4])
        self.slot(second, FAILED_PREFIX + tag).durations.append(duration)
        totals = self.series(tag)
        if event[0] == COMMAND and event[5]:
            tally(slot.expected, code, at)
            tally(totals.expected, code, at)
            self.timeline.refused(second, tag)
            return
        tally(slot.failed, code, at)
        tally(totals.failed, code, at)
        if event[0] != COMMAND and (group := event[-1]):
            self.groups.fail(group, second, tag, code, duration, at)
        self.failures_over_time[second][tag] += 1
        self.timeline.failed(second, tag, code)

    def series(self, tag: str) -> Totals:
        """The totals of a series, new ones where nothing was measured yet."""
        return self.totals.get(tag) or self.totals.setdefault(tag, Totals())

    def sample_health(self, sample: HealthSample) -> None:
        """One look at this process' CPU, memory and queues."""
        self.health.add(self.process, sample)

    def settle(self) -> None:
        """Count the raw durations that wait, so that every total is up to date."""
        for second, tag in self._unsettled:
            slot = self.slots[second].get(tag)
            if slot is not None:
                self._settle(second, tag, slot)
        self._unsettled.clear()
        self.groups.settle()

    def _settle(self, second: int, tag: str, slot: Slot) -> None:
        totals = self.series(tag)
        slot.count()
        slot.histogram.add(slot.fresh)
        totals.histogram.add(slot.fresh)
        if tag == LOOP_LAG_TAG:
            self.health.of(self.process).lag.add(slot.fresh)
        slot.fresh = Histogram()
        if slot.fresh_intended.count:
            slot.intended_histogram.add(slot.fresh_intended)
            self.intended_of(tag).add(slot.fresh_intended)
            slot.fresh_intended = Histogram()
        self.timeline.moved(second, tag, slot.bytes_out - slot.settled_out, slot.bytes_in - slot.settled_in)
        totals.bytes_out += slot.bytes_out - slot.settled_out
        totals.bytes_in += slot.bytes_in - slot.settled_in
        slot.settled_out, slot.settled_in = slot.bytes_out, slot.bytes_in
        totals.add_span(second, second + 1)

    def intended_of(self, tag: str) -> Histogram:
        """The whole run's histogram of a series by intended time, a new one where nothing was measured yet."""
        return self.intended.setdefault(tag, Histogram())

    def seal(self, now: float) -> None:
        """Hand the seconds that ended `HOLD_S` before `now` (epoch seconds) to the interval store; `inf` seals all."""
        due = sorted(second for second in self.slots if second + 1 + HOLD_S <= now)
        if due:
            self.settle()
        for second in due:
            recent = self.recent.setdefault(second, {})
            for tag, slot in self.slots.pop(second).items():
                for interval in intervals_of(tag, second, slot):
                    self.intervals.append(interval)
                if tag in recent:
                    recent[tag].add(slot)
                else:
                    recent[tag] = slot
        self.groups.seal(now - HOLD_S, self.intervals)
        for second in [second for second in self.recent if second < now - RECENT_S]:
            del self.recent[second]

    def worker_lost(self, process: str, at: float) -> None:
        """The worker `process` died: its devices are no longer in any state but stopped from `at` on."""
        self.devices.lost(process, at)

    def missing_deltas(self) -> dict[str, int]:
        """Workers of which a delta was sent but never arrived, and how many."""
        gaps = {process: max(seen) - len(seen) for process, seen in self._received.items() if seen}
        return {process: count for process, count in (gaps | self._missing).items() if count}

    def note_missing(self, process: str, count: int) -> None:
        """Tell of `count` deltas of `process` that an earlier look at this run found missing."""
        self._missing[process] = count

    def drain_delta(self) -> bytes:
        """What was measured since the last call, for `merge_delta` on the master.

        The worker itself keeps only its series' totals; everything else is the master's from then on.
        """
        self._sequence += 1
        data = {
            "process": self.process,
            "run": self.run_id,
            "sequence": self._sequence,
            "latest": self.latest,
            "slots": self.open_rows(),
            "groups": self.groups.drain(),
            "devices": self.devices.drain(),
            "health": self.health.drain(),
            "attendance": self.attendance.drain(),
            "held": self.violations.drain_held(),
            **self.dump_rest(1),
        }
        series = (self.slots, self.disconnects, self.missed, self.records_over_time, self.failures_over_time)
        for part in series:
            part.clear()
        for found in self._by_class.values():
            found.clear()
        self.timeline.clear()
        self.records.clear()
        self.details.clear()
        self.weather.clear()
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)

    def merge_delta(self, delta: bytes) -> bool:
        """Add what a worker drained; False if it was merged before or belongs to another run.

        Raises:
            ValueError: If `delta` is nothing that `drain_delta` made.
        """
        data = orjson.loads(delta)
        process, sequence = data["process"], data["sequence"]
        seen = self._received.setdefault(process, set())
        if data["run"] != self.run_id or sequence in seen:
            return False
        seen.add(sequence)
        self.merge_rows(data["slots"])
        for _, tag, histogram, *_ in data["slots"]:
            if tag == LOOP_LAG_TAG:
                self.health.of(process).lag.add(load_histogram(histogram))
        self.groups.merge_rows(data["groups"], self.labels)
        self.devices.merge(data["devices"], process)
        self.health.merge(data["health"])
        self.attendance.merge_drained(data["attendance"])
        self.violations.take_held(data["held"])
        self.merge_rest(data)
        return True

    def open_rows(self, *, sparse: bool = True) -> list[list[Any]]:
        """The seconds that are not sealed yet, as plain lists; `merge_rows` reads them.

        `sparse` takes half the bytes, and is for what is merged soon.
        """
        self.settle()
        return [
            dump_row(second, tag, slot, sparse) for second, slots in self.slots.items() for tag, slot in slots.items()
        ]

    def merge_rows(self, rows: Iterable[list[Any]], *, open_only: bool = False) -> None:
        """Add rows of `open_rows`; `open_only` where the totals know them already."""
        for row in rows:
            second, tag, slot = load_row(row, self.labels)
            slots = self.slots[second]
            target = slots.get(tag) or slots.setdefault(tag, Slot())
            target.add(slot)
            target.settled_out += slot.bytes_out
            target.settled_in += slot.bytes_in
            if not open_only:
                self._add_to_totals(second, tag, slot)

    def _add_to_totals(self, second: int, tag: str, slot: Counted) -> None:
        self.series(tag).add(second, slot)
        if slot.intended_histogram.count:
            self.intended_of(tag).add(slot.intended_histogram)
        if slot.failed:
            self.failures_over_time[second][tag] += counted(slot.failed)
        self.timeline.add(second, tag, slot)

    def dump_rest(self, resolution_s: int) -> dict[str, Any]:
        return {
            "disconnects": dump_over_time(self.disconnects, resolution_s),
            "missed": dump_over_time(self.missed, resolution_s),
            "records": {name: count for name, count in self.records.items() if count},
            "records_over_time": dump_over_time(self.records_over_time, resolution_s),
            **{name: found.dump() for name, found in self._by_class.items()},
            "details": self.details.dump(),
            "weather": self.weather.dump(),
        }

    def merge_rest(self, data: dict[str, Any], index_offset: int = 0, fault_offset: int = 0) -> None:
        """Add disconnects, records, occurrences by rule and what came of faults, of a delta or a state."""
        self.latest = max(self.latest, data["latest"])
        merge_over_time(self.disconnects, data["disconnects"], self.labels.reason)
        merge_over_time(self.missed, data.get("missed", ()), self.labels.tag)
        merge_over_time(self.records_over_time, data["records_over_time"])
        for name, count in data["records"].items():
            self.records[name] = self.records.get(name, 0) + count
        for name, found in self._by_class.items():
            found.merge(data.get(name, {}), index_offset)
        self.details.merge(data.get("details", []))
        self.weather.merge(data.get("weather", {}), fault_offset)
