"""Registration, accreditation and login: what is let in and what is refused."""

from __future__ import annotations

import pytest

from tests.platform.harness import IDENTITIES, OK, Running

ONE, TWO = IDENTITIES[:2]
WARM = IDENTITIES[-1]
REFUSED = "E0010004"


@pytest.mark.parametrize("wrong", ["productId", "devKey", "authCode", "secret"])
async def test_wrong_credentials(platform: Running, wrong: str) -> None:
    device = await platform.connect(ONE)
    given = device.proof(**await device.register())
    other = "0" * 64 if wrong == "devKey" else "nonsense"
    assert await device.code("dev.login", given | {wrong: other}, sn=ONE.sn) == REFUSED
    if wrong != "secret":
        params = {name: value for name, value in given.items() if name != "secret"} | {wrong: other}
        assert await device.code("dev.accredit", params, sn=ONE.sn) == REFUSED
    if wrong in ("productId", "devKey"):
        params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof(), wrong: other}
        assert await device.code("dev.register", params, sn=ONE.sn) == REFUSED
    assert await device.code("dev.login", given, sn=ONE.sn) == OK


async def test_credentials_of_another_device(platform: Running) -> None:
    first = await platform.connect(ONE)
    given = await first.register()
    second = await platform.connect(TWO)
    assert await second.code("dev.login", second.proof(**given), sn=TWO.sn) == REFUSED
    assert await second.code("dev.login", second.proof(**given), sn="NOBODY") == REFUSED


async def test_warm_start_and_new_registration(platform: Running) -> None:
    device = await platform.connect(WARM)
    await device.log_in({"authCode": "known-code", "secret": "known-secret"})
    first = await device.register()
    second = await platform.connect(WARM)
    old = second.proof(authCode="known-code", secret="known-secret")
    assert await second.code("dev.login", old, sn=WARM.sn) == REFUSED, "registering again made the old ones invalid"
    assert await second.code("dev.login", second.proof(**first), sn=WARM.sn) == OK


async def test_a_secret_without_accreditation_is_gone(platform: Running) -> None:
    device = await platform.connect(ONE)
    old = await device.register()
    params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof()}
    auth_code = (await device.request("dev.register", params, sn=ONE.sn))["payload"]["results"]["authCode"]
    given = device.proof(authCode=auth_code, secret=old["secret"])
    assert await device.code("dev.login", given, sn=ONE.sn) == REFUSED


async def test_digests_may_be_written_in_capitals(platform: Running) -> None:
    device = await platform.connect(ONE)
    given = device.proof(**await device.register())
    assert await device.code("dev.login", given | {"devKey": given["devKey"].upper()}, sn=ONE.sn) == OK
