"""`docs/thresholds.md`: the page of thresholds, made from the table of measures and from the parser's own answers."""

from collections.abc import Iterable, Sequence
from typing import Final

from reports.evaluation import ABORT_WINDOW_S, COMPARISONS
from reports.faults import TOO_EARLY_S
from reports.measures import (
    DURATION,
    INTENDED,
    LOOP_LAG,
    PERCENTILE,
    UNITS,
    Measure,
    Scope,
    Unit,
    measures_of,
)
from reports.thresholds import wrong_threshold
from reports.weather_readings import KINDS_OF_FAULTS
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.measurements.names import FLOWS
from simulator.measurements.run import HOLD_S

_EARLIEST_ABORT_S: Final = 2 * ABORT_WINDOW_S + HOLD_S + 2

_HEAD: Final = """\
# Thresholds

A threshold says what must hold for a run to pass. Thresholds stand in the scenario, one a line:

```yaml
thresholds:
  - failures < 0.1 %
  - init p95 < 5 s
  - dev.heartbeat p99 < 500 ms after 30s
  - record_delivery p99 < 15 s
  - records.pending == 0
```

All of them are judged when the run has ended. If one is crossed, or [cannot be judged](#not-judged), the run fails
(exit code 3). Each stands with its value on the terminal, in `summary.json` and in every other report; in `junit.xml`
each is a test case. `best-fleet check FILE` finds wrong thresholds before a run. What makes a run fail in spite of
thresholds that hold, and without any, is said in [deviations.md](deviations.md#verdicts). Limits of change against
earlier runs are no thresholds of a scenario, but `--fail-on` of `best-fleet compare`.

This page is generated from `reports/measures.py` (`make docs`). A test fails when it is out of date, and evaluates every
threshold on it.

## How to write one

`dev.heartbeat p99 < 500 ms after 30s abort` has these parts:

| part | here | what may stand there |
|---|---|---|
| what is judged | `dev.heartbeat p99` | the [name](#names) of a funcId, flow or command with one of [its measures](#{name}), `generator.loop_lag` with one of [its own](#{loop_lag}), a measure of the [whole fleet](#{run}) alone, `violations` or `observations`, alone or with [rules](#rules), or what the scenario's [faults](#{weather}) did |
| comparison | `<` | how the value has to be to the limit: `<` `<=` `>` `>=` `==` `!=` |
| limit | `500 ms` | a number with a [unit](#units) of the measure |
| from when | `after 30s` | may be missing: the whole run is judged ([after](#after)) |
| stop early | `abort` | may be missing: the run goes on to its planned end ([abort](#abort)) |

Blanks round the comparison and before the unit may be left out: `failures<0.1%`. Capitals and small letters differ.
"""  # noqa: E501

_NAMES: Final = """\
## Names

- A **funcId** that devices send, such as `dev.heartbeat`; [protocol.md](protocol.md) lists them. Two steps before these
  have names, too: `getBrokerServer` is the look-up of the broker, `connect` the opening of the connection.
- A **command** of the platform, such as `cmd.data.update.user`: its duration is the time that the device took for it.
- A **flow**, several steps that are measured as one; [measurements.md](measurements.md#flows) lists the requests in it:
{flows}
- A **pattern** for several of these: `*` stands for any characters, `?` for one, `[ab]` for one of those listed. Each
  name that occurred has to keep the limit, and one must have occurred; the result names the worst.

```yaml
thresholds:
  - dev.data.upload.* p99 < 2 s
  - cmd.* mean < 500 ms
  - "* failures < 1 %"          # YAML wants quotes where a line begins with *
```

What never occurred keeps no limit: `dev.login failures == 0` [cannot be judged](#not-judged) in a run in which no
device logged in. A name that does not exist is refused before the run.
"""

