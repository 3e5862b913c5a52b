"""Verification records (document 3.12): their values, their times, their logIds, and records that come again."""

from functools import partial
from typing import Final

from simulator.conform.answers import Reply
from simulator.conform.bench import Bench
from simulator.conform.business import after_a_refusal, prepare
from simulator.conform.case import Case, Outcome, not_run
from simulator.conform.expect import accepted, refused
from simulator.conform.generated import Message
from simulator.conform.tester import Device
from simulator.conform.upload_cases import REFUSED, accepts, each, left_open, one, takes, upload_case
from simulator.conform.uploads import RECORDS, entry, given, send
from simulator.protocol.catalogue.common import VERIFY_STYLES
from simulator.texts.told import Told

_TIMES: Final = "ISO8601标准时间格式: yyyy-MM-ddTHH:mm:ss±HH:mm, (yyyy-MM-ddTHH:mm:ss):设备的本地时间, (HH:mm):偏移量"
_AGAIN: Final = "docs/deviations.md, Records: the platform knows a record by sn and logId and drops what it has"
_WHOLE: Final = "docs/deviations.md, Records and photos: one bad entry refuses the whole message"
_LOG_ID: Final = "docs/deviations.md, Records: logId is a decimal number that only grows on one device"
_MONTH_S: Final = 30 * 86_400.0
_OFFSETS: Final = ("+00:00", "-05:00", "+05:30", "+14:00", "-12:00")


def _minutes(offset: str) -> int:
    hours, minutes = offset[1:].split(":")
    return (int(hours) * 60 + int(minutes)) * (-1 if offset[0] == "-" else 1)


def _record(bench: Bench, device: Device, **change: object) -> Message:
    return entry(RECORDS, bench, device, change=change)


# --- Times ---


async def _at_offset(offset: str, bench: Bench, device: Device) -> Outcome:
    time = bench.time(offset_minutes=_minutes(offset))
    return accepted(await send(device, RECORDS, _record(bench, device, verifyTime=time)))


async def _ahead(seconds: float, bench: Bench, device: Device) -> Outcome:
    return accepted(await send(device, RECORDS, _record(bench, device, verifyTime=bench.time(seconds))))


async def _written(form: str, bench: Bench, device: Device) -> Outcome:
    day, clock = bench.time(offset_minutes=0).removesuffix("+00:00").split("T")
    time = form.format(day=day, clock=clock)
    return accepted(await send(device, RECORDS, _record(bench, device, verifyTime=time)))


# --- Records that come again ---


async def _after_reconnect(bench: Bench) -> Outcome:
    async with bench.device() as device:
        await prepare(bench, device, (RECORDS.func_id,))
        record = _record(bench, device)
        given(await send(device, RECORDS, record))
    async with bench.device(fresh=True) as device:
        return accepted(await send(device, RECORDS, record))


async def _among_new_ones(bench: Bench, device: Device) -> Outcome:
    first = _record(bench, device)
    given(await send(device, RECORDS, first))
    return accepted(await send(device, RECORDS, first, _record(bench, device)))


async def _with_other_values(bench: Bench, device: Device) -> Outcome:
    record = _record(bench, device)
    given(await send(device, RECORDS, record))
    return accepted(await send(device, RECORDS, {**record, "verifyTime": bench.time(-60)}))


async def _twice_in_one(bench: Bench, device: Device) -> Outcome:
    record = _record(bench, device)
    return accepted(await send(device, RECORDS, record, record))


