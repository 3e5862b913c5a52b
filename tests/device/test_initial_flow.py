"""Coming online: order and parameters of every step, cold and warm, and what follows when a step goes wrong."""

from collections import Counter
from typing import Any

import orjson
import pytest

from simulator.device.settings import OnTimeout, Start
from simulator.measurements.names import DeviceState
from simulator.protocol.channel.keys import KeyRing, generate_key
from simulator.shown import LABEL_CHARS
from tests.device.answers import Answer, closes, drops, garbage, late, ok, raw, refuse, silent, twice
from tests.device.fake_platform import Link
from tests.device.harness import DEV_KEY, World
from tests.device.login_flow import COLD, EXCHANGE, PROOF, WARM
from tests.device.memory_network import BROKER


async def test_cold_flow(world: World) -> None:
    await world.online()
    platform = world.platform
    assert platform.link.order == COLD
    assert world.recorder.way() == ["lookup", "connecting", "register", "accredit", "login", "report", "online"]
    register, accredit, login, report = platform.seen
    assert register.params == {"protType": "best-w", "protVer": "1.0.0", **PROOF, "devType": "meet"}
    assert accredit.params == {**PROOF, "authCode": "auth1"}
    assert login.params == {**PROOF, "authCode": "auth1", "secret": "secret-of-auth1"}
    assert {seen.message["sn"] for seen in platform.seen} == {"SN0000"}
    assert "sn" not in report.params
    assert world.logins.calls == [("granted", "SN0000", "auth1", "secret-of-auth1")]
    assert world.recorder.flow_codes("init") == ["00000000"]
    assert world.recorder.failed() == Counter()
    assert world.network.connects == [BROKER]


@pytest.mark.parametrize("suite", ["rsa-aes", "exchange-only"])
async def test_cold_flow_with_exchange(suite: str) -> None:
    world = World(suite)
    await world.online(auth_code="auth0", secret="secret-of-auth0")  # a cold start does not use them
    assert world.platform.link.order == EXCHANGE + COLD
    assert world.recorder.way()[2] == "exchange"
    for seen in world.platform.seen[:2]:
        assert "sn" not in seen.message
    await world.close()


async def test_warm_flow(sealed_world: World) -> None:
    await sealed_world.online(**WARM)
    assert sealed_world.platform.link.order == [*EXCHANGE, "dev.login", "dev.report"]
    assert sealed_world.recorder.way() == ["lookup", "connecting", "exchange", "login", "report", "online"]
    assert sealed_world.platform.sent("dev.login")[0].params == {
        **PROOF, "authCode": "auth0", "secret": "secret-of-auth0"
    }  # fmt: skip
    assert sealed_world.logins.calls == []


async def test_warm_without_credentials_is_cold(world: World) -> None:
    await world.online(start=Start.WARM)
    assert world.platform.link.order == COLD


