"""How figures are written for people: durations, counts, bytes, shares. One place, so that all reports agree."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from simulator.measurements.names import is_failure
from simulator.shown import printable

NOTHING = "–"
ENDLESS = "∞"
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|%)(?!\w))|(?<=min) (?=\d)|(?<=\bh) (?=\d)|(?<=\S) (?=→)")
"""How long a failed request took."""
NOT_JUDGED = "not judged"
MOST_NAMES = 8
"""Of a list within a line; tables hold the whole of it."""


def milliseconds(value: float | None) -> str:
    """A duration in ms with three significant digits: `0.42`, `12.3`, `1,234`; long ones without decimals."""
    if value is None:
        return NOTHING
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def counted(number: float, of: str) -> str:
    """A number of things: `1 upload`, `3 uploads`."""
    return f"{count(number)} {of}{'' if number == 1 else 's'}"


def were(number: float) -> str:
    """The verb behind a number of things."""
    return "was" if number == 1 else "were"


def times(values: Mapping[str, Any]) -> str:
    """How often, of a finding that counts something."""
    return counted(values.get("count") or 0, "time")


def other_faults(values: Mapping[str, Any]) -> str:
    """Behind a sentence about the worst fault: that others were alike; empty where none was."""
    return f"; so it was after {counted(values['others'], 'more fault')}" if values.get("others") else ""


def all_records(values: Mapping[str, Any]) -> str:
    """How many records a finding is about: those that were made, and those that were restored from earlier runs."""
    restored = values.get("restored") or 0
    of_them = f" ({count(restored)} of them from earlier runs)" if restored else ""
    return f"{count((values.get('generated') or 0) + restored)} records{of_them}"


def kept_records(values: Mapping[str, Any]) -> str:
    """What the state file keeps; of a run that was killed, what it kept at the last checkpoint is all that is known."""
    if values.get("at_checkpoint"):
        return f"state_file kept {count(values.get('kept') or 0)} of them for the next run at the last checkpoint"
    return f"state_file keeps {count(values.get('kept') or 0)} of them for the next run"


def failed_uploads(values: Mapping[str, Any]) -> str:
    """Behind a sentence about records that did not arrive: how their uploads failed; empty where none did."""
    if not values.get("uploads_failed"):
        return ""
    return f"; {counted(values['uploads_failed'], 'upload')} of records failed, the most with {values.get('code')}"


def why_offline(values: Mapping[str, Any]) -> str:
    """Behind a sentence about devices that did not come online: where most of them failed; empty where none did."""
    if not values.get("failed"):
        return ""
    return f": {values['step']} failed {counted(values['failed'], 'time')} with {values.get('code')}"


def rate(value: float | None) -> str:
    """Per second, without a unit."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def percent(share: float | None) -> str:
    """A share (0..1) in percent; never `100 %` nor `0 %` for one that is not exactly that."""
    if share is None:
        return NOTHING
    value = 100.0 * share
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    text = f"{value:.1f}" if 0.1 <= value <= 99.9 else f"{value:.3f}"
    if (text == "100.000" and value < 100) or (text == "0.000" and value > 0):
        return "> 99.999 %" if value > 50 else "< 0.001 %"
    return f"{text} %"


