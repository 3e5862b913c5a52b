"""Right uploads and files for the cases that bend them: records, photos, and files that go up in pieces."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.business import values
from simulator.conform.case import Ended, failed, not_run
from simulator.conform.generated import Message, right_params
from simulator.conform.tester import MAX_PACKAGE_KB, Device
from simulator.device.photos import PhotoStudio
from simulator.texts.told import Told
from simulator.texts.translation import N_

START: Final = "dev.file.upload.start"
PACKAGE: Final = "dev.file.upload.package"
END: Final = "dev.file.upload.end"
FILES: Final = (START, PACKAGE, END)

PACKAGE_BYTES: Final = MAX_PACKAGE_KB * 1024
"""Of a message's JSON at most."""
PIECE_BYTES: Final = 45_000
"""Of a file in one package: in base64, and with the envelope, it stays below `PACKAGE_BYTES`."""
LARGEST_PHOTO: Final = 255 * 1024
SMALL_PHOTO: Final = 1_000

NOTHING: Final[Mapping[str, object]] = {}

_STUDIO: Final = PhotoStudio()


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the six uploads."""

    name: str
    """As in the ids of its cases."""
    entries: str
    """Name of its list."""
    what: str
    optional: tuple[str, ...]
    """Fields that may be absent; of content and contentFileId it has the content."""
    photo: bool = False

    @property
    def func_id(self) -> str:
        """Of the message."""
        return f"dev.data.upload.{self.name}"


USERS: Final = Kind(
    *("user", "users", N_("user")),
    (
        *("password", "passwordSalt", "group", "idNum", "startTime", "endTime", "lastName", "threatLevelGroupNum"),
        *("bioDatas", "no", "index", "valid", "duress"),
    ),
)
USER_PHOTOS: Final = Kind("userPhoto", "userPhotos", N_("portrait"), ("extension",), photo=True)
BIO_PHOTOS: Final = Kind("bioPhoto", "bioPhotos", "biometric photo", ("no", "index", "extension"), photo=True)
CARDS: Final = Kind("multiCard", "multiCards", N_("card"), ("type", "lossFlag"))
RECORDS: Final = Kind("verifyLog", "verifyLog", N_("record"), ())
VERIFY_PHOTOS: Final = Kind("verifyPhoto", "verifyPhotos", "verification photo", ("photoTime", "extension"), photo=True)
KINDS: Final = (USERS, USER_PHOTOS, BIO_PHOTOS, CARDS, RECORDS, VERIFY_PHOTOS)


def entry(
    kind: Kind,
    bench: Bench,
    device: Device,
    place: int = 0,
    *,
    complete: bool = False,
    change: Mapping[str, object] = NOTHING,
) -> Message:
    """A right entry; several of one message differ by `place`. A value of None in `change` leaves a field out."""
    right: Message = values(bench, device, kind.func_id)
    if kind is USERS and place:
        right["pin"] = f"{bench.pin}{place}"
    if kind is USER_PHOTOS:
        right["pin"] = bench.pins[place % len(bench.pins)]
    if kind is BIO_PHOTOS:
        right["index"] = str(place)
    if kind.photo:
        right["content"] = encoded(photo(SMALL_PHOTO, place))
    including = set(kind.optional) if complete else set()
    if not device.terms.template_types:
        including.discard("bioDatas")
    if kind is BIO_PHOTOS and place:
        including.add("index")
    (made,) = right_params(kind.func_id, right, frozenset(including))[kind.entries]
    return {name: value for name, value in {**made, **change}.items() if value is not None}


def photo(size: int, key: int = 0) -> bytes:
    """A JPEG of so many bytes; other keys give other pictures."""
    return _STUDIO.jpeg(size, key)


def encoded(content: bytes) -> str:
    """Standard base64."""
    return b64encode(content).decode()


async def send(device: Device, kind: Kind, *entries: Message) -> Answer:
    """The upload of these entries."""
    return await device.request(kind.func_id, {kind.entries: list(entries)})


def size_of(device: Device, func_id: str, params: Message) -> int:
    """Bytes of the request's JSON; its mid is as long as the next one's."""
    return len(orjson.dumps(device.message(func_id, params)))


# --- Files ---


async def send_file(
    device: Device,
    file_id: str,
    content: bytes,
    *,
    piece: int = PIECE_BYTES,
    checksum: str | None = None,
    end: bool = True,
) -> Answer:
    """A file in pieces of so many bytes; the last answer, or the first that is no success.

    Args:
        checksum: Empty for none; None for the right one.
        end: Whether the upload is completed.
    """
    answer = await start_file(device, file_id, len(content), digest(content) if checksum is None else checksum)
    for offset in range(0, len(content), piece):
        if not succeeded(answer):
            return answer
        answer = await send_piece(device, file_id, offset, content[offset : offset + piece])
    return await end_file(device, file_id) if end and succeeded(answer) else answer


def digest(content: bytes) -> str:
    """The checksum of a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


async def start_file(device: Device, file_id: str, size: int, checksum: str = "") -> Answer:
    """The start of a file of so many bytes; without a checksum where it is empty."""
    params = {"fileId": file_id, "size": str(size)}
    return await device.request(START, {**params, "checksum": checksum} if checksum else params)


async def end_file(device: Device, file_id: str) -> Answer:
    """The end of a file."""
    return await device.request(END, {"fileId": file_id})


async def use_file(bench: Bench, device: Device, file_id: str) -> Answer:
    """A portrait out of a file."""
    return await send(
        device, USER_PHOTOS, entry(USER_PHOTOS, bench, device, change={"content": None, "contentFileId": file_id})
    )


async def send_piece(device: Device, file_id: str, offset: int, content: bytes) -> Answer:
    """One piece of a file."""
    return await device.request(PACKAGE, {"fileId": file_id, "offset": str(offset), "content": encoded(content)})


def succeeded(answer: Answer) -> bool:
    """Whether the platform has accepted it."""
    return isinstance(answer, Reply) and answer.ok


def must(*answers: Answer) -> None:
    """What belongs to the case's own subject has to be a success.

    Raises:
        Ended: As FAILED, if one is none.
    """
    for answer in answers:
        if not succeeded(answer):
            raise Ended(failed(Told("before the last message: {told}", told=answer.told)))


def given(*answers: Answer) -> None:
    """What a case only stands on: that it is accepted is judged by another case.

    Raises:
        Ended: As NOT-RUN, if one is no success.
    """
    for answer in answers:
        if not succeeded(answer):
            raise Ended(not_run(Told("what it stands on did not succeed: {told}", told=answer.told)))
