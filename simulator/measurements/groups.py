"""Requests and flows of each group of the fleet, in runs of several groups.

The whole run is counted in `RunMeasurements`; here the same is counted once more for the group that it came from, so
that the groups' sums are the run's exactly. Over time groups are kept for spans of `SPAN_S` seconds only: their
intervals stand in the log under a tag that names group and series. In a run of one group nothing is counted here, as
that group's figures are the run's.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote

from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import Interval, IntervalStore
from simulator.measurements.labels import Vocabulary
from simulator.measurements.names import FAILED_PREFIX, GROUP_PREFIX, OTHERS, is_flow, is_request
from simulator.measurements.rows import dump_row, load_row
from simulator.measurements.series import Slot, Totals, tally

SPAN_S: Final = 10
"""By the second, a log of five groups would be six times as long as of one; so it is half as long again."""
MOST_GROUPS: Final = 100
"""Groups of a scenario that are counted by name; those beyond, together."""


def group_labels(names: Sequence[str]) -> tuple[str, ...]:
    """Under which name each of a scenario's groups is counted."""
    kept = len(names) if len(names) <= MOST_GROUPS else MOST_GROUPS - 1
    return (*names[:kept], *(OTHERS for _ in names[kept:]))


def group_tag(group: str, tag: str) -> str:
    """The tag of a group's series in the log."""
    # with a colon in the group's name nobody could tell where it ends
    return f"{GROUP_PREFIX}{quote(group, safe=' !$&()*+/;<=>?@[]^{|}')}:{tag}"


def split_tag(tag: str) -> tuple[str, str] | None:
    """The inverse of `group_tag`: group and series; None for the tag of anything else."""
    if not tag.startswith(GROUP_PREFIX):
        return None
    group, _, series = tag.removeprefix(GROUP_PREFIX).partition(":")
    return unquote(group), series


def is_grouped(tag: str) -> bool:
    """Whether the series `tag` is counted by group: requests and flows, and those of them that failed once more."""
    name = tag.removeprefix(FAILED_PREFIX)
    return is_request(name) or is_flow(name)


class Groups:
    """What each group measured: totals, and spans that are not sealed yet. Tags are labels of the run's vocabulary."""

    __slots__ = ("_spans", "_unsettled", "totals")

    def __init__(self) -> None:
        self.totals: defaultdict[str, defaultdict[str, Totals]] = defaultdict(lambda: defaultdict(Totals))
        """Group -> series -> totals."""
        self._spans: defaultdict[int, dict[tuple[str, str], Slot]] = defaultdict(dict)
        """Open spans by their first second."""
        self._unsettled: set[tuple[int, str, str]] = set()

    def add(self, group: str, second: int, tag: str, duration: float, bytes_out: int, bytes_in: int) -> Slot:
        """Count a request or a flow of `group`; `count` of the slot that is returned is left to the caller."""
        start = second - second % SPAN_S
        slots = self._spans[start]
        slot = slots.get((group, tag))
        if slot is None:
            slot = slots[group, tag] = Slot()
        durations = slot.durations
        if not durations:
            self._unsettled.add((start, group, tag))
        durations.append(duration)
        slot.bytes_out += bytes_out
        slot.bytes_in += bytes_in
        return slot

    def slot(self, group: str, second: int, tag: str) -> Slot:
        """The open slot of a series of `group` at a second, to add to."""
        start = second - second % SPAN_S
        self._unsettled.add((start, group, tag))
        return self._spans[start].setdefault((group, tag), Slot())

    def fail(self, group: str, second: int, tag: str, code: str, duration: float, at: float) -> None:
        """What `add` was told of last had no success; `code` is a label."""
        slot = self._spans[second - second % SPAN_S][group, tag]
        tally(slot.failed, code, at)
        tally(self.totals[group][tag].failed, code, at)
        self.add(group, second, FAILED_PREFIX + tag, duration, 0, 0)

    def settle(self) -> None:
        """Count the raw durations that wait."""
        for start, group, tag in self._unsettled:
            slot = self._spans[start].get((group, tag))
            if slot is None:
                continue
            totals = self.totals[group][tag]
            slot.count()
            slot.histogram.add(slot.fresh)
            totals.histogram.add(slot.fresh)
            slot.fresh = Histogram()
            totals.bytes_out += slot.bytes_out - slot.settled_out
            totals.bytes_in += slot.bytes_in - slot.settled_in
            slot.settled_out, slot.settled_in = slot.bytes_out, slot.bytes_in
            totals.add_span(start, start + SPAN_S)
        self._unsettled.clear()

    def seal(self, due: float, store: IntervalStore) -> None:
        """Hand the spans that ended before `due` (epoch seconds) to the store."""
        starts = sorted(start for start in self._spans if start + SPAN_S <= due)
        if starts:
            self.settle()
        for start in starts:
            for (group, tag), slot in self._spans.pop(start).items():
                histogram = slot.histogram
                if histogram.count:
                    name = group_tag(group, tag)
                    store.append(Interval(name, float(start), float(SPAN_S), histogram.max_us, histogram.encode()))

    def rows(self, *, sparse: bool) -> dict[str, list[list[Any]]]:
        """The open spans by group, for JSON; `merge_rows` reads them."""
        self.settle()
        found: defaultdict[str, list[list[Any]]] = defaultdict(list)
        for start, slots in self._spans.items():
            for (group, tag), slot in slots.items():
                found[group].append(dump_row(start, tag, slot, sparse))
        return dict(found)

    def drain(self) -> dict[str, list[list[Any]]]:
        """The open spans, which are the master's from now on; totals stay."""
        rows = self.rows(sparse=True)
        self._spans.clear()
        return rows

    def merge_rows(
        self, rows: Mapping[str, Iterable[list[Any]]], labels: Vocabulary, *, open_only: bool = False
    ) -> None:
        """Add rows of another process or of a state; `open_only` where the totals know them already."""
        for group, of_group in rows.items():
            for row in of_group:
                second, tag, slot = load_row(row, labels)
                start = second - second % SPAN_S
                target = self._spans[start].setdefault((group, tag), Slot())
                target.add(slot)
                target.settled_out += slot.bytes_out
                target.settled_in += slot.bytes_in
                if not open_only:
                    totals = self.totals[group][tag]
                    totals.add(start, slot)
                    totals.add_span(start, start + SPAN_S)

    def dump(self, dump_totals: Callable[[Totals], dict[str, Any]]) -> dict[str, Any]:
        """Everything but what stands in the log, for a state."""
        return {
            "open": self.rows(sparse=False),
            "series": {
                group: {tag: dump_totals(totals) for tag, totals in series.items()}
                for group, series in self.totals.items()
            },
        }
