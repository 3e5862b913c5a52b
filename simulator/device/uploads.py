"""One upload of users, cards or pictures; a picture too large for one package goes up as a file first.

What is to be sent is kept as a description; the picture's bytes exist only while they are on their way.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from simulator.device.functions import Functions
from simulator.device.photos import PhotoStudio
from simulator.device.replies import Reply
from simulator.device.retries import Retried
from simulator.device.session import Session
from simulator.device.terms import Terms
from simulator.protocol import envelope
from simulator.protocol.times import format_iso, parse_iso

UPLOAD_USER = "dev.data.upload.user"
FILE_FUNC_IDS = ("dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end")

_ENVELOPE_ROOM = 256
"""Bytes of a package kept free for what stands around a file's piece."""


class Upload(Retried):
    """Items of one message, and the picture that belongs to the only item, if any."""

    __slots__ = (
        "created",
        "expires",
        "file_complete",
        "flow",
        "func_id",
        "held_back",
        "items",
        "key",
        "list_name",
        "size",
    )

    def __init__(
        self,
        func_id: str,
        list_name: str,
        items: list[dict[str, Any]],
        *,
        created: float,
        size: int = 0,
        key: int = 0,
        flow: str | None = None,
        expires: float | None = None,
    ) -> None:
        super().__init__()
        self.func_id = func_id
        self.list_name = list_name
        """Name of the list in the message's params."""
        self.items = items
        self.created = created
        """Monotonic seconds of the event that caused the upload."""
        self.size = size
        """Bytes of the picture; 0 for none."""
        self.key = key
        """Up to 128 random bits: they pick the picture's bytes and name the file."""
        self.flow = flow
        """The flow that ends with this upload, if it is measured as one."""
        self.expires = expires
        """Monotonic seconds after which it says nothing to anybody any more, and is not sent."""
        self.held_back = False
        """Whether it was told that the platform's terms hold it, or a part of it, back."""
        self.file_complete = False
        """Whether the platform holds the whole file already, perhaps from an earlier connection."""

    @property
    def file_id(self) -> str:
        """`fileId` of the picture where it goes up as a file: 32 hex digits, as a UUID without dashes."""
        return f"{self.key:032x}"


