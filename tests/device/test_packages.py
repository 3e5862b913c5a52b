"""A platform that takes less in a message than the device's maxPackageSize: what is too large goes up in parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.device.outbox import Record
from simulator.device.packages import SURE_BYTES, Packages
from simulator.device.replies import Reply
from simulator.device.uploads import Upload
from simulator.device.witness import Witness
from simulator.fields.range import Range
from tests.device.deliveries import LOG, PACKAGE, PHOTO, people
from tests.device.harness import World, device_settings
from tests.device.recording import Nobody, Recording

PORTRAIT = "dev.data.upload.userPhoto"
REFUSED = Reply("E0000002", "malformed", {}, 0.0)
USERS = "dev.data.upload.user"


def small_platform(world: World, kilobytes: int) -> None:
    """Refuse every larger message, as the embedded platform does."""
    for func_id in (LOG, PHOTO, PACKAGE, USERS, "dev.data.upload.multiCard"):

        def answer(link: Any, message: Any) -> None:
            seen = world.platform.seen[-1]
            if seen.size > kilobytes * 1024:
                link.reply(message, "E0000002")
            else:
                link.answer(message)

        world.platform.always(func_id, answer)


def records(world: World, device: Any, count: int, size: int = 250) -> None:
    for number in range(count):
        log_id = 10**15 + number
        fields = {"logId": str(log_id), "pin": "1", "meetCode": "m" * size, "verifyTime": "2024-06-26T12:00:00+08:00",
                  "verifyStyle": "1", "status": "255", "category": "0", "recodeType": "255"}  # fmt: skip
        device.delivery.add_record(Record(log_id, fields, world.clock.monotonic()))


@pytest.mark.parametrize("kilobytes", [4, 8, 30])
async def test_batches_of_records_go_up_in_halves(world: World, kilobytes: int) -> None:
    small_platform(world, kilobytes)
    device = await world.online(**people(rate=0.0, batch=100))
    device.delivery.batch = 100
    world.platform.link.close(1001)
    await world.settle()
    records(world, device, 300)
    await world.advance(30)
    assert world.recorder.records["acknowledged"] == 300
    assert world.recorder.records["rejected"] == 0
    assert len(world.platform.links) == 2, "the connection stayed"
    sizes = [seen.size for seen in world.platform.sent(LOG)]
    refused = sum(size > kilobytes * 1024 for size in sizes)
    assert refused == world.recorder.observed()["package.smaller"] <= 4
    assert max(sizes[refused:]) <= kilobytes * 1024, "once it knows, it sends none that is too large"
    taken = [seen for seen in world.platform.sent(LOG) if seen.size <= kilobytes * 1024]
    order = [int(record["logId"]) for seen in taken for record in seen.params["verifyLog"]]
    assert order == list(range(10**15, 10**15 + 300))
    await world.stop(device)


async def test_a_record_that_is_too_large_alone_is_given_up_and_said(world: World) -> None:
    small_platform(world, 8)
    device = await world.online(**people(rate=0.0))
    records(world, device, 1, size=9_000)
    records_before = world.recorder.records["rejected"]
    await world.advance(5)
    assert records_before == 0
    assert world.recorder.records["rejected"] == 1
    assert world.recorder.flow_codes("record_delivery") == ["too large"]
    [said] = [found for rule, _, found, *_ in world.recorder.observations if rule == "upload.too-large"]
    assert "E0000002" in said
    assert "65536" in said


@pytest.mark.parametrize("kilobytes", [4, 16])
@pytest.mark.parametrize("size", [10_000, 40_000, 200_000])
async def test_pictures_go_up_in_pieces_that_the_platform_takes(world: World, kilobytes: int, size: int) -> None:
    small_platform(world, kilobytes)
    device = await world.online(**people(rate=1.0, photos=1.0, size=Range(low=size, high=size)))
    await world.advance(20)
    await world.stop(device, 60)
    counts = world.recorder.records
    assert counts["photo_acknowledged"] == counts["photo_generated"] > 10
    assert set(world.recorder.flow_codes("photo_delivery")) == {"00000000"}
    assert world.recorder.observed().keys() <= {"package.smaller"}


@pytest.mark.parametrize("count", [1, 30])
async def test_users_go_up_in_halves_and_one_alone_is_given_up(world: World, count: int) -> None:
    small_platform(world, 8)
    device = await world.online()
    user = {"pin": "1", "firstName": "x" * (9_000 if count == 1 else 1_000), "funSwitch": "0", "disable": "0"}
    device.delivery.add_uploads([Upload(USERS, "users", [dict(user) for _ in range(count)], created=0.0)])
    await world.advance(5)
    assert device.delivery.idle
    taken = [seen for seen in world.platform.sent(USERS) if seen.size <= 8 * 1024]
    assert sum(len(seen.params["users"]) for seen in taken) == (0 if count == 1 else 30)
    assert world.recorder.observed()["upload.too-large"] == (count == 1)
    refused = len(world.platform.sent(USERS)) - len(taken)
    assert world.recorder.observed()["package.smaller"] == refused <= 2


async def test_what_is_known_to_be_too_large_is_halved_before_it_is_tried(world: World) -> None:
    small_platform(world, 8)
    device = await world.online()
    user = {"pin": "1", "firstName": "x" * 1_000, "funSwitch": "0", "disable": "0"}
    for _ in range(5):
        device.delivery.add_uploads([Upload(USERS, "users", [dict(user) for _ in range(12)], created=0.0)])
    await world.advance(5)
    assert device.delivery.idle
    assert sum(seen.size > 8 * 1024 for seen in world.platform.sent(USERS)) == 1
    assert world.recorder.observed() == {"package.smaller": 1}


async def test_a_new_connection_is_tried_anew(world: World) -> None:
    small_platform(world, 8)
    device = await world.online(**people(rate=0.0, batch=100))
    device.delivery.batch = 100
    for _ in range(2):
        world.platform.link.close(1001)
        await world.settle()
        records(world, device, 100)
        await world.advance(10)
    assert max(seen.size for seen in world.platform.links[2].messages(LOG)) > 8 * 1024


async def test_a_small_message_is_never_suspected_of_its_size(world: World) -> None:
    """Five refusals, as for anything else that is malformed."""
    world.platform.always(LOG, lambda link, message: link.reply(message, "E0000002"))
    device = await world.online(**people(rate=0.0))
    records(world, device, 1)
    await world.advance(2_000)
    assert world.recorder.codes(LOG) == ["E0000002"] * 5
    assert world.recorder.flow_codes("record_delivery") == ["E0000002"]
    assert world.recorder.observed() == {}
    assert device.delivery.idle


async def test_what_is_smaller_than_something_that_was_taken_is_not_suspected(world: World) -> None:
    device = await world.online(max_photos=9)
    created = world.clock.monotonic()

    def picture(size: int, key: int) -> Upload:
        item = {"pin": "1", "meetCode": "m", "photoTime": "", "extension": "jpg", "logId": "1"}
        return Upload(PORTRAIT, "userPhotos", [item], created=created, size=size, key=key)

    device.delivery.add_uploads([picture(40_000, 1)])
    await world.settle()
    world.platform.always(PORTRAIT, lambda link, message: link.reply(message, "E0000002"))
    device.delivery.add_uploads([picture(20_000, 2)])
    await world.advance(2_000)
    assert world.recorder.codes(PORTRAIT) == ["00000000"] + ["E0000002"] * 5
    assert world.recorder.observed() == {"upload.given-up": 1}


@given(st.lists(st.integers(1, 70_000), max_size=30), st.integers(SURE_BYTES, 64 * 1024))
def test_the_limit_is_found_from_above_and_never_below_half_of_what_is_taken(sizes: list[int], real: int) -> None:
    packages = Packages(device_settings(), Witness(Recording(), ManualClock(), Nobody(), 0), 64 * 1024)
    for wanted in sizes:
        while (size := min(wanted, packages.limit)) > real:
            before = packages.limit
            reply = packages.judged(REFUSED, LOG, lambda size=size: size)  # type: ignore[misc]
            assert reply.code == "too large"
            assert packages.limit < before
        assert packages.limit >= min(SURE_BYTES, real // 2)
        packages.taken(size * 3 // 4)
    assert packages.limit > real // 2 or packages.limit >= SURE_BYTES
    packages.reconnected()
    assert packages.limit == 64 * 1024
