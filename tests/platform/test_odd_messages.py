"""Messages that are legal and cannot be read, or say what cannot be: refused by their mid, and the session stays."""

from __future__ import annotations

import pytest

from tests.platform.harness import IDENTITIES, OK, Running, running
from tests.platform.parts import platform_settings

ONE = IDENTITIES[0]
MALFORMED, BAD_VALUE = "E0000002", "E0000004"
HEARTBEAT = "dev.heartbeat"
HALF = '{"funcId":"dev.heartbeat","mid":"%s","payload":{"params":{"isFree":"1","x":"\\ud83d"}}}'
DEEP = '{"funcId":"dev.heartbeat","mid":"%s","payload":{"params":{"isFree":"1","x":' + "[" * 2000 + "]" * 2000 + "}}}"


@pytest.mark.parametrize("channel", ["plain", "rsa-aes"])
@pytest.mark.parametrize("text", [HALF, DEEP], ids=["half a pair", "too deep"])
async def test_what_cannot_be_read_is_refused_and_counted(channel: str, text: str) -> None:
    async with running(platform_settings(channel=channel)) as platform:
        device = await platform.online(ONE, channel)
        waiting = device.expect("odd")
        await device.send(text.replace("%s", "odd"))
        assert (await waiting)["code"] == MALFORMED
        assert await device.code(HEARTBEAT, {"isFree": "1"}, mid="odd") == MALFORMED, "its mid was used up"
        assert await device.code(HEARTBEAT, {"isFree": "1"}) == OK
        ledger = await platform.ledger()
        assert ledger["messages"][HEARTBEAT][MALFORMED] == 2
        assert ledger["events"] == {"unreadable message": 1}


@pytest.mark.parametrize("mid", ["\\ud83d", "x" * 33])
async def test_where_its_mid_cannot_be_read_either_the_answer_has_none(platform: Running, mid: str) -> None:
    device = await platform.online(ONE)
    await device.send(HALF.replace("%s", mid))
    assert await device.stray() == {
        "funcId": "cmd.dev.response",
        "code": MALFORMED,
        "message": "malformed request",
        "mid": "",
    }


async def test_a_command_answer_that_cannot_be_read_gets_no_reply(platform: Running) -> None:
    device = await platform.online(ONE)
    await device.send('{"funcId":"dev.cmd.response","mid":"m","code":"0","message":"\\ud83d"}')
    assert await device.code(HEARTBEAT, {"isFree": "1"}) == OK
    assert (await platform.ledger())["messages"]["dev.cmd.response"] == {MALFORMED: 1}


async def test_a_byte_order_mark_is_passed_over(platform: Running) -> None:
    device = await platform.online(ONE)
    waiting = device.expect("marked")
    await device.send('\ufeff{"funcId":"dev.heartbeat","mid":"marked","payload":{"params":{"isFree":"1"}}}')
    assert (await waiting)["code"] == OK


@pytest.mark.parametrize("text", ['{"mid":"m",}', "[]", '["\\ud83d"]', "[" * 3000, '{"a":NaN}', ""])
async def test_what_is_no_json_object_still_closes(platform: Running, text: str) -> None:
    device = await platform.online(ONE)
    await device.send(text)
    assert await device.close_code() == 1008


@pytest.mark.parametrize("transport", ["best-m", "best-t"])
async def test_a_register_for_another_transport_is_refused(platform: Running, transport: str) -> None:
    device = await platform.connect(ONE)
    params = {"protType": transport, "protVer": "1.0.0", "devType": "meet", **device.proof()}
    assert await device.code("dev.register", params, sn=ONE.sn) == BAD_VALUE
    assert await device.code("dev.register", params | {"protType": "best-w"}, sn=ONE.sn) == OK
