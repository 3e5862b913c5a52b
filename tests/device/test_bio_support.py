"""What the report says of biometric data is what the device does: types that it takes, and how many."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.bio_support import USUAL, bio_support
from simulator.device.memory import Memory, StoreFull
from simulator.device.reporting import report_params
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.formats import Format
from tests.device.harness import PEOPLE, STUDIO, World, device_settings, enrolment

FLAGS = st.lists(st.sampled_from("01"), min_size=10, max_size=10).map(":".join)
PALM = {"no": "0", "index": "0", "type": "8", "majorVer": "12", "minorVer": "0", "fmt": "0", "tmp": "AAAA"}


def flags(*types: int) -> str:
    return ":".join("1" if kind in types else "0" for kind in range(10))


def user(pin: str, *types: int) -> dict[str, Any]:
    templates = [PALM | {"type": str(kind), "no": str(place)} for place, kind in enumerate(types)]
    return {"pin": pin, "role": "0", "firstName": "a", "funSwitch": "0", "disable": "0", "bioDatas": templates}


@given(templates=FLAGS, photos=FLAGS, room=st.integers(1, 10**6))
def test_the_report_is_valid_and_says_nothing_of_types_that_are_not_supported(
    templates: str, photos: str, room: int
) -> None:
    options = {"multiBioDataSupport": templates, "multiBioPhotoSupport": photos}
    settings = device_settings(options=options, max_templates=room, max_bio_photos=room)
    memory = Memory(PEOPLE, 1, users=9, locale="en_US", max_users=9, max_bio_photos=9, bio=bio_support(settings))
    report = report_params(settings, "S", memory, 0)
    for field in CATALOGUE["dev.report"].params.fields:
        if field.name in report and isinstance(field.shape, Format):
            assert field.shape.problem(report[field.name]) is None
    pairs = [("multiBioDataSupport", name) for name in ("multiBioDataCount", "multiBioVer", "maxMultiBioDataCount")]
    pairs += [("multiBioPhotoSupport", name) for name in ("multiBioPhotoCount", "maxMultiBioPhotoCount")]
    for support, name in pairs:
        for flag, value in zip(report[support].split(":"), report[name].split(":"), strict=True):
            assert flag == "1" or value == "0", name
    assert (report["multiBioDataCount"].split(":")[1] == "3") is (templates[2] == "1")
    assert sum("bioDatas" in each for each in memory.users()) == (3 if templates[2] == "1" else 0)


def test_a_group_that_says_nothing_shares_one_object() -> None:
    assert bio_support(device_settings()) is bio_support(device_settings(users=5))
    assert bio_support(device_settings()).template_types == {1, 2, 9}
    assert bio_support(device_settings()).photo_types == {9}
    assert bio_support(device_settings()).report_params == USUAL.report_params


@pytest.mark.parametrize("kind", range(11))
async def test_a_template_is_taken_where_the_report_says_so(world: World, kind: int) -> None:
    device = await world.online(options={"multiBioDataSupport": flags(1, 8)})
    sent = world.platform.link.command("cmd.data.update.user", users=[user("1"), user("2", 1, kind)])
    await world.settle()
    # No position of the report speaks of type 10.
    taken = kind in (1, 8, 10)
    assert world.platform.code_of(sent) == "00000000", "the rest of the command has its meaning"
    assert {"1", "2"} <= {one["pin"] for one in device.memory.users()}
    kept = [each["type"] for each in (device.memory.user("2") or {}).get("bioDatas", ())]
    assert kept == (["1", str(kind)] if taken else ["1"])
    told = [found for rule, _, found, *_ in world.recorder.observations if rule == "command.bio-type"]
    assert len(told) == (0 if taken else 1)
    if told:
        assert f"type {kind} " in told[0]
        assert "multiBioDataSupport" in told[0]


@pytest.mark.parametrize("kind", range(10))
async def test_a_photo_is_taken_where_the_report_says_so(world: World, kind: int) -> None:
    device = await world.online(options={"multiBioPhotoSupport": flags(2, 9)}, users=1)
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    photo = {"pin": "1001", "type": str(kind), "url": "http://p/1.jpg"}
    sent = world.platform.link.command("cmd.data.update.bioPhoto", bioPhotos=[photo])
    await world.advance(1)
    assert world.platform.code_of(sent) == "00000000"
    told = [rule for rule, *_ in world.recorder.observations]
    assert told == ([] if kind in (2, 9) else ["command.bio-type"])
    assert device.memory.photo_counts()[kind] == (kind in (2, 9))
    [report] = world.platform.sent("dev.report")
    assert report.params["multiBioPhotoSupport"] == flags(2, 9)


async def test_templates_beyond_the_capacity_are_refused(world: World) -> None:
    device = await world.online(keys={"capacities": {"templates": 3}})
    [report] = world.platform.sent("dev.report")
    assert report.params["maxMultiBioDataCount"] == "0:3:3:0:0:0:0:0:0:3"
    fits = world.platform.link.command("cmd.data.update.user", users=[user("1", 1, 1), user("2", 1, 9)])
    await world.settle()
    full = world.platform.link.command("cmd.data.update.user", users=[user("3", 9), user("4", 1)])
    await world.settle()
    assert [world.platform.code_of(sent) for sent in (fits, full)] == ["00000000", "E0000007"]
    assert "type 1 is full (3)" in world.platform.answers_to(full)[0]["message"]
    assert device.memory.template_counts() == [0, 3, 0, 0, 0, 0, 0, 0, 0, 1]
    replaced = world.platform.link.command("cmd.data.update.user", users=[user("1", 1), user("4", 1)])
    await world.settle()
    assert world.platform.code_of(replaced) == "00000000"


async def test_room_by_type_where_options_say_so(world: World) -> None:
    await world.online(
        users=9, options={"maxMultiBioDataCount": "0:4:1:0:0:0:0:0:0:0", "maxMultiBioPhotoCount": "0:0:0:0:0:0:0:0:0:1"}
    )
    world.network.files = {"http://p/1.jpg": STUDIO.jpeg(20_000)}
    link = world.platform.link
    sent = [
        link.command("cmd.data.update.user", users=[user("1", 1)]),  # the fourth beside those of the first users
        link.command("cmd.data.update.user", users=[user("2", 1)]),
        link.command("cmd.data.update.user", users=[user("2", 2)]),
        link.command("cmd.data.update.user", users=[user("3", 9)]),
        link.command("cmd.data.update.bioPhoto", bioPhotos=[{"pin": "1", "type": "9", "url": "http://p/1.jpg"}]),
        link.command("cmd.data.update.bioPhoto", bioPhotos=[{"pin": "2", "type": "9", "url": "http://p/1.jpg"}]),
    ]
    await world.advance(1)
    ok, full = "00000000", "E0000007"
    assert [world.platform.code_of(each) for each in sent] == [ok, full, ok, full, ok, full]


@given(st.lists(st.tuples(st.integers(1, 6), st.lists(st.sampled_from([1, 2, 9]), max_size=4)), max_size=25))
def test_the_count_at_hand_never_lets_too_many_in_nor_keeps_too_few_out(steps: list[tuple[int, list[int]]]) -> None:
    """Against a count anew for every step."""
    settings = device_settings(max_templates=5)
    memory = Memory(PEOPLE, 1, users=4, locale="en_US", max_users=99, max_bio_photos=9, bio=bio_support(settings))
    for number, types in steps:
        pin = str(1000 + number)
        if not types:
            memory.delete_users([pin])
            continue
        counts = memory.template_counts()
        for template in (memory.user(pin) or {}).get("bioDatas") or ():
            counts[int(template["type"])] -= 1
        fits = all(counts[kind] + types.count(kind) <= 5 for kind in types)
        try:
            memory.put_users([user(pin, *types)])
        except StoreFull:
            assert not fits
        else:
            assert fits
        assert max(memory.template_counts()) <= 5


async def test_templates_made_at_the_device_have_the_reported_versions(world: World) -> None:
    device = await world.online(
        behaviours=(enrolment(rate=0.5),), users=4, options={"multiBioVer": "0:13.2.7:7.0:0:0:0:0:0:0:5.8"}
    )
    world.platform.link.command("cmd.data.query.user")
    await world.advance(20)
    await world.stop(device, 60)
    people = [one for seen in world.platform.sent("dev.data.upload.user") for one in seen.params["users"]]
    versions = {
        (each["type"], each["majorVer"], each["minorVer"]) for one in people for each in one.get("bioDatas", ())
    }
    assert len(people) > 6
    assert ("1", "13", "2") in versions
    assert versions <= {("1", "13", "2"), ("9", "5", "8")}


async def test_nobody_is_enrolled_with_what_the_device_has_not(world: World) -> None:
    device = await world.online(
        behaviours=(enrolment(rate=0.5),),
        options={"multiBioDataSupport": flags(9), "multiBioPhotoSupport": flags()},
    )
    await world.advance(60)
    await world.stop(device, 60)
    people = [one for seen in world.platform.sent("dev.data.upload.user") for one in seen.params["users"]]
    assert len(people) > 5
    assert {each["type"] for person in people for each in person.get("bioDatas", [])} == {"9"}
    assert world.platform.sent("dev.data.upload.bioPhoto") == []
    assert device.memory.photo_counts() == [0] * 10
    assert set(world.recorder.flow_codes("enrolment_delivery")) == {"00000000"}
