"""What a device tells of a failure beside its code, and what it never tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from simulator.device.environment import NetworkError
from simulator.protocol.broker import BrokerAnswer
from tests.device.answers import Answer, closes, drops, raw, refuse, silent
from tests.device.command_messages import done
from tests.device.harness import World

Lookup = Callable[[], Awaitable[tuple[int, bytes]]]


def fails_with(kind: str, text: str) -> Callable[[], Awaitable[None]]:
    async def step() -> None:
        raise NetworkError(kind, text)

    return step


async def test_a_failed_connect_tells_its_reason(world: World) -> None:
    text = "the certificate of broker.test:443 has expired"
    world.network.connect_script.append(fails_with("tls", text))
    await world.start()
    assert world.recorder.details == {("connect", "tls"): text, ("flow:init", "tls"): f"connect: {text}"}


async def test_a_failed_look_up_tells_its_reason(world: World) -> None:
    async def redirected() -> tuple[int, bytes]:
        raise NetworkError("http 301", "a redirect to https://new.test/")

    world.network.lookup_script.append(redirected)
    await world.start()
    assert world.recorder.details["getBrokerServer", "http 301"] == "a redirect to https://new.test/"


async def test_a_look_up_that_the_platform_refused_tells_what_it_said(world: World) -> None:
    refusal = BrokerAnswer(code="E0000003", message="the clock of key of SN0000 is off")
    world.network.lookup_script.append(world.network.says(200, refusal.encode()))
    await world.start()
    told = world.recorder.details["getBrokerServer", "E0000003"]
    assert told == "the clock of *** is off; does the identity hold what the platform knows: sn, secretKey"


@pytest.mark.parametrize("step", ["dev.register", "dev.login", "dev.heartbeat"])
async def test_what_the_platform_says_with_its_refusal_is_told(world: World, step: str) -> None:
    world.platform.script(step, raw(funcId="cmd.dev.response", code="E0000006", message="the disk is full"))
    await world.start()
    await world.advance(61)
    kept = "; refused with E0000006, credentials kept: login.register_again_on" if step == "dev.login" else ""
    assert world.recorder.details[step, "E0000006"] == f"the disk is full{kept}"


async def test_a_secret_in_what_the_platform_says_is_not(world: World) -> None:
    world.platform.script("dev.register", raw(funcId="cmd.dev.response", code="E1", message="no devKey 123456"))
    await world.start()
    assert "123456" not in str(world.recorder.details)


@pytest.mark.parametrize(
    ("answer", "word"), [(drops, "closed 1006"), (closes(1013), "closed 1013")], ids=["dropped", "closed"]
)
async def test_what_a_lost_connection_cut_off_tells_how_it_was_lost(world: World, answer: Answer, word: str) -> None:
    world.platform.script("dev.login", answer)
    await world.start()
    assert world.recorder.details["dev.login", "disconnected"].startswith(word)


async def test_a_reply_without_a_code_is_told_as_such(world: World) -> None:
    world.platform.script("dev.login", raw(funcId="cmd.dev.response"))
    await world.start()
    assert world.recorder.details["dev.login", "malformed reply"] == "code is missing, should be a text of 8 characters"


async def test_a_grant_that_is_missing_is_told(world: World) -> None:
    world.platform.script("dev.register", raw(funcId="cmd.dev.response", code="00000000", message=""))
    await world.start()
    assert "authCode" in world.recorder.details["dev.register", "malformed reply"]


async def test_a_command_tells_why_it_failed_more_than_its_answer_does(world: World) -> None:
    await world.online(users=1)
    reason = "http://10.0.0.1/: 10.0.0.1 is a private address"
    world.network.files = {"http://10.0.0.1/": NetworkError("not allowed", reason)}
    photos = [{"pin": "1001", "type": "9", "url": "http://10.0.0.1/"}]
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=photos) == "E0000008"
    assert world.recorder.details["cmd.data.update.bioPhoto", "E0000008"] == reason


async def test_successes_tell_nothing(world: World) -> None:
    await world.online()
    await world.advance(200)
    assert world.recorder.details == {}


async def test_a_refusal_without_words_tells_nothing(world: World) -> None:
    world.platform.script("dev.login", refuse("E0000006"))
    await world.start()
    assert all(text for text in world.recorder.details.values())


async def test_a_secret_in_a_close_reason_is_not_told(world: World) -> None:
    world.platform.script("dev.heartbeat", silent)
    await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    connection = world.connections[-1]
    handler, connection._handler = connection._handler, None
    connection._link.open = False
    assert handler is not None
    handler.closed(1008, "no devKey 123456 here", "closed by the peer")
    told = world.recorder.details["dev.heartbeat", "disconnected"]
    assert told == "closed 1008: no devKey *** here: closed by the peer"
