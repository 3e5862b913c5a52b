"""One connection a device: the newest login wins, and silent ones end."""

from __future__ import annotations

from tests.platform.harness import IDENTITIES, OK, Running, running

ONE = IDENTITIES[0]
HEARTBEAT = "dev.heartbeat"
FREE = {"isFree": "1"}


async def test_the_second_login_wins(platform: Running) -> None:
    older = await platform.online(ONE)
    newer = await platform.online(ONE)
    assert await older.close_code() == 1008
    assert await newer.code(HEARTBEAT, FREE) == OK
    ledger = await platform.ledger()
    assert ledger["devices"][ONE.sn]["doubleLogins"] == 1
    assert ledger["devices"][ONE.sn]["online"] is True
    assert ledger["totals"]["doubleLogins"] == 1


async def test_coming_again_is_no_double_login(platform: Running) -> None:
    device = await platform.online(ONE)
    credentials = device.credentials
    await device.close()
    again = await platform.connect(ONE)
    await again.log_in(credentials)
    assert (await platform.ledger())["totals"]["doubleLogins"] == 0


async def test_a_silent_connection_is_closed_where_that_is_wanted() -> None:
    async with running(idle_timeout=1.0) as platform:
        device = await platform.online(ONE)
        assert await device.close_code() == 1001
        assert (await platform.ledger())["events"]["silent connection closed"] == 1
