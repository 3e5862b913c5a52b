"""The steps of the initial flow done right: what every other case stands on."""

from functools import partial

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, ok
from simulator.conform.expect import accepted
from simulator.conform.sections import HANDSHAKE, LOOKUP, SECTIONS
from simulator.conform.stages import STEP_CASES, Stage


async def _reached(stage: Stage, bench: Bench) -> Outcome:
    if stage is Stage.LOOKED_UP:
        return accepted(await bench.look_up())
    async with bench.device(stage):
        return ok(bench.seen_at(stage))


def _step(stage: Stage, section: str, title: str, sends: str, expects: str, why: str) -> Case:
    return Case(
        id=STEP_CASES[stage],
        section=section,
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=partial(_reached, stage),
    )


CASES = (
    _step(
        *(Stage.LOOKED_UP, LOOKUP, "A right look-up is answered with the broker's address"),
        "getBrokerServer with sn, type, nonce, timestamp and the sign of them",
        "code 00000000 and results.url",
        "获取服务器地址: 设备通过该接口获取服务器地址; 成功 code 00000000, url 必填",
    ),
    _step(
        *(Stage.OPENED, LOOKUP, "The WebSocket at the look-up's url opens"),
        "the opening handshake of a WebSocket",
        "status 101",
        "The url of the look-up's answer is where the device connects to",
    ).but_over_mqtt(
        title="The broker at the look-up's url takes the device and its subscription",
        sends="CONNECT as the profile has it, then SUBSCRIBE for the device's own topic",
        expects="CONNACK with code 0, SUBACK with the quality of service that was asked for, or a lower one",
    ),
    _step(
        *(Stage.EXCHANGED, HANDSHAKE, "Public keys and factors are exchanged"),
        "device.exchange.publicKey, then device.exchange.factor encrypted under the server's key",
        "code 00000000 twice, with a publicKey and a factor that the device can use",
        "docs/deviations.md, Secure channel: the device sends its factor first; the reply carries the server's",
    ),
    _step(
        *(Stage.REGISTERED, SECTIONS["dev.register"], "A device with the right productId and devKey is registered"),
        "dev.register",
        "code 00000000 and results.authCode",
        "设备注册: authCode 必填",
    ),
    _step(
        *(Stage.ACCREDITED, SECTIONS["dev.accredit"], "A registered device is accredited"),
        "dev.accredit with the authCode",
        "code 00000000 and results.secret",
        "设备授权: secret 必填",
    ),
    _step(
        *(Stage.LOGGED_IN, SECTIONS["dev.login"], "An accredited device logs in"),
        "dev.login with authCode and secret",
        "code 00000000",
        "设备登录",
    ),
    _step(
        *(Stage.ONLINE, SECTIONS["dev.report"], "The report of a device that has logged in is accepted"),
        "dev.report with every required parameter",
        "code 00000000",
        "设备上报",
    ),
)
