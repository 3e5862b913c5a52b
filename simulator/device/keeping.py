"""Keeps one device's unsent records and their pictures in a store that outlives the device, and takes them back.

What is kept is what makes them the same again: a record's fields and what somebody did at a meeting by it, a picture's
item, size and key. A restored record is
part of no flow: how long it waited between two runs says nothing about the platform.
"""

from typing import Any

import orjson

from simulator.device.outbox import Record
from simulator.device.unsent import Unsent, UnsentStore
from simulator.device.uploads import Upload
from simulator.measurements.attendance import WHAT

_PHOTO = ("dev.data.upload.verifyPhoto", "verifyPhotos")


class UnusableRecordError(Exception):
    """What was kept of a record is nothing that a device has written; the text says of which."""


class Keeping:
    """The store, as one device uses it."""

    __slots__ = ("_sn", "_store")

    def __init__(self, store: UnsentStore, sn: str) -> None:
        self._store = store
        self._sn = sn

    def restore(self, now: float) -> tuple[list[Record], list[Upload], int]:
        """The records that were not acknowledged, by `logId`; the pictures whose records were; the last `logId`, or 0.

        Args:
            now: monotonic seconds.

        Raises:
            UnusableRecordError: If the store holds what no device has put there.
        """
        records: list[Record] = []
        photos: list[Upload] = []
        last = 0
        for log_id, record, photo in self._store.restore(self._sn):
            last = log_id
            try:
                picture = None if photo is None else _load_photo(photo, log_id, now)
                if record is not None:
                    records.append(_load_record(record, log_id, now, picture))
                elif picture is not None:
                    photos.append(picture)
            except (ValueError, TypeError, LookupError) as error:
                told = f"record {log_id} of {self._sn} in the state file cannot be used"
                raise UnusableRecordError(f"{told}: no device has written it so") from error
        return records, photos, last

    def made(self, record: Record) -> None:
        """A record waits from now on, with its picture if it has one."""
        photo = record.photo
        kept = orjson.dumps((record.fields, record.what))
        self._store.keep(self._sn, Unsent(record.log_id, kept, None if photo is None else _dump_photo(photo)))

    def acknowledged(self, record: Record) -> None:
        """The platform has the record; its picture, if it has one, follows."""
        if record.photo is None:
            self._store.drop(self._sn, record.log_id)
        else:
            self._store.acknowledged(self._sn, record.log_id)

    def given_up(self, record: Record) -> None:
        """The record is not sent again, nor is its picture."""
        self._store.drop(self._sn, record.log_id)

    def photo_left(self, photo: Upload) -> None:
        """The picture of an acknowledged record is up, or was given up."""
        self._store.drop(self._sn, int(photo.items[0]["logId"]))


def _load_record(data: bytes, log_id: int, now: float, photo: Upload | None) -> Record:
    kept, what = orjson.loads(data)
    fields = _texts(kept)
    if fields["logId"] != str(log_id) or what not in ("", *WHAT):
        raise ValueError("no record of this number")
    record = Record(log_id, fields, now, photo)
    record.what = what
    record.restored = True
    return record


def _dump_photo(photo: Upload) -> bytes:
    return orjson.dumps({"item": photo.items[0], "size": photo.size, "key": photo.file_id})


def _load_photo(data: bytes, log_id: int, now: float) -> Upload:
    kept = orjson.loads(data)
    item, size, key = _texts(kept["item"]), kept["size"], int(kept["key"], 16)
    if item["logId"] != str(log_id) or not isinstance(size, int) or size <= 0 or key < 0:
        raise ValueError("no picture of this record")
    return Upload(*_PHOTO, [item], created=now, size=size, key=key)


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("no texts by name")
    return found