_REST: Final = """\
## Rules

Devices judge what the platform sends, and count what departs from the protocol's document under a rule's name;
[violations.md](violations.md) lists all rules. A threshold speaks of all `violations`, of one rule behind a dot, or of
those that a pattern fits; their counts are added up. `observations`, which are unusual and allowed, are written alike.

```yaml
thresholds:
  - violations == 0
  - violations.reply.* == 0
  - violations.command.mid < 3
  - observations.command.repeated < 10
```

What was not broken counts as 0: `violations == 0` holds in a run in which nothing departed. In a run in which no device
came online it does not hold, because hardly anything was judged. A rule that does not exist is refused before the run.

Without a threshold that speaks of them violations leave the verdict alone; every report tells them all the same. In
`junit.xml` each rule that occurred is a test case: it fails where a threshold that speaks of the rule was crossed, and
else passes with what was found as its output, so that a run that passed has no failed test case.

## Faults

What a scenario's `faults:` did is judged by the worst of them: `recovery.p99 < 60 s` says that after each fault 99 % of
the devices it hit were online again within a minute of its end. A kind of fault may stand in the measure, and in those
of misbehaviour a way, behind the first dot; behind a measure without a dot it stands at the end:

```yaml
thresholds:
  - recovery.p99 < 60 s
  - recovery.outage.p99 < 20 s
  - never_back.power_cut == 0
  - backlog.outage.delivered < 3 min
  - misbehaviour.accepted == 0
  - misbehaviour.bad_sign.refused_as_expected >= 1
```

Kinds are {kinds}; ways of misbehaviour are {ways}.

- A device that never came back took for ever: a percentile of all devices that were hit is infinite from there on, and
  no limit holds. Left out are devices that another fault hit before they were back, for they count there, and devices
  whose users left.
- A device that was not back when the run ended had too little time where that was less than {early} after the fault's
  end. All that is known of it is that it took longer than that: a shorter limit is crossed. Where that is
  longer than any return that is known, the threshold [cannot be judged](#not-judged); let the run go on for longer.
- Where no fault of the kind hit a device, or nobody misbehaved, the threshold cannot be judged.
- Requests that a fault cut off or held up stand in no other measure: they are neither failures nor in any percentile.
- They are judged when the run has ended, never before: a recovery that is under way is no reason to `abort`.

## Failed requests

A request fails if the platform refuses it, if no reply comes in time, or if the connection is lost before.

- In an upper limit (`<`, `<=`) of a percentile or of `max` a failed request took for ever, however fast it was
  refused: `init p95 < 5 s` holds if at least 95 of 100 attempts to come online succeeded within 5 s. Records that are
  still pending when the run ends count in `record_delivery` like failed ones.
- `min`, `mean` and all other comparisons speak of the successful ones alone.
- Where none succeeded, each of these is crossed.

## {intended}

`{intended}` may stand before each duration of a funcId. `dev.heartbeat p99` counts from the moment at which a request
was sent, `dev.heartbeat {intended}p99` from the moment for which it was planned. They differ where devices were late:
the generator was busy, or a record had to wait for the one before it. Only requests with a planned moment have it,
which are `dev.heartbeat` and `dev.data.upload.verifyLog`; of others it cannot be judged, with the reason `never had an
intended time`. Failed requests count with the time until they failed.

```yaml
thresholds:
  - dev.heartbeat {intended}p99 < 1 s
  - dev.data.upload.verifyLog {intended}max < 5 s after 10s
```

## after

`after 30s` leaves the first 30 seconds of the run out of account, for example those in which devices are still being
started. If the run ended before, the threshold cannot be judged. Measures that are kept as one number for the whole
run take no `after`; the tables say which.

```yaml
thresholds:
  - online >= 99 % after 30s
  - disconnects == 0 after 500ms
  - dev.heartbeat rate >= 10 /s after 0.5 min
```

## Not judged

Where there is nothing to judge a threshold by, it is neither kept nor crossed: what it names never occurred, devices
were not back from a fault when the run ended, the run was too short for a slope. Reports then say `not judged` and why;
in `summary.json` it has `"passed": false` and `"judged": false`.

- A run that went to its planned end fails by it, like by one that is crossed (exit code 3).
- A run that was cut short, as by Ctrl-C, does not: the verdict is what cut it short (`interrupted`, exit code 5), and
  in `junit.xml` the test case is skipped. A threshold that was crossed by what had been measured until then fails the
  run as ever.

## abort

`abort` stops the run when there is no point in going on. The threshold is then also judged while the run goes on, once
a second on the last {window} seconds. The run is stopped when it was crossed at every look for {window} seconds, so
that one bad second stops nothing: at the earliest about {earliest} seconds after the start, or after the moment of
`after`. While there is nothing to measure it does not count as crossed. A threshold whose abort stopped the run is
crossed, whatever its value over the whole run. `abort` and `after` may stand together, in either order.

A fault of the scenario takes devices offline, and that is no reason to stop: as long as one is under way, and until the
devices it hit are back or {early} have gone by, `online`, `requests_per_second`, `rate` and `count` with a limit that
they must not fall below stop nothing. What they come to over the whole run includes the faults all the same.

```yaml
thresholds:
  - failures < 20 % abort
  - dev.heartbeat p95 < 2 s after 30s abort
  - generator.loop_lag p99 < 200 ms abort
```
"""

