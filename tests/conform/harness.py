"""Cases run against a platform on real sockets: the embedded one in the test's own loop, or any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from simulator.clock import SystemClock
from simulator.conform.case import Case, Outcome, Result
from simulator.conform.judging import Target, judge, site_of
from simulator.conform.registry import all_cases, chosen
from simulator.conform.runner import Judged, Runner
from simulator.conform.site import Site, Terms
from simulator.device.reading import Reading
from simulator.device.settings import Credentials
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.registry import NO_OPTIONS, Options, channel_suite
from simulator.pubsub.profile import Profile
from simulator.scenario.scenario import SYSTEM_TRUST, TlsFiles
from tests.device.harness import group
from tests.platform.harness import IDENTITIES, Running, running
from tests.platform.parts import platform_settings

READING = group().reading


@dataclass
class Conformed:
    """What came of it."""

    judged: Judged
    site: Site

    def result(self, case_id: str) -> Result:
        return self.outcome(case_id).result

    def outcome(self, case_id: str) -> Outcome:
        return self.judged.verdicts[case_id].outcome

    def of(self, *results: Result) -> dict[str, str]:
        """id -> observed of the cases that ended so."""
        return {
            name: each.outcome.observed for name, each in self.judged.verdicts.items() if each.outcome.result in results
        }


def credentials(count: int = 3) -> list[Credentials]:
    """The first identities of the embedded platform of these tests."""
    return [
        Credentials(sn=one.sn, secret_key=one.secret_key, product_id=one.product_id, dev_key=one.dev_key)
        for one in IDENTITIES[:count]
    ]


async def conform(
    dispatch: str,
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    cases: Sequence[Case] | None = None,
    suite: str = "plain",
    wait: float = 0.2,
    timeout: float = 5.0,
    identities: Sequence[Credentials] | None = None,
    tls: TlsFiles = SYSTEM_TRUST,
    started: list[Runner] | None = None,
    options: Options = NO_OPTIONS,
    reading: Reading | None = None,
    mqtt: Profile | None = None,
    broker_type: str | None = None,
) -> Conformed:
    """Run the cases that `only` names (or `cases`) against the platform at `dispatch`."""
    target = Target(
        dispatch_url=dispatch,
        identities=credentials() if identities is None else identities,
        suite=channel_suite(suite, options),
        terms=Terms(
            request_timeout=timeout,
            wait=wait,
            broker_type=broker_type or ("best-w" if mqtt is None else "best-m"),
            device_type="meet",
            reading=reading or READING,
            mqtt=mqtt,
        ),
        tls=tls,
        device_key_bits=options.device_key_bits if isinstance(options, ChannelOptions) else 1024,
    )
    site = site_of(target, SystemClock())
    every = all_cases()
    picked = chosen(every, only, skip) if cases is None else cases
    runners = [] if started is None else started
    judged = await judge(target, site, picked, every, tell=lambda verdict: None, started=runners.append)
    return Conformed(judged, site)


@asynccontextmanager
async def embedded(suite: str = "plain", **settings: Any) -> AsyncIterator[Running]:
    """The embedded platform in this loop; `settings` as of `platform_settings` (users, meetings, pushes, answers …)."""
    async with running(platform_settings(channel=suite, **settings)) as platform:
        yield platform


async def conform_embedded(
    *only: str,
    suite: str = "plain",
    wait: float = 0.2,
    timeout: float = 5.0,
    options: Options = NO_OPTIONS,
    reading: Reading | None = None,
    **settings: Any,
) -> Conformed:
    """`conform` against an embedded platform of its own."""
    async with embedded(suite, channel_options=options, **settings) as platform:
        return await conform(
            platform.info.dispatch,
            only=only,
            suite=suite,
            wait=wait,
            timeout=timeout,
            options=options,
            reading=reading,
        )
