"""The three photos (document 3.9, 3.10, 3.13): their content in the message or in a file, types and records."""

from functools import partial
from typing import Final

from simulator.conform.answers import Answer
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome
from simulator.conform.expect import accepted, refused
from simulator.conform.generated import Message
from simulator.conform.tester import Device
from simulator.conform.upload_cases import REFUSED, accepts, each, left_open, one, refuses, takes
from simulator.conform.uploads import (
    BIO_PHOTOS,
    FILES,
    LARGEST_PHOTO,
    RECORDS,
    SMALL_PHOTO,
    USER_PHOTOS,
    VERIFY_PHOTOS,
    Kind,
    encoded,
    entry,
    given,
    photo,
    send,
    send_file,
)
from simulator.texts.told import Told

_EITHER_OF: Final = "与content不能同时为空"
_EMPTY: Final = (
    "docs/deviations.md, Files: exactly one of content and contentFileId is given; an empty one counts as absent"
)
_BY_FILE: Final = "将照片预先分包上传设备, 详见 上传大文件, 然后指定fileId"
_PHOTO_BYTES: Final = 71_000
"""Of a face photo, more than a package holds."""


async def _file(bench: Bench, device: Device, size: int = SMALL_PHOTO, key: int = 0) -> str:
    """A completed file; its id."""
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(size, key)))
    return file_id


def _out_of(kind: Kind, bench: Bench, device: Device, file_id: str, place: int = 0) -> Message:
    change = {"content": None, "contentFileId": file_id}
    return entry(kind, bench, device, place, change=change)


# --- Content and file ---


async def _by_file(kind: Kind, size: int, bench: Bench, device: Device) -> Outcome:
    file_id = await _file(bench, device, size)
    return accepted(await send(device, kind, _out_of(kind, bench, device, file_id)))


async def _alias(kind: Kind, bench: Bench, device: Device) -> Outcome:
    change = {"content": None, "contentFileDialog": await _file(bench, device)}
    return accepted(await send(device, kind, entry(kind, bench, device, change=change)))


async def _empty_content(kind: Kind, bench: Bench, device: Device) -> Outcome:
    change = {"content": "", "contentFileId": await _file(bench, device)}
    return accepted(await send(device, kind, entry(kind, bench, device, change=change)))


async def _content_and_file(kind: Kind, bench: Bench, device: Device) -> Outcome:
    change = {"contentFileId": await _file(bench, device)}
    return accepted(await send(device, kind, entry(kind, bench, device, change=change)))


async def _two_files(kind: Kind, bench: Bench, device: Device) -> Outcome:
    file_ids = [await _file(bench, device, key=key) for key in range(2)]
    photos = [_out_of(kind, bench, device, file_id, place) for place, file_id in enumerate(file_ids)]
    return accepted(await send(device, kind, *photos))


async def _one_file_twice(kind: Kind, bench: Bench, device: Device) -> Outcome:
    file_id = await _file(bench, device)
    photos = [_out_of(kind, bench, device, file_id, place) for place in range(2)]
    return accepted(await send(device, kind, *photos))


async def _unknown_file_in_batch(kind: Kind, bench: Bench, device: Device) -> Outcome:
    good = entry(kind, bench, device)
    return refused(await send(device, kind, good, _out_of(kind, bench, device, bench.file_id(), 1)))


async def _other_picture(kind: Kind, bench: Bench, device: Device) -> Outcome:
    first = entry(kind, bench, device)
    given(await send(device, kind, first))
    return accepted(await send(device, kind, {**first, "content": encoded(photo(SMALL_PHOTO, 7))}))


# --- The record of a verification photo ---


async def _recorded(bench: Bench, device: Device) -> tuple[Message, Answer]:
    record = entry(RECORDS, bench, device)
    return record, await send(device, RECORDS, record)


async def _of_its_record(bench: Bench, device: Device) -> Outcome:
    record, answer = await _recorded(bench, device)
    given(answer)
    change = {"logId": record["logId"], "meetCode": record["meetCode"], "photoTime": record["verifyTime"]}
    return accepted(await send(device, VERIFY_PHOTOS, entry(VERIFY_PHOTOS, bench, device, change=change)))


async def _of_its_record_by_file(bench: Bench, device: Device) -> Outcome:
    record, answer = await _recorded(bench, device)
    given(answer)
    change = {"logId": record["logId"], "content": None, "contentFileId": await _file(bench, device)}
    return accepted(await send(device, VERIFY_PHOTOS, entry(VERIFY_PHOTOS, bench, device, change=change)))


async def _again_for_its_record(bench: Bench, device: Device) -> Outcome:
    record, answer = await _recorded(bench, device)
    picture = entry(VERIFY_PHOTOS, bench, device, change={"logId": record["logId"]})
    given(answer, await send(device, VERIFY_PHOTOS, picture))
    return accepted(await send(device, VERIFY_PHOTOS, picture))


async def _before_its_record(bench: Bench, device: Device) -> Outcome:
    change = {"logId": bench.log_id()}
    return accepted(await send(device, VERIFY_PHOTOS, entry(VERIFY_PHOTOS, bench, device, change=change)))


# --- Biometric types ---


def _of_every_type(bench: Bench, device: Device) -> list[Message]:
    return [entry(BIO_PHOTOS, bench, device, change={"type": str(kind)}) for kind in sorted(device.terms.photo_types)]


