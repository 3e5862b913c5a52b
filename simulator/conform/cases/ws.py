"""WebSocket beneath the protocol: pings, fragments, the closing handshake, a device that says nothing for a while."""

from functools import partial
from typing import Any, Final

import orjson

from simulator.conform.answers import Closed
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Run, failed, not_run, ok
from simulator.conform.expect import accepted, both, holds
from simulator.conform.stages import Stage
from simulator.conform.suites import SEALING
from simulator.conform.whole_run import none_of
from simulator.measurements.violation_rules import SESSION_CLOSE_CODE, SESSION_CLOSED_UNANNOUNCED, SESSION_WEBSOCKET
from simulator.texts.told import Told
from simulator.texts.translation import N_

_SECTION: Final = "1 协议类型"
_WHY: Final = "BEST 协议: 基于best-w; best-w: 基于主流websocket (RFC 6455)"
_NOT_OVER_MQTT: Final = "it is about WebSocket; what is like it stands in the section mqtt"
_NO_STATUS: Final = 1006
_SHARE: Final = 0.8
"""Of a heartbeat's interval in which a device may be silent for sure."""

# --- Frames ---


async def _ping(stage: Stage, bench: Bench) -> Outcome:
    async with bench.device(stage) as device:
        answered = await device.ping()
        return holds(answered, "the pong came", "no pong came within the request time-out")


async def _fragments(pieces: int, bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        message = device.probe()
        waiter = device.expect(message["mid"], message["funcId"])
        device.send_fragments(orjson.dumps(message), pieces)
        answer = await device.wait_for(waiter, message["mid"])
        return both(accepted(answer), accepted(await device.ask(device.probe())))


# --- Ends ---


async def _close(code: int, reason: str, bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        ended = await device.close(code, reason)
    if ended.code == _NO_STATUS:
        return failed(Told("the closing handshake was not answered: {detail}", detail=ended.detail))
    return ok(Told("the closing handshake was answered with {code}", code=ended.code))


async def _idle(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.device(Stage.ONLINE, fresh=True, which=1) as device:
        interval = device.terms.heartbeat_interval if device.terms.heartbeat else bench.left
        waited = max(min(_SHARE * interval, bench.left), 0.0)
        ended = await device.end(waited)
        if isinstance(ended, Closed):
            return failed(Told("within {waited:.1f} s of silence {told}", waited=waited, told=ended.told))
        return accepted(await device.ask(device.probe()))


# --- Declarations ---


def _case(name: str, title: str, sends: str, run: Run, *, expects: str, why: str = _WHY, **rest: Any) -> Case:
    case = Case(id=f"ws.{name}", section=_SECTION, title=title, sends=sends, expects=expects, why=why, run=run, **rest)
    return case.not_over_mqtt(_NOT_OVER_MQTT)


def _in_fragments(name: str, told_as: str, pieces: int) -> Case:
    return _case(
        name,
        Told("A message in {told_as} frames is accepted", told_as=told_as),
        Told("a right message in {told_as} frames", told_as=told_as),
        partial(_fragments, pieces),
        expects="code 00000000, for the message after it as well",
        suites=("plain", "exchange-only"),
    )


CASES = (
    _case("ping", "A ping is answered", "a ping without payload", partial(_ping, Stage.ONLINE), expects="a pong"),
    _case(
        "ping.early",
        "A ping before the initial flow is answered",
        "a ping on a connection that was just opened",
        partial(_ping, Stage.OPENED),
        expects="a pong",
    ),
    _in_fragments("fragments", N_("three"), 3),
    _in_fragments("fragments.many", N_("forty"), 40),
    _case(
        "fragments.sealed",
        "A sealed message in three frames",
        "a right message in three frames",
        partial(_fragments, 3),
        expects="either",
        why="docs/deviations.md, Secure channel: every message is one binary WebSocket frame",
        suites=SEALING,
        required=False,
    ),
    _case(
        "close",
        "A close is answered",
        "a close frame with 1000",
        partial(_close, 1000, ""),
        expects="a close frame",
    ),
    _case(
        "close.going-away",
        "A close with a reason is answered",
        "a close frame with 1001 and a reason",
        partial(_close, 1001, "the device restarts"),
        expects="a close frame",
    ),
    _case(
        "idle",
        "A device may be silent between two heartbeats",
        "nothing, not even a ping, for four fifths of the heartbeat's interval, or as long as cases may wait",
        _idle,
        expects="the connection stays, and a right message is accepted afterwards",
        why="heartbeatInterval: 设备业务心跳间隔时间, 默认值为60, 单位为秒",
        waits=True,
    ),
    _case(
        "frames",
        "Every frame of the platform keeps to WebSocket",
        "everything that this run sends",
        partial(none_of, (SESSION_WEBSOCKET,)),
        expects="no frame that RFC 6455 forbids",
        waits=True,
        about_form=True,
    ),
    _case(
        "ends",
        "The platform ends no connection without a close frame, or with a status that may not be sent",
        "everything that this run sends",
        partial(none_of, (SESSION_CLOSE_CODE, SESSION_CLOSED_UNANNOUNCED)),
        expects="a close frame with a status before TCP ends, while all is well",
        waits=True,
        about_form=True,
    ),
)
