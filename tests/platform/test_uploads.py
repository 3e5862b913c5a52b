"""What devices upload, on real sockets: stored once, refused as a whole, files used once."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.platform.harness import IDENTITIES, OK, Device, Running, record

ONE = IDENTITIES[0]
BAD_VALUE = "E0000004"
JPEG = bytes(range(256)) * 400
INLINE = base64.b64encode(JPEG[:2000]).decode()


async def upload_file(device: Device, file_id: str, content: bytes = JPEG, piece: int = 30_000) -> None:
    checksum = hashlib.md5(content).hexdigest()
    params: dict[str, Any] = {"fileId": file_id, "size": str(len(content)), "checksum": checksum}
    assert await device.code("dev.file.upload.start", params) == OK
    for offset in range(0, len(content), piece):
        part = base64.b64encode(content[offset : offset + piece]).decode()
        params = {"fileId": file_id, "offset": str(offset), "content": part}
        assert await device.code("dev.file.upload.package", params) == OK
    assert await device.code("dev.file.upload.end", {"fileId": file_id}) == OK


def photo(log_id: str | None = "7", **content: str) -> dict[str, Any]:
    entry = {"pin": "1", "meetCode": "123", "photoTime": "2024-06-26T00:00:00+08:00", **content}
    return {"verifyPhotos": [entry if log_id is None else entry | {"logId": log_id}]}


async def test_records_are_known_by_log_id(platform: Running) -> None:
    device = await platform.online(ONE)
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(10), record(9), record(11)]}) == OK
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(10, pin="other")]}) == OK
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record("010")]}) == OK
    assert await device.code("dev.data.upload.verifyLog", {"verifyLog": []}) == OK
    other = await platform.online(IDENTITIES[1])
    assert await other.code("dev.data.upload.verifyLog", {"verifyLog": [record(10)]}) == OK
    records = await platform.records(ONE.sn)
    assert [(row["logId"], row["received"], row["pin"]) for row in records] == [
        ("9", 1, "1"),
        ("10", 3, "1"),
        ("11", 1, "1"),
    ]
    devices = (await platform.ledger())["devices"]
    assert (devices[ONE.sn]["records"], devices[ONE.sn]["duplicates"]) == (3, 2)
    assert devices[IDENTITIES[1].sn]["records"] == 1


@pytest.mark.parametrize("name", ["contentFileId", "contentFileDialog"])
async def test_a_large_photo_comes_in_pieces(platform: Running, name: str) -> None:
    device = await platform.online(ONE)
    await upload_file(device, "f1")
    assert await device.code("dev.data.upload.verifyPhoto", photo(**{name: "f1"})) == OK
    assert (await platform.ledger())["devices"][ONE.sn]["photos"] == 1


async def test_a_photo_whose_answer_was_lost(platform: Running) -> None:
    device = await platform.online(ONE)
    await upload_file(device, "f1")
    for _ in range(2):
        assert await device.code("dev.data.upload.verifyPhoto", photo(contentFileId="f1")) == OK
        assert await device.code("dev.data.upload.verifyPhoto", photo("8", content=INLINE)) == OK
        assert await device.code("dev.data.upload.verifyPhoto", photo(None, content=INLINE)) == OK
    assert (await platform.ledger())["devices"][ONE.sn]["photos"] == 3


async def test_a_file_is_used_once(platform: Running) -> None:
    device = await platform.online(ONE)
    await upload_file(device, "f1")
    assert await device.code("dev.data.upload.verifyPhoto", photo(contentFileId="f1")) == OK
    assert await device.code("dev.data.upload.verifyPhoto", photo("8", contentFileId="f1")) == BAD_VALUE
    assert await device.code("dev.data.upload.userPhoto", {"userPhotos": [{"pin": "1", "contentFileId": "f1"}]}) == (
        BAD_VALUE
    )


async def test_an_unknown_file_refuses_the_whole_message(platform: Running) -> None:
    device = await platform.online(ONE)
    entries = photo("1", content=INLINE)["verifyPhotos"] + photo("2", contentFileId="nothere")["verifyPhotos"]
    assert await device.code("dev.data.upload.verifyPhoto", {"verifyPhotos": entries}) == BAD_VALUE
    assert (await platform.ledger())["devices"][ONE.sn]["photos"] == 0


async def test_a_completed_file_survives_a_reconnect(platform: Running) -> None:
    device = await platform.online(ONE)
    await upload_file(device, "f1")
    start = {"fileId": "f2", "size": "10"}
    assert await device.code("dev.file.upload.start", start) == OK
    await device.close()
    device = await platform.online(ONE)
    assert await device.code("dev.data.upload.verifyPhoto", photo(contentFileId="f1")) == OK
    piece = {"fileId": "f2", "offset": "0", "content": base64.b64encode(b"x" * 10).decode()}
    assert await device.code("dev.file.upload.package", piece) == OK


async def test_users_portraits_bio_photos_and_cards(platform: Running) -> None:
    device = await platform.online(ONE)
    user = {"pin": "1", "firstName": "三", "lastName": "张", "funSwitch": "0", "disable": "0"}
    await upload_file(device, "bio1")
    for _ in range(2):
        assert await device.code("dev.data.upload.user", {"users": [user, user | {"pin": "2"}]}) == OK
        assert await device.code("dev.data.upload.userPhoto", {"userPhotos": [{"pin": "1", "content": INLINE}]}) == OK
        bio = {"pin": "1", "type": "9", "contentFileId": "bio1"}
        assert await device.code("dev.data.upload.bioPhoto", {"bioPhotos": [bio]}) == OK
        card = {"pin": "1", "card": "12345678"}
        assert await device.code("dev.data.upload.multiCard", {"multiCards": [card]}) == OK
    held = (await platform.ledger())["devices"][ONE.sn]
    assert [held[name] for name in ("users", "userPhotos", "bioPhotos", "cards")] == [2, 1, 1, 1]
