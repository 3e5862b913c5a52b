"""The order of the initial flow: each message before the step that it stands on."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, non_strict, ok
from simulator.conform.expect import refused, refused_or_lost, told
from simulator.conform.stages import Stage
from simulator.conform.suites import EXCHANGING
from simulator.conform.tester import FACTOR, PUBLIC_KEY, Device
from simulator.protocol.reading import NO_MEETING
from simulator.texts.told import Told

_SECTION: Final = "2 初始化流程"
_ORDER: Final = (
    "docs/deviations.md, Initial flow: look-up, exchanges, dev.register, dev.accredit, dev.login, dev.report; not "
    "authorised: business before login"
)
_BEFORE_REPORT: Final = (
    "docs/deviations.md, Initial flow: dev.report is sent on every connection, and no business before its reply"
)
_BASE64: Final = "/9j/2Q=="
"""The shortest JPEG; also any other bytes."""
_TOLD: Final = {
    Stage.OPENED: "before the exchange",
    Stage.EXCHANGED: "before dev.register",
    Stage.REGISTERED: "before dev.accredit",
    Stage.ACCREDITED: "before dev.login",
    Stage.LOGGED_IN: "before dev.report",
}
_NAMES: Final = {
    Stage.OPENED: "exchange",
    Stage.EXCHANGED: "register",
    Stage.REGISTERED: "accredit",
    Stage.ACCREDITED: "login",
    Stage.LOGGED_IN: "report",
}


def _business(bench: Bench) -> Mapping[str, dict[str, Any] | None]:
    """A right message of every business funcId."""
    file_id, log_id = bench.file_id(), bench.log_id()
    user = {"pin": "9001", "firstName": "Order", "funSwitch": "0", "disable": "0"}
    photo = {"pin": "9001", "content": _BASE64}
    record = {
        "pin": "9001",
        "meetCode": NO_MEETING,
        "verifyTime": bench.time(),
        "verifyStyle": "1",
        "status": "255",
        "category": "0",
        "logId": log_id,
        "recodeType": "255",
    }
    return {
        "dev.heartbeat": {"isFree": "1"},
        "dev.file.upload.start": {"fileId": file_id, "size": "4"},
        "dev.file.upload.package": {"fileId": file_id, "offset": "0", "content": _BASE64},
        "dev.file.upload.end": {"fileId": file_id},
        "dev.data.upload.user": {"users": [user]},
        "dev.data.upload.userPhoto": {"userPhotos": [photo]},
        "dev.data.upload.bioPhoto": {"bioPhotos": [{**photo, "type": "9"}]},
        "dev.data.upload.multiCard": {"multiCards": [{"pin": "9001", "card": "90010001"}]},
        "dev.data.upload.verifyLog": {"verifyLog": [record]},
        "dev.data.upload.verifyPhoto": {"verifyPhotos": [{**photo, "meetCode": NO_MEETING, "logId": log_id}]},
        "dev.system.sync.time": None,
    }


BUSINESS: Final = (
    *("dev.heartbeat", "dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end"),
    *("dev.data.upload.user", "dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", "dev.data.upload.multiCard"),
    *("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto", "dev.system.sync.time"),
)


def _verdict(answer: Answer, stage: Stage, device: Device) -> Outcome:
    keys = device.channel.has_exchange
    if stage is Stage.EXCHANGED and device.site.terms.mqtt is not None and not keys:
        # A platform behind a broker does not see that this is another connection than the one before.
        return ok(answer.told) if isinstance(answer, Reply) and not answer.ok else told(answer)
    if stage is Stage.OPENED and device.site.terms.mqtt is not None:
        # It cannot be read in the session of the connection before, which may end without a word.
        return refused_or_lost(answer)
    # Before the exchange nothing but the exchange is due: closing the connection is an answer, too.
    return refused(answer, or_closed=stage is Stage.OPENED and keys)


# --- Business too early ---


async def _too_early(func_id: str, stage: Stage, bench: Bench) -> Outcome:
    async with bench.device(stage) as device:
        answer = await device.request(func_id, _business(bench)[func_id], sn=device.sn)
        verdict = _verdict(answer, stage, device)
    if stage is Stage.LOGGED_IN and verdict.result is Result.FAILED and getattr(answer, "ok", False):
        return non_strict(verdict.observed)
    return verdict


# --- Steps too early ---


async def _report_too_early(stage: Stage, bench: Bench) -> Outcome:
    async with bench.device(stage) as device:
        answer = await device.request("dev.report", device.report_params(), sn=device.sn)
        return _verdict(answer, stage, device)


async def _register_before_the_exchange(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        return _verdict(await device.register(), Stage.OPENED, device)


async def _accredit_without_a_code(bench: Bench) -> Outcome:
    async with bench.device(Stage.EXCHANGED) as device:
        return refused(await device.accredit({"authCode": secrets.token_hex(16)}))


async def _login_without_a_secret(bench: Bench) -> Outcome:
    async with bench.device(Stage.REGISTERED) as device:
        return refused(await device.login({"secret": secrets.token_hex(16)}))


async def _exchange_online(func_id: str, bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        return told(await device.request(func_id, {func_id.rpartition(".")[2]: _BASE64}))


# --- Declarations ---


def _early(func_id: str, stage: Stage) -> Case:
    last = stage is Stage.LOGGED_IN
    return Case(
        id=f"order.{func_id}.before-{_NAMES[stage]}",
        section=_SECTION,
        title=Told("{func_id} {told} is refused", func_id=func_id, told=_TOLD[stage]),
        sends=Told("{func_id}, right in form, {told}", func_id=func_id, told=_TOLD[stage]),
        expects="a code other than 00000000, or the end of the connection"
        if stage is Stage.OPENED
        else "a code other than 00000000",
        why=_BEFORE_REPORT if last else _ORDER,
        run=partial(_too_early, func_id, stage),
        suites=EXCHANGING if stage is Stage.OPENED else (),
    )


def _step(name: str, title: str, sends: str, run: Any, *, suites: tuple[str, ...] = (), required: bool = True) -> Case:
    return Case(
        id=f"order.{name}",
        section=_SECTION,
        title=title,
        sends=sends,
        expects="a code other than 00000000" if required else "either",
        why=_ORDER if required else "The document does not say what a later exchange does",
        run=run,
        required=required,
        suites=suites,
    )


CASES = (
    *(_early(func_id, stage) for stage in _TOLD for func_id in BUSINESS),
    *(
        _step(
            f"dev.report.before-{_NAMES[stage]}",
            Told("dev.report {told} is refused", told=_TOLD[stage]),
            Told("dev.report, right in form, {told}", told=_TOLD[stage]),
            partial(_report_too_early, stage),
            suites=EXCHANGING if stage is Stage.OPENED else (),
        )
        for stage in _TOLD
        if stage is not Stage.LOGGED_IN
    ),
    _step(
        "dev.register.before-exchange",
        "dev.register before the exchange is refused",
        "dev.register in the clear on a connection without keys",
        _register_before_the_exchange,
        suites=EXCHANGING,
    ),
    _step(
        "dev.accredit.before-register",
        "dev.accredit with an authCode that nobody gave is refused",
        "dev.accredit before dev.register, with an authCode made up",
        _accredit_without_a_code,
    ),
    _step(
        "dev.login.before-accredit",
        "dev.login with a secret that nobody gave is refused",
        "dev.login before dev.accredit, with a secret made up",
        _login_without_a_secret,
    ),
    *(
        _step(
            f"{func_id}.online",
            Told("{func_id} while online", func_id=func_id),
            Told("{func_id} on a connection that is online", func_id=func_id),
            partial(_exchange_online, func_id),
            suites=EXCHANGING,
            required=False,
        )
        for func_id in (PUBLIC_KEY, FACTOR)
    ),
)