def size(value: float | None) -> str:
    """Bytes in the unit that keeps the number short (KB = 1,024 bytes)."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in ("B", "KB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"
        amount /= 1024.0
    return f"{amount:,.1f} GB"


def duration(seconds: float) -> str:
    """`45.2 s`, `5 min 03 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def short_duration(seconds: float) -> str:
    """As `duration`, but what takes less than a second in ms."""
    return f"{1000.0 * seconds:.0f} ms" if seconds < 0.9995 else duration(seconds)


def moment(epoch: float) -> str:
    """Date and time in UTC, to the second."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock_of(iso: str) -> str:
    """The time of day of a moment in ISO 8601, to the second."""
    return iso[11:19]


def clock(epoch: float) -> str:
    """The time of day in UTC, to the second."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M:%S")


def codes(found: Mapping[str, int], word: Callable[[str], str] = printable) -> str:
    """Failure codes with their counts: `timeout 3, E0000003 1`; empty without failures."""
    return tally({code: number for code, number in found.items() if is_failure(code)}, word)


def tally(found: Mapping[str, int], word: Callable[[str], str] = printable, most: int = MOST_NAMES) -> str:
    """Names with their counts: `closed 1006 14, timeout 2`; of many the first ones, and how many more there are.

    `word` writes a name for the page that it stands on; `most` of them are named.
    """
    shown = [f"{word(name)} {number:,}" for name, number in islice(found.items(), most)]
    left = list(found.values())[most:]
    return ", ".join([*shown, f"{sum(left):,} of {len(left)} more kinds"] if left else shown)


def generator_state(generator: Mapping[str, Any]) -> str:
    """One word for the `generator` of a summary: `healthy`, or what makes its figures invalid."""
    if generator["healthy"]:
        return "healthy"
    keys = {reason["key"] for reason in generator["reasons"] if isinstance(reason, Mapping)}
    return "frozen" if "frozen" in keys else "overloaded"


def held(generator: Mapping[str, Any]) -> str:
    """What processes held, of the `generator` of a summary: `memory +3.1 MB/h, 231 files, 812 tasks at most`.

    Empty where nothing is known of it, as in summaries of earlier versions.
    """
    slope = generator.get("rss_slope_mb_per_h")
    peaks = [(generator.get(name, {}).get("peak"), noun) for name, noun in (("open_files", "file"), ("tasks", "task"))]
    counts = [counted(peak, noun) for peak, noun in peaks if peak is not None]
    memory = [f"memory {slope:+,.1f} MB/h"] if slope is not None else []
    return ", ".join([*memory, *counts]) + (" at most" if counts else "")


def platform_held(summary: Mapping[str, Any]) -> str:
    """What the embedded platform held: `85 MB, memory +3.1 MB/h, 231 files at most`; empty where nobody looked."""
    found = summary.get("embedded_platform")
    return f"{count(found['rss_mb'])} MB, {held(found)}" if found else ""


def are_missing(number: float) -> str:
    """`1 is missing`, `5 are missing`."""
    return f"{count(number)} {'is' if number == 1 else 'are'} missing"


def ledger_held(summary: Mapping[str, Any]) -> str:
    """What the embedded platform keeps: `2,373 records kept, as many as were acknowledged`; empty if nobody knows."""
    found = summary.get("ledger")
    if not found:
        return ""
    kept, acknowledged = found["records"], summary["records"]["acknowledged"]
    if found["missing"]:
        told = f"of {count(acknowledged)} that were acknowledged {are_missing(found['missing'])}"
    elif found["unexpected"]:
        told = f"{count(found['unexpected'])} more than devices can have offered"
    elif kept == acknowledged:
        told = "as many as were acknowledged"
    else:
        told = f"{count(kept - acknowledged)} more than were acknowledged"
    photos = f"; {counted(found['missing_photos'], 'picture')} missing" if found["missing_photos"] else ""
    again = f"; {count(found['duplicates'])} received again" if found["duplicates"] else ""
    return f"{counted(kept, 'record')} kept, {told}{photos}{again}"


def ledger_wrong(summary: Mapping[str, Any]) -> bool:
    """Whether the embedded platform keeps other records than it should."""
    found = summary.get("ledger") or {}
    return any(found.get(name) for name in ("missing", "missing_photos", "unexpected"))


def ahead(seconds: float) -> str:
    """How far one clock is off, before the other's name: `4 min 00 s ahead of`, `1.5 s behind`."""
    return f"{duration(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'}"


def set_by(seconds: float) -> str:
    """How a clock was set: `forward by 1 h 00 min`, `back by 90.0 s`."""
    return f"{'forward' if seconds > 0 else 'back'} by {duration(abs(seconds))}"


def names(found: Sequence[str]) -> str:
    """A list on one line; of many the first ones, and how many more there are."""
    left = len(found) - MOST_NAMES
    return ", ".join([*map(printable, found[:MOST_NAMES]), f"{left} more"] if left > 0 else map(printable, found))


def threshold_value(result: Mapping[str, Any]) -> str:
    """A threshold's value with its unit."""
    value, unit = result.get("value"), result.get("unit", "")
    if value is None:
        return NOTHING
    if unit == "ms":
        return f"{milliseconds(value)} ms"
    if unit == "%":
        return percent(value / 100.0)
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}".rstrip()


def bound(written: str) -> str:
    """With no line to end between a number and its unit, nor before an arrow."""
    return _BEFORE_UNIT.sub("\u00a0", written)


def judged(result: Mapping[str, Any]) -> str:
    """How a threshold came out: `passed`, `crossed`, or `not judged` where there was nothing to judge it by."""
    if result["passed"]:
        return "passed"
    # Summaries of earlier versions do not tell the two apart.
    return "crossed" if result.get("judged", True) else NOT_JUDGED


def measured(result: Mapping[str, Any]) -> str:
    """A threshold's value and the remark to it, whichever there is."""
    value = threshold_value(result)
    return "; ".join(part for part in (value if value != NOTHING else "", result.get("remark", "")) if part) or NOTHING
