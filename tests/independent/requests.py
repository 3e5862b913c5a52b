"""What the platform does with each request of a device, once its channel, its mid and its order are right."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import checks
from .channel import strict_base64
from .checks import DENIED, FORMAT, MALFORMED, RefusalError, fields, items
from .store import File

if TYPE_CHECKING:
    from .session import Session

Params = Mapping[str, Any]
Results = dict[str, Any] | None


def same(ours: str, theirs: str) -> bool:
    return bool(ours) and hmac.compare_digest(ours.encode(), theirs.encode())


def local_time(offset: str, moment: datetime | None = None) -> str:
    """Now, or a moment, as the platform's local time."""
    hours, minutes = offset[1:].split(":")
    span = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-span if offset[0] == "-" else span)
    return (moment or datetime.now(zone)).astimezone(zone).isoformat(timespec="seconds")


def _proven(session: Session, params: Params) -> None:
    """The device of this connection has the right productId and devKey."""
    device = session.platform.devices.get(session.asked_sn)
    if device is None:
        raise RefusalError(DENIED, "unknown sn")
    if session.sn and session.sn != session.asked_sn:
        raise RefusalError(DENIED, "another device's sn")
    if not same(device.identity.product_id, params["productId"]):
        raise RefusalError(DENIED, "wrong productId")
    if not same(device.digest, params["devKey"]) and "any-devkey" not in session.wrong:
        raise RefusalError(DENIED, "wrong devKey")


def _authorised(session: Session, ours: str, theirs: str) -> None:
    if not same(ours, theirs) and "any-authcode" not in session.wrong:
        raise RefusalError(DENIED, "wrong authCode")


def register(session: Session, params: Params) -> Results:
    _proven(session, fields(params, checks.REGISTER))
    device = session.platform.devices[session.asked_sn]
    if session.style.fresh_keys or not device.auth_code:
        device.auth_code, device.secret = secrets.token_hex(16), ""
    return {"authCode": device.auth_code}


def accredit(session: Session, params: Params) -> Results:
    _proven(session, fields(params, checks.ACCREDIT))
    device = session.platform.devices[session.asked_sn]
    _authorised(session, device.auth_code, params["authCode"])
    if session.style.fresh_keys or not device.secret:
        device.secret = secrets.token_urlsafe(48)
    return {"secret": device.secret}


def login(session: Session, params: Params) -> Results:
    _proven(session, fields(params, checks.LOGIN))
    device = session.platform.devices[session.asked_sn]
    _authorised(session, device.auth_code, params["authCode"])
    if not same(device.secret, params["secret"]) and "any-secret" not in session.wrong:
        raise RefusalError(DENIED, "wrong secret")
    session.log_in(device)
    return None


def report(session: Session, params: Params) -> Results:
    fields(params, checks.REPORT)
    checks.strings(params, "funcIds")
    device = session.device
    device.report = dict(params)
    session.limit = int(params.get("maxPackageSize") or "64") * 1024
    session.reported = True
    device.told = device.told or datetime.now(UTC)
    return session.style.report_results(device.report)


def heartbeat(session: Session, params: Params) -> Results:
    fields(params, checks.HEARTBEAT)
    return None


def sync_time(session: Session, params: Params) -> Results:
    return {"time": local_time(session.style.timezone)}


def file_start(session: Session, params: Params) -> Results:
    fields(params, checks.FILE_START)
    checksum = (params.get("checksum") or "").lower()
    session.platform.files[session.sn, params["fileId"]] = File(int(params["size"]), checksum)
    session.started.add(params["fileId"])
    return None


def _part(session: Session, params: Params) -> File:
    file = session.platform.files.get((session.sn, params["fileId"]))
    if file is None or file.complete:
        raise RefusalError(FORMAT, "unknown file")
    return file


def file_package(session: Session, params: Params) -> Results:
    file = _part(session, fields(params, checks.FILE_PACKAGE))
    offset, data = int(params["offset"]), strict_base64(params["content"])
    if session.style.keeps_parts and offset + len(data) <= len(file.data):
        if file.data[offset : offset + len(data)] != data:
            raise RefusalError(FORMAT, "a repeated piece differs")
        return None
    if offset != len(file.data) and "any-offset" not in session.wrong:
        raise RefusalError(FORMAT, f"offset {offset} where {len(file.data)} bytes are there")
    if len(file.data) + len(data) > file.size:
        raise RefusalError(FORMAT, "more than its size")
    file.data += data
    return None


