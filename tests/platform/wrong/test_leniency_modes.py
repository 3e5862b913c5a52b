"""What a lenient platform takes and a strict one refuses: each alone, and never on a right platform."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.platform.harness import IDENTITIES, OK, Device, Identity, Running, record, running
from tests.platform.parts import platform_settings
from tests.platform.wrong.walk import names_of

ONE, TWO = IDENTITIES[:2]
HEARTBEAT, RECORDS = "dev.heartbeat", "dev.data.upload.verifyLog"
FREE = {"isFree": "1"}
START, PIECE, END = "dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end"

Try = Callable[[Running], Awaitable[str]]
"""Does what is wrong (or right) and returns the code it got."""


@asynccontextmanager
async def platform_with(*names: str, **changes: Any) -> AsyncIterator[Running]:
    async with running(platform_settings(wrong=names, **changes)) as platform:
        yield platform


async def sent(device: Device, message: dict[str, Any]) -> str:
    return (await device.ask({"mid": device.mid(), **message}))["code"]


def business(func_id: str, params: Any, **envelope: Any) -> Try:
    async def attempt(platform: Running) -> str:
        device = await platform.online(ONE)
        return await sent(device, {"funcId": func_id, "payload": {"params": params}, **envelope})

    return attempt


def registering(identity: Identity = ONE, **changes: str) -> Try:
    async def attempt(platform: Running) -> str:
        device = await platform.connect(identity)
        params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof(**changes)}
        return await device.code("dev.register", params, sn=identity.sn)

    return attempt


async def another_auth_code(platform: Running) -> str:
    other = await platform.connect(TWO)
    theirs = (await other.register())["authCode"]
    device = await platform.connect(ONE)
    await device.register()
    return await device.code("dev.accredit", device.proof(authCode=theirs), sn=ONE.sn)


async def another_secret(platform: Running) -> str:
    device = await platform.connect(ONE)
    credentials = {**await device.register(), "secret": "x" * 48}
    return await device.code("dev.login", device.proof(**credentials), sn=ONE.sn)


async def before_the_exchange(platform: Running) -> str:
    return await (await platform.connect(ONE)).code("dev.register", {**registering_params()}, sn=ONE.sn)


def registering_params() -> dict[str, str]:
    proof = {"productId": ONE.product_id, "devKey": ONE.digest}
    return {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **proof}


async def before_login(platform: Running) -> str:
    return await (await platform.connect(ONE)).code(HEARTBEAT, FREE)


async def before_report(platform: Running) -> str:
    device = await platform.connect(ONE)
    await device.log_in()
    return await device.code(HEARTBEAT, FREE)


async def without_mid(platform: Running) -> str:
    device = await platform.online(ONE)
    await device.send({"funcId": HEARTBEAT, "payload": {"params": FREE}})
    return (await device.stray())["code"]


async def mid_again(platform: Running) -> str:
    device = await platform.online(ONE)
    await device.code(HEARTBEAT, FREE, mid="again")
    return await device.code(HEARTBEAT, FREE, mid="again")


def heartbeat_of(size: int, mid: str) -> dict[str, Any]:
    message = {"funcId": HEARTBEAT, "mid": mid, "payload": {"params": {"isFree": "1", "fill": ""}}}
    message["payload"]["params"]["fill"] = "x" * (size - len(json.dumps(message).encode()))  # type: ignore[index]
    return message


def of_size(size: int) -> Try:
    async def attempt(platform: Running) -> str:
        device = await platform.online(ONE)
        return (await device.ask(heartbeat_of(size, device.mid())))["code"]

    return attempt


def start_of(content: bytes, file_id: str = "file", **changes: str) -> dict[str, str]:
    digest = hashlib.md5(content).hexdigest()
    return {"fileId": file_id, "size": str(len(content)), "checksum": digest, **changes}


def piece_of(content: bytes, offset: int = 0, file_id: str = "file") -> dict[str, str]:
    return {"fileId": file_id, "offset": str(offset), "content": base64.b64encode(content).decode()}


CONTENT = b"0123456789"


def file(start: dict[str, str], *pieces: dict[str, str], end: bool = True) -> Try:
    """The first code that is no success, or that of the last message."""

    async def attempt(platform: Running) -> str:
        device = await platform.online(ONE)
        code = await device.code(START, start) if start else OK
        for piece in pieces:
            code = code if code != OK else await device.code(PIECE, piece)
        file_id = (start or pieces[0])["fileId"]
        return code if code != OK or not end else await device.code(END, {"fileId": file_id})

    return attempt


async def photo_of_no_file(platform: Running) -> str:
    device = await platform.online(ONE)
    photo = {"pin": "1", "contentFileId": "nothing"}
    return await device.code("dev.data.upload.userPhoto", {"userPhotos": [photo]})


ACCEPTED: dict[str, Try] = {
    "accepts.dev-key": registering(devKey="0" * 64),
    "accepts.product-id": registering(productId="another"),
    "accepts.auth-code": another_auth_code,
    "accepts.secret": another_secret,
    "accepts.unknown-sn": registering(Identity("NOBODY")),
    "accepts.before-exchange": before_the_exchange,
    "accepts.before-login": before_login,
    "accepts.before-report": before_report,
    "accepts.no-mid": without_mid,
    "accepts.long-mid": business(HEARTBEAT, FREE, mid="m" * 33),
    "accepts.repeated-mid": mid_again,
    "accepts.unknown-func-id": business("dev.no.such", {}),
    "accepts.too-large": of_size(64 * 1024 + 1),
    "accepts.missing-field": business(RECORDS, {"verifyLog": [record(1, pin=None)]}),
    "accepts.wrong-format": business(RECORDS, {"verifyLog": [record(1, verifyTime="yesterday")]}),
    "accepts.number-for-text": business(RECORDS, {"verifyLog": [record(1, pin=5)]}),
    "accepts.wrong-shape": business(RECORDS, {"verifyLog": "none"}),
    "accepts.no-content": business("dev.data.upload.userPhoto", {"userPhotos": [{"pin": "1"}]}),
    "accepts.file-gap": file(start_of(CONTENT), piece_of(CONTENT, 5), end=False),
    "accepts.file-size": file(start_of(CONTENT), piece_of(CONTENT[:5])),
    "accepts.file-checksum": file(start_of(CONTENT, checksum="0" * 32), piece_of(CONTENT)),
    "accepts.unknown-file": photo_of_no_file,
    "accepts.file-id": file(start_of(CONTENT, "f" * 65), end=False),
}
SEALED = "accepts.before-exchange"


def suite_of(name: str) -> str:
    return "exchange-only" if name == SEALED else "plain"


def test_every_mistake_is_tried() -> None:
    assert list(ACCEPTED) == names_of("accepts")


@pytest.mark.parametrize("name", ACCEPTED)
async def test_what_is_wrong_is_taken_by_the_lenient_alone(name: str) -> None:
    channel = suite_of(name)
    async with platform_with(name, channel=channel) as platform:
        assert await ACCEPTED[name](platform) == OK
    async with platform_with("reply.time-wrong", channel=channel) as platform:
        assert await ACCEPTED[name](platform) != OK


PLAIN = [name for name in ACCEPTED if name != SEALED]


@pytest.mark.parametrize("name", PLAIN)
async def test_nothing_else_that_is_wrong_is_taken(name: str) -> None:
    for other in PLAIN:
        if other != name:
            async with platform_with(name) as platform:
                assert await ACCEPTED[other](platform) != OK, other


async def test_pieces_and_ends_of_unknown_files() -> None:
    async with platform_with("accepts.unknown-file") as platform:
        assert await file({}, piece_of(CONTENT, file_id="nothing"))(platform) == OK


async def test_a_file_id_of_other_characters() -> None:
    async with platform_with("accepts.file-id") as platform:
        assert await file(start_of(CONTENT, "with-dashes"), end=False)(platform) == OK


async def test_what_is_taken_of_a_connection_that_is_right_but_for_one_thing_is_kept() -> None:
    async with platform_with("accepts.repeated-mid") as platform:
        device = await platform.online(ONE)
        for log_id in (1, 2):
            assert await device.code(RECORDS, {"verifyLog": [record(log_id)]}, mid="again") == OK
        assert len(await platform.records(ONE.sn)) == 2


async def test_a_lenient_platform_registers_as_ever() -> None:
    async with platform_with(*PLAIN) as platform:
        device = await platform.online(ONE)
        assert await device.code(RECORDS, {"verifyLog": [record(1)]}) == OK
        assert [one["logId"] for one in await platform.records(ONE.sn)] == ["1"]


# --- What is right, and refused ---


async def warm(platform: Running) -> str:
    credentials = await (await platform.connect(ONE)).register()
    device = await platform.connect(ONE)
    return await device.code("dev.login", device.proof(**credentials), sn=ONE.sn)


async def record_again(platform: Running) -> str:
    device = await platform.online(ONE)
    assert await device.code(RECORDS, {"verifyLog": [record(1)]}) == OK
    return await device.code(RECORDS, {"verifyLog": [record(1)]})


async def file_again(platform: Running) -> str:
    device = await platform.online(ONE)
    assert await device.code(START, start_of(CONTENT)) == OK
    return await device.code(START, start_of(CONTENT))


async def file_of_before(platform: Running) -> str:
    device = await platform.online(ONE)
    for func_id, params in ((START, start_of(CONTENT)), (PIECE, piece_of(CONTENT)), (END, {"fileId": "file"})):
        assert await device.code(func_id, params) == OK
    await device.close()
    device = await platform.online(ONE)
    photo = {"pin": "1", "contentFileId": "file"}
    return await device.code("dev.data.upload.userPhoto", {"userPhotos": [photo]})


WITHOUT_CHECKSUM = {"fileId": "file", "size": "10"}
REFUSED: dict[str, Try] = {
    "refuses.extra-field": business(RECORDS, {"verifyLog": [record(1, more="5")]}),
    "refuses.mid-of-32": business(HEARTBEAT, FREE, mid="m" * 32),
    "refuses.batch": business(RECORDS, {"verifyLog": [record(1), record(2)]}),
    "refuses.duplicate-record": record_again,
    "refuses.warm-start": warm,
    "refuses.urgent": business(HEARTBEAT, FREE, imme="1"),
    "refuses.bare-heartbeat": business(HEARTBEAT, {}),
    "refuses.empty-optional": business(
        "dev.data.upload.userPhoto",
        {"userPhotos": [{"pin": "1", "content": base64.b64encode(CONTENT).decode(), "contentFileId": ""}]},
    ),
    "refuses.other-zone": business(RECORDS, {"verifyLog": [record(1, verifyTime="2024-06-26T00:00:00+00:00")]}),
    "refuses.largest-package": of_size(64 * 1024),
    "refuses.file-id-of-64": file(start_of(CONTENT, "f" * 64), end=False),
    "refuses.file-restart": file_again,
    "refuses.no-checksum": file(WITHOUT_CHECKSUM, end=False),
    "refuses.file-of-before": file_of_before,
}


def test_every_refusal_is_tried() -> None:
    assert list(REFUSED) == names_of("refuses")


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_right_is_refused_by_the_strict_alone(name: str) -> None:
    async with platform_with(name) as platform:
        assert await REFUSED[name](platform) != OK
    async with platform_with("reply.time-wrong") as platform:
        assert await REFUSED[name](platform) == OK


@pytest.mark.parametrize("name", REFUSED)
async def test_nothing_else_that_is_right_is_refused(name: str) -> None:
    for other in REFUSED:
        # The message of the package limit is filled by a field that nobody knows.
        if other != name and {name, other} != {"refuses.extra-field", "refuses.largest-package"}:
            async with platform_with(name) as platform:
                assert await REFUSED[other](platform) == OK, other