_WISHES: Final = (
    ("Every device comes online", "came_online >= 100 %"),
    ("… and quickly", "init p95 < 5 s"),
    ("… and stays so, once all are started", "online >= 99 % after 30s"),
    ("The platform keeps the protocol's document", "violations == 0"),
    ("… at least in its replies", "violations.reply.* == 0"),
    ("Hardly a request fails", "failures < 0.1 %"),
    ("No log-in fails", "dev.login failures == 0"),
    ("No connection is lost", "disconnects == 0"),
    ("The manual's promise: a record is up within 15 seconds", "record_delivery p99 < 15 s"),
    ("Nothing is left behind", "records.pending == 0"),
    ("The platform takes every record", "records.rejected == 0"),
    ("No upload is slow", "dev.data.upload.* p99 < 2 s"),
    ("An enrolment at the device reaches the platform", "enrolment_delivery p95 < 30 s"),
    ("Devices carry out a command soon", "cmd.data.update.user p95 < 1 s"),
    ("The command was sent at all", "cmd.data.update.user count > 0"),
    ("The fleet makes the load that was meant", "requests_per_second >= 20 after 10s"),
    ("The generator itself is no bottleneck", "generator.loop_lag p99 < 20 ms"),
    ("… nor stood still", "missed == 0"),
    ("A building whose network comes back is online again soon", "recovery.outage.p99 < 60 s"),
    ("Every device survives the weather", "never_back == 0"),
    ("… and what it had to tell arrives", "backlog.delivered < 3 min"),
    ("The platform takes nothing that it must not take", "misbehaviour.accepted == 0"),
    ("Give up early if the platform is down", "failures < 50 % abort"),
)
"""What people want -> the threshold."""

_MISTAKES: Final = (
    "dev.hartbeat p99 < 500 ms",
    "dev.heartbeat q99 < 500 ms",
    "dev.heartbeat < 500 ms",
    "dev.heartbeat p99 < 500",
    "online >= 101 %",
    "records.pending == 0 abort",
    "violations.reply.cod == 0",
    "violations.command.repeated == 0",
    "recovery.outtage.p99 < 60 s",
    "recovery.p99 < 60 s abort",
)

_SCOPES: Final = {
    Scope.NAME: (
        "Of a funcId, a flow or a command",
        "Written after the name: `dev.heartbeat p99`. What failed ones count as in durations is said "
        "under [failed requests](#failed-requests).",
    ),
    Scope.LOOP_LAG: (
        f"Of {LOOP_LAG}",
        f"Written after it: `{LOOP_LAG} p99`. It is how late the generator's event loop runs what is due: a high one "
        "says that the generator itself is slow.",
    ),
    Scope.RUN: ("Of the whole fleet", "Written alone: `failures < 0.1 %`."),
    Scope.RULE: (
        "Of what the platform did",
        "Written alone, or with a rule or a pattern behind a dot: see [rules](#rules).",
    ),
    Scope.WEATHER: (
        "Of what the scenario's faults did",
        "Written alone, or with a kind of fault or a way of misbehaviour in it: see [faults](#faults).",
    ),
}
"""Title and introduction of each scope's table."""