STEPS = [*EXCHANGE, *COLD]
TROUBLE: dict[str, tuple[Answer, str, str]] = {
    "refused": (refuse("E0000006"), "E0000006", "initial flow refused"),
    "silent": (silent, "timeout", "timeout"),
    "garbage": (garbage(b"{no json"), "disconnected", "protocol violation"),
    "no object": (garbage(b"[]"), "disconnected", "protocol violation"),
    "binary": (garbage(b"x" * 40, True), "disconnected", "protocol violation"),
    "dropped": (drops, "disconnected", "closed 1006"),
    "closed": (closes(1013), "disconnected", "closed 1013"),
    "no code": (raw(message="?"), "malformed reply", "initial flow refused"),
    "list for a code": (raw(code=[], message="?"), "malformed reply", "initial flow refused"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("trouble", TROUBLE)
async def test_every_step_in_trouble(step: str, trouble: str) -> None:
    answer, code, reason = TROUBLE[trouble]
    world = World("rsa-aes")
    if trouble == "binary" and step in COLD:
        answer = garbage(b"x" * 40, True)
    world.platform.script(step, answer)
    device = await world.start()
    if trouble == "silent":
        assert device.state is not DeviceState.WAITING
        await world.advance(10.1)
    assert device.state is DeviceState.WAITING
    assert world.recorder.flow_codes("init") == [code]
    assert world.recorder.codes(step) == [code]
    assert world.recorder.reasons() == [reason]
    if reason == "protocol violation":
        assert world.platform.links[0].close_received is not None
        assert world.platform.links[0].close_received[0] == 1008
        [rule] = world.recorder.broken()
        sealed = step in COLD
        if trouble == "binary":
            assert rule == ("channel.counter" if sealed else "channel.frame")
        else:
            assert rule == ("channel.plain-after-exchange" if sealed else "reply.not-json")
    await world.advance(3)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.flow_codes("init") == [code, "00000000"]
    assert world.recorder.failed() == {(step, code): 1}
    await world.close()


@pytest.mark.parametrize("step", COLD[:2])
@pytest.mark.parametrize("results", [{}, {"authCode": "", "secret": ""}, {"authCode": None, "secret": []}])
async def test_success_without_what_it_should_bring(world: World, step: str, results: dict[str, object]) -> None:
    world.platform.script(step, ok(**results))
    device = await world.start()
    assert device.state is DeviceState.WAITING
    assert world.recorder.flow_codes("init") == ["malformed reply"]
    assert world.recorder.codes(step) == ["malformed reply"]
    await world.advance(3)
    assert device.state is DeviceState.ONLINE


async def test_report_without_results_has_failed(world: World) -> None:
    def bare(link, message):  # type: ignore[no-untyped-def]
        link.reply(message)
        link.command("cmd.data.clear.user")  # not too early: the platform has answered

    world.platform.script("dev.report", bare)
    device = await world.start()
    assert device.state is DeviceState.WAITING
    assert world.recorder.codes("dev.report") == ["malformed reply"]
    assert world.recorder.broken() == {"reply.field-missing": 1}
    await world.advance(3)
    assert device.state is DeviceState.ONLINE


async def test_report_with_the_required_results_alone_means_the_defaults(world: World) -> None:
    results = {name: world.platform.terms[name] for name in ("multiBioDataSupport", "multiBioPhotoSupport")}

    def bare(link, message):  # type: ignore[no-untyped-def]
        link.reported = True
        link.report_answered = world.clock.monotonic()
        link.reply(message, results=results)

    world.platform.always("dev.report", bare)
    await world.online()
    await world.advance(121)
    assert len(world.platform.sent("dev.heartbeat")) in (2, 3)


@pytest.mark.parametrize("step", EXCHANGE)
@pytest.mark.parametrize("value", ["AAAA", "no base64!", 5, "A" * 400])
async def test_an_unusable_half_of_the_exchange_ends_with_1008(sealed_world: World, step: str, value: object) -> None:
    name = "publicKey" if step.endswith("Key") else "factor"
    sealed_world.platform.script(step, ok(**{name: value}))
    device = await sealed_world.start()
    assert device.state is DeviceState.WAITING
    assert sealed_world.recorder.codes(step) == ["bad key"]
    assert sealed_world.platform.links[0].close_received is not None
    assert sealed_world.platform.links[0].close_received[0] == 1008
    assert sealed_world.recorder.reasons() == ["protocol violation"]
    assert sealed_world.recorder.broken()["channel.key"] == 1
    await sealed_world.advance(3)
    assert device.state is DeviceState.ONLINE


@pytest.mark.parametrize("step", EXCHANGE)
@pytest.mark.parametrize("results", [{}, {"publicKey": "", "factor": ""}, {"publicKey": None, "factor": None}])
async def test_a_missing_half_of_the_exchange_is_no_reply(sealed_world: World, step: str, results: Any) -> None:
    sealed_world.platform.script(step, ok(**results))
    device = await sealed_world.start()
    assert device.state is DeviceState.WAITING
    assert sealed_world.recorder.codes(step) == ["malformed reply"]
    assert sealed_world.recorder.broken() == {"reply.field-missing": 1}
    await sealed_world.advance(3)
    assert device.state is DeviceState.ONLINE


@pytest.mark.parametrize(("bits", "broken"), [(1024, 1), (2048, 0)])
async def test_a_key_of_another_size_is_used_and_counted(sealed_world: World, bits: int, broken: int) -> None:
    sealed_world.platform.keys = KeyRing([generate_key(bits)])
    await sealed_world.online()
    told = "device.exchange.publicKey: publicKey has 1024 bits, should have 2048"
    assert sealed_world.recorder.violations == [("channel.key", "device.exchange.publicKey", told, 0)] * broken


async def test_a_frame_right_behind_the_factor_is_opened_sealed(sealed_world: World) -> None:
    def hurry(link, message):  # type: ignore[no-untyped-def]
        link.answer(message)
        link.command("cmd.data.clear.user")

    sealed_world.platform.script("device.exchange.factor", hurry)
    await sealed_world.online()
    assert sealed_world.platform.code_of("c1") == "00000000"  # and the strict platform saw it after the report


@pytest.mark.parametrize("step", COLD)
async def test_a_doubled_reply_is_counted_and_ignored(world: World, step: str) -> None:
    world.platform.script(step, twice)
    await world.online()
    assert world.recorder.broken() == {"reply.doubled": 1}
    assert world.platform.link.order == COLD


@pytest.mark.parametrize("mid", ["nobody", "", None, 5, [], {}, ["x"]])
async def test_a_reply_to_nothing_is_counted_and_ignored(world: World, mid: object) -> None:
    device = await world.online()
    world.platform.link.say({"funcId": "cmd.dev.response", "code": "00000000", "message": "", "mid": mid})
    world.platform.link.say({"code": "00000000", "message": "", "mid": mid})
    await world.settle()
    assert world.recorder.broken() == {"reply.unknown-mid": 2}
    assert device.state is DeviceState.ONLINE
    assert world.platform.sent("dev.cmd.response") == []


async def test_a_late_reply_is_ignored_where_timeouts_are_retried(world: World) -> None:
    world.platform.script("dev.heartbeat", late(12))
    device = await world.online(on_timeout=OnTimeout.RETRY)
    await world.advance(130)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.codes("dev.heartbeat")[0] == "timeout"
    assert world.recorder.broken() == {"reply.late": 1}
    assert len(world.platform.links) == 1


@pytest.mark.parametrize("func_id", ["dev.heartbeat", "dev.whatever", "", None])
async def test_a_reply_is_known_by_its_mid_alone(world: World, func_id: object) -> None:
    world.platform.script("dev.heartbeat", raw(funcId=func_id, code="00000000", message="success"))
    await world.online()
    await world.advance(61)
    assert world.recorder.codes("dev.heartbeat")[0] == "00000000"
    assert world.platform.sent("dev.cmd.response") == []


async def test_timeouts_are_noticed_within_a_tenth_of_a_second(world: World) -> None:
    world.platform.script("dev.login", silent)
    await world.start(request_timeout=3.0)
    await world.advance(3.1)
    [entry] = [entry for entry in world.recorder.requests if entry[0] == "dev.login"]
    assert entry[3] == "timeout"
    assert 3.0 <= entry[2] <= 3.06


async def test_replies_that_take_their_time_are_measured(world: World) -> None:
    for step in COLD:
        world.platform.script(step, late(2.5))
    device = await world.start()
    await world.advance(10.1)
    assert device.state is DeviceState.ONLINE
    for step in COLD:
        [entry] = [entry for entry in world.recorder.requests if entry[0] == step]
        assert entry[2] == pytest.approx(2.5)
        assert entry[4] > 60
        assert entry[5] > 60
    [(name, started, duration, code)] = [flow for flow in world.recorder.flows if flow[0] == "init"]
    assert (name, code) == ("init", "00000000")
    assert duration == pytest.approx(10.0)
    assert started == pytest.approx(1_719_331_200.25)


async def test_a_trace_shows_every_message_of_both_directions_in_the_clear(sealed_world: World) -> None:
    lines: list[tuple[str, dict[str, object]]] = []
    sealed_world.env.trace = lambda direction, data: lines.append((direction, orjson.loads(data)))
    await sealed_world.online()
    sealed_world.platform.link.command("cmd.data.clear.user")
    await sealed_world.settle()
    sent = [message.get("funcId") for direction, message in lines if direction == ">" and "GET" not in message]
    assert sent == [*EXCHANGE, *COLD, "dev.cmd.response"]
    assert lines[0][1]["GET"] == "getBrokerServer"
    received = [message for direction, message in lines if direction == "<"]
    assert len(received) == 8
    assert received[-1]["funcId"] == "cmd.data.clear.user"


async def test_what_a_platform_says_is_short_and_in_one_line_before_it_is_recorded(world: World) -> None:
    monster = "E\x1b[2J\n" + "x" * 1_000_000
    world.platform.script("dev.register", raw(code=monster, message=monster))
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    first = world.recorder.codes("dev.register")[0]
    assert first.startswith(r"E\x1b[2J\nxxx")
    assert first.endswith("… (1,000,006 characters)")
    assert len(first) <= LABEL_CHARS
    said = [line for _, line in world.logs if "dev.register" in line]
    assert said
    assert all(line.isprintable() and len(line) < 500 for line in said)


PROVED = ("auth1", "secret-of-auth1", "pass-code", "secret-of-pass-code", "key of SN0000", DEV_KEY, PROOF["devKey"])


def echoes(link: Link, message: dict[str, Any]) -> None:
    """A platform that repeats what the device proves itself with, in words that no rule knows."""
    said = " ".join(PROVED)
    link.say({"mid": message["mid"], "code": f"E9 {said}", "message": f"bad: {said}"})


@pytest.mark.parametrize(("step", "known"), [("dev.accredit", 1), ("dev.login", 2), ("dev.report", 2)])
@pytest.mark.parametrize("warm", [False, True])
async def test_what_a_device_proves_itself_with_is_shown_nowhere(
    world: World, step: str, known: int, warm: bool
) -> None:
    world.platform.script(step, echoes)
    settings = {"start": Start.WARM, "auth_code": "pass-code", "secret": "secret-of-pass-code"} if warm else {}
    if warm and step == "dev.accredit":
        world.platform.script("dev.login", refuse("E0010004"))
    device = await world.start(**settings)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    told = [line for _, line in world.logs] + [row[3] for row in world.recorder.requests]
    told += [f"{rule} {func_id} {example}" for rule, func_id, example, *_ in world.recorder.violations]
    assert any(text.startswith("E9 ") for text in told)
    held = (
        ("pass-code", "secret-of-pass-code")
        if warm and step != "dev.accredit"
        else ("auth1", "secret-of-auth1")[:known]
    )
    for secret in ("key of SN0000", DEV_KEY, PROOF["devKey"], *held):
        assert not [text for text in told if secret in text]


async def test_a_refused_look_up_does_not_show_what_signed_it(world: World) -> None:
    said = {"code": "no key of SN0000", "message": "your key is key of SN0000"}
    world.network.lookup_script.append(world.network.says(200, orjson.dumps(said)))
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert "no ***" in world.recorder.codes("getBrokerServer")
    assert any("your key is ***" in line for _, line in world.logs)
    assert not any("key of SN0000" in line for _, line in world.logs)
