"""Every message of a device with one fault: a required field left out, a format broken, a scalar as a number.

The messages and their faults come from the catalogue (`simulator.conform.generated`); here they are sent.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.business import online, values
from simulator.conform.case import Case, Ended, Outcome, Result, Run, not_run
from simulator.conform.declare import ACCEPTED, EITHER
from simulator.conform.expect import accepted, refused, told
from simulator.conform.generated import PREFIXES, Kind, Mutation, mutations, right_params
from simulator.conform.sections import SECTIONS
from simulator.conform.stages import STEP_CASES, Stage
from simulator.conform.tester import Device
from simulator.conform.uploads import END, FILES, PACKAGE, START, digest
from simulator.protocol.broker import protocol_type
from simulator.protocol.catalogue import CATALOGUE
from simulator.texts.told import Told

_BEFORE: Final[Mapping[str, tuple[str, ...]]] = {PACKAGE: (START,), END: (START, PACKAGE)}
"""What of a file has come before a message about it."""
_STAGES: Final = {
    "dev.register": Stage.EXCHANGED,
    "dev.accredit": Stage.REGISTERED,
    "dev.login": Stage.ACCREDITED,
    "dev.report": Stage.LOGGED_IN,
}
"""Where a device stands that sends a message of the initial flow."""
_REPORT: Final = "dev.report"
_NOT_NEEDED: Final = "当使用发布、订阅网络协议时不需要此参数, 其他为必须"
Verdict = Callable[[Answer], Outcome]
_GRANTED: Final = {func_id: STEP_CASES[Stage(stage + 1)] for func_id, stage in _STAGES.items()}

# --- Messages of the initial flow ---


async def _in_the_flow(mutation: Mutation, verdict: Verdict, bench: Bench) -> Outcome:
    outcome, lost = await _at_its_stage(mutation, verdict, bench, fresh=False)
    if lost:
        # A platform may close a connection after a refusal; the one before was another case's.
        outcome, _ = await _at_its_stage(mutation, verdict, bench, fresh=True)
    return outcome


async def _at_its_stage(mutation: Mutation, verdict: Verdict, bench: Bench, *, fresh: bool) -> tuple[Outcome, bool]:
    """The outcome, and whether the connection had no answer to give."""
    async with bench.device(_STAGES[mutation.func_id], fresh=fresh, shared=True) as device:
        given: dict[str, Any] = {
            "protType": protocol_type(bench.site.terms.broker_type),
            "protVer": bench.site.terms.reading.protocol_version,
            "devType": bench.site.terms.device_type,
            **device.proof,
            "authCode": device.auth_code,
            "secret": device.secret,
            **(device.report_params() if mutation.func_id == _REPORT else {}),
        }
        outcome = verdict(await _sent(mutation, given, device))
        if outcome.result is not Result.OK:
            device.broken = True
        return outcome, outcome.result is Result.FAILED and device.closed is not None


# --- Business ---


async def _in_business(mutation: Mutation, bench: Bench, device: Device) -> Outcome:
    given = values(bench, device, mutation.func_id)
    # A file is begun, filled or complete, so that nothing but the fault is a reason to refuse the message.
    names_it = mutation.kind is Kind.NUMBER and mutation.path.endswith("contentFileId")
    due = FILES if names_it and all(map(device.terms.allows, FILES)) else _BEFORE.get(mutation.func_id, ())
    if due:
        given |= {"size": "3", "content": "AQID", "checksum": digest(b"\1\2\3"), "contentFileId": given["fileId"]}
    for func_id in due:
        await _right(device, func_id, given)
    return refused(await _sent(mutation, given, device))


async def _right(device: Device, func_id: str, given: Mapping[str, str]) -> None:
    answer = await device.request(func_id, right_params(func_id, given, frozenset(("checksum",))))
    if not isinstance(answer, Reply) or not answer.ok:
        raise Ended(not_run(Told("a right message before it: {told}", told=answer.told)))


async def _sent(mutation: Mutation, given: Mapping[str, Any], device: Device) -> Answer:
    params = right_params(mutation.func_id, given, mutation.including)
    if mutation.func_id == _REPORT:
        reading = device.site.terms.reading
        if reading.report_without & mutation.including:
            raise Ended(not_run(Told("the platform does not take {path}: report.without", path=mutation.path)))
        params = reading.reported(params, device.sn)
    spec, over_mqtt = CATALOGUE[mutation.func_id], device.site.terms.mqtt is not None
    message = device.message(mutation.func_id, params, sn=device.sn if spec.sn_required else None)
    changed = mutation.applied(message)
    for name in spec.left_out_over_publish_subscribe if over_mqtt else ():
        if name != mutation.path:
            changed.pop(name, None)
            changed.get("payload", {}).get("params", {}).pop(name, None)
    return await device.ask(changed)


def _case(mutation: Mutation) -> Case:
    func_id = mutation.func_id
    run: Run = partial(_in_the_flow, mutation, refused)
    needs = (_GRANTED[func_id],) if func_id in _GRANTED else ()
    if not needs:
        names = FILES if func_id.startswith("dev.file.") else (func_id,)
        run = online(partial(_in_business, mutation), *names)
    case = Case(
        id=mutation.id,
        section=SECTIONS[func_id],
        title=mutation.title,
        sends=mutation.sends,
        expects="a code other than 00000000" if mutation.required else "either: a refusal, or 00000000",
        why=mutation.why,
        run=run,
        required=mutation.required,
        needs=needs or _base(func_id),
    )
    if mutation.path not in CATALOGUE[func_id].left_out_over_publish_subscribe:
        return case
    if mutation.kind is Kind.MISSING:
        return case.but_over_mqtt(
            title=Told("{sends} is accepted", sends=mutation.sends),
            expects=ACCEPTED,
            why=_NOT_NEEDED,
            run=partial(_in_the_flow, mutation, accepted),
        )
    return case.but_over_mqtt(
        title=Told("{sends}, and which is not needed", sends=mutation.sends),
        expects=EITHER,
        why=_NOT_NEEDED,
        run=partial(_in_the_flow, mutation, told),
        required=False,
    )


def _base(func_id: str) -> tuple[str, ...]:
    """The case that the right message is accepted: else its refusals say nothing."""
    if func_id.startswith("dev.data.upload."):
        return (f"{PREFIXES[func_id]}.smallest",)
    return ("file.one-piece",) if func_id.startswith("dev.file.") else ()


CASES = tuple(_case(mutation) for func_id in PREFIXES for mutation in mutations(func_id))
