"""What the platform pushes: each command's form, mids and cmdIds, how many at a time, to whom, and when.

All of these wait: the first device stays online for them and lists every command; two others do what the cases need.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Run, failed, informational, non_strict, not_run, ok
from simulator.conform.expect import accepted, first_of
from simulator.conform.pushes import Push, take
from simulator.conform.sections import SECTIONS
from simulator.conform.stages import Stage
from simulator.conform.tester import MAX_PACKAGE_KB, REPORT, Device
from simulator.device.environment import NOT_ALLOWED, NetworkError
from simulator.judge.departures import Departure
from simulator.judge.sameness import content
from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS
from simulator.protocol.limits import MAX_PHOTO_BYTES
from simulator.texts.told import Told

_SECTION: Final = "4.2.1 服务端请求"
_REPORT: Final = "3.5 设备上报"
_BIO_PHOTO: Final = "cmd.data.update.bioPhoto"
_JPEG: Final = b"\xff\xd8"
_MID: Final = "mid: 消息id, 消息唯一标识, 保障同一台设备不重复即可, 最长为32位"
_CMD_ID: Final = "cmdId: 服务端下发命令的唯一编号"
_PENDING: Final = "maxPendingCmdCount: 设备端支持的单批下发最大命令数"
_FUNC_IDS: Final = "funcIds: 设备端支持的funcIds列表, 统一funcId交换"
_PACKAGE: Final = "maxPackageSize: 通信最大数据包的大小, 默认值为 64 , 单位 KB"
_EARLY: Final = (
    "docs/deviations.md, Initial flow: dev.report is sent on every connection, and no business before its reply"
)
_AGAIN: Final = (
    "docs/deviations.md, Commands: a repeated cmdId is answered again with the stored code, also after a reconnect"
)
_FEW: Final = 2
"""`maxPendingCmdCount` of the device that leaves its commands unanswered."""
_SHOWN: Final = 3
_SOON_S: Final = 0.1
_LATER: Final = 10
"""A lost command is waited for so much longer than the first one took to come."""
_NO_PARAMS: Final = b"{}"

# --- One command ---


async def _form(func_id: str, bench: Bench) -> Outcome:
    """All commands of one kind that came in this run."""
    if await bench.pushed(func_id) is None:
        return not_run(
            Told("no {func_id} came within {wait:g} s of waiting", func_id=func_id, wait=bench.site.terms.wait)
        )
    pushes = [push for push in bench.pushes if push.func_id == func_id]
    unusable = [push.read.judgement.unusable for push in pushes if push.read.judgement.unusable is not None]
    if unusable:
        return failed(
            Told(
                "{count} of {count_2} cannot be used: {words}",
                count=len(unusable),
                count_2=len(pushes),
                words=_words(unusable),
            )
        )
    departures = [each for push in pushes for each in push.read.judgement.departures]
    if departures:
        return non_strict(Told("{count} came; {words}", count=len(pushes), words=_words(departures)))
    return ok(Told("{count} came", count=len(pushes)))


def _words(departures: Sequence[Departure]) -> str:
    return first_of([each.told for each in departures], _SHOWN)


# --- All commands of the run ---


async def _all(bench: Bench) -> Sequence[Push]:
    """Every command of the run, when the listening is over."""
    await asyncio.sleep(max(bench.left, 0.0))
    return bench.pushes


async def _unknown(bench: Bench) -> Outcome:
    pushes = await _all(bench)
    unknown = sorted({push.func_id or "no funcId" for push in pushes if not push.read.known})
    if unknown:
        return failed(Told("not in the document: {names}", names=", ".join(unknown[:_SHOWN])))
    return ok(Told("{count} commands, all of the document", count=len(pushes))) if pushes else _none(bench)


async def _mids(bench: Bench) -> Outcome:
    pushes = await _all(bench)
    seen: dict[tuple[int, str], str] = {}
    for push in pushes:
        if not push.read.mid:
            continue
        key = (push.connection, push.read.mid)
        if seen.setdefault(key, push.read.cmd_id) != push.read.cmd_id:
            return failed(Told("{func_id} has a mid that another command on its connection had", func_id=push.func_id))
    return ok(Told("{count} mids, each of one command", count=len(seen))) if pushes else _none(bench)


async def _cmd_ids(bench: Bench) -> Outcome:
    pushes = await _all(bench)
    seen: dict[tuple[int, str], tuple[str, bytes]] = {}
    for push in pushes:
        if not push.read.cmd_id:
            continue
        known = seen.setdefault((push.which, push.read.cmd_id), content(push.read))
        if known != content(push.read):
            return failed(
                Told(
                    "{func_id} has the cmdId of another command ({known}), or of one with other params",
                    func_id=push.func_id,
                    known=known[0],
                )
            )
    return ok(Told("{count} cmdIds, each of one command", count=len(seen))) if pushes else _none(bench)


async def _sizes(bench: Bench) -> Outcome:
    pushes = await _all(bench)
    limit = MAX_PACKAGE_KB * 1024
    largest = max(pushes, key=lambda push: push.size, default=None)
    if largest is None:
        return _none(bench)
    told = Told("the largest, a {func_id}, has {size} bytes", func_id=largest.func_id, size=largest.size)
    return failed(Told("{told}; {limit} are allowed", told=told, limit=limit)) if largest.size > limit else ok(told)


async def _never_early(bench: Bench) -> Outcome:
    """Before the report's reply, of all connections and of one that waits a little with its report."""
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.LOGGED_IN, which=bench.devices - 1) as device:
        await asyncio.sleep(min(max(bench.left, 0.0), bench.site.terms.wait / 6))
        report = accepted(await device.report())
        await asyncio.sleep(min(max(bench.left, 0.0), bench.site.terms.wait / 12))
    early = [push for push in bench.pushes if not push.online]
    if early:
        return failed(Told("{func_id} came before the reply to dev.report", func_id=early[0].func_id))
    if report.result != "OK":
        return not_run(Told("the report was not accepted: {observed}", observed=report.observed))
    return ok("none came before the reply to dev.report") if bench.pushes else _none(bench)


