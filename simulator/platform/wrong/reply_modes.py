"""Mistakes in replies to requests."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Change, MessageMode, Outgoing, Sending, over_websocket
from simulator.protocol.codes import SUCCESS

LATE_S: Final = 11.0
"""Devices wait 10 s for a reply unless they are told otherwise."""
_BUSINESS: Final = ("dev.heartbeat", "dev.data.*", "dev.file.*", "dev.system.*", "dev.option.*")
"""Requests of devices that are online: without replies to the others no device would ever be."""
_UPLOADS: Final = ("dev.data.*",)
_REPORT: Final = ("dev.report",)
_TIME: Final = ("dev.system.sync.time",)

# --- What changes a message ---


def put(name: str, value: Any) -> Change:
    """Another value at the top of the message."""

    def change(out: Outgoing) -> None:
        out.message[name] = value

    return change


def _success_as(value: Any) -> Change:
    """Another code, with a success alone."""

    def change(out: Outgoing) -> None:
        if out.message.get("code") == SUCCESS:
            out.message["code"] = value

    return change


def drop(name: str) -> Change:
    """No such member at the top of the message."""

    def change(out: Outgoing) -> None:
        out.message.pop(name, None)

    return change


def result(name: str, make: Callable[[Any], Any]) -> Change:
    """Another value of one result."""

    def change(out: Outgoing) -> None:
        results = out.message.get("payload", {}).get("results")
        if results is not None:
            results[name] = make(results.get(name))

    return change


def without_result(name: str) -> Change:
    """No such result."""

    def change(out: Outgoing) -> None:
        out.message.get("payload", {}).get("results", {}).pop(name, None)

    return change


def _positions(count: int) -> Callable[[Any], Any]:
    return lambda text: ":".join([*str(text).split(":"), "0"][:count])


def _twice(out: Outgoing) -> list[Sending]:
    return [(0.0, out.message), (0.0, out.message)]


def _twice_differently(out: Outgoing) -> list[Sending]:
    return [(0.0, out.message), (0.0, {**out.message, "code": "E0000006", "message": "internal fault"})]


def _late(out: Outgoing) -> list[Sending]:
    return [(LATE_S, out.message)]


def _nothing(out: Outgoing) -> list[Sending]:
    return []


def _not_json(out: Outgoing) -> list[Sending]:
    return [(0.0, b"<html>busy</html>")]


def _in_a_list(out: Outgoing) -> list[Sending]:
    return [(0.0, b"[%b]" % orjson.dumps(out.message))]


def _too_large(out: Outgoing) -> None:
    out.message["trace"] = "x" * out.package_bytes


def _bare_results(out: Outgoing) -> None:
    out.message["results"] = out.message.pop("payload", {}).get("results", {})


def _no_results(out: Outgoing) -> None:
    out.message.pop("payload", None)


def _time(make: Callable[[datetime], str]) -> Change:
    def change(out: Outgoing) -> None:
        results = out.message.get("payload", {}).get("results", {})
        # A scenario's sync_time may have it told under another name, or in milliseconds: then nothing is spoiled.
        if "-" in results.get("time", ""):
            results["time"] = make(datetime.fromisoformat(results["time"]))

    return change


def _with_z(moment: datetime) -> str:
    return (moment - (moment.utcoffset() or timedelta())).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- The table ---


def _reply(
    name: str,
    text: str,
    change: Change,
    named: str | tuple[str, ...],
    func_ids: tuple[str, ...],
    part: str,
) -> MessageMode:
    return MessageMode(
        name=f"reply.{name}",
        text=text,
        change=change,
        rules=named if isinstance(named, tuple) else (named,),
        func_ids=func_ids,
        part=part,
    )


def _business(name: str, text: str, named: str | tuple[str, ...], change: Change, part: str = "") -> MessageMode:
    return _reply(name, text, change, named, _BUSINESS, part)


def _report(name: str, text: str, named: str | tuple[str, ...], change: Change, part: str = "") -> MessageMode:
    return _reply(name, text, change, named, _REPORT, part)


def _of_time(name: str, text: str, named: str | tuple[str, ...], change: Change, part: str = "") -> MessageMode:
    return _reply(name, text, change, named, _TIME, part)


REPLY_MODES: Final[tuple[MessageMode, ...]] = (
    _report(
        "number-for-text",
        "tells heartbeatInterval as a number",
        rules.REPLY_FIELD_TYPE,
        result("heartbeatInterval", lambda text: int(text)),
        "heartbeatInterval",
    ),
    _report(
        "boolean-for-text",
        "tells supportHeartbeat as true or false",
        rules.REPLY_FIELD_TYPE,
        result("supportHeartbeat", lambda text: text == "1"),
        "supportHeartbeat",
    ),
    _report(
        "null-for-absent",
        "tells an unknown timezone as null",
        rules.REPLY_FIELD_TYPE,
        result("timezone", lambda text: None),
        "timezone",
    ),
    _report(
        "eight-positions",
        "tells multiBioDataSupport with eight positions",
        rules.REPLY_FIELD_FORMAT,
        result("multiBioDataSupport", _positions(8)),
        "multiBioDataSupport",
    ),
    _report(
        "eleven-positions",
        "tells multiBioDataSupport with eleven positions",
        rules.REPLY_FIELD_FORMAT,
        result("multiBioDataSupport", _positions(11)),
        "multiBioDataSupport",
    ),
    _report(
        "zone-name",
        "tells the time zone by a name instead of its offset",
        rules.REPLY_FIELD_FORMAT,
        result("timezone", lambda text: "Asia/Shanghai"),
        "timezone",
    ),
    _report(
        "func-ids-text",
        "tells funcIds as one text instead of a list",
        rules.REPLY_FIELD_TYPE,
        result("funcIds", lambda listed: ",".join(listed or ("dev.data.upload.verifyLog",))),
        "funcIds",
    ),
    _report(
        "interval-zero",
        "tells a heartbeatInterval of 0",
        rules.SESSION_HEARTBEAT_TERMS,
        result("heartbeatInterval", lambda text: "0"),
        "heartbeatInterval",
    ),
    _report(
        "interval-huge",
        "tells a heartbeatInterval of thirty years",
        rules.SESSION_HEARTBEAT_TERMS,
        result("heartbeatInterval", lambda text: "999999999"),
        "heartbeatInterval",
    ),
    _report(
        "interval-words",
        "tells a heartbeatInterval that is no number",
        rules.SESSION_HEARTBEAT_TERMS,
        result("heartbeatInterval", lambda text: "one minute"),
        "heartbeatInterval",
    ),
    _report("bare-results", "puts the results beside the payload", rules.REPLY_FIELD_MISSING, _bare_results),
    _report("no-report-results", "answers dev.report without results", rules.REPLY_FIELD_MISSING, _no_results),
    _business("code-number", "sends the code 00000000 as a number", rules.REPLY_CODE, _success_as(0), "code"),
    _business("code-short", 'sends the code 00000000 as "0"', rules.REPLY_CODE, _success_as("0"), "code"),
    _business("code-missing", "sends no code", rules.REPLY_CODE, drop("code")),
    _business("message-missing", "sends no message with a code", rules.REPLY_MESSAGE, drop("message"), "message"),
    _business("message-number", "sends message as a number", rules.REPLY_MESSAGE, put("message", 0), "message"),
    _business("func-id-missing", "sends replies without a funcId", rules.REPLY_FUNC_ID, drop("funcId"), "funcId"),
    _business(
        "func-id-other",
        "sends replies under the funcId dev.cmd.response",
        rules.REPLY_FUNC_ID,
        put("funcId", "dev.cmd.response"),
        "funcId",
    ),
    _business(
        "mid-other",
        "answers under a mid that nobody sent",
        rules.REPLY_UNKNOWN_MID,
        put("mid", "never-sent-by-anybody"),
    ),
    _business("mid-missing", "answers without a mid", rules.REPLY_UNKNOWN_MID, drop("mid")),
    # Over MQTT a broker may deliver twice, and nobody can tell.
    over_websocket(_business("doubled", "answers every request twice", rules.REPLY_DOUBLED, _twice)),
    _business(
        "doubled-differently",
        "answers every request twice, with different codes",
        (rules.REPLY_DOUBLED, rules.RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY),
        _twice_differently,
    ),
    MessageMode(
        name="reply.late",
        text=f"answers after {LATE_S:g} s, when devices have given up; those with on_timeout: retry are still there",
        change=_late,
        rules=(rules.REPLY_LATE,),
        func_ids=_BUSINESS,
        in_runs=False,
    ),
    # No broker takes so large a payload.
    over_websocket(
        _business("too-large", "sends replies larger than maxPackageSize", rules.REPLY_TOO_LARGE, _too_large, "size")
    ),
    _business("not-json", "answers with HTML", rules.REPLY_NOT_JSON, _not_json),
    _business("in-a-list", "puts every reply into a list", rules.REPLY_NOT_JSON, _in_a_list),
    _of_time("none", "gives no reply to dev.system.sync.time", (), _nothing),
    _of_time(
        "no-time", "answers dev.system.sync.time without the time", rules.REPLY_FIELD_MISSING, without_result("time")
    ),
    _of_time(
        "time-with-milliseconds",
        "tells the time with milliseconds",
        rules.REPLY_FIELD_FORMAT,
        _time(lambda moment: moment.isoformat(timespec="milliseconds")),
        "time",
    ),
    _of_time("time-with-z", "tells the time in UTC with a Z", rules.REPLY_FIELD_FORMAT, _time(_with_z), "time"),
    _of_time(
        "time-epoch",
        "tells the time in milliseconds since 1970",
        rules.REPLY_FIELD_FORMAT,
        _time(lambda moment: str(int(moment.timestamp() * 1000))),
        "time",
    ),
    _of_time(
        "time-wrong",
        "tells a time that is a year behind",
        (),
        _time(lambda at: (at - timedelta(days=365)).isoformat()),
        "time",
    ),
    MessageMode(
        name="reply.no-auth-code",
        text="leaves authCode out of every other reply to dev.register",
        change=without_result("authCode"),
        rules=(rules.REPLY_FIELD_MISSING,),
        func_ids=("dev.register",),
        every=2,
    ),
    MessageMode(
        name="reply.no-secret",
        text="leaves secret out of every other reply to dev.accredit",
        change=without_result("secret"),
        rules=(rules.REPLY_FIELD_MISSING,),
        func_ids=("dev.accredit",),
        every=2,
    ),
)
"""In the order of tables."""
