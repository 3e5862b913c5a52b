"""The runner against platforms that refuse, break, fall silent or die, and against cases that go wrong themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, failed, informational, non_strict, ok
from simulator.conform.expect import accepted, refused
from simulator.conform.runner import Runner
from simulator.conform.stages import Stage
from simulator.platform import device_session
from tests.conform.harness import conform, conform_embedded, credentials, embedded
from tests.platform.parts import answer_rule

SHORT = 0.8
"""Seconds of a request time-out that is meant to run out."""


def case(name: str, run: Callable[[Bench], Awaitable[Outcome]], **changes: object) -> Case:
    texts = dict.fromkeys(("section", "title", "sends", "expects", "why"), "-")
    return Case(id=name, run=run, **texts, **changes)  # type: ignore[arg-type]


async def _beat(bench: Bench) -> Outcome:
    async with bench.device() as device:
        return accepted(await device.request("dev.heartbeat", {"isFree": "1"}))


async def _fine(bench: Bench) -> Outcome:
    return ok("fine")


BEAT = case("heartbeat.one", _beat)
FINE = case("lookup.fine", _fine)


@asynccontextmanager
async def dispatch(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An HTTP server that answers everything so; its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# --- A platform that cannot be judged from the beginning ---


async def _status_500(request: web.Request) -> web.Response:
    return web.Response(status=500, text="oops")


async def _html(request: web.Request) -> web.Response:
    return web.Response(text="<html><h1>Welcome</h1></html>", content_type="text/html")


async def _silence(request: web.Request) -> web.Response:
    await asyncio.sleep(10)
    return web.Response()


async def _unknown_device(request: web.Request) -> web.Response:
    return web.json_response({"code": "E0010004", "message": "not authorised"})


async def _hung_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (_status_500, "500"),
        (_html, "JSON"),
        (_silence, "no answer within 0.8 s"),
        (_unknown_device, "refused with E0010004"),
        (_hung_up, "broke off"),
    ],
)
async def test_a_dispatch_that_gives_no_broker_is_not_judged(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], told: str
) -> None:
    async with dispatch(answer) as url:
        found = await conform(url, cases=[FINE, BEAT], timeout=SHORT)
    assert found.judged.reason.startswith("the very look-up of SN0000 failed: ")
    assert told in found.judged.reason
    assert found.of(Result.NOT_RUN).keys() == {FINE.id, BEAT.id}


async def test_nobody_at_the_address() -> None:
    found = await conform("http://127.0.0.1:1", cases=[FINE])
    assert "nothing listens at 127.0.0.1:1" in found.judged.reason


# --- A platform that blocks the initial flow ---


async def test_a_broker_that_is_not_there_fails_the_opening() -> None:
    async def nowhere(request: web.Request) -> web.Response:
        return web.json_response(
            {"code": "00000000", "message": "", "payload": {"results": {"url": "ws://127.0.0.1:1"}}}
        )

    async with dispatch(nowhere) as url:
        found = await conform(url, cases=[FINE, BEAT])
    assert found.judged.reason == ""
    assert found.of(Result.FAILED) == {"channel.opened": "nothing listens at 127.0.0.1:1 (connection refused)"}
    assert found.of(Result.OK).keys() == {FINE.id}
    assert "the initial flow ends at channel.opened" in found.outcome(BEAT.id).observed


@pytest.mark.parametrize(
    ("func_id", "step"),
    [
        ("dev.register", "register.granted"),
        ("dev.accredit", "accredit.granted"),
        ("dev.login", "login.granted"),
        ("dev.report", "report.accepted"),
    ],
)
@pytest.mark.parametrize("silent", [False, True])
async def test_a_blocked_step_fails_once_and_what_needs_it_is_not_run(func_id: str, step: str, silent: bool) -> None:
    rule = answer_rule(func_id, **({"silence_share": 1.0} if silent else {"error_share": 1.0}))
    cases = [case(f"heartbeat.n{number}", _beat) for number in range(5)]
    async with embedded(answers=(rule,)) as platform:
        began = asyncio.get_running_loop().time()
        found = await conform(platform.info.dispatch, cases=[*cases, FINE], timeout=SHORT if silent else 5)
        took = asyncio.get_running_loop().time() - began
    assert found.judged.reason == ""
    assert found.of(Result.FAILED).keys() == {step}
    assert found.of(Result.NOT_RUN).keys() == {each.id for each in cases}
    assert found.of(Result.OK).keys() == {FINE.id}
    assert took < 5 * SHORT + 5  # one time-out, not one a case


async def test_a_look_up_that_fails_now_and_then_does_not_end_the_flow() -> None:
    async with embedded(wrong=("lookup.fault",)) as platform:
        found = await conform(platform.info.dispatch, cases=[BEAT, case("heartbeat.two", _beat)])
    assert found.judged.reason == ""
    assert found.of(Result.OK).keys() == {BEAT.id, "heartbeat.two"}
    assert found.site.violations.by_rule.keys() == {"lookup.status"}


async def test_an_identity_that_the_platform_does_not_know_fails_nothing() -> None:
    async def second(bench: Bench) -> Outcome:
        async with bench.device(which=1):
            return ok("online")

    good, other = credentials(2)
    async with embedded() as platform:
        strange = type(other)(sn="STRANGER", secret_key="x", product_id="p", dev_key="k")
        found = await conform(
            platform.info.dispatch, cases=[BEAT, case("login.second", second)], identities=[good, strange]
        )
    # Whichever it is of the CSV file: who is not let in cannot be judged.
    assert found.judged.reason.startswith("the very look-up of STRANGER failed: the look-up was refused")
    assert found.of(Result.NOT_RUN).keys() == {BEAT.id, "login.second"}


async def test_a_broker_whose_name_nobody_knows_is_not_reached() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.json_response(
            {"code": "00000000", "message": "", "payload": {"results": {"url": "ws://broker.invalid:1"}}}
        )

    async with dispatch(elsewhere) as url:
        found = await conform(url, cases=[FINE, BEAT])
    assert "the broker that it names is not reached: no address found for 'broker.invalid'" in found.judged.reason


async def test_a_connection_that_an_earlier_case_had_closed_is_no_fault_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = device_session.DeviceSession._reply

    def reply(self: Any, name: str, mid: str, code: str, results: Any, *rest: Any) -> None:
        real(self, name, mid, code, results, *rest)
        if code == "E0000001":
            asyncio.get_running_loop().call_later(0.01, self.close, 1000, "refused")

    async def wrong(bench: Bench) -> Outcome:
        async with bench.device() as device:
            return refused(await device.request("dev.no.such", {}))

    async def next_one(bench: Bench) -> Outcome:
        async with bench.device() as device:
            await asyncio.sleep(0.05)
            return accepted(await device.request("dev.heartbeat", {"isFree": "1"}))

    monkeypatch.setattr(device_session.DeviceSession, "_reply", reply)
    async with embedded() as platform:
        found = await conform(
            platform.info.dispatch, cases=[case("envelope.wrong", wrong), case("envelope.next", next_one)]
        )
    assert found.of(Result.OK).keys() == {"envelope.wrong", "envelope.next"}


async def test_a_case_that_needs_more_devices_than_there_are_is_not_run() -> None:
    async def third(bench: Bench) -> Outcome:
        async with bench.device(which=2):
            return ok("online")

    async with embedded() as platform:
        found = await conform(
            platform.info.dispatch, cases=[BEAT, case("login.third", third)], identities=credentials(2)
        )
    assert found.outcome("login.third").observed == "needs 3 serial numbers; 2 are given"


# --- A platform that goes away in the middle ---


async def test_a_platform_that_dies_is_told_and_the_rest_is_not_run() -> None:
    async with embedded() as platform:

        async def killed(bench: Bench) -> Outcome:
            async with bench.device() as device:
                await platform.end()
                return accepted(await device.request("dev.heartbeat", {"isFree": "1"}))

        cases = [BEAT, case("heartbeat.killed", killed), case("heartbeat.after", _beat), FINE]
        found = await conform(platform.info.dispatch, cases=cases)
    assert found.judged.reason.startswith("the platform went away during heartbeat.killed: ")
    assert "nothing listens at" in found.judged.reason
    assert found.of(Result.OK).keys() == {BEAT.id}
    assert found.of(Result.NOT_RUN).keys() == {"heartbeat.killed", "heartbeat.after", FINE.id}


async def test_a_platform_that_falls_silent_is_told() -> None:
    fallen = asyncio.Event()

    async def silent_later(request: web.Request) -> web.Response:
        if fallen.is_set():
            await asyncio.sleep(10)
        return web.json_response(
            {"code": "00000000", "message": "", "payload": {"results": {"url": "ws://127.0.0.1:1"}}}
        )

    async def falls(bench: Bench) -> Outcome:
        fallen.set()
        return accepted(await bench.look_up())

    async with dispatch(silent_later) as url:
        found = await conform(
            url, cases=[FINE, case("lookup.falls", falls), case("lookup.later", _fine)], timeout=SHORT
        )
    assert "went away during lookup.falls" in found.judged.reason
    assert found.of(Result.NOT_RUN).keys() == {"lookup.falls", "lookup.later"}


async def test_one_wrong_answer_is_a_failure_and_no_death() -> None:
    async def wrong(bench: Bench) -> Outcome:
        return failed("it was wrong")

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[BEAT, case("heartbeat.wrong", wrong), FINE])
    assert found.judged.reason == ""
    assert found.of(Result.FAILED) == {"heartbeat.wrong": "it was wrong"}
    assert found.of(Result.OK).keys() == {BEAT.id, FINE.id}


# --- Cases that go wrong themselves, or are stopped ---


async def test_an_exception_of_a_case_is_an_internal_error() -> None:
    async def broken(bench: Bench) -> Outcome:
        raise KeyError("oops")

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[case("lookup.broken", broken), FINE])
    assert found.judged.reason.startswith("an error of best-fleet itself: conform.exception: lookup.broken: KeyError")
    assert found.site.internal_errors.total == 1
    assert found.of(Result.OK).keys() == {FINE.id}
    assert found.result("lookup.broken") is Result.NOT_RUN


async def test_a_case_without_an_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.conform.runner._PATIENCE", 0.05)

    async def endless(bench: Bench) -> Outcome:
        await asyncio.Event().wait()
        return ok("never")

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[case("lookup.endless", endless), FINE], wait=0.0)
    assert found.result("lookup.endless") is Result.NOT_RUN
    assert "broken off" in found.outcome("lookup.endless").observed


async def test_stopping_leaves_the_rest_not_run() -> None:
    runners: list[Runner] = []

    async def stops(bench: Bench) -> Outcome:
        runners[0].stop("stopped by SIGINT")
        await asyncio.Event().wait()
        return ok("never")

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[BEAT, case("lookup.stops", stops), FINE], started=runners)
    assert found.judged.reason == "stopped by SIGINT"
    assert found.of(Result.OK).keys() == {BEAT.id}
    assert found.of(Result.NOT_RUN).keys() == {"lookup.stops", FINE.id}


async def test_nothing_but_not_run_is_not_green() -> None:
    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[case("channel.tag", _fine, suites=("rsa-aes",))])
    assert found.judged.reason == "no case could be run: is about the channel suite rsa-aes"


@pytest.mark.parametrize("outcome", [failed("no"), non_strict("odd"), informational("so")])
async def test_what_is_not_required_is_informational_at_most(outcome: Outcome) -> None:
    async def ends(bench: Bench) -> Outcome:
        return outcome

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[case("lookup.open", ends, required=False)])
    assert found.of(Result.INFORMATIONAL) == {"lookup.open": outcome.observed}


async def test_what_needs_a_failed_case_is_not_run() -> None:
    async def wrong(bench: Bench) -> Outcome:
        return failed("no")

    cases = [case("lookup.wrong", wrong), case("lookup.after", _fine, needs=("lookup.wrong",))]
    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=cases)
    assert found.outcome("lookup.after").observed == "needs lookup.wrong, which is FAILED"


# --- Listening ---


async def test_cases_that_wait_share_one_period_and_see_what_is_pushed() -> None:
    async def pushed(bench: Bench) -> Outcome:
        push = await bench.pushed("cmd.data.update.user")
        return ok(push.func_id) if push is not None else failed("nothing came")

    async def never(bench: Bench) -> Outcome:
        push = await bench.pushed("cmd.control.reboot")
        return failed("it came") if push is not None else ok("nothing came")

    cases = [case("command.user", pushed, waits=True), *(case(f"command.n{n}", never, waits=True) for n in range(4))]
    async with embedded(users=2) as platform:
        began = asyncio.get_running_loop().time()
        found = await conform(platform.info.dispatch, cases=cases, wait=0.5)
        took = asyncio.get_running_loop().time() - began
    assert found.of(Result.OK).keys() == {each.id for each in cases}
    assert took < 4 * 0.5 + 3
    assert {push.answered for push in found.site.pushes} == {"00000000"}


async def test_the_listening_device_beats() -> None:
    async def listens(bench: Bench) -> Outcome:
        async with bench.device(Stage.ONLINE) as device:
            before = len(bench.pushes)
            await bench.pushed("cmd.nothing", since=before)
            return ok("online still") if device.closed is None else failed(device.closed.told)

    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=[case("command.listens", listens, waits=True)])
        ledger = await platform.ledger()
    assert found.result("command.listens") is Result.OK
    assert "dev.heartbeat" in json.dumps(ledger)


async def test_steps_are_walked_again_only_where_a_case_broke_the_connection() -> None:
    numbers: list[int] = []

    async def uses(spoil: bool, bench: Bench) -> Outcome:
        async with bench.device() as device:
            numbers.append(device.number)
            device.broken = spoil
        return ok("used")

    async def clean(bench: Bench) -> Outcome:
        return await uses(False, bench)

    async def odd(bench: Bench) -> Outcome:
        return await uses(True, bench)

    cases = [case("ws.a", clean), case("ws.b", odd), case("ws.c", clean), case("ws.d", clean)]
    async with embedded() as platform:
        await conform(platform.info.dispatch, cases=cases)
    assert numbers == [1, 1, 2, 2]


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms_in_every_suite(suite: str) -> None:
    found = await conform_embedded("lookup.granted", "channel", "report.accepted", suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    assert found.site.violations.total == 0
