"""The embedded platform's commands to the independent device over MQTT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.independent.mqtt.device import Device
from tests.independent.mqtt.rules import until
from tests.independent.mqtt.test_embedded import embedded, quick_keys
from tests.independent.style import COMMANDS

_ = quick_keys
ALL = {"funcIds": ["dev.data.upload.verifyLog", *COMMANDS], "maxPendingCmdCount": "20"}


def cmd_ids(device: Device) -> list[str]:
    return [one["payload"]["params"]["cmdId"] for one in device.commands]


def pins(device: Device) -> set[str]:
    """Of the users that came."""
    return {user["pin"] for one in device.commands for user in one["payload"]["params"].get("users", ())}


@pytest.mark.parametrize(("kind", "suite"), [("best-m", "plain"), ("best-t", "rsa-aes")])
async def test_many_users_come_within_max_packet(tmp_path: Path, kind: str, suite: str) -> None:
    pushes: list[dict[str, Any]] = [{"command": "cmd.data.update.user", "count": 150, "at": "200ms"}]
    async with embedded(tmp_path, suite, kind, users=200, pushes=pushes) as target:
        memory = target.one()
        async with target.device(memory) as device:
            await device.enter(ALL)
            await until(lambda: len(pins(device)) >= 200)
            assert len(set(cmd_ids(device))) == len(device.commands)
            assert device.strange == []


@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_what_was_not_answered_comes_again_with_a_new_mid(tmp_path: Path, suite: str) -> None:
    async with embedded(tmp_path, suite, "best-m", users=3) as target:
        memory = target.one()
        async with target.device(memory) as device:
            device.mute = True
            await device.enter(ALL)
            await until(lambda: len(device.commands) >= 1)
            first = set(cmd_ids(device))
        memory.sent.clear()
        async with target.device(memory) as device:
            await device.enter(ALL)
            await until(lambda: first <= set(cmd_ids(device)))


async def test_no_command_comes_twice_over_an_absence(tmp_path: Path) -> None:
    pushes = [{"command": "cmd.data.clear.multiCard", "every": "200ms"}]
    async with embedded(tmp_path, "plain", "best-m", users=0, pushes=pushes) as target:
        memory, known = target.one(), set()
        for _ in range(3):
            async with target.device(memory) as device:
                await device.enter(ALL)
                await until(lambda device=device: len(device.commands) >= 2)  # type: ignore[misc]
                await device.ws.leave()
                assert not known & set(cmd_ids(device))
                known |= set(cmd_ids(device))
