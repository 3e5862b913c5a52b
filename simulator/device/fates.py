"""What became of a device's records and pictures: told to the recorder, to what outlives the device, to attendance.

Each record is told of once where it is generated, and once where its fate is known.
"""

from collections.abc import Callable, Iterable, Sequence

from simulator.device.environment import Environment
from simulator.device.held_back import VERIFY_PHOTO
from simulator.device.keeping import Keeping
from simulator.device.outbox import Record
from simulator.device.uploads import Upload
from simulator.measurements.names import (
    ACKNOWLEDGED,
    GENERATED,
    LOST,
    PHOTO_GENERATED,
    PHOTO_LOST,
    PHOTO_REFUSED,
    PHOTO_REJECTED,
    RECORD_DELIVERY,
    REFUSED,
    REJECTED,
)
from simulator.protocol.codes import SUCCESS


class Fates:
    """The accounts of one device.

    Args:
        keeping: where unsent records outlive the device; None for nowhere.
    """

    __slots__ = ("_env", "_keeping", "on_acknowledged", "on_fate")

    def __init__(self, env: Environment, keeping: Keeping | None = None) -> None:
        self._env = env
        self._keeping = keeping
        self.on_acknowledged: Callable[[Sequence[Record]], None] | None = None
        """Told of records that the platform acknowledged."""
        self.on_fate: Callable[[Record, bool], None] | None = None
        """Told once of each record that says `what`: whether it was acknowledged, when that is certain."""

    def restore(self, *, photos: bool) -> tuple[list[Record], list[Upload], int]:
        """What an earlier life left unsent, as `Keeping.restore`.

        Args:
            photos: whether the device uploads pictures of records; else those that were kept are refused.

        Raises:
            UnusableRecordError: If that is nothing that a device has left.
        """
        if self._keeping is None:
            return [], [], 0
        records, uploads, last = self._keeping.restore(self._env.clock.monotonic())
        if not photos:
            for upload in uploads:
                self.photo_left(upload, PHOTO_REFUSED)
            uploads = []
            for record in records:
                self.photo_refused(record)
        return records, uploads, last

    def generated(self, record: Record) -> None:
        """Somebody verified."""
        self._env.recorder.record(GENERATED, 1)
        if record.photo is not None:
            self._env.recorder.record(PHOTO_GENERATED, 1)

    def photo_refused(self, record: Record) -> None:
        """There is no room for the record's picture, if it has one."""
        if record.photo is not None:
            record.photo = None
            self._env.recorder.record(PHOTO_REFUSED, 1)

    def refused(self, record: Record) -> None:
        """There is no room for the record."""
        self._env.recorder.record(REFUSED, 1)
        self.photo_refused(record)
        self._known(record, acknowledged=False)

    def stored(self, record: Record) -> None:
        """The record waits, and so does its picture."""
        if self._keeping is not None:
            self._keeping.made(record)

    def acknowledged(self, batch: Sequence[Record], at: float) -> None:
        """The platform has the records, by a reply of the monotonic time `at`; their pictures follow."""
        self._env.recorder.record(ACKNOWLEDGED, len(batch))
        for record in batch:
            if self._keeping is not None:
                self._keeping.acknowledged(record)
            self._delivered(record, SUCCESS, at)
            self._known(record, acknowledged=True)
        if self.on_acknowledged is not None:
            self.on_acknowledged(batch)

    def rejected(self, record: Record, code: str, at: float) -> None:
        """The record was given up after a reply of the monotonic time `at`, and its picture with it."""
        self._env.recorder.record(REJECTED, 1)
        if record.photo is not None:
            self._env.recorder.record(PHOTO_REJECTED, 1)
        if self._keeping is not None:
            self._keeping.given_up(record)
        self._delivered(record, code, at)
        self._known(record, acknowledged=False)

    def lost(self, records: Sequence[Record]) -> None:
        """The store in which the records and their pictures waited is gone."""
        if not records:
            return
        self._env.recorder.record(LOST, len(records))
        photos = sum(record.photo is not None for record in records)
        if photos:
            self._env.recorder.record(PHOTO_LOST, photos)
        for record in records:
            if self._keeping is not None:
                self._keeping.given_up(record)
            self._known(record, acknowledged=False)

    def photo_left(self, upload: Upload, event: str) -> None:
        """The picture of an acknowledged record is no more to be sent: `event` says why."""
        if upload.func_id == VERIFY_PHOTO:
            self._env.recorder.record(event, 1)
            if self._keeping is not None:
                self._keeping.photo_left(upload)

    def ended(self, waiting: Iterable[Record]) -> None:
        """The device's life is over before these were acknowledged."""
        for record in waiting:
            self._known(record, acknowledged=False)

    def flow(self, name: str, created: float, code: str, at: float) -> None:
        """A flow that began at the monotonic time `created` has ended with a reply that came at `at`, whenever it was
        read."""
        self._env.recorder.flow(name, created + self._env.epoch, at - created, code)

    def _delivered(self, record: Record, code: str, at: float) -> None:
        if not record.restored:
            self.flow(RECORD_DELIVERY.name, record.verified, code, at)

    def _known(self, record: Record, *, acknowledged: bool) -> None:
        if record.what and self.on_fate is not None:
            self.on_fate(record, acknowledged)
