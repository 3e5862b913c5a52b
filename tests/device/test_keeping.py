"""Unsent records over several lives of a device: each is sent until it is acknowledged, in order, as it was."""

import orjson
import pytest

from simulator.device.keeping import Keeping, UnusableRecordError
from simulator.device.outbox import Record
from simulator.device.unsent import Unsent
from simulator.device.uploads import Upload
from simulator.fleet.record_store import RecordStore
from simulator.measurements.attendance import LATE
from simulator.measurements.names import DeviceState
from tests.device.answers import refuse, silent, usual
from tests.device.deliveries import LOG, PHOTO, log_ids, people
from tests.device.harness import World, alone

SN = "SN0000"
Rows = dict[str, list[Unsent]]


def given_store(world: World, rows: Rows | None = None) -> RecordStore:
    """A store for the devices of `world`, which holds `rows` of an earlier life."""
    world.env.unsent = store = RecordStore(rows, count=world.recorder.record)
    return store


def written(*stores: RecordStore) -> Rows:
    """What a state file holds after what the stores gave out."""
    rows: dict[tuple[str, int], Unsent] = {}
    for store in stores:
        for key, row in store.take().items():
            rows.pop(key, None)
            if row is not None:
                rows[key] = row
    found: Rows = {}
    for (sn, _), row in sorted(rows.items()):
        found.setdefault(sn, []).append(row)
    return found


async def first_life(seconds: float = 30, photos: float = 0.0) -> Rows:
    """What a device leaves that never got an answer to a record."""
    world = World()
    store = given_store(world)
    world.platform.always(LOG, silent)
    await world.online(**people(rate=1, photos=photos))
    await world.advance(seconds)
    await world.close()
    assert world.recorder.records["generated"] > 0
    return written(store)


def next_world(rows: Rows, hours: float = 1.0) -> tuple[World, RecordStore]:
    world = World()
    world.clock.advance(hours * 3_600)
    return world, given_store(world, rows)


@alone
async def test_what_was_not_sent_goes_up_first_in_the_next_life_as_it_was() -> None:
    rows = await first_life()
    records = [orjson.loads(row.record or b"")[0] for row in rows[SN]]
    assert len(records) >= 25
    world, store = next_world(rows)
    await world.online(**people(rate=1, batch=10))
    await world.advance(30)
    ids = [log_id for batch in log_ids(world) for log_id in batch]
    assert ids[: len(records)] == [int(record["logId"]) for record in records]
    assert ids == sorted(set(ids))
    assert max(len(batch) for batch in log_ids(world)) == 10
    for record in records:
        assert world.platform.records[record["logId"]] == record
    counts = world.recorder.records
    assert counts["restored"] == len(records)
    assert counts["resent"] == counts["unclaimed"] == 0
    assert counts["acknowledged"] == counts["generated"] + len(records)
    assert len(world.recorder.flow_codes("record_delivery")) == counts["generated"]
    assert max(duration for name, _, duration, _ in world.recorder.flows if name == "record_delivery") < 60
    assert all(late < 60 for *_, late in world.recorder.requests)
    await world.close()
    assert (store.records, store.photos) == (0, 0)
    assert store.take() == dict.fromkeys([(SN, int(record["logId"])) for record in records])


@alone
async def test_firmware_that_sends_no_records_leaves_them_for_one_that_does() -> None:
    rows = await first_life()
    world, store = next_world(rows)
    await world.online(keys={"functions": {"without": [LOG]}})
    await world.advance(30)
    assert world.platform.sent(LOG) == []
    await world.close()
    assert store.take() == {}
    again, _ = next_world(rows)
    await again.online()
    await again.advance(30)
    assert len(again.platform.records) == len(rows[SN])
    await again.close()


@alone
async def test_what_was_restored_is_late_by_no_ones_fault() -> None:
    rows = await first_life()
    world, _ = next_world(rows)
    world.network.connect_script += [world.network.fails("refused")] * 3
    device = await world.start(**people(rate=0.001))
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.advance(5)
    assert [late for name, *_, late in world.recorder.requests if name == LOG] == [0.0] * len(rows[SN])
    await world.close()


@alone
async def test_new_numbers_continue_above_the_kept_ones_though_the_clock_was_set_back() -> None:
    rows = await first_life()
    world, _ = next_world(rows, hours=0.0)
    await world.online(**people(rate=1))
    await world.advance(10)
    ids = [log_id for batch in log_ids(world) for log_id in batch]
    assert ids == sorted(set(ids))
    assert len(ids) > len(rows[SN])
    assert ids[len(rows[SN])] == rows[SN][-1].log_id + 1
    await world.close()


@alone
async def test_a_picture_goes_up_behind_its_record_with_the_same_bytes() -> None:
    rows = await first_life(photos=1.0)
    assert all(row.photo is not None for row in rows[SN])
    world, store = next_world(rows)
    await world.online(**people(rate=0.001))
    await world.advance(60)
    await world.close()
    again, _ = next_world(rows)
    await again.online(**people(rate=0.001))
    await again.advance(60)
    await again.close()
    kept = {orjson.loads(row.photo or b"")["item"]["logId"]: row for row in rows[SN]}
    pictures = {item["logId"]: content for func_id, item, content in world.platform.pictures if func_id == PHOTO}
    assert pictures.keys() == kept.keys()
    assert {len(content) for content in pictures.values()} == {
        orjson.loads(row.photo or b"")["size"] for row in rows[SN]
    }
    assert pictures == {item["logId"]: content for _, item, content in again.platform.pictures}
    counts = world.recorder.records
    assert counts["photo_restored"] == counts["photo_acknowledged"] == len(kept)
    assert "photo_delivery" not in {name for name, *_ in world.recorder.flows}
    assert (store.records, store.photos) == (0, 0)


