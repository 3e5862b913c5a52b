"""Pictures and people on their way up: whole, in pieces, in several messages; cut off, refused, begun again."""

import base64
import io
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simulator.device.functions import functions_of
from simulator.device.uploads import Upload, fits, of_those_listed, user_pages, with_templates_of
from simulator.fields.range import Range
from simulator.protocol.envelope import encode_request
from tests.device.answers import Answer, Message, closes, drops, refuse, silent, usual
from tests.device.deliveries import END, LOG, PACKAGE, PHOTO, START, people
from tests.device.harness import World

MID = "0" * 32
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("without", [[], ["dev.data.upload.multiCard"], ["dev.data.upload.user", "dev.data.upload.x"]])
def test_a_flow_ends_with_the_last_upload_that_the_firmware_knows(without: list[str]) -> None:
    uploads = [
        Upload(name, "items", [{}], created=0.0) for name in ("dev.data.upload.user", "dev.data.upload.bioPhoto")
    ]
    uploads.append(Upload("dev.data.upload.multiCard", "items", [{}], created=0.0, flow="enrolment"))
    kept = of_those_listed(uploads, functions_of(without, ()))
    assert [upload.func_id for upload in kept] == [each.func_id for each in uploads if each.func_id not in without]
    assert [upload.flow for upload in kept] == [None] * (len(kept) - 1) + ["enrolment"]


@given(
    users=st.lists(
        st.fixed_dictionaries({"pin": texts, "firstName": texts}, optional={"lastName": texts}), max_size=60
    ),
    room=st.integers(600, 3000),
)
@settings(max_examples=50)
def test_pages_fit_and_hold_everybody_in_order(users: list[dict[str, Any]], room: int) -> None:
    pages = user_pages(users, room)
    assert [user for page in pages for user in page] == users
    assert pages[0] or not users
    assert all(pages[1:])
    for page in pages:
        assert len(encode_request("dev.data.upload.user", MID, {"users": page})) <= room
    for before, after in pairwise(pages):
        together = encode_request("dev.data.upload.user", MID, {"users": [*before, after[0]]})
        assert len(together) + 1 > room  # no page ends early


def test_nobody_is_one_empty_page() -> None:
    assert user_pages([], 65_536) == [[]]


@given(size=st.integers(1_000, 60_000), pin=texts, slack=st.integers(-8, 8))
@settings(max_examples=80)
def test_fits_says_what_the_encoder_makes(size: int, pin: str, slack: int) -> None:
    upload = Upload("dev.data.upload.userPhoto", "userPhotos", [{"pin": pin}], created=0.0, size=size, key=1)
    content = base64.b64encode(bytes(size)).decode()
    message = encode_request(upload.func_id, MID, {"userPhotos": [{"pin": pin, "content": content}]})
    assert fits(upload, len(message) + slack) == (slack >= 0)


def test_file_ids_are_letters_and_digits() -> None:
    for key in (0, 1, 2**128 - 1):
        upload = Upload("f", "l", [{}], created=0.0, size=1, key=key)
        assert len(upload.file_id) == 32
        assert upload.file_id.isalnum()


@pytest.mark.parametrize(("types", "left"), [({1, 9}, ["1", "9", "1"]), ({9}, ["9"]), (set(), None), ({1}, ["1", "1"])])
def test_templates_are_chosen_without_touching_the_user(types: set[int], left: list[str] | None) -> None:
    user = {"pin": "1", "bioDatas": [{"type": "1"}, {"type": "9"}, {"type": "1"}]}
    before = orjson.dumps(user)
    [shown] = with_templates_of([user], frozenset(types))
    assert [item["type"] for item in shown["bioDatas"]] == left if left else "bioDatas" not in shown
    assert shown["pin"] == "1"
    assert orjson.dumps(user) == before


# --- Pictures ---


async def test_a_small_picture_goes_inline_with_the_log_id_of_its_record(world: World) -> None:
    await world.online(**people(photos=1.0))
    await world.advance(10)
    assert len(world.platform.pictures) >= 9
    for _, item, data in world.platform.pictures:
        record = world.platform.records[item["logId"]]
        assert item["pin"] == record["pin"]
        assert item["meetCode"] == record["meetCode"]
        assert item["photoTime"] == record["verifyTime"]
        assert "contentFileId" not in item
        assert 9_000 <= len(data) <= 25_000
        Image.open(io.BytesIO(data)).load()
    assert len({data for _, _, data in world.platform.pictures}) == len(world.platform.pictures)
    sent = [seen.func_id for seen in world.platform.seen]
    assert sent.index(LOG) < sent.index(PHOTO)
    assert START not in sent