async def _pictures(bench: Bench) -> Outcome:
    if await bench.pushed(_BIO_PHOTO) is None:
        return not_run(
            Told("no {bio_photo} came within {wait:g} s of waiting", bio_photo=_BIO_PHOTO, wait=bench.site.terms.wait)
        )
    urls = _urls(push for push in await _all(bench) if push.func_id == _BIO_PHOTO)
    for url in urls:
        try:
            picture = await bench.download(url, MAX_PHOTO_BYTES)
        except NetworkError as error:
            if error.kind == NOT_ALLOWED:
                return not_run(Told("the picture is not fetched: {error}", error=error))
            return failed(Told("the picture cannot be fetched: {error}", error=error))
        if not picture.startswith(_JPEG):
            return failed("what the url holds is no JPEG")
    return (
        ok(Told("{count} pictures were fetched, each a JPEG", count=len(urls)))
        if urls
        else not_run("no command held a url")
    )


def _urls(pushes: Iterable[Push]) -> list[str]:
    found: dict[str, None] = {}
    for push in pushes:
        photos = push.read.params.get("bioPhotos")
        for photo in photos if isinstance(photos, list) else ():
            if isinstance(photo, dict) and isinstance(photo.get("url"), str):
                found[photo["url"]] = None
    return list(found)[:_SHOWN]


def _none(bench: Bench) -> Outcome:
    return not_run(Told("no command came within {wait:g} s of waiting", wait=bench.site.terms.wait))


# --- A device of one's own ---


async def _online_with(device: Device, bench: Bench, change: dict[str, object]) -> None:
    await device.report(change)
    await asyncio.sleep(min(max(bench.left, 0.0), bench.site.terms.wait / 3))


async def _pending(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.LOGGED_IN, which=bench.devices - 1, on_push=lambda push: None) as device:
        await _online_with(device, bench, {"maxPendingCmdCount": str(_FEW)})
        came = [push for push in bench.pushes if push.connection == device.number]
    ids = {push.read.cmd_id for push in came}
    if len(ids) > _FEW:
        return failed(Told("{count} commands came unanswered; maxPendingCmdCount was {few}", count=len(ids), few=_FEW))
    if len(ids) < _FEW:
        return not_run(Told("{count} commands came, too few to tell", count=len(ids)))
    return ok(Told("{count} commands came while none was answered", count=len(ids)))


