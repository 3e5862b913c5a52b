"""The look-up's rules, each with its code, and the photos that devices download."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.platform.harness import IDENTITIES, OK, Identity, Running, running
from tests.platform.parts import answer_rule, mqtt_settings, platform_settings

ONE = IDENTITIES[0]


async def test_the_broker_is_named(platform: Running) -> None:
    answer = await platform.look_up(ONE)
    assert answer["code"] == OK
    assert answer["payload"]["results"] == {"url": platform.info.broker}


@pytest.mark.parametrize("name", ["sn", "type", "nonce", "timestamp", "sign"])
@pytest.mark.parametrize("value", [None, ""])
async def test_a_missing_parameter(platform: Running, name: str, value: str | None) -> None:
    assert (await platform.look_up(ONE, **{name: value}))["code"] == "E0000002"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "best-x"}, "E0000004"),
        ({"nonce": "n" * 33}, "E0000004"),
        ({"timestamp": "yesterday"}, "E0000004"),
        ({"sn": "NOBODY"}, "E0010004"),
        ({"sign": "0" * 32}, "E0000003"),
        ({"sign": "BDD58420C142A11569FF3EB8A9EC535C"}, "E0000003"),
        ({"sign": "签名"}, "E0000003"),
    ],
)
async def test_refusals(platform: Running, changes: dict[str, str], code: str) -> None:
    answer = await platform.look_up(ONE, **changes)
    assert answer["code"] == code
    assert "payload" not in answer


async def test_a_nonce_serves_one_device_once(platform: Running) -> None:
    assert (await platform.look_up(ONE, nonce="n" * 32))["code"] == OK
    assert (await platform.look_up(ONE, nonce="n" * 32))["code"] == "E0000003"
    assert (await platform.look_up(IDENTITIES[1], nonce="n" * 32))["code"] == OK


async def test_a_badly_signed_query_uses_no_nonce_up(platform: Running) -> None:
    assert (await platform.look_up(ONE, nonce="n", sign="0" * 32))["code"] == "E0000003"
    assert (await platform.look_up(ONE, nonce="n"))["code"] == OK


@pytest.mark.parametrize(("minutes", "code"), [(0, OK), (4.9, OK), (-4.9, OK), (5.1, "E0000003"), (-5.1, "E0000003")])
async def test_the_clocks_may_differ_by_five_minutes(platform: Running, minutes: float, code: str) -> None:
    timestamp = str(int((platform.clock.wall() + minutes * 60) * 1000))
    assert (await platform.look_up(ONE, timestamp=timestamp))["code"] == code


@pytest.mark.parametrize(
    ("broker_type", "scheme"), [("push", "http"), ("best-t", "mqtt"), ("best-m", "mqtt"), ("best-a", "mqtt")]
)
async def test_each_transport_has_its_address(platform: Running, broker_type: str, scheme: str) -> None:
    answer = await platform.look_up(ONE, type=broker_type)
    assert answer["code"] == OK
    results = answer["payload"]["results"]
    assert results["url"].startswith(f"{scheme}://127.0.0.1")
    assert (results["url"] == platform.info.mqtt) is (scheme == "mqtt")
    assert ("companyId" in results) is ("siteId" in results) is (broker_type == "best-a")


async def test_company_and_site_where_the_platform_has_them() -> None:
    async with running(platform_settings(mqtt=mqtt_settings(company_id="c1", site_id="s1"))) as platform:
        for broker_type in ("best-w", "best-m", "best-t", "best-a"):
            results = (await platform.look_up(ONE, type=broker_type))["payload"]["results"]
            assert (results["companyId"], results["siteId"]) == ("c1", "s1")


async def test_every_refusal_is_counted(platform: Running) -> None:
    await platform.look_up(ONE)
    await platform.look_up(ONE, sign="0" * 32)
    assert (await platform.ledger())["messages"]["getBrokerServer"] == {OK: 1, "E0000003": 1}


async def test_the_host_is_the_one_that_was_asked(platform: Running) -> None:
    port = platform.info.dispatch.rpartition(":")[2]
    platform.info = replace(platform.info, dispatch=f"http://localhost:{port}")
    answer = await platform.look_up(ONE)
    assert answer["payload"]["results"]["url"] == platform.info.broker.replace("127.0.0.1", "localhost")


async def test_a_public_host_is_named_instead() -> None:
    async with running(public_host="platform.example.com") as platform:
        assert platform.info.dispatch.startswith("http://platform.example.com:")
        port = platform.info.dispatch.rpartition(":")[2]
        platform.info = replace(platform.info, dispatch=f"http://127.0.0.1:{port}")
        answer = await platform.look_up(ONE)
        assert answer["payload"]["results"]["url"] == platform.info.broker
        assert answer["payload"]["results"]["url"].startswith("ws://platform.example.com:")


async def test_an_injected_refusal() -> None:
    rule = answer_rule("getBrokerServer", error_share=1, error_code="E0000006")
    async with running(platform_settings(answers=(rule,))) as platform:
        answer = await platform.look_up(ONE)
        assert answer["code"] == "E0000006"


async def test_photos_are_real_and_each_its_own(platform: Running) -> None:
    bodies = []
    for name in ("100001", "100002"):
        async with platform.http.get(f"{platform.info.dispatch}/photos/{name}.jpg") as response:
            assert response.content_type == "image/jpeg"
            bodies.append(await response.read())
    assert bodies[0] != bodies[1]
    for body in bodies:
        assert 60_000 < len(body) < 90_000
        with Image.open(io.BytesIO(body)) as image:
            image.load()
            assert image.size == (480, 640)


@pytest.mark.parametrize("name", ["missing.jpg", "missing7.jpg", "a.png", "..%2Fx.jpg", "a-b.jpg"])
async def test_photos_that_are_not_there(platform: Running, name: str) -> None:
    async with platform.http.get(f"{platform.info.dispatch}/photos/{name}") as response:
        assert response.status == 404


async def test_an_identity_beside_the_list_is_unknown(platform: Running) -> None:
    assert (await platform.look_up(Identity("SN9999")))["code"] == "E0010004"


async def test_garbage_instead_of_http_is_one_line_without_the_request(
    platform: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    where = urlsplit(platform.info.dispatch)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"GET /?sign=hunter2 HTTP/9.9 \x00 nonsense\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert b" 400 " in answer.splitlines()[0]
    told = capsys.readouterr().err
    assert "hunter2" not in told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1