def fits(upload: Upload, package_bytes: int) -> bool:
    """Whether the upload goes up in one message of at most `package_bytes` of JSON."""
    encoded = 4 * ((upload.size + 2) // 3)
    if encoded >= package_bytes:
        return False
    size = message_bytes(upload.func_id, upload.list_name, upload.items)
    # The member that holds the picture.
    return size + encoded + len(',"content":""') <= package_bytes


def of_those_listed(uploads: list[Upload], functions: Functions) -> list[Upload]:
    """The uploads that the device's firmware knows; a flow that ended with one of the others ends with the last."""
    if not functions.lacks(upload.func_id for upload in uploads):
        return uploads
    kept = [upload for upload in uploads if upload.func_id not in functions.without]
    flow = next((upload.flow for upload in uploads if upload.flow is not None), None)
    if kept and kept[-1].flow is None:
        kept[-1].flow = flow
    return kept


def largest_message(upload: Upload, package_bytes: int) -> int:
    """About how many bytes of JSON the largest message has by which the upload goes up, at most `package_bytes`."""
    if upload.size and not fits(upload, package_bytes):
        return package_bytes
    return message_bytes(upload.func_id, upload.list_name, upload.items) + 4 * ((upload.size + 2) // 3)


def message_bytes(func_id: str, list_name: str, items: list[dict[str, Any]]) -> int:
    """Bytes of the JSON of a message with the longest mid."""
    return len(envelope.encode_request(func_id, "0" * envelope.MAX_MID_LENGTH, {list_name: items}))


async def send_upload(
    session: Session, upload: Upload, studio: PhotoStudio, package_bytes: int, terms: Terms, offset_minutes: int
) -> Reply:
    """Send `upload`, in pieces where it must be; returns the reply that decided it.

    After a failure in the middle of a file the next attempt begins the file anew; a file that the platform has
    completely is only referred to again.

    Args:
        offset_minutes: the device's time zone, in which users' validity goes up.
    """
    if not upload.size:
        items = upload.items
        if upload.func_id == UPLOAD_USER:
            items = in_local_time(with_templates_of(items, terms.template_types), offset_minutes)
        return await session.request(upload.func_id, {upload.list_name: items})
    if fits(upload, package_bytes):
        content = base64.b64encode(studio.jpeg(upload.size, upload.key)).decode("ascii")
        return await session.request(upload.func_id, _with(upload, {"content": content}))
    if not upload.file_complete:
        failure = await _send_file(session, upload, studio, package_bytes)
        if failure is not None:
            return failure
        upload.file_complete = True
    reply = await session.request(upload.func_id, _with(upload, {"contentFileId": upload.file_id}))
    if reply.answered and not reply.ok:
        # Whatever it disliked, the next attempt starts from nothing.
        upload.file_complete = False
    return reply


async def _send_file(session: Session, upload: Upload, studio: PhotoStudio, package_bytes: int) -> Reply | None:
    """Start, packages, end. Returns the reply that stopped it, or None."""
    picture = studio.jpeg(upload.size, upload.key)
    file_id = upload.file_id
    start = {
        "fileId": file_id,
        "size": str(len(picture)),
        "checksum": hashlib.md5(picture, usedforsecurity=False).hexdigest(),
    }
    reply = await session.request("dev.file.upload.start", start)
    if not reply.ok:
        return reply
    piece = max(3, (package_bytes - _ENVELOPE_ROOM) // 4 * 3)
    for offset in range(0, len(picture), piece):
        content = base64.b64encode(picture[offset : offset + piece]).decode("ascii")
        reply = await session.request(
            "dev.file.upload.package", {"fileId": file_id, "offset": str(offset), "content": content}
        )
        if not reply.ok:
            return reply
    reply = await session.request("dev.file.upload.end", {"fileId": file_id})
    return None if reply.ok else reply


def _with(upload: Upload, picture: Mapping[str, Any]) -> dict[str, Any]:
    return {upload.list_name: [{**upload.items[0], **picture}]}


def halves(upload: Upload) -> tuple[Upload, Upload]:
    """An upload of several items as two; the flow that ends with it ends with the second."""
    middle = len(upload.items) // 2
    first, second = (
        Upload(upload.func_id, upload.list_name, items, created=upload.created, flow=flow, expires=upload.expires)
        for items, flow in ((upload.items[:middle], None), (upload.items[middle:], upload.flow))
    )
    first.held_back = second.held_back = upload.held_back
    return first, second


@lru_cache(maxsize=64)
def room_for(func_id: str, list_name: str, package_bytes: int) -> int:
    """Bytes that a package of at most `package_bytes` of JSON has for the items of its list (see `size_in_list`)."""
    return package_bytes - len(envelope.encode_request(func_id, "0" * envelope.MAX_MID_LENGTH, {list_name: []}))


def size_in_list(item: Mapping[str, Any]) -> int:
    """Bytes of an item and the comma behind it."""
    return len(orjson.dumps(item)) + 1


def user_pages(users: list[dict[str, Any]], package_bytes: int) -> list[list[dict[str, Any]]]:
    """Users in pages that each fit one message; one empty page where there are none."""
    pages: list[list[dict[str, Any]]] = [[]]
    room = empty = room_for(UPLOAD_USER, "users", package_bytes)
    for user in users:
        size = size_in_list(user)
        if size > room and pages[-1]:
            pages.append([])
            room = empty
        pages[-1].append(user)
        room -= size
    return pages


def in_local_time(users: list[dict[str, Any]], offset_minutes: int) -> list[dict[str, Any]]:
    """The users with their validity in the device's time zone, as they go up (section 上传用户信息)."""
    return [
        user | {name: _local(user[name], offset_minutes) for name in ("startTime", "endTime") if name in user}
        for user in users
    ]


@lru_cache(maxsize=256)  # most users of a fleet are valid for the same years
def _local(moment: str, offset_minutes: int) -> str:
    try:
        return format_iso(parse_iso(moment), offset_minutes)
    except ValueError:
        return moment  # at the very end of the calendar, where the other zone has no such day


def with_templates_of(users: list[dict[str, Any]], types: frozenset[int]) -> list[dict[str, Any]]:
    """The users without templates of types that the platform does not take (`multiBioDataSupport`)."""
    return [_with_templates_of(user, types) for user in users]


def templates_left_out(users: list[dict[str, Any]], types: frozenset[int]) -> int:
    """How many templates `with_templates_of` leaves out."""
    return sum(int(template["type"]) not in types for user in users for template in user.get("bioDatas") or ())


def _with_templates_of(user: dict[str, Any], types: frozenset[int]) -> dict[str, Any]:
    templates = user.get("bioDatas")
    if not templates:
        return user
    taken = [template for template in templates if int(template["type"]) in types]
    if len(taken) == len(templates):
        return user
    shown = {name: value for name, value in user.items() if name != "bioDatas"}
    return shown | {"bioDatas": taken} if taken else shown
