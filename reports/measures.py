"""Measures: everything that a threshold can make a demand of, each declared once in `MEASURES`.

Grammar, units, error texts, evaluation and `docs/thresholds.md` are derived from that table. To add a measure, add an
entry, its test, and `make docs`; a figure that no view of a run holds yet goes into `reports.figures`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reports.attendance import ATTENDANCE
from reports.faults import ALL, FaultOutcome, Known
from reports.figures import Figures
from reports.occurrences import OBSERVATIONS, VIOLATIONS
from reports.readings import Question, Reading, if_occurred, in_percent, latency, loop_lag, platform_held, rules_total
from reports.weather_readings import (
    OF_MISBEHAVIOUR,
    at_least,
    longest,
    misbehaviour,
    most,
    never_back,
    of_longest,
    of_misbehaviour,
    of_most,
    of_never_back,
)
from simulator.measurements.attendance import FIGURES as ATTENDANCE_FIGURES
from simulator.measurements.names import ACKNOWLEDGED, GENERATED, PHOTO_FIGURES, RECORD_FIGURES
from simulator.texts.translation import N_


class Scope(Enum):
    """What a measure speaks of."""

    NAME = "a funcId, a flow or a command"
    """Written `name measure`, where a glob stands for each name that it matches."""
    LOOP_LAG = "generator.loop_lag"
    """Written `generator.loop_lag measure`."""
    RUN = "the whole fleet"
    """Written as the measure alone."""
    RULE = "what the platform did"
    """Written as the measure alone, or with a dot and a rule or a glob behind it."""
    WEATHER = "what the scenario's faults did"
    """Written as the measure alone, or with a kind of fault or a way of misbehaviour in it."""


LOOP_LAG: Final = Scope.LOOP_LAG.value


@dataclass(frozen=True, slots=True)
class Unit:
    """What a limit is given in."""

    kind: str
    """What is given in it, in a word."""
    symbol: str
    """The unit of a parsed limit and of the value that it is compared with."""
    written: Mapping[str, float]
    """How it may be written (empty: no unit) -> how many of `symbol` that is."""
    most: int
    """The largest limit: one beyond it could never be crossed, and the run would pass whatever it did."""


DURATION: Final = Unit(
    "duration", "ms", {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}, 86_400_000
)
SHARE: Final = Unit("share", "%", {"%": 1.0}, 100)
LOAD: Final = Unit("load", "%", {"%": 1.0}, 100_000)
"""Of one core, of which a process may use several."""
COUNT: Final = Unit("number", "", {"": 1.0}, 10**12)
RATE: Final = Unit("rate", "/s", {"": 1.0, "/s": 1.0}, 10**9)
MEGABYTES: Final = Unit("memory", "MB", {"MB": 1.0}, 10**7)
MEGABYTES_AN_HOUR: Final = Unit("growth of memory", "MB/h", {"MB/h": 1.0}, 10**7)
AN_HOUR: Final = Unit("growth", "/h", {"": 1.0, "/h": 1.0}, 10**9)
UNITS: Final = (DURATION, SHARE, LOAD, COUNT, RATE, MEGABYTES, MEGABYTES_AN_HOUR, AN_HOUR)

PERCENTILE: Final = "percentile"
"""The name of the measure that is written as `p` and a number."""
PERCENTILE_PATTERN: Final = r"p\d+(?:\.\d+)?"
FAILURES: Final = "failures"
INTENDED: Final = "intended_"
"""May stand before a duration of a funcId."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that can be measured; two of the same name differ by the unit that the limit is written in."""

    name: str
    unit: Unit
    scope: Scope
    read: Reading
    help: str
    """What the figure is, in Markdown."""
    example: str
    """A threshold that uses it."""
    whole_run: bool = False
    """Kept as one number for the whole run: neither `after` nor `abort` can be told of it."""
    of_online: bool = False
    """Says nothing where no device came online: no limit of it holds there."""
    remark: Callable[[Question], str] | None = None
    """Says more of the value, or why there is none."""
    least: Reading | None = None
    """Where no value is known: what it is longer than, if anything is known of it."""
    absent: str = N_("nothing was measured")
    """Why there is no figure, where there is none; no limit holds there either."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """How it is written; of percentiles the usual ones."""
        return ("p50", "p90", "p95", "p99", "p99.9") if self.name == PERCENTILE else (self.name,)

    def is_written(self, text: str) -> bool:
        """Whether `text` is one of its spellings."""
        return text == self.name if self.name != PERCENTILE else re.fullmatch(PERCENTILE_PATTERN, text) is not None


def _delivered(kind: str, counts: Callable[[Figures], Mapping[str, int]], names: Mapping[str, str]) -> list[Measure]:
    """How many records or pictures became of what; `names` says what each name of `counts` means."""

    def measure(name: str, explained: str) -> Measure:
        text = f"{explained[0].upper()}{explained[1:]}."
        example = f"{kind}.{name} {'>= 1000' if name in (GENERATED, ACKNOWLEDGED) else '== 0'}"
        return Measure(
            f"{kind}.{name}", COUNT, Scope.RUN, lambda asked: counts(asked.figures)[name], text, example, whole_run=True
        )

    return [measure(name, explained) for name, explained in names.items()]


def _attended(name: str, explained: str) -> Measure:
    """A figure of attendance, which is none, not 0, where no meeting was told of."""
    text = f"{explained[0].upper()}{explained[1:]}."
    example = f"{ATTENDANCE}.{name} {_ATTENDANCE_LIMITS.get(name, '>= 0')}"
    return Measure(
        f"{ATTENDANCE}.{name}",
        COUNT,
        Scope.RUN,
        lambda asked: asked.figures.attendance.get(name),
        text,
        example,
        whole_run=True,
    )


def _lasting(name: str, figure: Callable[[FaultOutcome], Known | None], explained: str, limit: str) -> Measure:
    """A duration of the worst of all faults."""
    return Measure(
        name,
        DURATION,
        Scope.WEATHER,
        longest(name, figure),
        explained,
        f"{name} < {limit}",
        whole_run=True,
        remark=of_longest(name, figure),
        least=at_least(name, figure),
    )


def _recovery(percent: float, limit: str) -> Measure:
    """How fast devices were back after the worst of all faults."""
    which = "all" if percent == ALL else f"{percent:g} %"
    text = f"From a fault's end until {which} of the devices it hit were online again."
    name = f"recovery.{'all' if percent == ALL else f'p{percent:g}'}"
    return _lasting(name, lambda outcome: outcome.recovery(percent), text, limit)


def _of_faults(name: str, figure: Callable[[FaultOutcome], int], explained: str, limit: str) -> Measure:
    """A count of the worst of all faults."""
    return Measure(
        name,
        COUNT,
        Scope.WEATHER,
        most(name, figure),
        explained,
        f"{name} < {limit}",
        whole_run=True,
        remark=of_most(name, figure),
    )


def _misbehaved(outcome: str, explained: str, limit: str) -> Measure:
    """A count of all misbehaviour."""
    name = f"{OF_MISBEHAVIOUR}{outcome}"
    return Measure(
        name,
        COUNT,
        Scope.WEATHER,
        misbehaviour(outcome),
        explained,
        f"{name} {limit}",
        whole_run=True,
        remark=of_misbehaviour(outcome),
    )


_ATTENDANCE_LIMITS: Final = {
    "meetings": ">= 1",
    "unacknowledged": "== 0",
    "missing": "< 100",
    "cut": "== 0",
    "turned_away": "== 0",
    "late": "< 50",
}

_SLOPE: Final = (
    "A line through its means over time from when its last device was started, the first quarter (ten minutes at most) "
    "left out; it needs five minutes."
)
_TOO_SHORT: Final = N_("too short to judge: a slope needs five minutes from when the last device was started")

_NO_PLATFORM: Final = N_("the run had no embedded platform, or not for long enough")

# fmt: off
MEASURES: Final = (
    # --- Of a funcId, a flow or a command ---
    Measure("min", DURATION, Scope.NAME, latency("min"), "The shortest time.", "dev.heartbeat min > 100 us"),
    Measure("mean", DURATION, Scope.NAME, latency("mean"), "The mean time.", "cmd.data.update.user mean < 200 ms"),
    Measure("max", DURATION, Scope.NAME, latency("max"), "The longest time.", "connect max < 2 s"),
    Measure(PERCENTILE, DURATION, Scope.NAME, latency(PERCENTILE),
            "The time that so many percent of them did not exceed: `p50` is the median, `p99.9` (also written `p999`) "
            "is exceeded by one of a thousand.", "dev.heartbeat p99 < 500 ms"),
    Measure(FAILURES, SHARE, Scope.NAME, lambda asked: in_percent(asked.series.failures, asked.series.count),
            "The share that failed.", "dev.data.upload.verifyLog failures < 1 %"),
    Measure(FAILURES, COUNT, Scope.NAME, if_occurred(lambda asked: asked.series.failures),
            "How many failed.", "dev.login failures == 0"),
    Measure("count", COUNT, Scope.NAME, if_occurred(lambda asked: asked.series.count),
            "How many there were, failed ones included.", "cmd.data.update.user count > 0"),
    Measure("rate", RATE, Scope.NAME, if_occurred(lambda asked: asked.series.count / asked.figures.seconds),
            "How many there were in a second, failed ones included.", "dev.heartbeat rate >= 10 /s"),
    Measure("missed", COUNT, Scope.NAME, lambda asked: asked.series.missed,
            "Planned and never sent, because the generator stood still over their moments.",
            "dev.heartbeat missed == 0"),

    # --- Of the generator's event loop ---
    Measure("min", DURATION, Scope.LOOP_LAG, loop_lag("min"), "The least delay.", f"{LOOP_LAG} min < 1 ms"),
    Measure("mean", DURATION, Scope.LOOP_LAG, loop_lag("mean"), "The mean delay.", f"{LOOP_LAG} mean < 5 ms"),
    Measure("max", DURATION, Scope.LOOP_LAG, loop_lag("max"), "The longest delay.", f"{LOOP_LAG} max < 1 s"),
    Measure(PERCENTILE, DURATION, Scope.LOOP_LAG, loop_lag(PERCENTILE),
            "The delay that was not exceeded for so many percent of the time.", f"{LOOP_LAG} p99 < 20 ms"),

    # --- Of the whole fleet ---
    Measure(FAILURES, SHARE, Scope.RUN, lambda asked: in_percent(asked.figures.failures, asked.figures.requests),
            "The share of all requests that failed; flows and commands do not count.", "failures < 0.1 %"),
    Measure(FAILURES, COUNT, Scope.RUN, lambda asked: asked.figures.failures,
            "How many requests failed.", "failures == 0"),
    Measure("online", SHARE, Scope.RUN, lambda asked: in_percent(asked.figures.online),
            "The share of their time, from start to stop, that all devices together were online.",
            "online >= 99 %"),
    Measure("came_online", SHARE, Scope.RUN, lambda asked: in_percent(asked.figures.came_online),
            "The share of the scenario's devices that were online at least once.", "came_online >= 100 %",
            whole_run=True),
    Measure("requests_per_second", RATE, Scope.RUN, lambda asked: asked.figures.requests / asked.figures.seconds,
            "Requests of all devices in a second.", "requests_per_second > 20"),
    Measure("disconnects", COUNT, Scope.RUN, lambda asked: asked.figures.disconnects,
            "Connections that were lost; those that the fleet ended itself, as at the end of the run, are none.",
            "disconnects == 0"),
    Measure("missed", COUNT, Scope.RUN, lambda asked: sum(found.missed for found in asked.figures.series.values()),
            "Requests that were planned and never sent, because the generator stood still over their moments.",
            "missed == 0"),
    Measure("internal_errors", COUNT, Scope.RUN, lambda asked: asked.figures.internal_errors,
            "Faults of best-fleet itself. Any of them makes the run invalid, whatever the thresholds say.",
            "internal_errors == 0", whole_run=True),
    *_delivered("records", lambda figures: figures.records, RECORD_FIGURES),
    *_delivered("photos", lambda figures: figures.photos, PHOTO_FIGURES),
    *(_attended(name, explained) for name, explained in ATTENDANCE_FIGURES.items()),
    Measure("generator.cpu", LOAD, Scope.RUN, lambda asked: asked.figures.generator.cpu_percent(),
            "Mean CPU use of the busiest process that runs devices, in percent of one core.", "generator.cpu < 80 %",
            whole_run=True),
    Measure("generator.rss", MEGABYTES, Scope.RUN, lambda asked: asked.figures.generator.rss_mb(),
            "The most memory that each process took, added up.", "generator.rss < 2000 MB", whole_run=True),
    Measure("generator.rss_slope", MEGABYTES_AN_HOUR, Scope.RUN, lambda asked: asked.figures.generator.rss_slope(),
            f"How fast the memory of the process grows that grows fastest. {_SLOPE}", "generator.rss_slope < 20 MB/h",
            whole_run=True, absent=_TOO_SHORT),
    Measure("generator.open_files", COUNT, Scope.RUN, lambda asked: asked.figures.generator.open_files(),
            "The most files, sockets among them, that any process had open.", "generator.open_files < 5000",
            whole_run=True),
    Measure("generator.open_files", SHARE, Scope.RUN, lambda asked: in_percent(asked.figures.generator.files_used()),
            "The share of the files that it may have open, of the process that came nearest to that.",
            "generator.open_files < 80 %", whole_run=True),
    Measure("generator.open_files_slope", AN_HOUR, Scope.RUN, lambda asked: asked.figures.generator.files_slope(),
            f"How fast open files grow in number, of the process in which they grow fastest. {_SLOPE}",
            "generator.open_files_slope < 60 /h", whole_run=True, absent=_TOO_SHORT),
    Measure("generator.tasks", COUNT, Scope.RUN, lambda asked: asked.figures.generator.tasks(),
            "The most asyncio tasks that any process had.", "generator.tasks < 10000", whole_run=True),
    Measure("generator.tasks_slope", AN_HOUR, Scope.RUN, lambda asked: asked.figures.generator.tasks_slope(),
            f"How fast asyncio tasks grow in number, of the process in which they grow fastest. {_SLOPE}",
            "generator.tasks_slope < 60 /h", whole_run=True, absent=_TOO_SHORT),

    Measure("embedded_platform.rss", MEGABYTES, Scope.RUN, platform_held(lambda held: held.rss.peak),
            "The most memory that the embedded platform's process took.", "embedded_platform.rss < 500 MB",
            whole_run=True, absent=_NO_PLATFORM),
    Measure("embedded_platform.rss_slope", MEGABYTES_AN_HOUR, Scope.RUN,
            platform_held(lambda held: held.rss.per_hour()),
            "How fast that grows, over the longest time without a restart; it needs five minutes.",
            "embedded_platform.rss_slope < 50 MB/h", whole_run=True, absent=_NO_PLATFORM),
    Measure("embedded_platform.open_files", COUNT, Scope.RUN, platform_held(lambda held: held.open_files.peak),
            "The most files, sockets among them, that it had open.", "embedded_platform.open_files < 5000",
            whole_run=True, absent=_NO_PLATFORM),

    # --- Of what the platform did ---
    Measure(VIOLATIONS, COUNT, Scope.RULE, rules_total(lambda figures: figures.violations),
            "How often the platform broke the protocol's rules; with a rule (`violations.reply.code`) or a pattern "
            "(`violations.reply.*`) those rules alone.", "violations == 0", whole_run=True, of_online=True),
    Measure(OBSERVATIONS, COUNT, Scope.RULE, rules_total(lambda figures: figures.observations),
            "How often something happened that is unusual and allowed; likewise with a rule or a pattern.",
            "observations.command.repeated < 10", whole_run=True, of_online=True),

    # --- Of what the scenario's faults did ---
    *(_recovery(percent, limit) for percent, limit in ((50.0, "30 s"), (95.0, "45 s"), (99.0, "60 s"), (ALL, "2 min"))),
    Measure("never_back", COUNT, Scope.WEATHER, never_back("never_back"),
            "Devices that a fault hit and that were not online again when the run ended, a minute or more after it.",
            "never_back == 0", whole_run=True, remark=of_never_back("never_back")),
    _lasting("backlog.delivered", FaultOutcome.delivered,
             "From a fault's end until the records that had piled up were delivered.", "3 min"),
    _of_faults("backlog.peak", lambda outcome: outcome.figures.peak_backlog,
               "The most records that waited at once at the devices a fault hit, beyond those that waited before.",
               "10000"),
    _of_faults("requests_cut", lambda outcome: outcome.figures.requests_cut, "Requests that a fault cut off.", "1000"),
    _misbehaved("sent", "How often devices did on purpose what the document forbids.", ">= 1"),
    _misbehaved("refused_as_expected", "How often the platform then did what the document says.", ">= 1"),
    _misbehaved("accepted", "How often it took what it must not take.", "== 0"),
    _misbehaved("silent", "How often it did neither: no answer, a breakdown, or an answer of another kind.", "== 0"),
)
# fmt: on
"""Within a scope in the order in which errors and the page list them."""


def measures_of(scope: Scope) -> list[Measure]:
    """The measures of a scope, in the table's order."""
    return [measure for measure in MEASURES if measure.scope is scope]


def spellings(measures: Iterable[Measure]) -> list[str]:
    """How measures are written, each spelling once."""
    return list(dict.fromkeys(text for measure in measures for text in measure.spellings))


def percent_of(text: str) -> float:
    """The percentage of a percentile as it is written: 99.9 of `p99.9` and of `p999`."""
    digits = text.removeprefix("p")
    short = len(digits) > 2 and digits.startswith("99") and "." not in digits
    return float(f"{digits[:2]}.{digits[2:]}" if short else digits)


RUN_MEASURES: Final = tuple(
    spellings(measure for scope in (Scope.RUN, Scope.RULE, Scope.WEATHER) for measure in measures_of(scope))
)
"""What may stand alone before a comparison."""
