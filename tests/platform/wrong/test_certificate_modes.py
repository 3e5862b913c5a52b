"""Each mistake with certificates is in the answers, or made by the broker, where it was asked for and nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import websockets

from simulator.platform.process import PlatformError
from simulator.protocol import device_certificate
from tests.platform.harness import IDENTITIES, OK, Device, Identity, Running, running
from tests.platform.parts import platform_settings, platform_tls
from tests.platform.test_device_certificates import TURNED_AWAY, shows
from tests.platform.wrong.walk import names_of

ONE, TWO = IDENTITIES[:2]
Results = dict[str, Any]


async def four(*wrong: str) -> list[Results]:
    """The results of four look-ups."""
    async with running(platform_settings(tls=platform_tls(device_certificates=True), wrong=wrong)) as platform:
        now = platform.clock.wall()
        found = [(await platform.look_up(ONE))["payload"]["results"] for _ in range(4)]
    return [{**results, "now": now} for results in found]


def time_fault(results: Results) -> str:
    return device_certificate.validity_fault(results.get("certificate", ""), results["now"]) or ""


def fault(results: Results) -> str:
    found = device_certificate.pair_fault(results.get("certificate"), results.get("privateKey"))
    return "" if found is None else f"{found.field} {found.problem}"


SIGNS: dict[str, Callable[[Results], bool]] = {
    "certificate.expired": lambda results: "expired" in time_fault(results),
    "certificate.not-yet": lambda results: "not valid before" in time_fault(results),
    "certificate.other-device": lambda results: (
        device_certificate.names_in(results.get("certificate", "")) == ("another-device",)
    ),
    "certificate.key-broken": lambda results: fault(results).startswith("privateKey cannot be read"),
    "certificate.key-other": lambda results: fault(results).startswith("privateKey does not belong"),
    "certificate.missing": lambda results: not {"certificate", "privateKey", "publicKey"} & set(results),
    "certificate.root-broken": lambda results: not device_certificate.is_certificate(results["rootCA"]),
}


@pytest.mark.parametrize("name", SIGNS)
async def test_it_is_made_in_every_other_answer(name: str) -> None:
    often = 4 if name == "certificate.root-broken" else 2
    found = await four(name)
    assert [sum(sign(each) for each in found) for other, sign in SIGNS.items()] == [
        often if other == name else 0 for other in SIGNS
    ]


async def test_a_right_platform_makes_none() -> None:
    assert [name for name, sign in SIGNS.items() if any(sign(each) for each in await four())] == []


async def registers(platform: Running, identity: Identity, context: ssl.SSLContext) -> str:
    """The code of a registration."""
    socket = await websockets.connect(platform.info.broker, ssl=context, max_size=None, compression=None)
    device = Device(identity, socket)
    platform.devices.append(device)
    params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof()}
    return str((await device.request("dev.register", params, sn=identity.sn))["code"])


async def outcomes(directory: Path, *wrong: str) -> tuple[str, str]:
    """How a device fares without a certificate, and with another's."""
    async with running(platform_settings(tls=platform_tls(device_certificates=True), wrong=wrong)) as platform:
        results = (await platform.look_up(TWO))["payload"]["results"]
        try:
            without = await registers(platform, ONE, shows(None, results["rootCA"], directory))
        except TURNED_AWAY:
            without = "turned away"
        return without, await registers(platform, ONE, shows(results, results["rootCA"], directory))


LENIENT = {
    "certificate.accepts-none": (OK, "E0010004"),
    "certificate.accepts-other": ("turned away", OK),
    None: ("turned away", "E0010004"),
}


@pytest.mark.parametrize("name", LENIENT)
async def test_whom_the_broker_lets_in(name: str | None, tmp_path: Path) -> None:
    assert await outcomes(tmp_path, *filter(None, [name])) == LENIENT[name]


def test_each_has_a_test() -> None:
    assert {*SIGNS, *filter(None, LENIENT)} == set(names_of("certificate"))


async def test_all_at_once_take_turns() -> None:
    names = names_of("certificate")
    async with running(platform_settings(tls=platform_tls(device_certificates=True), wrong=tuple(names))) as platform:
        found = [
            {**(await platform.look_up(ONE))["payload"]["results"], "now": platform.clock.wall()} for _ in range(24)
        ]
    assert [name for name, sign in SIGNS.items() if not any(sign(each) for each in found)] == []


@pytest.mark.parametrize("tls", [None, platform_tls()])
async def test_they_are_refused_where_no_certificates_are_issued(tls: Any) -> None:
    with pytest.raises(PlatformError, match=r"certificate\.expired cannot be seen .*device_certificates: true"):
        async with running(platform_settings(tls=tls, wrong=("certificate.expired",))):
            pass
