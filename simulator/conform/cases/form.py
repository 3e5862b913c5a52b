"""The form of the platform's replies: to each message of a device, to a refused one, and what nobody asked for."""

from functools import partial
from typing import Final

from simulator.conform.answers import Reply
from simulator.conform.bench import Bench
from simulator.conform.business import online, values
from simulator.conform.case import Case, Outcome, Result, Run, failed, non_strict, not_run
from simulator.conform.expect import refused, well_formed
from simulator.conform.generated import right_params
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.conform.whole_run import none_of
from simulator.measurements import violation_rules as rules
from simulator.protocol.catalogue import CATALOGUE
from simulator.texts.told import Told

_SECTION: Final = "4.3.1 服务端回复"
_WHY: Final = "code 是, message 是, mid 是; funcId cmd.dev.response; 所有字段值都是以字符串表示"
_FORM: Final = "funcId cmd.dev.response, a code of eight characters, a message and the mid, all texts"
_FORM_AND_RESULTS: Final = Told("{form}, and its results", form=_FORM)
_FLOW: Final = ("dev.register", "dev.accredit", "dev.login")
_UPLOADS: Final = (
    *("dev.data.upload.user", "dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", "dev.data.upload.multiCard"),
    *("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto"),
)
_FILE: Final = ("dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end")
_FILE_BYTES: Final = "4"
_FORM_RULES: Final = (
    *(rules.REPLY_FIELD_MISSING, rules.REPLY_FIELD_FORMAT, rules.REPLY_FIELD_TYPE),
    *(rules.REPLY_FUNC_ID, rules.REPLY_CODE, rules.REPLY_MESSAGE),
)

# --- Replies to what is right ---


def _formed(answer: object) -> Outcome:
    """The form of a success; what is no success is another case's affair."""
    if not isinstance(answer, Reply) or not answer.ok:
        return not_run(
            Told(
                "it was not accepted, which is another case's subject: {getattr}",
                getattr=getattr(answer, "told", answer),
            )
        )
    return well_formed(answer)


async def _flow(func_id: str, bench: Bench) -> Outcome:
    stage = {"dev.register": Stage.EXCHANGED, "dev.accredit": Stage.REGISTERED, "dev.login": Stage.ACCREDITED}[func_id]
    async with bench.device(stage) as device:
        verdict = well_formed(await device.step(func_id)(None))
    if verdict.result is not Result.OK:
        return verdict
    for rule in _FORM_RULES:
        # A mistake of every other reply may have spared this one.
        found = bench.site.violations.by_rule.get(rule)
        if found is not None and (count := found.func_ids.get(func_id)):
            broken = failed if rule == rules.REPLY_FIELD_MISSING else non_strict
            return broken(Told("{count} times in this run a reply broke {rule}", count=count, rule=rule))
    return verdict


async def _upload(func_id: str, bench: Bench, device: Device) -> Outcome:
    return _formed(await device.request(func_id, right_params(func_id, values(bench, device))))


async def _file(func_id: str, bench: Bench, device: Device) -> Outcome:
    given = {**values(bench, device), "size": _FILE_BYTES, "offset": "0", "content": "/9j/2Q=="}
    answer: object = None
    for step in _FILE[: _FILE.index(func_id) + 1]:
        answer = await device.request(step, right_params(step, given))
    return _formed(answer)


# --- Replies to what is wrong ---


async def _refusal(bench: Bench) -> Outcome:
    async with bench.device() as device:
        answer = await device.request("dev.no.such", {})
    verdict = refused(answer)
    return verdict if verdict.result is not Result.OK else well_formed(answer)


async def _malformed(bench: Bench) -> Outcome:
    async with bench.device(Stage.EXCHANGED) as device:
        answer = await device.register({"devType": None})
    verdict = refused(answer)
    return verdict if verdict.result is not Result.OK else well_formed(answer)


# --- Declarations ---


def _case(
    name: str, title: str, sends: str, run: Run, *, expects: str = _FORM, why: str = _WHY, waits: bool = False
) -> Case:
    return Case(
        id=f"form.{name}",
        section=_SECTION,
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=run,
        waits=waits,
        about_form=waits,
    )


def _of(func_id: str, run: Run) -> Case:
    return _case(
        func_id,
        Told("The reply to {func_id} has the document's form", func_id=func_id),
        Told("a right {func_id}", func_id=func_id),
        run,
        expects=_FORM_AND_RESULTS if CATALOGUE[func_id].results.fields else _FORM,
    )


def _in_the_run(name: str, title: str, rule: str, *, expects: str, why: str) -> Case:
    """Whether the whole run broke a rule."""
    run = partial(none_of, (rule,))
    return _case(name, title, "everything that this run sends", run, expects=expects, why=why, waits=True)


CASES = (
    *(_of(func_id, partial(_flow, func_id)) for func_id in _FLOW),
    *(_of(func_id, online(partial(_upload, func_id), func_id)) for func_id in _UPLOADS),
    *(_of(func_id, online(partial(_file, func_id), *_FILE)) for func_id in _FILE),
    _case(
        "refusal",
        "A refusal has the document's form",
        "a message with an unknown funcId",
        _refusal,
    ),
    _case(
        "refusal.in-the-flow",
        "A refusal in the initial flow has the document's form",
        "dev.register without devType",
        _malformed,
    ),
    _in_the_run(
        "replies.own",
        "Every reply belongs to a message",
        rules.REPLY_UNKNOWN_MID,
        expects="no reply with a mid that no message had",
        why="mid: 消息唯一标识; docs/deviations.md, Replies: they are matched by mid alone",
    ),
    _in_the_run(
        "replies.once",
        "Every message gets one reply",
        rules.REPLY_DOUBLED,
        expects="no second reply to a message",
        why="docs/deviations.md, Replies: doubled ones are counted and otherwise ignored",
    ),
    _in_the_run(
        "replies.in-time",
        "No reply comes after the request time-out",
        rules.REPLY_LATE,
        expects="every reply within the request time-out",
        why="docs/deviations.md: request time-out 10 s",
    ),
    _in_the_run(
        "json",
        "Every message of the platform is a JSON object",
        rules.REPLY_NOT_JSON,
        expects="no message that is no JSON object",
        why="docs/deviations.md, Secure channel: something that is no JSON object: close 1008",
    ),
    _in_the_run(
        "replies.package",
        "No reply is larger than the device's maxPackageSize",
        rules.REPLY_TOO_LARGE,
        expects="at most the maxPackageSize of the report",
        why="maxPackageSize: 通信最大数据包的大小",
    ),
)
