"""The page of what a run measures in Markdown, made from `simulator.measurements.names`."""

from collections.abc import Mapping

from simulator.measurements.attendance import FIGURES, MEANINGS
from simulator.measurements.groups import MOST_GROUPS, SPAN_S
from simulator.measurements.ledger import LEDGER_FIGURES
from simulator.measurements.misbehaviours import ACCEPTED, MISBEHAVIOURS, REFUSED_AS_EXPECTED, SENT, SILENT
from simulator.measurements.names import (
    FLOWS,
    OTHERS,
    OWN_CODES,
    OWN_ENDINGS,
    PHOTO_FIGURES,
    PHOTO_PREFIX,
    RECORD_FIGURES,
    DeviceState,
)
from simulator.measurements.ranges import RANGES_MS

_HEAD = """\
# What a run measures

Requests are named after their funcIds (`protocol.md`), with `getBrokerServer` for the broker look-up and `connect` for
the opening of the WebSocket; commands are named likewise, and timed from their arrival at the device to its answer.
Everything else that tables, charts, thresholds and `summary.json` name stands here. This page is generated from
`simulator/measurements/names.py` (`make docs`); a test fails when it is out of date.
"""
_FAILED = """\
A request, a flow or a command failed if its code is any but `00000000`. Counts of failed requests, be they on the
terminal, on a page or in a file, are those of requests alone: flows and commands are told of by themselves.

What the scenario wants to be refused did not fail: commands of the embedded platform's `pushes` with `unknown: true`,
those that a group's `command_failures` refuse or leave unanswered, and those that its `functions: {extra: …}` only
list. They stand in `expected` and `expected_codes`, are among `count`, and are neither in `failures` nor in `codes`; no
threshold on failures or on durations counts them. They are commands, of which Locust's own tables and CSV files hold
none. That an unknown command came is told as a violation (`command.unknown`) all the same.
"""

FAULT_FIGURES = {
    "hit": "devices that were switched on when it came, and that it was meant for",
    "recovery_ms": "from its end, or from the moment at which it let go of a device, until 50, 95, 99 % and all of "
    "these were online again; a device that never was offline counts as 0",
    "never_back": "devices that were not online again when the run ended, a minute or more after it",
    "undecided": "likewise, but less than a minute after it",
    "overtaken": "devices that another fault hit before they were back; their return is the other's",
    "ended": "devices that were told to stop before they were back, while the run went on",
    "peak_connects_per_s": "the most connects of the whole fleet within a second, until all were back",
    "backlog": "the most records that waited at once at these devices, beyond those that waited before, and when all "
    "were delivered",
    "cut": "requests and flows that failed by it, by name and code",
    "delayed": "requests and flows that succeeded and took some of their time from it",
    "refused": "requests that the platform refused to devices that were not back",
    "disconnects": "connections that ended by it; none of them is lost",
    "unsent_lost": "records that were lost with stores that it emptied",
    "p99_ms": "of all requests that no fault cut off or held up, in the quiet seconds before it, and from its begin "
    "until all were back",
}
OUTCOME_MEANINGS = {
    SENT: "how often",
    REFUSED_AS_EXPECTED: "the platform did what the document says",
    ACCEPTED: "it took what it must not take",
    SILENT: "neither: no answer came, and the connection stayed",
}


def measurements_page() -> str:
    """The whole page; `docs/measurements.md` holds it."""
    return "\n".join(
        [
            _HEAD,
            _ranges(),
            _groups(),
            _flows(),
            _records(),
            _ledger(),
            _attendance(),
            _weather(),
            _states(),
            _endings(),
            _codes(),
        ]
    )


def _ranges() -> str:
    bounds = ", ".join(f"{bound:,}" for bound in RANGES_MS)
    return (
        "## Response-time ranges\n\n`ranges` of a request or a flow tells how many of the successful ones took how "
        f"long, by the bounds {bounds} ms; each range reaches from above the bound before it up to its own, and "
        "what took longer than the last one stands under null. Percentiles and charts are of all, the failed ones "
        "included, which count with the time until they failed.\n"
    )


def _groups() -> str:
    return (
        "## Groups\n\n`groups` tells requests and flows of each group of the scenario beside those of the fleet: they "
        "add up to these exactly, over workers and merged runs, too; groups of one name in merged runs are one. In a "
        "fleet of one group they are the fleet's. Commands, planned moments (`intended_ms`) and missed requests are "
        f"known of the fleet alone. In `latency.hlog` a group's series stands in spans of {SPAN_S} s under "
        f"`group:NAME:` and the series' tag. Of more than {MOST_GROUPS} groups the last ones are counted together as "
        f"`{OTHERS}`.\n"
    )


def _flows() -> str:
    lines = []
    for flow in FLOWS:
        parts = f" The requests in it: {', '.join(f'`{part}`' for part in flow.parts)}." if flow.parts else ""
        lines.append(f"- `{flow.name}`: {flow.measures}.{parts}\n")
    return "## Flows\n\n" + "".join(lines)


def _records() -> str:
    photos = {f"photos.{name}": text for name, text in PHOTO_FIGURES.items()}
    records = {f"records.{name}": text for name, text in RECORD_FIGURES.items()}
    return (
        "## Records and pictures\n\nVerification records by what became of them, and the pictures that go with some of "
        f"them. The chart over time calls those of pictures `{PHOTO_PREFIX}…`; what is pending is no event, but what "
        "the others leave.\n\n" + _meanings({**records, **photos})
    )


def _ledger() -> str:
    return (
        "## Ledger\n\nOf runs on the embedded platform: what it kept when the devices had stopped, held against what "
        "they were told. It keeps at least what it acknowledged, and at most what it can have been offered. These are "
        "numbers, not names: a record whose acknowledgement was lost on its way is kept, and may stand in for one that "
        "is missing; without pending, rejected and lost records the comparison is exact.\n\n"
        + _meanings(LEDGER_FIGURES)
    )


def _attendance() -> str:
    return (
        "## Attendance\n\nOf devices whose group has an `attendance`: the meetings, and who came to them.\n\n"
        + _meanings({f"attendance.{name}": text for name, text in FIGURES.items()})
        + "\nWhat a row of `attendance.csv` says in its column `what`:\n\n"
        + _meanings(MEANINGS)
    )


def _weather() -> str:
    return (
        "## Faults and misbehaviour\n\nOf scenarios with `faults:` (faults.md). A request or a flow that a fault cut "
        "off or held up is counted under the fault, and in no other figure; what the platform refused while devices "
        "came back failed like any other, and is counted under the fault besides. For each fault `summary.json` has "
        "in `faults`:\n\n" + _meanings(FAULT_FIGURES) + "\nWhat devices did on purpose, and in `misbehaviour` what "
        "came of it:\n\n" + _meanings(MISBEHAVIOURS) + "\n" + _meanings(OUTCOME_MEANINGS)
    )


def _states() -> str:
    return "## Device states\n\n" + _meanings({state.value: state.text for state in DeviceState})


def _endings() -> str:
    *others, last = (f"`{reason}`" for reason in sorted(OWN_ENDINGS))
    own = f"{', '.join(others)} and {last}"
    return f"## Lost connections\n\nA connection is lost if it ends for any reason but {own}.\n"


def _codes() -> str:
    return (
        f"## Codes\n\n{_FAILED}\nThe codes of the wire stand in `protocol.md`. These a device notes by itself and "
        "never sends:\n\n" + _meanings(OWN_CODES)
    )


def _meanings(texts: Mapping[str, str]) -> str:
    return "".join(f"- `{name}`: {text}\n" for name, text in texts.items())
