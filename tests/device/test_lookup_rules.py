"""What departs in the answer to a look-up: counted, and used where it can be."""

from typing import Any

import orjson
import pytest

from simulator.measurements.names import DeviceState
from tests.device.harness import World


def answer(**more: Any) -> bytes:
    return orjson.dumps({"code": "00000000", "message": "ok", **more})


URL = {"url": "ws://broker.test:1"}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (answer(payload={"results": URL | {"rootCA": "?"}}), "lookup.certificate"),
        (answer(payload={"results": URL | {"companyId": 5}}), "lookup.field-type"),
        (answer(code=0, payload={"results": URL}), "lookup.code"),
        (orjson.dumps({"code": "00000000", "payload": {"results": URL}}), "lookup.message"),
    ],
)
async def test_what_leaves_a_plain_address_is_used(world: World, body: bytes, rule: str) -> None:
    world.network.lookup_script.append(world.network.says(200, body))
    device = await world.start()
    assert device.state is DeviceState.ONLINE
    assert [found[:2] for found in world.recorder.violations] == [(rule, "getBrokerServer")]


@pytest.mark.parametrize(
    ("body", "rule", "code"),
    [
        (b"<html>", "lookup.not-json", "malformed reply"),
        (answer(), "lookup.url", "malformed reply"),
        (answer(code=None), "lookup.code", "malformed reply"),
        (answer(payload={"results": {"url": ""}}), "lookup.url", "malformed reply"),
    ],
)
async def test_what_leaves_none_fails(world: World, body: bytes, rule: str, code: str) -> None:
    world.network.lookup_script.append(world.network.says(200, body))
    device = await world.start()
    assert device.state is DeviceState.WAITING
    assert world.recorder.codes("getBrokerServer") == [code]
    assert set(world.recorder.broken()) == {rule}


async def test_an_address_of_another_transport_is_counted_once(world: World) -> None:
    world.network.lookup_script.append(world.network.says(200, answer(payload={"results": {"url": "http://x.test/"}})))
    device = await world.start()
    assert device.state is DeviceState.FAILED
    assert world.recorder.broken() == {"lookup.url": 1}


async def test_a_status_that_is_no_success(world: World) -> None:
    world.network.lookup_script.append(world.network.fails("http 503"))
    await world.start()
    assert world.recorder.violations == [
        ("lookup.status", "getBrokerServer", "the HTTP status is 503, should be 200", 0)
    ]


async def test_another_status_of_success_is_counted_and_used(world: World) -> None:
    world.network.lookup_script.append(world.network.says(201, answer(payload={"results": URL})))
    device = await world.start()
    assert device.state is DeviceState.ONLINE
    assert world.recorder.broken() == {"lookup.status": 1}


@pytest.mark.parametrize("kind", ["refused", "timeout", "dns"])
async def test_a_platform_that_is_not_reached_departs_from_nothing(world: World, kind: str) -> None:
    world.network.lookup_script.append(world.network.fails(kind))
    await world.start()
    assert world.recorder.violations == []


async def test_a_refusal_departs_from_nothing(world: World) -> None:
    world.network.lookup_script.append(world.network.says(200, answer(code="E0010004")))
    await world.start()
    assert world.recorder.codes("getBrokerServer") == ["E0010004"]
    assert world.recorder.violations == []


async def test_the_sign_is_in_no_example(world: World) -> None:
    async def echo() -> tuple[int, bytes]:
        sign = world.network.lookups[-1].rpartition("sign=")[2]
        return 200, answer(payload={"results": {"url": sign}})

    world.network.lookup_script.append(echo)
    await world.start()
    sign = world.network.lookups[0].rpartition("sign=")[2]
    assert len(sign) == 32
    assert sign not in str(world.recorder.violations)
    assert world.recorder.broken() == {"lookup.url": 1}
