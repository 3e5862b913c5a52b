"""How figures are written for people: durations, counts, bytes, shares. One place, so that all reports agree."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from simulator.measurements.health import kept_from_running
from simulator.measurements.names import is_failure
from simulator.shown import printable
from simulator.texts.translation import N_, _, ngettext, pgettext

NOTHING = "–"
ENDLESS = "∞"
"""How long a failed request took."""
_BEFORE_UNIT = re.compile(
    r"(?<=\d) (?=(?:ms|s|min|h|%)(?!\w)|秒|分|小时)|(?<=min) (?=\d)|(?<=\bh) (?=\d)|(?<=分|时) (?=\d)|(?<=\S) (?=→)"
)
PASSED = N_("passed")
CROSSED = N_("crossed")
NOT_JUDGED = N_("not judged")
"""How a threshold came out; a mark or a style is looked up by it, so that only `judged_word` is said."""
_VERDICTS: Mapping[str, Callable[[], str]] = {
    "passed": lambda: pgettext("a run", "passed"),
    "failed": lambda: pgettext("a run", "failed"),
    "invalid": lambda: pgettext("a run", "invalid"),
    "interrupted": lambda: pgettext("a run", "interrupted"),
}
"""A request that failed and a run that did are two words in other languages."""
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


THINGS: Mapping[str, Callable[..., str]] = {
    "connection": lambda n, **of: ngettext("{number} connection", "{number} connections", n, **of),
    "device": lambda n, **of: ngettext("{number} device", "{number} devices", n, **of),
    "fault": lambda n, **of: ngettext("{number} fault", "{number} faults", n, **of),
    "file": lambda n, **of: ngettext("{number} file", "{number} files", n, **of),
    "flow": lambda n, **of: ngettext("{number} flow", "{number} flows", n, **of),
    "internal error": lambda n, **of: ngettext("{number} internal error", "{number} internal errors", n, **of),
    "more fault": lambda n, **of: ngettext("{number} more fault", "{number} more faults", n, **of),
    "observation": lambda n, **of: ngettext("{number} observation", "{number} observations", n, **of),
    "picture": lambda n, **of: ngettext("{number} picture", "{number} pictures", n, **of),
    "process": lambda n, **of: ngettext("{number} process", "{number} processes", n, **of),
    "record": lambda n, **of: ngettext("{number} record", "{number} records", n, **of),
    "request": lambda n, **of: ngettext("{number} request", "{number} requests", n, **of),
    "rule": lambda n, **of: ngettext("{number} rule", "{number} rules", n, **of),
    "task": lambda n, **of: ngettext("{number} task", "{number} tasks", n, **of),
    "time": lambda n, **of: ngettext("{number} time", "{number} times", n, **of),
    "upload": lambda n, **of: ngettext("{number} upload", "{number} uploads", n, **of),
    "violation": lambda n, **of: ngettext("{number} violation", "{number} violations", n, **of),
    "way": lambda n, **of: ngettext("{number} way", "{number} ways", n, **of),
}
"""Things that are counted. Each is declared: languages count them differently, by a plural or by a measure word."""


_RECORDS: Mapping[str, str] = {
    "generated": N_("{count} generated"),
    "acknowledged": N_("{count} acknowledged"),
    "pending": N_("{count} pending"),
    "refused": N_("{count} refused"),
    "rejected": N_("{count} rejected"),
    "lost": N_("{count} lost"),
    "resent": N_("{count} resent"),
    "restored": N_("{count} restored"),
    "kept": N_("{count} kept"),
    "unkept": N_("{count} unkept"),
    "unclaimed": N_("{count} unclaimed"),
}
"""What became of records or pictures, by the figure's name (`RECORD_FIGURES`)."""


def record_figure(name: str, number: float) -> str:
    """A figure of records or pictures: `65 acknowledged`."""
    return _(_RECORDS[name], count=count(number))


def counted(number: float, of: str) -> str:
    """A number of `THINGS`: `1 upload`, `3 uploads`, `3 台设备`."""
    return THINGS[of](number, number=count(number))


def were(number: float) -> str:
    """The verb behind a number of things; other languages leave it out of their sentences."""
    return "was" if number == 1 else "were"


def listed(parts: Iterable[str]) -> str:
    """Things one after another on a line."""
    return pgettext("between things of a list", ", ").join(parts)


def clauses(parts: Iterable[str]) -> str:
    """Parts of a sentence one after another; empty ones are left out."""
    return pgettext("between parts of a sentence", "; ").join(filter(None, parts))


def times(values: Mapping[str, Any]) -> str:
    """How often, of a finding that counts something."""
    return counted(values.get("count") or 0, "time")


def other_faults(values: Mapping[str, Any]) -> str:
    """Behind a sentence about the worst fault: that others were alike; empty where none was."""
    others = values.get("others")
    return _("; so it was after {more_faults}", more_faults=counted(others, "more fault")) if others else ""


