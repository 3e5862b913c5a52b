"""A run against the platform that was written from the documents alone: nothing is held against it but its mistakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.independent.platform import Platform, serve
from tests.independent.store import Identity
from tests.swarm.processes import LocustProcess

Start = Callable[..., LocustProcess]
IDENTITIES = [Identity(f"IN{one:04d}", f"secret-{one}", f"product-{one}", f"key-{one}") for one in range(4)]
SCENARIO = """\
name: second-platform
seed: 5
duration: 12s
target: http://127.0.0.1:1
channel: {{suite: {suite}, device_key_bits: 1024}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
defaults: {{users: 3, reboot: 1s..2s, reconnect: {{first: 500ms, max: 3s}}}}
groups:
  - {{name: rooms, count: 3, verifications: [{{rate: 60/min, photo_share: 80%, photo_size: 2KB..9KB}}]}}
  - {{name: halls, count: 1, verifications: [{{rate: 40/min, photo_size: 60KB..90KB}}]}}
"""
MISTAKES = {
    "no-message": "reply.message",
    "number-heartbeat": "reply.field-type",
    "millis": "reply.field-format",
    "long-mids": "command.mid",
    "number-values": "command.field-type",
    "absent-picture": "command.url",
    "answers-answers": "reply.unknown-mid",
}


async def run(locust: Start, directory: Path, suite: str, *wrong: str) -> tuple[dict[str, Any], Platform]:
    """The summary of a short run against the style that says and pushes most, and what the platform holds."""
    scenario, identities = directory / "second.yaml", directory / "devices.csv"
    scenario.write_text(SCENARIO.format(suite=suite))
    rows = (f"{one.sn},{one.secret_key},{one.product_id},{one.dev_key}\n" for one in IDENTITIES)
    identities.write_text("sn,secretKey,productId,devKey\n" + "".join(rows))
    async with serve(IDENTITIES, suite, "B", seed=3, wrong=wrong) as platform:
        process = locust(
            *("--scenario", str(scenario), "--headless", "--report", "report"),
            *("--host", platform.url, "--identities", str(identities)),
        )
        await asyncio.to_thread(process.end, 90)
        return process.summary(), platform


@pytest.mark.parametrize("suite", [pytest.param("plain", marks=pytest.mark.long), "rsa-aes"])
async def test_a_right_platform_is_not_accused(locust: Start, tmp_path: Path, suite: str) -> None:
    summary, platform = await run(locust, tmp_path, suite)
    assert summary["violations"]["by_rule"] == {}
    assert summary["internal_errors"]["total"] == 0
    assert summary["failures"] == []
    records = summary["records"]
    assert records["generated"] == records["acknowledged"] == len(platform.records) > 0
    assert summary["photos"]["acknowledged"] == len([one for one in platform.photos if one[1] == "verifyPhoto"]) > 0
    assert platform.refusals == []
    assert platform.observations == []


async def test_its_mistakes_are_counted_and_nothing_else(locust: Start, tmp_path: Path) -> None:
    summary, _ = await run(locust, tmp_path, "plain", *MISTAKES)
    assert set(summary["violations"]["by_rule"]) == set(MISTAKES.values())
    assert summary["internal_errors"]["total"] == 0
