"""What a device has of records and pictures until the platform has them: the room they take, and what becomes of each.

It is in the device's flash, so it outlives reboots and power cuts; with a `state_file` it outlives the run.
"""

from collections.abc import Sequence

from simulator.device.fates import Fates
from simulator.device.held_back import VERIFY_LOG, VERIFY_PHOTO
from simulator.device.outbox import Outbox, Record
from simulator.device.settings import DeviceSettings
from simulator.device.uploads import Upload
from simulator.measurements.names import PHOTO_LOST


class Stock:
    """The records of one device, and the pictures of theirs that are not up.

    Attributes:
        outbox: the records, in the order in which they go up.
        fates: told what becomes of records and of pictures.
    """

    __slots__ = ("_max_photos", "_photos", "_sends_records", "_takes_photos", "fates", "outbox")

    def __init__(self, settings: DeviceSettings, fates: Fates) -> None:
        self.fates = fates
        self.outbox = Outbox(settings.max_transactions)
        self._max_photos = settings.max_photos
        self._sends_records = VERIFY_LOG not in settings.functions.without
        self._takes_photos = VERIFY_PHOTO not in settings.functions.without
        self._photos = 0

    @property
    def photos(self) -> int:
        """Pictures that wait, those of records that wait themselves included."""
        return self._photos

    def restore(self) -> tuple[list[Upload], int]:
        """Take back what an earlier life left unsent: it goes up first.

        Returns:
            The pictures whose records are acknowledged, and the last `logId` of it all, 0 for none.

        Raises:
            UnusableRecordError: If that is nothing that a device has left.
        """
        if not self._sends_records:
            return [], 0  # They stay kept, for firmware that can send them.
        records, photos, last = self.fates.restore(photos=self._takes_photos)
        self.outbox.restore(records)
        self._photos += len(photos) + _pictured(records)
        return photos, last

    def add(self, record: Record) -> bool:
        """Somebody verified. Returns whether there is room for the record."""
        fates = self.fates
        if not self._takes_photos:
            record.photo = None
        fates.generated(record)
        if not self.outbox.add(record):
            fates.refused(record)
            return False
        if self._photos >= self._max_photos:
            fates.photo_refused(record)
        elif record.photo is not None:
            self._photos += 1
        fates.stored(record)
        return True

    def acknowledged(self, batch: Sequence[Record], at: float) -> list[Upload]:
        """The platform has the records, by a reply of the monotonic time `at`. Returns their pictures, which follow."""
        self.outbox.acknowledged(batch)
        self.fates.acknowledged(batch, at)
        return [record.photo for record in batch if record.photo is not None]

    def rejected(self, record: Record, code: str, at: float) -> None:
        """The record was given up after a reply of the monotonic time `at`, and its picture with it."""
        if record.photo is not None:
            self._photos -= 1
        self.fates.rejected(record, code, at)

    def photo_left(self, upload: Upload, event: str) -> None:
        """The picture of an acknowledged record, if `upload` is one, is no more to be sent: `event` says why."""
        if upload.func_id == VERIFY_PHOTO:
            self._photos -= 1
            self.fates.photo_left(upload, event)

    def lose(self, photos: Sequence[Upload]) -> int:
        """All is gone, `photos` of acknowledged records too. Returns how many records there were."""
        for photo in photos:
            self.photo_left(photo, PHOTO_LOST)
        records = self.outbox.clear()
        self._photos -= _pictured(records)
        self.fates.lost(records)
        return len(records)


def _pictured(records: Sequence[Record]) -> int:
    return sum(record.photo is not None for record in records)