def all_records(values: Mapping[str, Any]) -> str:
    """How many records a finding is about: those that were made, and those that were restored from earlier runs."""
    restored = values.get("restored") or 0
    everything = (values.get("generated") or 0) + restored
    if restored:
        return _(
            "{count} records ({restored} of them from earlier runs)", count=count(everything), restored=count(restored)
        )
    return _("{count} records", count=count(everything))


def kept_records(values: Mapping[str, Any]) -> str:
    """What the state file keeps; of a run that was killed, what it kept at the last checkpoint is all that is known."""
    kept = count(values.get("kept") or 0)
    if values.get("at_checkpoint"):
        return _("state_file kept {kept} of them for the next run at the last checkpoint", kept=kept)
    return _("state_file keeps {kept} of them for the next run", kept=kept)


def failed_uploads(values: Mapping[str, Any]) -> str:
    """Behind a sentence about records that did not arrive: how their uploads failed; empty where none did."""
    if not values.get("uploads_failed"):
        return ""
    uploads = counted(values["uploads_failed"], "upload")
    return _("; {uploads} of records failed, the most with {code}", uploads=uploads, code=values.get("code"))


def why_offline(values: Mapping[str, Any]) -> str:
    """Behind a sentence about devices that did not come online: where most of them failed; empty where none did."""
    if not values.get("failed"):
        return ""
    times_failed = counted(values["failed"], "time")
    return _(": {step} failed {times} with {code}", step=values["step"], times=times_failed, code=values.get("code"))


def rate(value: float | None) -> str:
    """Per second, without a unit."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def percent(share: float | None) -> str:
    """A share (0..1) in percent; never `100 %` nor `0 %` for one that is not exactly that."""
    return NOTHING if share is None else f"{hundredths(100.0 * share)} %"


def hundredths(value: float | None) -> str:
    """Percent without the sign: of a share, or of a core, which may be more than 100."""
    if value is None:
        return NOTHING
    if value in (0.0, 100.0):
        return f"{value:.0f}"
    text = f"{value:.1f}" if 0.1 <= value <= 99.9 or value > 100.0 else f"{value:.3f}"
    if (text == "100.000" and value < 100) or (text == "0.000" and value > 0):
        return "> 99.999" if value > 50 else "< 0.001"
    return text


def megabytes(value: float | None) -> str:
    """Memory in MB, without the unit."""
    # to the tenth first, as a summary keeps it: rounded at once, a threshold's value could be another than a table's
    return count(None if value is None else round(value, 1))


def growth(value: float) -> str:
    """How memory grows in an hour, without the unit."""
    return f"{value:,.1f}"


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
        return pgettext("a duration", "{seconds} s", seconds=f"{seconds:.1f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return pgettext("a duration", "{minutes} min {seconds} s", minutes=minutes, seconds=f"{rest:02d}")
    hours, minutes = divmod(minutes, 60)
    return pgettext("a duration", "{hours} h {minutes} min", hours=hours, minutes=f"{minutes:02d}")


def short_duration(seconds: float) -> str:
    """As `duration`, but what takes less than a second in ms."""
    if seconds >= 0.9995:
        return duration(seconds)
    return pgettext("a duration", "{milliseconds} ms", milliseconds=round(1000.0 * seconds))


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


def outcomes(figures: Mapping[str, Any], word: Callable[[str], str] = printable) -> str:
    """Why those of a funcId, a flow or a command did not succeed: failure codes, and what was refused as expected.

    `timeout 3; as expected: E0000001 2`; empty where all succeeded. Summaries of earlier versions expect nothing.
    """
    expected = tally(figures.get("expected_codes") or {}, word)
    told = _("as expected: {codes}", codes=expected) if expected else ""
    return clauses([codes(figures["codes"], word), told])


def tally(found: Mapping[str, int], word: Callable[[str], str] = printable, most: int = MOST_NAMES) -> str:
    """Names with their counts: `closed 1006 14, timeout 2`; of many the first ones, and how many more there are.

    `word` writes a name for the page that it stands on; `most` of them are named.
    """
    shown = [f"{word(name)} {number:,}" for name, number in islice(found.items(), most)]
    left = list(found.values())[most:]
    if left:
        shown.append(_("{count} of {kinds} more kinds", count=count(sum(left)), kinds=len(left)))
    return listed(shown)


def generator_state(generator: Mapping[str, Any]) -> str:
    """One word for the `generator` of a summary: `healthy`, or what makes its figures invalid."""
    if generator["healthy"]:
        return _("healthy")
    reasons = [reason for reason in generator["reasons"] if isinstance(reason, Mapping)]
    if any(reason["key"] == "frozen" for reason in reasons):
        return _("frozen")
    held_up = reasons and all(kept_from_running(reason.get("values") or {}) for reason in reasons)
    return pgettext("generator", "held up") if held_up else _("overloaded")


def held(generator: Mapping[str, Any]) -> str:
    """What processes held, of the `generator` of a summary: `memory +3.1 MB/h, 231 files, 812 tasks at most`.

    Empty where nothing is known of it, as in summaries of earlier versions.
    """
    slope = generator.get("rss_slope_mb_per_h")
    peaks = [(generator.get(name, {}).get("peak"), noun) for name, noun in (("open_files", "file"), ("tasks", "task"))]
    counts = [counted(peak, noun) for peak, noun in peaks if peak is not None]
    memory = [_("memory {slope} MB/h", slope=("+" if slope >= 0 else "") + growth(slope))] if slope is not None else []
    peaks_told = [_("{counts} at most", counts=listed(counts))] if counts else []
    return listed([*memory, *peaks_told])


def platform_held(summary: Mapping[str, Any]) -> str:
    """What the embedded platform held: `85 MB, memory +3.1 MB/h, 231 files at most`; empty where nobody looked."""
    found = summary.get("embedded_platform")
    return listed([f"{megabytes(found['rss_mb'])} MB", held(found)]) if found else ""


def are_missing(number: float) -> str:
    """`1 is missing`, `5 are missing`."""
    return ngettext("{number} is missing", "{number} are missing", number, number=count(number))


def ledger_held(summary: Mapping[str, Any]) -> str:
    """What the embedded platform keeps: `2,373 records kept, as many as were acknowledged`; empty if nobody knows."""
    found = summary.get("ledger")
    if not found:
        return ""
    kept, acknowledged = found["records"], summary["records"]["acknowledged"]
    if found["missing"]:
        told = _(
            "of {acknowledged} that were acknowledged {are_missing}",
            acknowledged=count(acknowledged),
            are_missing=are_missing(found["missing"]),
        )
    elif found["unexpected"]:
        told = _("{count} more than devices can have offered", count=count(found["unexpected"]))
    elif kept == acknowledged:
        told = _("as many as were acknowledged")
    else:
        told = _("{count} more than were acknowledged", count=count(kept - acknowledged))
    parts = [_("{records} kept, {told}", records=counted(kept, "record"), told=told)]
    if found["missing_photos"]:
        parts.append(_("{pictures} missing", pictures=counted(found["missing_photos"], "picture")))
    if found["duplicates"]:
        parts.append(_("{count} received again", count=count(found["duplicates"])))
    return clauses(parts)


def ledger_wrong(summary: Mapping[str, Any]) -> bool:
    """Whether the embedded platform keeps other records than it should."""
    found = summary.get("ledger") or {}
    return any(found.get(name) for name in ("missing", "missing_photos", "unexpected"))


def ahead(seconds: float) -> str:
    """How far one clock is off, before the other's name: `4 min 00 s ahead of`, `1.5 s behind`."""
    by = duration(abs(seconds))
    return _("{duration} ahead of", duration=by) if seconds > 0 else _("{duration} behind", duration=by)