@alone
async def test_a_picture_whose_record_is_up_goes_up_alone() -> None:
    world = World()
    store = given_store(world)
    world.platform.always(PHOTO, silent)
    await world.online(**people(rate=0.2, photos=1.0))
    await world.until(lambda: world.recorder.records["acknowledged"] >= 1)
    await world.close()
    rows = written(store)
    assert rows[SN][0].record is None
    assert rows[SN][0].photo is not None
    last = rows[SN][-1].log_id
    world, _ = next_world(rows, hours=0.0)
    await world.online(**people(rate=0.2))
    await world.advance(30)
    assert rows[SN][0].log_id not in {log_id for batch in log_ids(world) for log_id in batch}
    assert str(rows[SN][0].log_id) in {item["logId"] for _, item, _ in world.platform.pictures}
    assert min(log_id for batch in log_ids(world) for log_id in batch if log_id > last) == last + 1
    await world.close()


@alone
async def test_what_was_given_up_or_found_no_room_is_not_kept() -> None:
    world = World()
    store = given_store(world)
    world.platform.always(LOG, refuse())
    await world.online(**people(rate=1, photos=0.5), max_transactions=5)
    await world.advance(120)
    counts = world.recorder.records
    assert counts["rejected"] >= 1
    assert counts["refused"] >= 1
    await world.close()
    held = counts["generated"] - counts["rejected"] - counts["refused"]
    assert store.records == held == len(written(store).get(SN, []))


@alone
async def test_more_than_the_store_has_room_for_is_taken_back_all_the_same() -> None:
    rows = await first_life()
    world, _ = next_world(rows)
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1), max_transactions=5)
    await world.advance(5)
    assert device.delivery.outbox.pending == len(rows[SN])
    assert world.recorder.records["refused"] == world.recorder.records["generated"] > 0
    world.platform.always(LOG, usual)
    await world.advance(60)
    assert {str(row.log_id) for row in rows[SN]} <= world.platform.records.keys()
    await world.close()


@alone
async def test_a_device_that_is_switched_on_again_in_the_same_run_has_its_records() -> None:
    world = World()
    given_store(world)
    world.platform.always(LOG, silent)
    first = await world.online(**people(rate=1))
    await world.advance(10)
    await world.stop(first, drain=0.0)
    made = world.recorder.records["generated"]
    world.devices.clear()
    world.finished.clear()
    world.platform.always(LOG, usual)
    await world.online(**people(rate=1))
    await world.advance(10)
    counts = world.recorder.records
    assert counts["restored"] == 0  # they are among the generated ones
    assert made > 0
    assert counts["acknowledged"] == counts["generated"] > made
    await world.close()


@pytest.mark.parametrize(
    "row",
    [
        Unsent(5, b"", None),
        Unsent(5, b"[]", None),
        Unsent(5, b'{"logId": "5"}', None),
        Unsent(5, b'[{"logId": 5}, ""]', None),
        Unsent(5, b'[{"logId": "6"}, ""]', None),
        Unsent(5, b'[{"pin": "1"}, ""]', None),
        Unsent(5, b'[{"logId": "5"}, "dance"]', None),
        Unsent(5, b'[{"logId": "5"}, ""]', b"{}"),
        Unsent(5, None, b'{"item": {"logId": "5"}, "size": "9", "key": "0"}'),
        Unsent(5, None, b'{"item": {"logId": "5"}, "size": 9, "key": "of a door"}'),
    ],
)
def test_what_no_device_has_written_is_refused_by_name(row: Unsent) -> None:
    with pytest.raises(UnusableRecordError, match=r"record 5 of SN in the state file cannot be used"):
        Keeping(RecordStore({"SN": [row]}), "SN").restore(0.0)


def test_a_row_makes_the_same_record_and_picture() -> None:
    item = {"logId": "9", "pin": "1"}
    photo = Upload("dev.data.upload.verifyPhoto", "verifyPhotos", [item], created=1.0, size=2_000, key=77)
    store = RecordStore()
    keeping = Keeping(store, "SN")
    made = Record(9, {"logId": "9", "pin": "1"}, 1.0, photo)
    made.what = LATE
    keeping.made(made)
    (record,), photos, last = keeping.restore(50.0)
    assert record.what == LATE
    assert (record.log_id, record.fields, record.restored, photos, last) == (9, item, True, [], 9)
    assert record.photo is not None
    assert (record.photo.items, record.photo.size, record.photo.key) == ([item], 2_000, 77)
    assert record.photo.flow is None
    keeping.acknowledged(record)
    records, (again,), last = keeping.restore(50.0)
    assert (records, again.items, again.file_id, last) == ([], [item], photo.file_id, 9)
    keeping.photo_left(again)
    assert keeping.restore(50.0) == ([], [], 0)
