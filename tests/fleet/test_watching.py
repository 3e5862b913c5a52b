"""Messages of one device, live: traced while somebody looks, masked, bounded; nothing else has a trace in its path."""

from time import thread_time
from timeit import repeat
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from simulator.device.device import Device
from simulator.fleet import watching as module
from simulator.fleet.watching import KEPT_S, MOST_CHARS, MOST_MESSAGES, MOST_WATCHED, Watch, Watching
from simulator.protocol.envelope import REPLY
from tests.device.harness import World

REQUEST = orjson.dumps({"funcId": "dev.heartbeat", "mid": "7", "params": {"isFree": "1"}})


@pytest.fixture
def world() -> World:
    return World()


def watching_of(world: World) -> Watching:
    return Watching(world.env.traces, world.timers, lambda index: dict(enumerate(world.devices)).get(index))


def trace_of(device: Device) -> object:
    session = device.lifecycle.session
    assert session is not None
    return session.trace


async def test_a_device_that_is_looked_at_shows_both_directions_in_order(world: World) -> None:
    device = await world.online(keys={"heartbeat": "1s"})
    watching = watching_of(world)
    assert watching.ask(0, 0) == {"watching": True, "messages": [], "dropped": 0}
    await world.advance(3.0)
    found = watching.ask(0, 0)["messages"]
    assert [(each["direction"], each["funcId"]) for each in found][:2] == [
        ("sent", "dev.heartbeat"),
        ("received", REPLY),
    ]
    assert found[1]["mid"] == found[0]["mid"]
    assert all(each["bytes"] > 20 and orjson.loads(each["text"]) for each in found)
    assert [each["id"] for each in found] == list(range(found[0]["id"], found[0]["id"] + len(found)))
    assert found[0]["at"] == pytest.approx(world.clock.wall(), abs=5.0)
    # Whoever has seen some is given the others.
    assert watching.ask(0, found[1]["id"])["messages"] == found[2:]
    assert trace_of(device) is not None


async def test_nobody_looks_and_no_trace_is_in_anybodys_path(world: World) -> None:
    first, second = await world.online(), await world.online()
    watching = watching_of(world)
    assert (trace_of(first), trace_of(second), world.env.traces) == (None, None, {})
    watching.ask(0, 0)
    assert trace_of(first) is not None
    assert trace_of(second) is None
    await world.advance(KEPT_S - 1.0)
    watching.ask(0, 0)
    await world.advance(KEPT_S - 1.0)
    assert trace_of(first) is not None
    await world.advance(1.5)
    assert (trace_of(first), world.env.traces) == (None, {})


async def test_the_next_connection_is_traced_as_well_and_its_secrets_are_masked(world: World) -> None:
    device = await world.online()
    watching = watching_of(world)
    watching.ask(0, 0)
    world.connections[-1].abort()
    await world.advance(5.0)
    shown = watching.ask(0, 0)["messages"]
    assert "dev.login" in [each["funcId"] for each in shown]
    assert trace_of(device) is not None
    told = "".join(each["text"] for each in shown)
    assert "***" in told
    for secret in filter(None, device.secrets()):
        assert len(secret) < 4 or secret not in told


async def test_hundreds_of_people_neither_push_out_a_secret_nor_are_they_looked_for_in_every_text(world: World) -> None:
    device = await world.online()
    secret = next(secret for secret in device.secrets() if secret and len(secret) > 8)
    watch = Watch(1, world.clock.wall, lambda: device)
    users = [{"pin": str(pin), "password": f"password-{pin}", "tmp": f"template-{pin}"} for pin in range(500)]
    told = {"funcId": "x", "users": users, "secrets": [{"secret": f"made-up-{each}"} for each in range(500)]}
    watch.message("<", orjson.dumps({**told, "note": f"is {secret}!"}))
    ((message,), _) = watch.after(0)
    assert secret not in message["text"]
    assert not any(word in message["text"] for word in ("password-", "template-", "made-up-"))
    assert len(watch._mask.secrets) <= 32


async def test_a_secret_that_the_platform_repeats_under_another_name_is_masked(world: World) -> None:
    device = await world.online()
    secret = next(secret for secret in device.secrets() if secret and len(secret) > 8)
    watch = Watch(1, world.clock.wall, lambda: device)
    watch.message("<", orjson.dumps({"funcId": "x", "note": f"is {secret}!"}))
    ((message,), _) = watch.after(0)
    assert secret not in message["text"]


def test_of_many_messages_the_latest_are_kept_and_the_others_counted(world: World) -> None:
    watch = Watch(101, world.clock.wall, lambda: None)
    for _ in range(MOST_MESSAGES + 3):
        watch.message(">", REQUEST)
    kept, dropped = watch.after(0)
    assert (len(kept), kept[0]["id"], dropped) == (MOST_MESSAGES, 104, 3)
    # Whoever had seen two of the three that went lost one.
    assert watch.after(102)[1] == 1
    assert watch.after(103) == (kept, 0)
    assert watch.after(kept[-1]["id"]) == ([], 0)
    # An id of an earlier watch, or of nobody's.
    assert watch.after(7) == watch.after(10**9) == (kept, 3)


def test_large_texts_are_cut_and_together_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT_CHARS", 3 * MOST_CHARS)
    watch = Watch(1, world.clock.wall, lambda: None)
    large = orjson.dumps({"funcId": "x", "users": [{"pin": str(number)} for number in range(20_000)]})
    for _ in range(10):
        watch.message("<", large)
    kept, dropped = watch.after(0)
    assert len(kept) + dropped == 10
    assert 0 < sum(len(each["text"]) for each in kept) <= 3 * MOST_CHARS
    assert kept[0]["bytes"] == len(large)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[]", b"", b'{"funcId": 3, "mid": null}', b'{"a": "\\ud800"}'])
def test_what_is_no_message_is_shown_all_the_same(world: World, data: bytes) -> None:
    watch = Watch(1, world.clock.wall, lambda: None)
    watch.message("<", data)
    assert len(watch.after(0)[0]) == 1


def test_so_many_devices_are_watched_at_a_time(world: World) -> None:
    for _ in range(MOST_WATCHED + 1):
        world.make()
    watching = watching_of(world)
    asked = [watching.ask(index, 0)["watching"] for index in range(MOST_WATCHED + 1)]
    assert asked == [True] * MOST_WATCHED + [False]
    assert watching.ask(0, 0)["watching"]


def test_after_the_end_nobody_is_watched(world: World) -> None:
    world.make()
    watching = watching_of(world)
    watching.ask(0, 0)
    watching.close()
    assert world.env.traces == {}
    assert not watching.ask(0, 0)["watching"]


@pytest.mark.long
async def test_to_look_at_one_device_of_a_thousand_costs_less_than_a_hundredth_of_a_round_trip(world: World) -> None:
    """Held against the device's own part of it, without sockets, so that it holds for the whole all the more."""
    device = await world.online()
    session, silent = device.lifecycle.session, SimpleNamespace(send=lambda *_: None, abort=lambda: None)
    assert session is not None
    session._connection = cast("Any", silent)
    reply = b'{"funcId":"%s","code":"00000000","message":"success","mid":"%s"}'

    def round_trip() -> None:
        session.send_heartbeat(True, 0.0)
        (mid,) = session._pending
        session.message(reply % (REPLY.encode(), mid.encode()), False)

    def cpu() -> float:
        return min(repeat(round_trip, number=1_000, repeat=9, timer=thread_time))

    alone = cpu()
    session.trace = Watch(1, world.clock.wall, lambda: device).message
    assert (cpu() - alone) / 1_000 < 0.01 * alone