def set_by(seconds: float) -> str:
    """How a clock was set: `forward by 1 h 00 min`, `back by 90.0 s`."""
    by = duration(abs(seconds))
    return _("forward by {duration}", duration=by) if seconds > 0 else _("back by {duration}", duration=by)


def names(found: Sequence[str]) -> str:
    """A list on one line; of many the first ones, and how many more there are."""
    left = len(found) - MOST_NAMES
    more = [_("{count} more", count=left)] if left > 0 else []
    return listed([*map(printable, found[:MOST_NAMES]), *more])


def threshold_value(result: Mapping[str, Any]) -> str:
    """A threshold's value with its unit."""
    value, unit = result.get("value"), result.get("unit", "")
    if value is None:
        return NOTHING
    # Each as tables and tiles write the same figure.
    written = {"ms": milliseconds, "%": hundredths, "MB": megabytes, "MB/h": growth, "/s": rate}.get(unit, _plain)
    number = written(value)
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}".rstrip()


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def bound(written: str) -> str:
    """With no line to end between a number and its unit, nor before an arrow."""
    return _BEFORE_UNIT.sub("\u00a0", written)


def judged(result: Mapping[str, Any]) -> str:
    """How a threshold came out: `passed`, `crossed`, or `not judged` where there was nothing to judge it by."""
    if result["passed"]:
        return PASSED
    # Summaries of earlier versions do not tell the two apart.
    return CROSSED if result.get("judged", True) else NOT_JUDGED


def judged_word(result: Mapping[str, Any]) -> str:
    """The same in the reader's language."""
    return _(judged(result))


def verdict_word(verdict: str) -> str:
    """A verdict of `reports.verdict` within a sentence."""
    return _VERDICTS[verdict]()


def verdict_mark(verdict: str) -> str:
    """A verdict where it stands out, as in the first line."""
    return verdict_word(verdict).upper()


def is_so(verdict: str, why: str) -> str:
    """`is invalid: …`, behind the name of a run."""
    return _("is {verdict}: {why}", verdict=verdict_word(verdict), why=why)
