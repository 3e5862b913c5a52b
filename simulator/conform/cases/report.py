"""dev.report, dev.heartbeat and dev.system.sync.time: what the platform takes, and what it answers."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from simulator.conform.answers import Closed, Reply
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, failed, informational, not_run
from simulator.conform.declare import ACCEPTED, SILENT, Family
from simulator.conform.expect import accepted, both, holds, told, well_formed
from simulator.conform.stages import Stage
from simulator.conform.tester import HEARTBEAT, REPORT
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.times import parse_iso
from simulator.texts.told import Told

_report = Family("report", "3.5 设备上报", ACCEPTED)
_heartbeat = Family("heartbeat", "3.6 设备心跳", ACCEPTED)
_time = Family("time", "3.30 同步时间", ACCEPTED)
_SYNC: Final = "dev.system.sync.time"
_EXTRA: Final = "已存在字段名不能删除, 只能扩展"
_PLAUSIBLE_S: Final = 300.0
"""How far the platform's time may be from the tester's: what the document calls 误差较大 for a look-up."""
_NINE: Final = "0:1:1:0:0:0:0:0:0"
_MISSED: Final = 3
"""Heartbeats that fail to come, in the case of a silent device."""

_OPTIONAL: Final[Mapping[str, str]] = {
    "qrCodeSupport": "1",
    "qrCodeOn": "1",
    "qrCodeDecryptFunList": "01",
    "cameraOn": "1",
    "attPhotoFunOn": "1",
    "capturePic": "2",
    "enableBioTest": "1",
    "voiceOn": "1",
    "keyPadBeepOn": "1",
    "volume": "50",
    "irTempDetectionFunOn": "1",
    "irTempDetectionOn": "1",
    "maxTemperature": "37.00",
    "minTemperature": "32.10",
    "temperatureOn": "1",
    "irTempUnit": "1",
    "maskDetectionFunOn": "1",
    "maskDetectionOn": "1",
    "maskOn": "1",
    "scene": "1",
    "sipOn": "1",
    "adOn": "1",
}
"""The optional parameters with the values of the document's own example."""

# --- The report ---


async def _reported(change: Mapping[str, object], open_question: bool, bench: Bench) -> Outcome:
    async with bench.device(Stage.LOGGED_IN) as device:
        answer = await device.report(change)
        return told(answer) if open_question else accepted(answer)


async def _required_only(bench: Bench) -> Outcome:
    needed = {field.name for field in CATALOGUE["dev.report"].params.fields if field.required}
    return await _reported({name: None for name in REPORT if name not in needed}, False, bench)


async def _report_form(bench: Bench) -> Outcome:
    async with bench.device(Stage.LOGGED_IN) as device:
        return well_formed(await device.report())


