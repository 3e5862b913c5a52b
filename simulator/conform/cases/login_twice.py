"""dev.login on two connections of one serial number, at the same time and one after the other."""

from typing import Final

from simulator.conform.answers import Closed, Silence
from simulator.conform.bench import Bench
from simulator.conform.case import Outcome, failed, non_strict, not_run
from simulator.conform.declare import ACCEPTED, Family
from simulator.conform.expect import accepted, both, closed
from simulator.conform.stages import Stage

_login: Final = Family("login", "3.2 设备登录")


async def _newer_wins(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as older, bench.device(Stage.EXCHANGED, second=True) as newer:
        newer.auth_code, newer.secret = older.auth_code, older.secret
        if not newer.secret:
            return not_run("the first connection holds no secret to log in with")
        login = accepted(await newer.login())
        if login.result != "OK":
            return login
        ended = await older.end()
        report = accepted(await newer.report())
        alive = accepted(await newer.ask(newer.probe()))
    if isinstance(ended, Silence):
        return failed("both connections stay open: the older one is not closed")
    return both(closed(ended, 1008), report, alive)


async def _without_a_farewell(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as older:
        auth_code, secret = older.auth_code, older.secret
        await older.abort()
    async with bench.device(Stage.EXCHANGED) as device:
        device.auth_code, device.secret = auth_code, secret
        answer = await device.login()
        if isinstance(answer, Closed):
            return non_strict(answer.told)
        return both(accepted(answer), accepted(await device.report()))


# --- Declarations ---


CASES = (
    _login(
        "second-connection",
        "Of two connections of one serial number the newer lives, the older is closed with 1008",
        "dev.login on a second connection while the first is online",
        "docs/deviations.md, Initial flow: a second connection that logs in with a serial number already online wins; "
        "the older one is closed with 1008",
        _newer_wins,
        expects="the older connection closed with 1008, the newer one at work",
    ).but_over_mqtt(
        title="Of two connections of one serial number the newer lives, the older has ended",
        expects="the older connection at its end, the newer one at work",
    ),
    _login(
        "after-lost-connection",
        "A device that lost its connection comes back at once",
        "an online connection dropped without a close frame, then the flow anew",
        "docs/deviations.md, Initial flow: a device that comes back after its old connection ended is no double login",
        _without_a_farewell,
        expects=f"{ACCEPTED}",
    ),
)