async def test_a_large_picture_goes_in_pieces_below_the_package_size(world: World) -> None:
    await world.online(**people(rate=0.1, photos=1.0, size=Range(low=200_000, high=255_000)))
    await world.advance(25)
    link = world.platform.link
    assert [seen.func_id for seen in link.seen if "upload.ver" in seen.func_id or "file" in seen.func_id][:8] == [
        LOG, START, *[PACKAGE] * 5, END
    ]  # fmt: skip
    start = link.messages(START)[0].params
    packages = [seen for seen in link.messages(PACKAGE) if seen.params["fileId"] == start["fileId"]]
    assert len(start["fileId"]) == 32
    assert start["fileId"].isalnum()
    assert max(seen.size for seen in packages) <= 64 * 1024
    assert min(seen.size for seen in packages[:-1]) > 63 * 1024
    func_id, item, data = world.platform.pictures[0]
    assert (func_id, item["contentFileId"], len(data)) == (PHOTO, start["fileId"], int(start["size"]))
    assert "content" not in item
    Image.open(io.BytesIO(data)).load()


@pytest.mark.parametrize("package_kb", [3, 8, 64, 300])
async def test_the_border_between_inline_and_pieces(package_kb: int) -> None:
    """Every size around the border: the strict platform refuses a package that is a byte too large."""
    world = World()
    world.platform.package_bytes = package_kb * 1024
    border = package_kb * 1024 * 3 // 4
    seen_inline = seen_pieces = 0
    for size in range(border - 450, border + 50, 19):
        world.platform.pictures.clear()
        device = await world.online(
            max_package_kb=package_kb, **people(rate=0.5, photos=1.0, size=Range(low=size, high=size))
        )
        await world.until(lambda: bool(world.platform.pictures))
        inline = "content" in world.platform.pictures[0][1]
        seen_inline += inline
        seen_pieces += not inline
        assert len(world.platform.pictures[0][2]) == size
        device.abort()
        await world.settle()
    assert seen_inline > 5
    assert seen_pieces > 2
    await world.close()


@pytest.mark.parametrize("step", [START, PACKAGE, END])
@pytest.mark.parametrize("answer", [drops, silent])
async def test_a_file_that_was_cut_off_begins_again(world: World, step: str, answer: Answer) -> None:
    await world.online(**people(rate=0.05, photos=1.0, size=Range(low=150_000, high=150_000)))
    if step == PACKAGE:
        world.platform.script(PACKAGE, usual)
    world.platform.script(step, answer)
    await world.until(lambda: bool(world.platform.pictures), limit=100)
    first, second = world.platform.links[:2]
    assert first.messages(START)[0].params["fileId"] == second.messages(START)[0].params["fileId"]
    assert second.messages(PACKAGE)[0].params["offset"] == "0"
    assert len(second.messages(PACKAGE)) == 4
    assert world.recorder.records["photo_acknowledged"] == 1


@pytest.mark.parametrize("answer", [drops, closes(1012), silent])
async def test_a_completed_file_is_used_after_a_reconnect(world: World, answer: Answer) -> None:
    world.platform.script(PHOTO, answer)
    await world.online(**people(rate=0.05, photos=1.0, size=Range(low=150_000, high=150_000)))
    await world.until(lambda: bool(world.platform.pictures), limit=100)
    assert len(world.platform.sent(START)) == 1
    assert len(world.platform.sent(PHOTO)) == 2
    assert len(world.platform.links) == 2


async def test_a_completed_file_that_was_used_already_is_sent_again_when_the_platform_asks(world: World) -> None:
    def use_and_drop(link, message: Message) -> None:  # type: ignore[no-untyped-def]
        world.platform.completed.clear()
        link.close(1006)

    world.platform.script(PHOTO, use_and_drop, refuse("E0000004"))
    await world.online(**people(rate=0.05, photos=1.0, size=Range(low=150_000, high=150_000)))
    await world.until(lambda: bool(world.platform.pictures), limit=100)
    assert len(world.platform.sent(START)) == 2
    assert world.platform.violations == [f"{PHOTO}: unknown file"]
    world.platform.violations.clear()


@pytest.mark.parametrize("step", [START, PACKAGE, END, PHOTO])
async def test_a_picture_that_is_always_refused_is_given_up_after_five(world: World, step: str) -> None:
    world.platform.always(step, refuse("E0000004"))
    device = await world.online(**people(rate=0.01, photos=1.0, size=Range(low=150_000, high=150_000)))
    await world.until(lambda: world.recorder.records["photo_rejected"] == 1, limit=300)
    assert world.recorder.codes(step) == ["E0000004"] * 5
    assert len(world.platform.sent(START)) == 5
    assert world.recorder.flow_codes("photo_delivery") == ["E0000004"]
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]
    await world.stop(device)


async def test_a_refused_picture_does_not_hold_up_the_others(world: World) -> None:
    world.platform.script(PHOTO, *[refuse()] * 3)
    await world.online(**people(photos=1.0))
    await world.advance(20)
    counts = world.recorder.records
    assert counts["photo_acknowledged"] == counts["photo_generated"]
