"""Mistakes made together: whatever is asked for, the platform goes on and has no fault of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest
import websockets

from simulator.platform.wrong.mode import Mode
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.session import WrongSession
from tests.platform.harness import IDENTITIES, running
from tests.platform.wrong.test_lookup_modes import ask
from tests.platform.wrong.walk import Seen, business, come_online, settings_with, walker

WITH_SUITE = {
    suite: [name for name, mode in MODES.items() if not mode.issues and (not mode.suites or suite in mode.suites)]
    for suite in ("plain", "exchange-only", "rsa-aes")
}
"""Without those of certificates, which are made together in test_certificate_modes.py."""


Faults = Callable[[], list[str]]


@pytest.fixture
def faults(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Faults:
    """What the platform has said of faults of its own."""

    def found() -> list[str]:
        said = capsys.readouterr().err.splitlines()
        logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        return [line for line in said if "internal fault" in line or line.startswith("dispatch:")] + logged

    return found


async def meet(names: list[str], channel: str, faults: Faults) -> None:
    """Three devices against a platform with these mistakes, which must neither fail nor say a fault of its own."""
    async with running(settings_with(*names, channel=channel)) as platform:
        for identity in IDENTITIES[:3]:
            await ask(platform, identity)
            device = await walker(platform, Seen(), identity)
            with suppress(websockets.ConnectionClosed, AssertionError, ValueError, KeyError):
                if channel != "plain":
                    await asyncio.wait_for(device.exchange(sealed=channel == "rsa-aes"), 0.3)
                await come_online(device)
                await business(device)
                await business(device, 2)
            await device.close()
        assert (await platform.ledger())["devices"] is not None
    assert faults() == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("channel", WITH_SUITE)
async def test_ten_at_once(channel: str, seed: int, faults: Faults) -> None:
    await meet(Random(f"{channel}/{seed}").sample(WITH_SUITE[channel], 10), channel, faults)


@pytest.mark.parametrize("channel", WITH_SUITE)
async def test_all_at_once(channel: str, faults: Faults) -> None:
    await meet(WITH_SUITE[channel], channel, faults)


def test_every_mistake_can_be_seen_on_some_channel() -> None:
    seen: list[Mode] = [MODES[name] for names in WITH_SUITE.values() for name in names]
    assert {mode.name for mode in seen} == {mode.name for mode in MODES.values() if not mode.issues}


async def test_a_fault_would_be_noticed(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> None:
    monkeypatch.setattr(WrongSession, "_strictness", lambda *arguments: 1 / 0)
    with pytest.raises(AssertionError, match="internal fault"):
        await meet(["reply.late"], "plain", faults)


@pytest.mark.parametrize("names", [["reply.late", "command.unknown"], []])
async def test_a_wrong_platform_says_that_it_is(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    async with running(settings_with(*names)):
        pass
    assert ("platform: wrong on purpose: reply.late, command.unknown" in capsys.readouterr().err) is bool(names)
