"""A walk through the protocol against a platform that may be wrong, and what was seen on the wire meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import websockets
from cryptography.exceptions import InvalidTag

from simulator.platform.settings import PlatformSettings
from simulator.platform.wrong.modes import MODES
from tests.platform.harness import IDENTITIES, Device, Identity, Running, record, report_params, running
from tests.platform.parts import meeting_plan, platform_settings

PATIENCE = 0.15
"""Seconds that the walk waits for a reply: all is in one process."""


@dataclass
class Seen:
    """What came from the platform."""

    texts: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    """funcId of our requests by mid."""
    last: list[str] = field(default_factory=list)
    """funcId of the last request when each text came."""
    close_code: int | None = None
    online_for: int = 0

    def replies(self, func_id: str) -> list[dict[str, Any]]:
        """What came after a request of ours that is no command, whatever its mid."""
        return [
            message
            for message, last in zip(map(parsed, self.texts), self.last, strict=True)
            if last == func_id and not is_command(message)
        ]

    def commands(self, func_id: str = "cmd.") -> list[dict[str, Any]]:
        """The commands whose funcId begins so."""
        return [one for one in map(parsed, self.texts) if is_command(one) and one["funcId"].startswith(func_id)]


def parsed(text: str) -> dict[str, Any]:
    """The object in a text; an empty one where there is none."""
    with suppress(ValueError):
        message = json.loads(text)
        if isinstance(message, dict):
            return message
    return {}


def is_command(message: dict[str, Any]) -> bool:
    return str(message.get("funcId", "")).startswith("cmd.") and message["funcId"] != "cmd.dev.response"


class Walker(Device):
    """A device that takes whatever comes."""

    def __init__(self, identity: Identity, socket: websockets.ClientConnection, seen: Seen) -> None:
        self.seen = seen
        self.asking = ""
        self.answers_commands = True
        self.arrived = asyncio.Event()
        super().__init__(identity, socket)

    async def _read_all(self) -> None:
        async for payload in self.socket:
            text = self._opened(payload)
            text = text if isinstance(text, str) else text.decode(errors="replace")
            self.seen.texts.append(text)
            self.seen.last.append(self.asking)
            message = parsed(text)
            waiting = self._waiting.pop(str(message.get("mid")), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            if is_command(message):
                if self.answers_commands:
                    await self._obey(message)
            else:
                self.arrived.set()

    def _opened(self, payload: str | bytes) -> str | bytes:
        # A frame that cannot be opened is noted as it came.
        with suppress(AssertionError, InvalidTag):
            return super()._opened(payload)
        return payload

    async def _obey(self, command: dict[str, Any]) -> None:
        params = command.get("payload", {}).get("params")
        if isinstance(params, dict) and "cmdId" in params and "mid" in command:
            await self.answer(command)

    async def try_(self, func_id: str, params: Any = None, **envelope: Any) -> dict[str, Any]:
        """Ask, and take the next message that is no command; an empty one where none comes in time."""
        message = {"funcId": func_id, "mid": self.mid(), **envelope}
        if params is not None:
            message["payload"] = {"params": params}
        self.asking = func_id
        self.arrived.clear()
        await self.send(message)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.arrived.wait(), PATIENCE)
            replies = self.seen.replies(func_id)
            return replies[-1] if replies else {}
        return {}


def settings_with(*names: str, **changes: Any) -> PlatformSettings:
    """Settings with users and a meeting, and these mistakes."""
    values = {"wrong": names, "users": 3, "meetings": meeting_plan(count=1, members=2), **changes}
    return platform_settings(**values)


async def walker(platform: Running, seen: Seen, identity: Identity) -> Walker:
    socket = await websockets.connect(platform.info.broker, max_size=None, compression=None)
    device = Walker(identity, socket, seen)
    platform.devices.append(device)
    return device


async def come_online(device: Walker, **report: Any) -> None:
    """The initial flow, as often as it takes."""
    sn = device.identity.sn
    for _ in range(3):
        params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof()}
        reply = await device.try_("dev.register", params, sn=sn)
        auth_code = reply.get("payload", {}).get("results", {}).get("authCode")
        if auth_code is None:
            continue
        reply = await device.try_("dev.accredit", device.proof(authCode=auth_code), sn=sn)
        secret = reply.get("payload", {}).get("results", {}).get("secret")
        if secret is not None:
            await device.try_("dev.login", device.proof(authCode=auth_code, secret=secret), sn=sn)
            await device.try_("dev.report", report_params(**report), sn=sn)
            return


async def business(device: Walker, start: int = 1) -> None:
    """Some of what devices do that are online."""
    await device.try_("dev.heartbeat", {"isFree": "1"})
    await device.try_("dev.data.upload.verifyLog", {"verifyLog": [record(start)]})
    await device.try_("dev.system.sync.time")


async def walk(*names: str, turns: int = 1, **changes: Any) -> Seen:
    """Two devices, one after the other, against a platform with these mistakes."""
    seen = Seen()
    async with running(settings_with(*names, **changes)) as platform:
        for identity in IDENTITIES[:2]:
            device = await walker(platform, seen, identity)
            await come_online(device)
            for turn in range(turns):
                await business(device, turn + 1)
            await asyncio.sleep(0.02)
            await device.close()
    return seen


Shows = Callable[[Seen], bool]
"""Whether what was seen shows a mistake."""


def names_of(kind: str) -> list[str]:
    return [name for name in MODES if name.startswith(f"{kind}.")]


__all__ = ["Seen", "Shows", "Walker", "business", "come_online", "names_of", "settings_with", "walk", "walker"]
