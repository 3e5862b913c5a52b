"""The figures that stand large on the report's page, and its sentence about the generator."""

from collections.abc import Mapping
from typing import Any

from reports import text
from reports.attendance import INCOMPLETE, listed_text, pins_text, why_missing
from reports.figures import requests_told
from reports.occurrences import OBSERVATIONS, VIOLATIONS
from reports.run_info import RunInfo
from reports.unread import waited
from simulator.measurements.names import INIT, RARE_FIGURES, RECORD_DELIVERY, RESTORED
from simulator.texts.translation import _, ngettext, pgettext


def tiles(
    summary: Mapping[str, Any], data: Mapping[str, Any], initial: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """The tiles of the page: each a label, a value, a detail, and whether it alarms.

    Args:
        summary: of the run.
        data: of the charts.
        initial: latency figures of the initial flow's successful ones, ms.
    """
    found = [_online(summary), *_requests(summary), _records(summary), _initial(summary, initial)]
    found.append(
        _tile(
            _("Violations"), text.count(summary[VIOLATIONS]["total"]), _rules(summary), summary[VIOLATIONS]["total"] > 0
        )
    )
    delivery = data["delivery"]
    if delivery is not None:
        seconds = f"{delivery['promise_ms'] / 1000.0:g}"
        p99 = text.milliseconds(summary["flows"][RECORD_DELIVERY.name]["latency_ms"]["p99"])
        found.append(
            _tile(
                _("Records within {seconds} s", seconds=seconds),
                text.percent(delivery["within"]),
                _("{count} still pending", count=text.count(delivery["pending"]))
                if delivery["pending"]
                else _("p99 {ms} ms", ms=p99),
                delivery["within"] < 1.0,
            )
        )
    return found


def _online(summary: Mapping[str, Any]) -> dict[str, Any]:
    fleet = summary["fleet"]
    return _tile(
        _("Devices online"),
        _("{part} of {whole}", part=text.count(fleet["came_online"]), whole=text.count(fleet["devices"])),
        _("{share} of their time", share=text.percent(fleet["online_ratio"])),
        fleet["came_online"] < fleet["devices"],
    )


def _requests(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    requests, failures = requests_told(summary)
    share = text.percent(failures / requests) if requests else _("no request was made")
    expected = sum(figures.get("expected", 0) for figures in summary["requests"].values())
    if expected:
        share += _("; {count} more refused as expected", count=text.count(expected))
    return [
        _tile(
            _("Requests"),
            text.count(requests),
            _("{rate} per second", rate=text.rate(requests / summary["duration_s"])),
        ),
        _tile(_("Failed requests"), text.count(failures), share, failures > 0),
    ]


def _records(summary: Mapping[str, Any]) -> dict[str, Any]:
    records = summary["records"]
    parts = [
        _(
            "of {made}: {pending} pending, {refused} refused, {rejected} rejected",
            made=text.count(records["generated"] + records.get(RESTORED, 0)),
            **{name: text.count(records[name]) for name in ("pending", "refused", "rejected")},
        )
    ]
    names = {name: _rare(name) for name in RARE_FIGURES}
    parts += [f"{text.count(records[name])} {told}" for name, told in names.items() if records.get(name)]
    ledger = _("; ledger: {kept}", kept=kept) if (kept := text.ledger_held(summary)) else ""
    alarm = any(records[name] > 0 for name in ("pending", "rejected", "refused")) or text.ledger_wrong(summary)
    return _tile(
        _("Records acknowledged"),
        text.count(records["acknowledged"]),
        pgettext("list", ", ").join(parts) + ledger,
        alarm,
    )


def _rare(name: str) -> str:
    return {
        "lost": pgettext("record", "lost"),
        "restored": pgettext("record", "restored"),
        "kept": pgettext("record", "kept"),
        "unkept": pgettext("record", "unkept"),
        "unclaimed": pgettext("record", "unclaimed"),
    }.get(name, name)


def _initial(summary: Mapping[str, Any], initial: Mapping[str, float | None]) -> dict[str, Any]:
    init = summary["flows"][INIT.name]
    detail = _(
        "median {median} ms, slowest {slowest} ms",
        median=text.milliseconds(initial["p50"]),
        slowest=text.milliseconds(initial["max"]),
    )
    if init["failures"]:
        detail = _(
            "of the successful ones; {failures} of {count} failed",
            failures=text.count(init["failures"]),
            count=text.count(init["count"]),
        )
    value = f"{text.milliseconds(initial['p95'])} ms" if initial["p95"] is not None else text.NOTHING
    return _tile(_("Initial flow, p95"), value, detail, init["failures"] > 0)


def _rules(summary: Mapping[str, Any]) -> str:
    found = len(summary[VIOLATIONS]["by_rule"])
    rules = _("of {rules}", rules=text.counted(found, "rule")) if found else _("no rule was broken")
    if not found and not summary["fleet"]["came_online"]:
        rules = _("hardly anything could be judged")
    number = summary[OBSERVATIONS]["total"]
    seen = text.counted(number, "observation")
    return _("{rules}; {observations}", rules=rules, observations=seen)


def _tile(label: str, value: str, detail: str, alarm: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "detail": detail, "alarm": alarm}


def attendance_shown(section: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the page shows of attendance; None for nothing."""
    if section is None:
        return None
    figures = {name: text.count(value) for name, value in section.items() if type(value) is int}
    came = [text.percent(section["came"] / section["expected"])] if section["expected"] else []
    came.append(_("{late} of them late", late=figures["late"]))
    ended = _("{deleted} deleted, {cut} cut off when their devices stopped", **figures)
    signed_out = _("{left_early} of them early; {no_sign_out} never signed out", **figures)
    never = _("{missing} never came", **figures) + why_missing(section)
    lost = section["unacknowledged"]
    return {
        "tiles": [
            _tile(_("Meetings over"), figures["meetings"], ended),
            _tile(_("Members expected"), figures["expected"], never),
            _tile(_("Came"), figures["came"], pgettext("list", ", ").join(came)),
            _tile(_("Signed out"), text.count(section["came"] - section["no_sign_out"]), signed_out),
            _tile(_("Strangers"), figures["strangers"], _("and {double_taps} double taps", **figures)),
            _tile(
                _("Records acknowledged"),
                figures["acknowledged"],
                _("of {records}: {unacknowledged} not", **figures),
                alarm=lost > 0,
            ),
        ],
        "note": None if section["complete"] else _sentence(_(INCOMPLETE)),
        "listed": listed_text(section),
        "rows": [remark | {"pins": pins_text(remark)} for remark in section["remarkable"]],
    }


def generator_sentences(summary: Mapping[str, Any], run: RunInfo) -> str:
    """Whether the generator was fast enough, and what it took."""
    generator = summary["generator"]
    state = _("Fast enough")
    if not generator["healthy"]:
        state = _("{state}, so that the figures are not valid", state=text.generator_state(generator).capitalize())
    processes = ngettext("{number} process", "{number} processes", generator["processes"])
    limit = f"{run.lag_limit_ms:g}"
    told = _(
        "{state}: event loop lag p99 {lag} ms (limit {limit} ms), CPU {cpu} % of a core on average in the busiest "
        "process, {memory} MB in {processes}.",
        state=state,
        lag=text.milliseconds(generator["loop_lag_ms"]["p99"]),
        limit=limit,
        cpu=text.hundredths(generator["cpu_percent"]),
        memory=text.megabytes(generator["rss_mb"]),
        processes=processes,
    )
    more = [waited(generator), text.held(generator)]
    parts = [told, *(_sentence(each) for each in more if each)]
    if platform := text.platform_held(summary):
        parts.append(_("The embedded platform: {held}.", held=platform))
    return pgettext("sentences", " ").join(parts)


def _sentence(words: str) -> str:
    return _("{sentence}.", sentence=words[:1].upper() + words[1:])
