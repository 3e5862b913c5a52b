"""Pushes whose clock stands still, to devices that keep what they are sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from simulator.clock import ManualClock
from simulator.platform.ledger.file import Database
from simulator.platform.ledger.inspection import summary_of
from simulator.platform.ledger.transactions import Ledger, run_at_once
from simulator.platform.pushes import Pushes
from simulator.platform.reported import Reported
from simulator.platform.settings import PushRule
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from tests.platform.parts import platform_settings, services_of

OK = "00000000"


class FakeLink:
    """A device that is online and keeps what it is sent."""

    def __init__(self, sn: str = "A", max_pending: int = 20, func_ids: tuple[str, ...] = COMMAND_FUNC_IDS) -> None:
        self.sn = sn
        self.reported = Reported(65_536, max_pending, None, frozenset(func_ids))
        self.sent: list[dict[str, Any]] = []

    def deliver(self, func_id: str, json: bytes) -> bool:
        message = orjson.loads(json)
        assert message["funcId"] == func_id
        self.sent.append(message)
        return True

    def take(self) -> list[dict[str, Any]]:
        taken, self.sent = self.sent, []
        return taken


class Stage:
    """Pushes with a clock that stands still."""

    def __init__(
        self,
        *pushes: PushRule,
        path: Path | None = None,
        clock: ManualClock | None = None,
        schedule: Callable[[Callable[[], None]], object] = run_at_once,
        database: Database | None = None,
        **settings: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.ledger = Ledger(path, schedule, database=database)
        services = services_of(platform_settings(pushes=pushes, **settings), self.ledger, self.clock)
        self.timers = services.timers
        self.tally = services.tally
        self.pushes = Pushes(services, photo_url=lambda sn, pin: f"http://host/photos/{pin}.jpg")

    def online(self, link: FakeLink) -> FakeLink:
        self.ledger.write("INSERT INTO devices (sn) VALUES (?) ON CONFLICT DO NOTHING", (link.sn,))
        self.pushes.online(link)
        return link

    def wait(self, seconds: float, step: float = 0.5) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(step, end - self.clock.monotonic()))
            self.timers.run_due()
            self.timers.run_due()

    def answer(self, link: FakeLink, command: dict[str, Any], code: str = OK) -> None:
        self.pushes.answered(link.sn, command["payload"]["params"]["cmdId"], command["mid"], code)

    def summary(self) -> dict[str, Any]:
        self.tally.flush()
        return summary_of(self.ledger.database)


def names(messages: list[dict[str, Any]]) -> list[str]:
    return [message["funcId"] for message in messages]


def cmd_ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["payload"]["params"]["cmdId"] for message in messages]
