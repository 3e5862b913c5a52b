"""How long the tester waits for answers: less, when a platform has shown that it gives none."""

from __future__ import annotations

import re

import pytest

from simulator.clock import SystemClock
from simulator.conform.case import Result
from simulator.conform.judging import Target, site_of
from simulator.conform.site import Site, Terms
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import SYSTEM_TRUST
from tests.conform.harness import READING, conform, credentials, embedded

WAITED = re.compile(r"no answer within ([\d.]+) s")


def _site() -> Site:
    terms = Terms(request_timeout=10, wait=1, broker_type="best-w", device_type="meet", reading=READING)
    suite = channel_suite("plain")
    target = Target(dispatch_url="http://x", identities=credentials(), suite=suite, terms=terms, tls=SYSTEM_TRUST)
    return site_of(target, SystemClock())


def test_a_few_time_outs_are_full_ones() -> None:
    site = _site()
    site.unanswered = 3
    assert site.patience() == 10


@pytest.mark.parametrize(
    ("unanswered", "slowest", "patience"),
    [(4, 0.001, 0.5), (15, 0.001, 0.5), (16, 0.001, 0.2), (4, 0.3, 1.5), (16, 0.3, 1.5), (99, 9.0, 10)],
)
def test_later_ones_are_as_long_as_the_platform_has_needed(unanswered: int, slowest: float, patience: float) -> None:
    site = _site()
    site.unanswered = unanswered
    site.latencies += [0.0, slowest, 0.0]
    assert site.patience() == pytest.approx(patience)


async def test_a_platform_that_does_not_answer_refusals_is_judged_soon() -> None:
    async with embedded(wrong=("session.silent-on-refusal",)) as platform:
        found = await conform(
            platform.info.dispatch, only=["upload.multiCard.missing", "upload.multiCard.number"], timeout=2
        )
    told = [WAITED.search(observed) for observed in found.of(Result.FAILED).values()]
    waited = [float(each[1]) for each in told if each is not None]
    assert len(waited) == 9
    assert waited[0] == 2
    # How long it waits for later ones depends on the slowest answer that came; on a busy machine that may be slow.
    assert sorted(waited, reverse=True) == waited
    assert waited[-1] < 2


def test_a_hiccup_is_forgotten() -> None:
    site = _site()
    site.unanswered = 4
    site.latencies += [1.5, *[0.001] * 49]
    assert site.patience() == pytest.approx(7.5)
    site.latencies.append(0.001)
    assert site.patience() == 0.5
