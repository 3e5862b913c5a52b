"""Cold, warm, and back again: what a device tries after what went wrong."""

from itertools import pairwise
from typing import Any

import pytest

from simulator.device.settings import Start
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import drops, refuse, silent
from tests.device.fake_platform import Link
from tests.device.harness import World
from tests.device.login_flow import COLD, EXCHANGE, WARM


async def test_back_off_grows_to_its_bound_with_jitter_and_starts_again(world: World) -> None:
    network = world.network
    network.lookup_script += [network.fails("refused") for _ in range(8)]
    device = world.make(reconnect_delay=Range(low=2.0, high=16.0))
    moments = []
    original = network.look_up

    async def noted(url: str, *, index: int, **kwargs: Any) -> tuple[int, bytes]:
        moments.append(world.clock.monotonic())
        return await original(url, index=index, **kwargs)

    network.look_up = noted  # type: ignore[method-assign]
    device.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    waits = [after - before for before, after in pairwise(moments)]
    for wait, (shortest, longest) in zip(waits, [(2, 3), (4, 6), (8, 12), *[(16 / 1.5, 16)] * 5], strict=True):
        assert shortest <= wait <= longest
    assert len(set(waits)) == len(waits)
    await world.advance(60)  # long enough online: the next delay is the first again
    world.platform.link.close(1001)
    await world.settle()
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert 2 <= world.clock.monotonic() - since <= 3


async def test_warm_login_refused_registers_again_once(world: World) -> None:
    world.platform.script("dev.login", refuse("E0010004"))
    await world.online(**WARM)
    assert world.platform.link.order == ["dev.login", *COLD]
    assert world.recorder.observed()["login.repeated"] == 1
    assert [call[0] for call in world.logins.calls] == ["forgotten", "granted"]
    assert len(world.platform.links) == 1


async def test_warm_login_refused_twice_waits_and_registers_again(world: World) -> None:
    world.platform.script("dev.login", refuse("E0010004"), refuse("E0010004"))
    device = await world.start(**WARM)
    assert device.state is DeviceState.WAITING
    assert world.platform.link.order == ["dev.login", *COLD[:3]]
    assert world.recorder.flow_codes("init") == ["E0010004"]
    await world.advance(2)
    assert device.state is DeviceState.ONLINE
    assert world.platform.link.order == COLD
    assert world.recorder.observed()["login.repeated"] == 1


async def test_warm_login_refused_with_a_closed_connection(world: World) -> None:
    def refuse_and_close(link, message):  # type: ignore[no-untyped-def]
        link.reply(message, "E0010004")
        link.close(1008)

    world.platform.script("dev.login", refuse_and_close)
    device = await world.start(**WARM)
    await world.advance(2)
    assert device.state is DeviceState.ONLINE
    assert world.platform.link.order == COLD


async def test_silent_warm_login_keeps_the_credentials(world: World) -> None:
    world.platform.script("dev.login", silent)
    device = await world.start(**WARM)
    await world.advance(13)
    assert device.state is DeviceState.ONLINE
    assert world.platform.link.order == ["dev.login", "dev.report"]
    assert world.logins.calls == []


async def test_granted_credentials_whose_first_login_got_lost_are_kept_in_the_store(world: World) -> None:
    world.platform.script("dev.login", drops)
    device = await world.start()
    await world.advance(2)
    assert device.state is DeviceState.ONLINE
    assert world.platform.link.order == ["dev.login", "dev.report"]
    assert world.logins.calls == [("granted", "SN0000", "auth1", "secret-of-auth1")]


async def test_reconnect_is_warm_with_a_new_exchange_and_report(sealed_world: World) -> None:
    world = sealed_world
    device = await world.online()
    world.platform.link.close(1001)
    await world.settle()
    assert device.state is DeviceState.WAITING
    await world.advance(2)
    assert device.state is DeviceState.ONLINE
    assert world.platform.link.order == [*EXCHANGE, "dev.login", "dev.report"]
    assert len(world.network.lookups) == 1  # the URL is kept
    assert world.recorder.reasons() == ["closed 1001"]


@pytest.mark.parametrize("step", ["look_up", "connect", "turn"])
async def test_an_error_of_our_own_is_a_failure_and_an_internal_error(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It was once a success of 0.09 ms."""

    async def broken(url: str = "", *_: object, **__: object) -> None:
        if step == "look_up":
            world.network.lookups.append(url)
        if step == "connect":
            world.network.connects.append(url)
        raise ValueError("no such case")

    monkeypatch.setattr(world.network, step, broken)
    device = world.make()
    device.start()
    await world.advance(1.0)
    assert device.state is DeviceState.FAILED
    assert world.finished[0] == 1
    assert world.recorder.flow_codes("init") == ([] if step == "turn" else ["internal error"])
    names = {"look_up": "getBrokerServer", "connect": "connect"}
    if step in names:
        assert world.recorder.codes(names[step]) == ["internal error"]
    ((rule, detail, index),) = world.recorder.internal_errors
    assert (rule, index) == ("device.exception", 0)
    assert detail.startswith("ValueError: no such case (device/test_lifecycle.py:")
    world.recorder.internal_errors.clear()


async def test_an_error_of_our_own_on_an_open_connection_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("no such case")

    monkeypatch.setattr("simulator.device.initial_flow.parse_terms", broken)
    device = world.make()
    device.start()
    await world.advance(1.0)
    assert device.state is DeviceState.FAILED
    assert world.recorder.reasons() == ["internal error"]
    assert world.recorder.flow_codes("init") == ["internal error"]
    world.recorder.internal_errors.clear()


async def test_a_login_that_was_refused_and_forgotten_stays_hidden(world: World) -> None:
    def echo(link: Link, message: dict[str, Any]) -> None:
        link.say({"mid": message["mid"], "code": "old pass-code", "message": ""})

    world.platform.script("dev.login", refuse("E0010004"), echo)
    device = await world.start(start=Start.WARM, auth_code="pass-code", secret="secret-of-pass-code")
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert "old ***" in world.recorder.codes("dev.login")
