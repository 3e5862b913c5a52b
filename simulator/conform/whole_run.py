"""A verdict about all that a run has met: whether the platform has broken some rules anywhere."""

import asyncio
from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.outcome import Outcome, failed, ok
from simulator.texts.told import Told

_STRAY_S: Final = 0.2
"""For what may still be under way when the listening ends."""


async def none_of(rules: tuple[str, ...], bench: Bench) -> Outcome:
    """Whether the whole run has met none of these, when the listening is over."""
    await asyncio.sleep(max(bench.left, _STRAY_S))
    for rule in rules:
        found = bench.site.violations.by_rule.get(rule)
        if found is not None:
            return failed(Told("{count} times in this run: {example}", count=found.tally.count, example=found.example))
    return ok("none in this run")
