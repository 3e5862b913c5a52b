"""The package size: batches are cut to it, and what can never fit is set aside, counted and said."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.held_back import VERIFY_LOG
from simulator.device.outbox import Record
from simulator.device.uploads import Upload
from simulator.protocol.envelope import encode_request
from tests.device.deliveries import LOG, PHOTO, people
from tests.device.harness import World, alone, planned_meeting

LONG = planned_meeting(id="m" * 5_000, name="a name", starts=0.0, ends=10_000.0)


@pytest.mark.parametrize(("batch", "package_kb"), [(100, 4), (2, 4), (64, 64), (40, 16)])
async def test_a_backlog_goes_up_in_packages_that_the_platform_takes(batch: int, package_kb: int) -> None:
    world = World()
    device = await world.online(max_package_kb=package_kb, **people(rate=2.0, batch=batch))
    world.network.connect_script += [world.network.fails("refused")] * 6
    world.platform.link.close(1001)
    await world.advance(200)
    sent = world.platform.sent(LOG)
    assert max(seen.size for seen in sent) <= package_kb * 1024
    longest = max(sent, key=lambda seen: len(seen.params["verifyLog"]))
    assert len(longest.params["verifyLog"]) == batch or longest.size > 0.75 * package_kb * 1024
    await world.stop(device)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"] > 200
    await world.close()


@pytest.mark.parametrize("batch", [1, 100])
async def test_a_record_that_no_package_holds_is_set_aside_counted_and_said(world: World, batch: int) -> None:
    world.platform.package_bytes = 4 * 1024
    device = await world.online(max_package_kb=4, meetings=(LONG,), **people(photos=1.0, batch=batch))
    await world.advance(20)
    await world.stop(device)
    counts = world.recorder.records
    assert counts["rejected"] == counts["generated"] > 15
    assert counts["photo_rejected"] == counts["photo_generated"] == counts["generated"]
    assert device.delivery.outbox.pending == 0
    assert world.platform.sent(LOG) == []
    assert world.recorder.codes(LOG) == []
    assert set(world.recorder.flow_codes("record_delivery")) == {"too large"}
    said = [found for rule, _, found, *_ in world.recorder.observations if rule == "upload.too-large"]
    assert len(said) == counts["rejected"]
    assert LOG in said[0]
    assert "4096" in said[0]


async def test_one_that_is_too_large_holds_up_none_of_the_others(world: World) -> None:
    world.platform.package_bytes = 4 * 1024
    device = await world.online(max_package_kb=4, **people(rate=0.001, batch=100))
    await world.until(lambda: bool(world.platform.sent(LOG)), limit=1000)
    template = world.platform.sent(LOG)[0].params["verifyLog"][0]
    world.platform.link.close(1001)
    await world.settle()
    for number in range(1, 41):
        fields = template | {"logId": str(10**15 + number)}
        if number == 20:
            fields["meetCode"] = "x" * 4_096
        device.delivery.add_record(Record(10**15 + number, fields, world.clock.monotonic()))
    await world.advance(10)
    counts = world.recorder.records
    assert (counts["rejected"], counts["acknowledged"]) == (1, counts["generated"] - 1)
    sent = [int(record["logId"]) for seen in world.platform.sent(LOG) for record in seen.params["verifyLog"]]
    assert sent == sorted(sent)


@pytest.mark.parametrize("func_id", ["dev.data.upload.user", "dev.data.upload.multiCard"])
async def test_an_upload_that_no_package_holds_is_set_aside_and_said(world: World, func_id: str) -> None:
    world.platform.package_bytes = 4 * 1024
    device = await world.online(max_package_kb=4)
    name = "users" if func_id.endswith("user") else "multiCards"
    upload = Upload(func_id, name, [{"pin": "1" * 5_000}], created=world.clock.monotonic(), flow="enrolment_delivery")
    device.delivery.add_uploads([upload])
    await world.advance(60)
    assert world.recorder.observed() == {"upload.too-large": 1, "upload.given-up": 1}
    assert world.recorder.flow_codes("enrolment_delivery") == ["too large"]
    assert world.platform.sent(func_id) == []
    assert device.delivery.idle


async def test_a_picture_whose_own_item_no_package_holds_is_set_aside_too(world: World) -> None:
    """The picture goes up in pieces, and the message that refers to it is too large."""
    device = await world.online(max_package_kb=4, max_photos=5)
    item = {"pin": "1", "meetCode": "m" * 4_500, "photoTime": "", "extension": "jpg", "logId": "1"}
    created = world.clock.monotonic()
    for key in range(3):
        upload = Upload(PHOTO, "verifyPhotos", [item], created=created, size=4_000, key=key, flow="photo_delivery")
        device.delivery._uploads.append(upload)
        device.delivery._stock._photos += 1
        world.recorder.records["photo_generated"] += 1
    device.delivery.kick()
    await world.advance(60)
    assert world.recorder.records["photo_rejected"] == 3
    assert device.delivery._stock._photos == 0
    assert world.recorder.flow_codes("photo_delivery") == ["too large"] * 3


@given(size=st.integers(3_600, 4_400))
@settings(max_examples=40)
@alone
async def test_the_border_is_exact(size: int) -> None:
    world = World()
    world.platform.package_bytes = 4 * 1024
    device = await world.online(max_package_kb=4, **people(rate=0.0))
    fields = {"logId": "1", "pin": "x" * size}
    device.delivery.add_record(Record(1, fields, world.clock.monotonic()))
    world.platform.always(LOG, lambda link, message: link.reply(message))
    await world.advance(1)
    mid = orjson.loads(next(payload for _, payload in world.wire if b"dev.report" in payload))["mid"]
    fits = len(encode_request(VERIFY_LOG, mid, {"verifyLog": [fields]})) <= 4 * 1024
    assert world.recorder.records["rejected"] == (not fits)
    assert world.recorder.records["acknowledged"] == fits
    device.abort()
    await asyncio.sleep(0)
