"""Firmware of some age: what a device lists, sends and accepts is one and the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.functions import ALL_FUNCTIONS, LEFT_OUT, covered, functions_of
from simulator.fields.range import Range
from simulator.protocol.catalogue import ALWAYS_SUPPORTED, COMMAND_FUNC_IDS, NEGOTIATED_FUNC_IDS
from tests.device.deliveries import LOG, PHOTO
from tests.device.harness import World, enrolment

BUSY: dict[str, Any] = {"verifications": [{"rate": "1/s", "photo_size": "20KB"}], "users": 5}


def keys(*without: str, extra: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {"keys": {"functions": {"without": list(without), "extra": list(extra)}, **BUSY, **more}}


def test_by_default_everything_of_the_document_is_there() -> None:
    assert ALL_FUNCTIONS.listed == NEGOTIATED_FUNC_IDS
    assert not ALL_FUNCTIONS.lacks(NEGOTIATED_FUNC_IDS)


@given(st.sets(st.sampled_from(sorted(LEFT_OUT))), st.lists(st.text(min_size=1, max_size=9), max_size=4))
def test_listed_is_everything_less_without_and_extra(without: set[str], extra: list[str]) -> None:
    functions = functions_of(without, extra)
    assert set(functions.listed) == set(NEGOTIATED_FUNC_IDS) - without | set(extra)
    assert len(set(functions.listed)) == len(functions.listed)
    assert functions.without == without
    assert set(ALWAYS_SUPPORTED) <= set(functions.listed)
    assert all(functions.lacks([name]) for name in without)


def test_a_prefix_covers_whole_words() -> None:
    assert covered("cmd.data.clear") == {"cmd.data.clear.user", "cmd.data.clear.multiCard", "cmd.data.clear.all"}
    assert covered("cmd.data.update.meeting") == {"cmd.data.update.meeting"}
    assert covered("cmd.data.cle") == frozenset()


async def test_the_report_lists_exactly_what_the_firmware_has(world: World) -> None:
    await world.online(**keys("cmd.data.clear", "dev.data.upload.userPhoto", extra=("dev.option.upload", "cmd.new")))
    [report] = world.platform.sent("dev.report")
    gone = {"cmd.data.clear.user", "cmd.data.clear.multiCard", "cmd.data.clear.all", "dev.data.upload.userPhoto"}
    assert set(report.params["funcIds"]) == set(NEGOTIATED_FUNC_IDS) - gone | {"dev.option.upload", "cmd.new"}


@pytest.mark.parametrize("func_id", COMMAND_FUNC_IDS)
async def test_a_command_that_is_not_listed_is_refused_as_unknown_and_counted(world: World, func_id: str) -> None:
    device = await world.online(**keys(func_id))
    pins = {"pins": ["1001"]}
    params = {"cmd.data.delete.user": pins, "cmd.data.clear.all": {}}.get(func_id, {})
    sent = world.platform.link.command(func_id, **params)
    await world.settle()
    assert world.platform.code_of(sent) == "E0000001"
    assert world.recorder.broken()["command.not-negotiated"] == 1
    assert device.memory.user_count == 5
    assert [seen.func_id for seen in world.platform.seen if seen.func_id == "dev.data.upload.user"] == []


async def test_what_is_listed_is_still_obeyed(world: World) -> None:
    device = await world.online(**keys("cmd.data.clear.user"))
    world.platform.link.command("cmd.data.clear.all")
    await world.settle()
    assert device.memory.user_count == 0
    assert world.recorder.broken() == {}


async def test_a_command_that_is_only_listed_is_refused_and_the_platform_not_blamed(world: World) -> None:
    await world.online(**keys(extra=("cmd.data.update.palm",)))
    listed = world.platform.link.command("cmd.data.update.palm")
    other = world.platform.link.command("cmd.data.update.other")
    await world.settle()
    assert [world.platform.code_of(sent) for sent in (listed, other)] == ["E0000001", "E0000001"]
    assert world.recorder.broken() == {"command.unknown": 1}
    assert world.recorder.expected == [("cmd.data.update.palm", "E0000001")]


@pytest.mark.parametrize(
    ("without", "silent"),
    [
        ((PHOTO,), {PHOTO}),
        (("dev.data.upload.userPhoto", "dev.data.upload.multiCard"), {"dev.data.upload.userPhoto"}),
        (("dev.data.upload.bioPhoto",), {"dev.data.upload.bioPhoto"}),
        (("dev.system.sync.time", "cmd.system.sync.time"), {"dev.system.sync.time"}),
        (("dev.heartbeat",), {"dev.heartbeat"}),
    ],
)
async def test_what_is_not_listed_is_not_sent(world: World, without: tuple[str, ...], silent: set[str]) -> None:
    device = await world.online(behaviours=(enrolment(rate=0.2),), **keys(*without))
    world.platform.link.command("cmd.system.sync.time")
    await world.advance(65)
    await world.stop(device, 30)
    sent = {seen.func_id for seen in world.platform.seen}
    assert not sent & silent
    everything = {LOG, PHOTO, "dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", "dev.heartbeat"}
    assert everything - set(without) <= sent
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"] > 50
    assert counts["photo_acknowledged"] == counts["photo_generated"] == (0 if PHOTO in without else counts["generated"])
    flows = world.recorder.flow_codes("enrolment_delivery")
    assert flows
    assert set(flows) == {"00000000"}


async def test_a_device_without_heartbeats_pings(world: World) -> None:
    await world.online(**keys("dev.heartbeat", verifications=[]))
    await world.advance(130)
    assert world.connections[-1].pings
    assert world.platform.sent("dev.heartbeat") == []


async def test_verifications_that_nobody_asked_for_do_not_begin_where_they_cannot_go_up(world: World) -> None:
    device = await world.online(keys={"functions": {"without": [LOG]}})
    await world.advance(300)
    assert world.recorder.records["generated"] == 0
    assert device.delivery.idle


async def test_a_picture_that_would_need_pieces_is_given_up_without_them(world: World) -> None:
    """Only where the platform takes less than the scenario knew: a scenario's own sizes are checked before."""
    settings = keys("dev.file.upload", verifications=[])
    device = await world.online(
        behaviours=(enrolment(rate=0.01, bio_photo_bytes=Range(low=70_000, high=70_000)),), **settings
    )
    await world.until(lambda: bool(world.recorder.flow_codes("enrolment_delivery")), limit=2000)
    assert world.platform.sent("dev.data.upload.bioPhoto") == []
    assert world.recorder.observed()["upload.too-large"] == 1
    [said] = [found for rule, _, found, *_ in world.recorder.observations if rule == "upload.too-large"]
    assert "dev.file.upload.*" in said
    assert device.delivery.idle