def thresholds_page() -> str:
    """The whole page."""
    parts = [
        _HEAD.format(**{scope.name.lower(): _anchor(title) for scope, (title, _) in _SCOPES.items()}),
        _NAMES.format(flows="\n".join(f"  - `{flow.name}`: {flow.measures}" for flow in FLOWS)),
        "## Measures\n",
        *map(_measures, Scope),
        _units(),
        _REST.format(
            intended=INTENDED,
            window=ABORT_WINDOW_S,
            earliest=_EARLIEST_ABORT_S,
            early=f"{TOO_EARLY_S:g} s",
            kinds=_listed(KINDS_OF_FAULTS),
            ways=_listed(MISBEHAVIOURS),
        ),
        _wishes(),
        _mistakes(),
        _grammar(),
    ]
    return "\n".join(parts)


def _measures(scope: Scope) -> str:
    title, introduction = _SCOPES[scope]
    rows = [
        (
            _written(measure),
            measure.unit.kind,
            measure.help,
            _code(measure.example),
            "no" if measure.whole_run else "yes",
        )
        for measure in measures_of(scope)
    ]
    columns = ("measure", "unit", "what it is", "example", "`after`, `abort`")
    return f"### {title}\n\n{introduction}\n\n{_table(columns, rows)}"


def _written(measure: Measure) -> str:
    return "`p` and a number" if measure.name == PERCENTILE else _code(measure.name)


def _units() -> str:
    rows = [
        (unit.kind, " or ".join(_code(text) if text else "nothing" for text in unit.written), _limit(unit))
        for unit in UNITS
    ]
    return "### Units\n\n" + _table(("unit", "written after the number", "largest limit"), rows)


def _limit(unit: Unit) -> str:
    return f"{unit.most:,} {unit.symbol}".rstrip()


def _wishes() -> str:
    rows = [(wish, _code(text)) for wish, text in _WISHES]
    return "## Examples\n\n" + _table(("what must hold", "threshold"), rows)


def _mistakes() -> str:
    answers = [answer for text in _MISTAKES if (answer := wrong_threshold(text))]
    listed = "\n".join(answers)
    return f"## Mistakes\n\nEach is told with its place, and with what was probably meant:\n\n```text\n{listed}\n```\n"


def _grammar() -> str:
    times = [measure for measure in measures_of(Scope.NAME) if measure.unit is DURATION]
    others = [measure for measure in measures_of(Scope.NAME) if measure.unit is not DURATION]
    rules = (
        ("threshold", 'judged comparison number [ unit ] { "after" duration | "abort" }'),
        (
            "judged",
            f'name ( [ "{INTENDED}" ] time | figure ) | "{LOOP_LAG}" lag | fleet | class [ "." rules ] | faults',
        ),
        ("name", "a funcId, a flow, a command, or a pattern for several"),
        ("time", _alternatives(times)),
        ("figure", _alternatives(others)),
        ("lag", _alternatives(measures_of(Scope.LOOP_LAG))),
        ("fleet", _alternatives(measures_of(Scope.RUN))),
        ("class", _alternatives(measures_of(Scope.RULE))),
        ("rules", "a rule, or a pattern for several"),
        ("faults", f"{_alternatives(measures_of(Scope.WEATHER))}\n{' ' * 11}| one of these with a kind or a way in it"),
        ("comparison", " | ".join(f'"{sign}"' for sign in COMPARISONS)),
        ("unit", " | ".join(dict.fromkeys(f'"{text}"' for unit in UNITS for text in unit.written if text))),
        ("duration", 'number ( "ms" | "s" | "min" )'),
        ("number", 'digit { digit } [ "." digit { digit } ]'),
    )
    listed = "\n".join(f"{name:<10} = {rule} ;" for name, rule in rules)
    return (
        "## Grammar\n\nIn EBNF; between two parts there may be blanks, but none after "
        f"`{INTENDED}` and after the `p` of a percentile.\n\n```text\n{listed}\n```\n"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _alternatives(measures: Sequence[Measure]) -> str:
    names = dict.fromkeys('"p" number' if item.name == PERCENTILE else f'"{item.name}"' for item in measures)
    shown = list(names)
    lines = [" | ".join(shown[start : start + 5]) for start in range(0, len(shown), 5)]
    return f"\n{' ' * 11}| ".join(lines)


def _code(text: str) -> str:
    return f"`{text}`"


def _anchor(title: str) -> str:
    """What GitHub and GitLab make of a heading."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_").replace(" ", "-")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell for cell in line)} |\n" for line in lines)
