"""The room that records and pictures take, and that each leaves it once, whatever becomes of it."""

from simulator.device.fates import Fates
from simulator.device.keeping import Keeping
from simulator.device.stock import Stock
from simulator.fleet.record_store import RecordStore
from simulator.measurements.names import PHOTO_ACKNOWLEDGED
from tests.device.harness import World, device_settings
from tests.device.test_fates import record


def stock(world: World, store: RecordStore | None = None, **settings: object) -> Stock:
    keeping = None if store is None else Keeping(store, "SN")
    return Stock(device_settings(**settings), Fates(world.env, keeping))  # type: ignore[arg-type]


def test_a_picture_has_a_place_from_its_record_until_it_is_up() -> None:
    world = World()
    made = stock(world, max_photos=1)
    first, second, third = (record(log_id, photo=True) for log_id in (1, 2, 3))
    assert made.add(first)
    assert made.add(second)
    assert second.photo is None
    batch = made.outbox.take(0.0, 2)
    (photo,) = made.acknowledged(batch, 0.0)
    made.photo_left(photo, PHOTO_ACKNOWLEDGED)
    assert made.add(third)
    assert third.photo is not None
    counts = world.recorder.records
    assert counts == {
        "generated": 3,
        "acknowledged": 2,
        "photo_generated": 3,
        "photo_refused": 1,
        "photo_acknowledged": 1,
    }


def test_no_room_for_a_record_is_none_for_its_picture() -> None:
    world = World()
    made = stock(world, max_transactions=1)
    assert made.add(record(1))
    assert not made.add(record(2, photo=True))
    assert world.recorder.records == {"generated": 2, "refused": 1, "photo_generated": 1, "photo_refused": 1}


def test_what_is_lost_is_counted_forgotten_by_the_store_and_leaves_its_room() -> None:
    world = World()
    store = RecordStore()
    made = stock(world, store, max_photos=2, max_transactions=3)
    for log_id in (1, 2):
        made.add(record(log_id, photo=True))
    photos = made.acknowledged(made.outbox.take(0.0, 1), 0.0)
    made.add(record(3))
    assert (store.records, store.photos) == (2, 2)
    assert made.lose(photos) == 2
    assert (store.records, store.photos) == (0, 0)
    assert store.restore("SN") == []
    counts = world.recorder.records
    assert (counts["lost"], counts["photo_lost"], made.outbox.pending) == (2, 2, 0)
    again = record(4, photo=True)
    made.add(again)
    assert again.photo is not None
    assert made.lose([]) == 1


def test_an_empty_stock_loses_nothing() -> None:
    world = World()
    assert stock(world).lose([]) == 0
    assert world.recorder.records == {}