async def _of_two_devices(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers")
    async with bench.device() as first, bench.device(which=1) as second:
        for device in (first, second):
            await prepare(bench, device, (RECORDS.func_id,))
        record = _record(bench, first)
        given(await send(first, RECORDS, record))
        other = _record(bench, second, logId=record["logId"], verifyTime=bench.time(-60))
        return accepted(await send(second, RECORDS, other))


# --- logIds ---


async def _with_log_ids(places: tuple[int, ...], together: bool, bench: Bench, device: Device) -> Outcome:
    """Records whose logIds are these of several that grow; in one message, or one after the other."""
    log_ids = bench.log_ids(max(places) + 1)
    records = [_record(bench, device, logId=log_ids[place]) for place in places]
    if together:
        return accepted(await send(device, RECORDS, *records))
    for record in records[:-1]:
        given(await send(device, RECORDS, record))
    return accepted(await send(device, RECORDS, records[-1]))


# --- One bad record ---


async def _bad_at(place: int, name: str, value: object, bench: Bench, device: Device) -> Outcome:
    good = [_record(bench, device) for _ in range(3)]
    sent = [dict(record) for record in good]
    if value is None:
        del sent[place][name]
    else:
        sent[place][name] = value
    whole = await send(device, RECORDS, *sent)
    if not isinstance(whole, Reply) or whole.ok:
        return refused(whole)
    return accepted(await after_a_refusal(bench, device, RECORDS.func_id, {RECORDS.entries: good}))


def _one_bad(name: str, told: str, place: int, field: str, value: object) -> Case:
    return takes(
        RECORDS,
        f"one-bad.{name}",
        "One bad record refuses the whole message; mended it is accepted",
        Told("with three records of which {told}, then with all three right", told=told),
        _WHOLE,
        partial(_bad_at, place, field, value),
        expects=Told("{refused}, then 00000000", refused=REFUSED),
    )


def _zone(offset: str) -> Case:
    return takes(
        RECORDS,
        f"time.{offset[0].replace('+', 'east').replace('-', 'west')}-{offset[1:].replace(':', '')}",
        Told("A record with the offset {offset} is accepted", offset=offset),
        Told("whose verifyTime has the offset {offset}", offset=offset),
        _TIMES,
        partial(_at_offset, offset),
    )


def _odd_time(name: str, told: str, form: str) -> Case:
    return left_open(
        RECORDS,
        f"time.{name}",
        Told("A time {told}", told=told),
        Told("whose verifyTime is {form}", form=form),
        partial(_written, form),
    )


CASES = (
    takes(
        RECORDS,
        "status",
        "Records of sign-in, sign-out and neither are accepted",
        "with status and recodeType 0, 1 and 255",
        "status: 0, 1, 255:默认值; recodeType: 0:签到 1:签退 255默认值",
        accepts(RECORDS, each(RECORDS, *({"status": code, "recodeType": code} for code in ("0", "1", "255")))),
    ),
    takes(
        RECORDS,
        "category",
        "Records of normal people and visitors are accepted",
        "with category 0 and 4",
        "category: 普通人员NORMAL(0), 访客VISITOR(4)",
        accepts(RECORDS, each(RECORDS, {"category": "0"}, {"category": "4"})),
    ),
    left_open(
        RECORDS,
        "category.1",
        "The category of the document's example",
        'with "category": "1"',
        accepts(RECORDS, one(RECORDS, category="1")),
        why="category: NORMAL(0), VISITOR(4), but the document's own example is 1",
    ),
    takes(
        RECORDS,
        "verifyStyle",
        "Every way to verify is accepted",
        Told("with {count} records, one for each verifyStyle", count=len(VERIFY_STYLES)),
        "verifyStyle: 整型, 验证方式, 见 附录 验证方式码描述; docs/protocol.md has the table",
        accepts(RECORDS, each(RECORDS, *({"verifyStyle": code} for code in VERIFY_STYLES))),
    ),
    *(_zone(offset) for offset in _OFFSETS),
    takes(
        RECORDS,
        "time.a-month-old",
        "A record that waited for a month is accepted",
        "whose verifyTime is a month ago",
        "docs/deviations.md, Records and photos: a record is kept and sent again until it is acknowledged",
        partial(_ahead, -_MONTH_S),
    ),
    left_open(
        RECORDS, "time.ahead", "A record of tomorrow", "whose verifyTime is a day ahead", partial(_ahead, 86_400.0)
    ),
    _odd_time("zulu", "in UTC with a Z", "{day}T{clock}Z"),
    _odd_time("no-offset", "without an offset", "{day}T{clock}"),
    _odd_time("milliseconds", "with milliseconds", "{day}T{clock}.123+00:00"),
    left_open(
        RECORDS,
        "time.no-such-day",
        "A day that there is not",
        "whose verifyTime is on the 30th of February",
        accepts(RECORDS, one(RECORDS, verifyTime="2024-02-30T00:00:00+08:00")),
    ),
    upload_case(
        RECORDS,
        "again.after-reconnect",
        "A record that comes again on a new connection is acknowledged again",
        "with a record; after a reconnect the same with a new mid",
        _AGAIN,
        _after_reconnect,
    ),
    takes(
        RECORDS,
        "again.among-new",
        "A record that comes again beside a new one is acknowledged with it",
        "with a record, then with it and a new one",
        _AGAIN,
        _among_new_ones,
    ),
    left_open(
        RECORDS, "again.other-values", "A logId again with other values", "twice, at another time", _with_other_values
    ),
    left_open(RECORDS, "again.in-one", "The same record twice in one message", "with a record twice", _twice_in_one),
    upload_case(
        RECORDS,
        "two-devices",
        "Two devices may use the same logId: a record is known by sn and logId",
        "with the same logId from two devices",
        _AGAIN,
        _of_two_devices,
    ),
    takes(
        RECORDS,
        "logId.gap",
        "A logId need not follow the one before at once",
        "with a logId, then with one that is 100 higher",
        _LOG_ID,
        partial(_with_log_ids, (0, 100), False),
    ),
    left_open(
        RECORDS,
        "logId.back",
        "A logId that goes back, and was not used",
        "with a logId, then with one that is lower",
        partial(_with_log_ids, (0, 5, 2), False),
        why=Told("{log_id}; what a platform does with one that does not is left open", log_id=_LOG_ID),
    ),
    left_open(
        RECORDS,
        "logId.unordered",
        "Records in another order than their logIds within a message",
        "with three records whose logIds fall",
        partial(_with_log_ids, (2, 1, 0), True),
        why=Told("{log_id}; what a platform does with one that does not is left open", log_id=_LOG_ID),
    ),
    left_open(
        RECORDS,
        "unknown-meeting",
        "A record of a meeting that there is not",
        "whose meetCode is no-such-meeting",
        accepts(RECORDS, one(RECORDS, meetCode="no-such-meeting")),
    ),
    left_open(
        RECORDS,
        "unknown-user",
        "A record of a user that there is not",
        "whose pin nobody has",
        accepts(RECORDS, one(RECORDS, pin="nobody")),
    ),
    _one_bad("first", "the first has no logId", 0, "logId", None),
    _one_bad("last", "the last has a verifyTime without T and offset", 2, "verifyTime", "2024-06-26 00:00:00"),
    _one_bad("number", "the second has a number for a status", 1, "status", 255),
)