async def _not_negotiated(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    listed = [name for name in REPORT["funcIds"] if not name.startswith("cmd.data.")]
    async with bench.device(Stage.LOGGED_IN, which=min(1, bench.devices - 1), on_push=take) as device:
        await _online_with(device, bench, {"funcIds": listed})
        came = [push for push in bench.pushes if push.connection == device.number]
    wrong = sorted({push.func_id for push in came if push.read.known and push.func_id not in listed})
    if wrong:
        return failed(Told("the device did not list {names}, and it came", names=", ".join(wrong[:_SHOWN])))
    if not any(push.func_id.startswith("cmd.data.") for push in bench.pushes):
        return not_run("no cmd.data.* came to any device, so nothing was held back from this one")
    return ok("a device that lists no cmd.data.* got none; one that does got some")


async def _same_again(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    which = min(1, bench.devices - 1)
    async with bench.device(Stage.ONLINE, which=which, fresh=True, on_push=lambda push: None) as device:
        began = bench.left
        first = await bench.pushed(on=device)
        took = began - bench.left
        await device.abort()
        # Within: the serial number stays this case's own.
        return _none(bench) if first is None else await _comes_again(first, took, which, bench)


async def _comes_again(first: Push, took: float, which: int, bench: Bench) -> Outcome:
    since = len(bench.pushes)
    anew = False
    async with bench.device(Stage.ONLINE, which=which, second=True, on_push=take) as device:
        left = bench.left
        while (push := await bench.pushed(first.func_id, on=device, since=since)) is not None:
            if push.read.cmd_id == first.read.cmd_id:
                return ok(Told("{func_id} came again under the same cmdId", func_id=first.func_id))
            anew = anew or content(push.read) == content(first.read)
            since = list(bench.pushes).index(push) + 1
        if device.closed is not None or left < min(bench.site.terms.wait / 3, max(_SOON_S, _LATER * took)):
            return not_run("the device was not online for long enough afterwards")
    for push in bench.pushes[since:]:
        if push.which == which and push.read.cmd_id == first.read.cmd_id:
            return ok(
                Told(
                    "{func_id} came again under the same cmdId, on another connection of the device",
                    func_id=first.func_id,
                )
            )
    if anew and content(first.read)[1] != _NO_PARAMS:
        return failed(
            Told("the same {func_id} came again under another cmdId, and never under its own", func_id=first.func_id)
        )
    return informational(
        Told("{func_id}, whose answer was lost, did not come again in the time of waiting", func_id=first.func_id)
    )


# --- Declarations ---


def _case(
    name: str,
    title: str,
    sends: str,
    why: str,
    run: Run,
    expects: str,
    *,
    section: str = _SECTION,
) -> Case:
    return Case(
        id=f"command.{name}",
        section=section,
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=run,
        waits=True,
    )


CASES = (
    *(
        _case(
            f"{func_id}.form",
            Told("{func_id} has the document's form", func_id=func_id),
            Told("{func_id}, from the platform's console", func_id=func_id),
            Told("{section}: mid, cmdId, and what its table marks 是否必须: 是", section=CATALOGUE[func_id].section),
            partial(_form, func_id),
            "mid, cmdId, every required field, every value in its format",
            section=SECTIONS[func_id],
        )
        for func_id in COMMAND_FUNC_IDS
    ),
    _case(
        "known",
        "Every command is one of the document's",
        "any command",
        "funcId: 请求业务功能唯一标识",
        _unknown,
        "no funcId that the document does not have",
    ),
    _case(
        "mid.unique",
        "No two commands of a connection have the same mid",
        "any commands",
        _MID,
        _mids,
        "every command has a mid of its own",
    ),
    _case(
        "cmdId.unique",
        "No two commands have the same cmdId",
        "any commands",
        _CMD_ID,
        _cmd_ids,
        "a cmdId that comes again is the same command",
    ),
    _case(
        "package",
        "No command is larger than the device's maxPackageSize",
        "any commands, large ones",
        _PACKAGE,
        _sizes,
        Told("at most {value} bytes of JSON", value=MAX_PACKAGE_KB * 1024),
        section=_REPORT,
    ),
    _case(
        "before-online",
        "No command comes before the reply to the report",
        "any command at the time at which a device comes online",
        _EARLY,
        _never_early,
        "no command before the reply to dev.report",
        section=_REPORT,
    ),
    _case(
        "pending",
        "No more commands come than the device takes unanswered",
        Told("several commands, for a device that says maxPendingCmdCount {few} and answers none", few=_FEW),
        _PENDING,
        _pending,
        Told("{few} commands, and no more before an answer", few=_FEW),
        section=_REPORT,
    ),
    _case(
        "negotiated",
        "A device gets no command that it did not list",
        "any cmd.data.*, for a device whose report lists none of them",
        _FUNC_IDS,
        _not_negotiated,
        "no command that is not in the report's funcIds",
        section=_REPORT,
    ),
    _case(
        "cmdId.same-again",
        "A command whose answer was lost comes again under the same cmdId",
        "any command at the time at which a device comes online; its connection is cut before it answers",
        _AGAIN,
        _same_again,
        "the same command with the same cmdId, if it comes again",
    ),
    _case(
        "bioPhoto.url",
        "The picture of a cmd.data.update.bioPhoto can be fetched",
        Told("{bio_photo}, from the platform's console", bio_photo=_BIO_PHOTO),
        "更新人员生物特征照片: url",
        _pictures,
        "a JPEG of at most 255 KB",
        section=SECTIONS[_BIO_PHOTO],
    ),
)