def _cases(kind: Kind) -> tuple[Case, ...]:
    what = kind.what
    return (
        takes(
            kind,
            "by-file",
            Told("A {what} of 71 KB goes up as a file", what=what),
            "with the contentFileId of a file that was uploaded before",
            _BY_FILE,
            partial(_by_file, kind, _PHOTO_BYTES),
            *FILES,
        ),
        takes(
            kind,
            "by-file.largest",
            Told("A {what} of 255 KB goes up as a file", what=what),
            "with the contentFileId of a file of 255 KB",
            "The vendor's manuals: a photo has 255 KB at most",
            partial(_by_file, kind, LARGEST_PHOTO),
            *FILES,
        ),
        takes(
            kind,
            "by-file.alias",
            "contentFileDialog is taken for contentFileId",
            "with the file's id in contentFileDialog, as the document's table has it",
            "docs/deviations.md, Names and slips: the platform takes both",
            partial(_alias, kind),
            *FILES,
        ),
        takes(
            kind,
            "by-file.empty-content",
            "An empty content beside a contentFileId counts as absent",
            'with "content": "" and a contentFileId',
            _EMPTY,
            partial(_empty_content, kind),
            *FILES,
        ),
        takes(
            kind,
            "by-file.two",
            "Two photos of one message may each name a file",
            "with two entries and two files",
            _BY_FILE,
            partial(_two_files, kind),
            *FILES,
        ),
        takes(
            kind,
            "content.empty-file-id",
            "An empty contentFileId beside a content counts as absent",
            'with a content and "contentFileId": ""',
            _EMPTY,
            accepts(kind, one(kind, contentFileId="")),
        ),
        takes(
            kind,
            "content.neither",
            "A photo whose content and contentFileId are empty is refused",
            'with "content": "" and "contentFileId": ""',
            _EITHER_OF,
            refuses(kind, one(kind, content="", contentFileId="")),
            expects=REFUSED,
        ),
        left_open(
            kind,
            "content.both",
            "A photo with content and contentFileId",
            "with a content and the id of a file",
            partial(_content_and_file, kind),
            *FILES,
        ),
        left_open(
            kind,
            "by-file.one-for-two",
            "Two photos out of one file",
            "with two entries that name the same file",
            partial(_one_file_twice, kind),
            *FILES,
        ),
        takes(
            kind,
            "one-bad.file",
            "A photo out of a file that there is not refuses the whole message",
            "with two entries of which the second names a file that was not uploaded",
            "docs/deviations.md, Records and photos: one bad entry refuses the whole message",
            partial(_unknown_file_in_batch, kind),
            expects=REFUSED,
        ),
        left_open(
            kind,
            "other-picture",
            "Another picture under the same keys",
            "twice, with another picture the second time",
            partial(_other_picture, kind),
        ),
    )


CASES = (
    *(case for kind in (USER_PHOTOS, BIO_PHOTOS, VERIFY_PHOTOS) for case in _cases(kind)),
    takes(
        BIO_PHOTOS,
        "types",
        "A photo of each biometric type that the platform takes is accepted",
        "with an entry for each type of multiBioPhotoSupport in the report's reply",
        "multiBioPhotoSupport: 设备多模态生物特征图片支持, 按位定义",
        accepts(BIO_PHOTOS, _of_every_type),
    ),
    takes(
        BIO_PHOTOS,
        "no-and-index",
        "Photos of one type that differ by no and index are accepted",
        "with no 0 and 1 and index 0 and 1",
        "no: 整型, 默认值为0; index: 整型, 从0开始计算",
        accepts(BIO_PHOTOS, each(BIO_PHOTOS, *({"no": no, "index": index} for no in "01" for index in "01"))),
    ),
    takes(
        VERIFY_PHOTOS,
        "logId",
        "A photo of a record that was uploaded is accepted",
        "with the logId of a record",
        "logId: 验证记录id, 用于和验证照片进行对应",
        _of_its_record,
        RECORDS.func_id,
    ),
    takes(
        VERIFY_PHOTOS,
        "logId.by-file",
        "A photo of a record may be a file",
        "with the logId of a record and a contentFileId",
        _BY_FILE,
        _of_its_record_by_file,
        RECORDS.func_id,
        *FILES,
    ),
    takes(
        VERIFY_PHOTOS,
        "logId.again",
        "A photo of a record that comes again is acknowledged again",
        "with the logId of a record, twice",
        "docs/deviations.md, Records: what was not acknowledged is sent again",
        _again_for_its_record,
        RECORDS.func_id,
    ),
    takes(
        VERIFY_PHOTOS,
        "logId.none",
        "A photo without a logId is accepted",
        "without logId",
        "logId: 否",
        accepts(VERIFY_PHOTOS, one(VERIFY_PHOTOS, logId=None)),
    ),
    left_open(
        VERIFY_PHOTOS, "logId.unknown", "A photo before its record", "with a logId of no record", _before_its_record
    ),
    takes(
        VERIFY_PHOTOS,
        "photoTime.west",
        "A photo's time may have another offset",
        "whose photoTime has the offset -05:00",
        "photoTime: 用户验证拍照时间; ISO8601标准时间格式: yyyy-MM-ddTHH:mm:ss±HH:mm",
        accepts(VERIFY_PHOTOS, one(VERIFY_PHOTOS, photoTime="2024-06-26T00:00:00-05:00")),
    ),
)
