"""What the cases of uploads and files share: who the tester's records are about, and a connection to send them on.

async def _smallest(bench: Bench, device: Device) -> Outcome:
    return accepted(await device.request("dev.data.upload.multiCard", …))

Case(…, run=online(_smallest, "dev.data.upload.multiCard"))
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final

from simulator.conform.answers import Answer, Closed
from simulator.conform.bench import Bench
from simulator.conform.case import Ended, Outcome, Result, Run, not_run
from simulator.conform.generated import Message, right_params
from simulator.conform.pushes import Push
from simulator.conform.tester import Device
from simulator.device.door import ROOM_NUMBER
from simulator.protocol.reading import NO_MEETING
from simulator.texts.told import Told

USER: Final = "dev.data.upload.user"
BIO_PHOTO: Final = "dev.data.upload.bioPhoto"
_LEFT: Final = {
    USER: "Users whose pins begin with",
    "dev.data.upload.userPhoto": "Portraits of the user",
    BIO_PHOTO: "Biometric photos of the user",
    "dev.data.upload.multiCard": "Cards of the user",
    "dev.data.upload.verifyLog": "Verification records of the user",
    "dev.data.upload.verifyPhoto": "Verification photos of the user",
    "dev.file.upload.start": "Files that were uploaded and not used, beside data of the user",
}
"""What stays on the platform, before the tester's pin."""

Body = Callable[[Bench, Device], Awaitable[Outcome]]
"""A case that needs a device online."""


def online(body: Body, *func_ids: str) -> Run:
    """A case's `run` out of one that needs a device online; NOT-RUN where the platform does not take these funcIds."""
    return partial(_online, body, func_ids)


async def _online(body: Body, func_ids: tuple[str, ...], bench: Bench) -> Outcome:
    outcome, lost = await _tried(body, func_ids, bench, fresh=False)
    if lost and outcome.result in (Result.FAILED, Result.NOT_RUN):
        # A platform may close a connection after a refusal. What an earlier case has sent is no fault in this one.
        bench.trace.note("the connection had ended: once more on a new one")
        outcome, _ = await _tried(body, func_ids, bench, fresh=True)
    return outcome


async def _tried(body: Body, func_ids: tuple[str, ...], bench: Bench, *, fresh: bool) -> tuple[Outcome, bool]:
    """The outcome, and whether the connection ended meanwhile."""
    async with bench.device(fresh=fresh) as device:
        await prepare(bench, device, func_ids)
        try:
            outcome = await body(bench, device)
        except Ended as ended:
            outcome = ended.outcome
        return outcome, device.closed is not None


async def after_a_refusal(bench: Bench, device: Device, func_id: str, params: Message) -> Answer:
    """A request after one that was refused; on a new connection where the platform has closed this one."""
    answer = await device.request(func_id, params)
    if not isinstance(answer, Closed) or answer.by_us:
        return answer
    bench.trace.note("the platform closed the connection after its refusal: on a new one")
    async with bench.device(which=device.which, second=True) as other:
        return await other.request(func_id, params)


async def prepare(bench: Bench, device: Device, func_ids: tuple[str, ...]) -> None:
    """What `online` does first, for cases that open their connections themselves.

    Raises:
        Ended: As NOT-RUN, if the platform does not take one of these.
    """
    for func_id in func_ids:
        if not device.terms.allows(func_id):
            raise Ended(
                not_run(
                    Told(
                        "the platform does not list {func_id} in its report's reply, so it is not sent", func_id=func_id
                    )
                )
            )
        if func_id == "dev.heartbeat" and not device.terms.heartbeat:
            raise Ended(not_run("the platform wants no heartbeats, so none is sent"))
        if func_id in _LEFT:
            bench.leaves(Told("{left} {pin}, of {sn}.", left=_LEFT[func_id], pin=bench.pin, sn=device.sn))
        if func_id == BIO_PHOTO and not device.terms.photo_types:
            raise Ended(not_run("the platform takes no biometric photos: its multiBioPhotoSupport is all 0"))
    # A platform may know the users of its devices only, so the tester's are uploaded once, whatever is answered.
    if not bench.site.introduced and func_ids != (USER,) and device.terms.allows(USER):
        bench.site.introduced = True
        await device.request(USER, user_params(bench, device))


def values(bench: Bench, device: Device, func_id: str = "") -> dict[str, str]:
    """By field: the tester's user, a meeting, a new logId, file and card, and the time. For `right_params`.

    Args:
        func_id: For a biometric photo, and a user's templates, a type that the platform takes.
    """
    number = bench.log_id()
    now = bench.time()
    return {
        "pin": bench.pin,
        "firstName": "Tester",
        "meetCode": _meet_code(bench, device),
        "logId": number,
        "card": number,
        "fileId": number,
        "verifyTime": now,
        "photoTime": now,
        "verifyStyle": "15",
        "status": "255",
        "recodeType": "255",
        "startTime": "2020-01-01T00:00:00+08:00",
        "endTime": "2037-12-31T23:59:59+08:00",
        **_type(device, func_id),
    }


def _type(device: Device, func_id: str) -> dict[str, str]:
    if func_id == BIO_PHOTO:
        return {"type": str(max(device.terms.photo_types, default=9))}
    return {"type": str(max(device.terms.template_types, default=9))} if func_id == USER else {}


def user_params(bench: Bench, device: Device) -> Message:
    """A right upload of the tester's users, with what is required alone."""
    given = values(bench, device, USER)
    made = [right_params(USER, {**given, "pin": pin})["users"][0] for pin in bench.pins]
    return {"users": made}


def _meet_code(bench: Bench, device: Device) -> str:
    """A meeting that the platform has pushed to this device, or its room's number; 0 where there was none."""
    if bench.site.terms.reading.room_as_meet_code:
        options = (push.read.params.get("option") for push in _pushed(bench, device, "cmd.option.set"))
        numbers = (option.get(ROOM_NUMBER) for option in options if isinstance(option, dict))
        return next((number for number in numbers if isinstance(number, str) and number), NO_MEETING)
    for push in _pushed(bench, device, "cmd.data.update.meeting"):
        for meeting in push.read.params.get("meeting") or ():
            if isinstance(meeting, dict) and meeting.get("id"):
                return str(meeting["id"])
    return NO_MEETING


def _pushed(bench: Bench, device: Device, func_id: str) -> Iterator[Push]:
    """The commands of this kind that came to the device, the latest first."""
    return (push for push in reversed(bench.pushes) if push.func_id == func_id and push.which == device.which)