async def _report_again(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        return told(await device.report())


async def _report_as(sn: str | None, bench: Bench) -> Outcome:
    if sn == "other":
        if bench.devices < 2:
            return not_run("needs two serial numbers")
        sn = bench.identity(1).sn
    async with bench.device(Stage.LOGGED_IN) as device:
        return told(await device.request("dev.report", device.report_params(), sn=sn))


# --- The heartbeat ---


async def _beat(params: Mapping[str, Any] | None, members: Mapping[str, Any], required: bool, bench: Bench) -> Outcome:
    async with bench.device() as device:
        answer = await device.request(HEARTBEAT, params, members=members)
        return accepted(answer) if required else told(answer)


async def _beat_form(bench: Bench) -> Outcome:
    async with bench.device() as device:
        return well_formed(await device.request(HEARTBEAT, {"isFree": "1"}))


async def _beat_often(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        answers = [await device.request(HEARTBEAT, {"isFree": "1"}) for _ in range(4)]
    return told(next((each for each in answers if not isinstance(each, Reply) or not each.ok), answers[-1]))


async def _no_beats(bench: Bench) -> Outcome:
    """A device that says nothing for three intervals, or as long as cases may wait."""
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.ONLINE, fresh=True, which=bench.devices - 1) as device:
        if not device.terms.heartbeat:
            return not_run("the platform wants no heartbeats: supportHeartbeat is 0")
        silence = _MISSED * device.terms.heartbeat_interval
        waited = max(min(silence, bench.left), 0.0)
        began = bench.site.clock.monotonic()
        ended = await device.end(waited)
        lasted = bench.site.clock.monotonic() - began
    if isinstance(ended, Closed):
        return informational(Told("after {lasted:.1f} s without a heartbeat {told}", lasted=lasted, told=ended.told))
    if waited < silence:
        return informational(
            Told(
                "still open after {lasted:.1f} s of silence; three intervals are {silence:g} s (--wait {silence:g})",
                lasted=lasted,
                silence=silence,
            )
        )
    return informational(Told("still open after {lasted:.1f} s, three intervals, without a heartbeat", lasted=lasted))


# --- The time ---


async def _time_form(bench: Bench) -> Outcome:
    async with bench.device() as device:
        return well_formed(await device.request(_SYNC))


def _time_text(bench: Bench, answer: Reply) -> str:
    return str(answer.results.get(bench.site.terms.reading.sync_time.field, ""))


def _moment(bench: Bench, text: str) -> float:
    """Seconds since the epoch.

    Raises:
        ValueError: If it is no time as the platform under test tells it.
    """
    return int(text) / 1000 if bench.site.terms.reading.sync_time.epoch_ms else parse_iso(text)


async def _time_plausible(bench: Bench) -> Outcome:
    async with bench.device() as device:
        answer = await device.request(_SYNC)
    verdict = accepted(answer)
    if verdict.result is not Result.OK or not isinstance(answer, Reply):
        return verdict
    text = _time_text(bench, answer)
    try:
        ahead = _moment(bench, text) - bench.site.clock.wall()
    except ValueError:
        return failed(Told("the reply's time cannot be read: {told}", told=answer.told))
    return holds(
        abs(ahead) <= _PLAUSIBLE_S,
        Told("the platform's time is {text}, {ahead:+.1f} s from the tester's", text=text, ahead=ahead),
        Told("the platform's time is {text}, {ahead:+.0f} s from the tester's", text=text, ahead=ahead),
    )


async def _time_twice(bench: Bench) -> Outcome:
    async with bench.device() as device:
        first = await device.request(_SYNC)
        await asyncio.sleep(0)
        second = await device.request(_SYNC)
    verdict = both(accepted(first), accepted(second))
    if verdict.result is not Result.OK or not isinstance(first, Reply) or not isinstance(second, Reply):
        return verdict
    times = _time_text(bench, first), _time_text(bench, second)
    try:
        moments = [_moment(bench, each) for each in times]
    except ValueError:
        return failed(Told("the reply's times cannot be read: {told}", told=first.told))
    return holds(
        moments[0] <= moments[1],
        "the second time is not before the first",
        Told("{times} after {times_2}", times=times[1], times_2=times[0]),
    )


async def _time_with(params: Mapping[str, Any], bench: Bench) -> Outcome:
    async with bench.device() as device:
        return told(await device.request(_SYNC, params))


# --- Declarations ---


def _beating(name: str, told_as: str, params: Mapping[str, Any] | None, why: str, **rest: Any) -> Case:
    members, required = rest.get("members", {}), rest.get("required", True)
    return _heartbeat(
        f"{name}",
        Told("A heartbeat {told_as} is answered", told_as=told_as)
        if required
        else Told("A heartbeat {told_as}", told_as=told_as),
        Told("dev.heartbeat {told_as}", told_as=told_as),
        why,
        partial(_beat, params, members, required),
        required=required,
    )


_IS_FREE: Final = "isFree: 否, 0:繁忙, 1:空闲, 默认值为1"
_IMME: Final = "imme: 否, 参数不存在/参数值为空/参数值为0时, 则消息是不紧急消息, 否则为紧急消息"

CASES = (
    _report(
        "required-only",
        "A report with the required parameters alone is accepted",
        "dev.report without the parameters that are not required",
        "是否必须: 否",
        _required_only,
    ),
    _report(
        "all",
        "A report with all parameters of the document is accepted",
        "dev.report with every parameter, values as in the document's example",
        "请求参数详解",
        partial(_reported, _OPTIONAL, False),
    ),
    _report(
        "further-field",
        "A report with a parameter that the document does not have is accepted",
        "dev.report with vendorNote beside the others",
        _EXTRA,
        partial(_reported, {"vendorNote": "unknown to the document"}, False),
    ),
    _report(
        "reply.form",
        "The reply to the report has the document's form",
        "dev.report",
        "响应参数详解: multiBioDataSupport 是, multiBioPhotoSupport 是",
        _report_form,
        expects="code, message, and results with both texts of flags, all texts",
    ),
    _report(
        "funcIds.empty",
        "A report that lists no funcId",
        "dev.report with funcIds []",
        Told("{silent} whether a device may support nothing but what is always supported", silent=SILENT),
        partial(_reported, {"funcIds": []}, True),
        required=False,
    ),
    _report(
        "funcIds.unknown",
        "A report that lists a funcId which the platform does not know is accepted",
        "dev.report with cmd.data.update.future in its funcIds",
        "为了解决新增功能时, 设备同时支持老服务器和新服务器(服务器同时支持老设备和新设备)",
        partial(_reported, {"funcIds": [*REPORT["funcIds"], "cmd.data.update.future"]}, False),
    ),
    _report(
        "nine-positions",
        "A report with nine positions, as the document's example",
        "dev.report with multiBioPhotoSupport 0:1:1:0:0:0:0:0:0",
        "如:0:1:1:0:0:0:0:0:0; docs/deviations.md has ten positions",
        partial(_reported, {"multiBioPhotoSupport": _NINE}, True),
        required=False,
    ),
    _report(
        "again",
        "A second report on one connection",
        "dev.report twice",
        SILENT,
        _report_again,
        required=False,
    ),
    _report(
        "sn.missing",
        "A report without sn in the envelope",
        "dev.report without sn",
        "Sn 是; sn: 仅用于登入过程请求时参数必须存在",
        partial(_report_as, None),
        required=False,
    ),
    _report(
        "sn.of-another",
        "A report in the name of another device",
        "dev.report with the second serial number's sn",
        SILENT,
        partial(_report_as, "other"),
        required=False,
    ),
    _beating("free", "of an idle device", {"isFree": "1"}, _IS_FREE),
    _beating("busy", "of a busy device", {"isFree": "0"}, _IS_FREE),
    _beating("without-isFree", "without isFree", {}, _IS_FREE),
    _beating("further-field", "with a field that the document does not have", {"isFree": "1", "rssi": "-60"}, _EXTRA),
    _beating("imme.0", "with imme 0", {"isFree": "1"}, _IMME, members={"imme": "0"}),
    _beating("imme.1", "with imme 1", {"isFree": "1"}, _IMME, members={"imme": "1"}),
    _beating("imme.empty", "with an empty imme", {"isFree": "1"}, _IMME, members={"imme": ""}),
    _beating(
        "without-payload",
        "without a payload",
        None,
        Told("{silent} whether params may be left out", silent=SILENT),
        required=False,
    ),
    _heartbeat(
        "reply.form",
        "The reply to a heartbeat has the document's form",
        "dev.heartbeat",
        "服务端响应: funcId, code, message, mid",
        _beat_form,
        expects="funcId cmd.dev.response, code, message and mid, all texts",
    ),
    _heartbeat(
        "often",
        "Heartbeats at a quicker pace than agreed",
        "four heartbeats one after the other",
        SILENT,
        _beat_often,
        required=False,
    ),
    _heartbeat(
        "none",
        "What a platform does without heartbeats",
        "nothing, for three intervals",
        SILENT,
        _no_beats,
        required=False,
        waits=True,
    ),
    _time(
        "reply.form",
        "The reply to dev.system.sync.time has the agreed form",
        "dev.system.sync.time without a payload",
        "docs/deviations.md, Commands: the reply is cmd.dev.response with payload.results.time (ISO 8601)",
        _time_form,
        expects="code 00000000 and results.time as yyyy-MM-ddTHH:mm:ss±HH:mm, or what the scenario's sync_time says",
    ),
    _time(
        "plausible",
        "The platform's time is the time",
        "dev.system.sync.time",
        "再调用新的请求去获取服务器时间",
        _time_plausible,
        expects="a time within five minutes of the tester's clock",
    ),
    _time(
        "twice",
        "Asked twice the platform's time does not go back",
        "dev.system.sync.time twice",
        "再调用新的请求去获取服务器时间",
        _time_twice,
        expects="two times, the second not before the first",
    ),
    _time(
        "with-payload",
        "A question for the time with a payload",
        "dev.system.sync.time with empty params",
        Told("{silent}: the message is shown without a payload", silent=SILENT),
        partial(_time_with, {}),
        required=False,
    ),
)