def file_end(session: Session, params: Params) -> Results:
    file = _part(session, fields(params, checks.FILE_END))
    if not file.whole("any-checksum" in session.wrong):
        del session.platform.files[session.sn, params["fileId"]]
        raise RefusalError(FORMAT, "wrong size or checksum")
    file.complete = True
    return None


def users(session: Session, params: Params) -> Results:
    batch = items(params, "users", checks.USER, empty=True)
    for user in batch:
        if "bioDatas" in user:
            items(user, "bioDatas", checks.BIO_DATA, empty=True)
    for user in batch:
        session.platform.users[session.sn, user["pin"]] = user
    session.platform.uploads.append((session.sn, [user["pin"] for user in batch]))
    return None


def cards(session: Session, params: Params) -> Results:
    for card in items(params, "multiCards", checks.CARD):
        session.platform.cards[session.sn, card["card"]] = card
    return None


def photos(kind: str, rules: Mapping[str, checks.Rule]) -> Callable[[Session, Params], Results]:
    """The upload of one kind of photo, whose content is in the message or in a file that came before."""

    def upload(session: Session, params: Params) -> Results:
        store = session.platform
        found: list[tuple[dict[str, Any], bytes, str]] = []
        for photo in items(params, f"{kind}s", rules):
            file_id = checks.file_of(photo)
            key = (session.sn, file_id)
            if not file_id:
                found.append((photo, strict_base64(photo["content"]), ""))
            elif file_id in (name for _, _, name in found):
                raise RefusalError(FORMAT, "one file for two photos")
            elif key in store.files and store.files[key].complete:
                found.append((photo, bytes(store.files[key].data), file_id))
            elif store.used_files.get(key) != {"kind": kind, **photo}:
                raise RefusalError(FORMAT, "unknown file")
        for photo, data, file_id in found:
            if file_id:
                store.used_files[session.sn, file_id] = {"kind": kind, **photo}
                del store.files[session.sn, file_id]
            entry = (session.sn, kind, {name: photo[name] for name in photo if name != "content"}, data)
            if "stores-nothing" not in session.wrong and entry not in store.photos:
                store.photos.append(entry)
        return None

    return upload


def _observe(session: Session, record: Params) -> None:
    """What looks wrong in a record, although no rule refuses it."""
    if record["status"] != record["recodeType"]:
        session.platform.observe(session, f"status {record['status']}, but recodeType {record['recodeType']}")
    known = session.device.told and datetime.fromisoformat(record["verifyTime"]) > session.device.told
    if known and record["verifyTime"][-6:] != session.style.timezone:
        session.platform.observe(session, f"a record's time {record['verifyTime']} has another offset")


def records(session: Session, params: Params) -> Results:
    store, sn = session.platform, session.sn
    try:
        batch = items(params, "verifyLog", checks.VERIFY_LOG)
    except RefusalError:
        if "half-batches" not in session.wrong:
            raise
        batch = [record for record in params["verifyLog"] if record.get("pin") and record.get("logId")]
    if "duplicate-refused" in session.wrong and any((sn, record["logId"]) in store.records for record in batch):
        raise RefusalError(MALFORMED, "duplicate logId")
    for record in batch:
        kept = store.records.get((sn, record["logId"]))
        if kept is None:
            _observe(session, record)
            if "stores-nothing" not in session.wrong:
                store.records[sn, record["logId"]] = record
        else:
            store.counts["duplicate records"] += 1
            if kept != record:
                store.observe(session, f"logId {record['logId']} came again with other values")
    return None


HANDLERS: dict[str, Callable[[Session, Params], Results]] = {
    "dev.register": register,
    "dev.accredit": accredit,
    "dev.login": login,
    "dev.report": report,
    "dev.heartbeat": heartbeat,
    "dev.system.sync.time": sync_time,
    "dev.file.upload.start": file_start,
    "dev.file.upload.package": file_package,
    "dev.file.upload.end": file_end,
    "dev.data.upload.user": users,
    "dev.data.upload.userPhoto": photos("userPhoto", checks.PHOTO),
    "dev.data.upload.bioPhoto": photos("bioPhoto", checks.BIO_PHOTO),
    "dev.data.upload.multiCard": cards,
    "dev.data.upload.verifyLog": records,
    "dev.data.upload.verifyPhoto": photos("verifyPhoto", checks.VERIFY_PHOTO),
}
WITHOUT_PAYLOAD = ("dev.heartbeat", "dev.system.sync.time")
ENTRANCE = ("dev.register", "dev.accredit", "dev.login")
