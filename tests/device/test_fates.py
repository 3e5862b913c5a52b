"""What is told of records: each generated one ends as refused, acknowledged, rejected or pending, once."""

import pytest

from simulator.device.fates import Fates
from simulator.device.keeping import Keeping
from simulator.device.outbox import Record
from simulator.device.uploads import Upload
from simulator.fleet.record_store import RecordStore
from simulator.measurements.attendance import SIGN_IN
from simulator.measurements.names import PHOTO_ACKNOWLEDGED
from simulator.protocol.codes import SUCCESS
from tests.device.harness import World


def record(log_id: int, *, photo: bool = False, what: str = "") -> Record:
    fields = {"logId": str(log_id)}
    upload = Upload("dev.data.upload.verifyPhoto", "verifyPhotos", [fields], created=0.0, size=1_000, key=1)
    made = Record(log_id, fields, 0.0, upload if photo else None)
    made.what = what
    return made


def test_every_end_is_counted_and_only_attendance_hears_of_its_own() -> None:
    world = World()
    fates = Fates(world.env)
    heard: list[tuple[int, bool]] = []
    fates.on_fate = lambda one, acknowledged: heard.append((one.log_id, acknowledged))
    every = [record(log_id, photo=True, what=SIGN_IN) for log_id in range(1, 5)]
    for one in every:
        fates.generated(one)
    fates.refused(every[0])
    fates.acknowledged(every[1:2], world.clock.monotonic() - 0.25)
    fates.rejected(every[2], "E0000004", world.clock.monotonic())
    fates.ended([every[3], record(5)])
    assert heard == [(1, False), (2, True), (3, False), (4, False)]
    counts = {"generated": 4, "refused": 1, "acknowledged": 1, "rejected": 1}
    photos = {"photo_generated": 4, "photo_refused": 1, "photo_rejected": 1}
    assert world.recorder.records == counts | photos
    assert world.recorder.flow_codes("record_delivery") == [SUCCESS, "E0000004"]
    [(_, started, duration, _), _] = world.recorder.flows
    assert started + duration == pytest.approx(world.clock.wall() - 0.25), "it lasted until the reply came"


def test_what_is_kept_goes_with_its_fate() -> None:
    world = World()
    store = RecordStore()
    fates = Fates(world.env, Keeping(store, "SN"))
    every = [record(log_id, photo=log_id != 2) for log_id in (1, 2, 3)]
    for one in every:
        fates.stored(one)
    fates.acknowledged(every[:2], world.clock.monotonic())
    fates.rejected(every[2], "E0000004", world.clock.monotonic())
    assert (store.records, store.photos) == (0, 1)
    photo = every[0].photo
    assert photo is not None
    fates.photo_left(photo, PHOTO_ACKNOWLEDGED)
    assert store.restore("SN") == []


def test_a_firmware_that_uploads_no_pictures_refuses_those_that_were_kept() -> None:
    world = World()
    store = RecordStore()
    keeping = Keeping(store, "SN")
    alone, with_record = record(1, photo=True), record(2, photo=True)
    keeping.made(alone)
    keeping.acknowledged(alone)
    keeping.made(with_record)
    (restored,), uploads, last = Fates(world.env, keeping).restore(photos=False)
    assert (restored.photo, uploads, last) == (None, [], 2)
    assert world.recorder.records == {"photo_refused": 2}
    assert Fates(world.env).restore(photos=True) == ([], [], 0)
