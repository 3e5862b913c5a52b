"""One platform judged: the parts put together on the running loop, and let go of again."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.clock import Clock, SystemClock, TimerQueue
from simulator.conform.case import Case
from simulator.conform.dispatch import Dispatch
from simulator.conform.pool import Pool
from simulator.conform.registry import over
from simulator.conform.runner import Judged, Prompt, Runner, Tell
from simulator.conform.site import Site, Terms
from simulator.device.settings import Credentials
from simulator.fleet.http import Http
from simulator.fleet.network import FleetNetwork
from simulator.loop_timers import LoopTimers
from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.keys import DEFAULT_BITS, KeyRing, generate_key
from simulator.protocol.envelope import MidSource
from simulator.scenario.scenario import TlsFiles
from simulator.wire.addresses import AddressBook
from simulator.wire.local_ports import prompt
from simulator.wire.proxy import HttpProxy
from simulator.wire.tls import client_context

_KEYS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is judged, and as whom."""

    dispatch_url: str
    identities: Sequence[Credentials]
    """One to three."""
    suite: ChannelSuite
    terms: Terms
    tls: TlsFiles
    device_key_bits: int = DEFAULT_BITS
    proxy: HttpProxy | None = None


def site_of(target: Target, clock: Clock) -> Site:
    """What the cases share, before anything was done."""
    site = Site(
        dispatch_url=target.dispatch_url,
        identities=target.identities,
        suite=target.suite,
        keys=KeyRing([generate_key(target.device_key_bits) for _ in range(_KEYS)]),
        terms=target.terms,
        clock=clock,
        mids=MidSource(int(clock.wall() * 1000)),
    )
    for identity in target.identities:
        site.hide(identity.secret_key, identity.dev_key, identity.auth_code or "", identity.secret or "")
        site.hide(identity.device_secret or "")
    if target.proxy is not None:
        site.hide(*target.proxy.secrets)
    return site


async def judge(
    target: Target,
    site: Site,
    cases: Sequence[Case],
    every: Sequence[Case],
    *,
    tell: Tell,
    started: Callable[[Runner], None],
    before_listening: Prompt | None = None,
) -> Judged:
    """Run `cases`; `started` is given the runner, to stop it; `before_listening` as of the `Runner`.

    Raises:
        TlsFileError: If a TLS file cannot be used.
    """
    tls = target.tls
    addresses = AddressBook()
    timeout = target.terms.request_timeout
    network = FleetNetwork(tls=tls, open_timeout=timeout, addresses=addresses, proxy=target.proxy)
    context = client_context(tls.ca, tls.client_cert, tls.client_key, tls.verify)
    http = Http(
        tls=context, timeout=timeout, socket_type=prompt(socket.socket), addresses=addresses, proxy=target.proxy
    )
    http.open()
    timers = TimerQueue(SystemClock())
    clockwork = LoopTimers(timers)
    clockwork.start(asyncio.get_running_loop())
    await network.open(timers)
    try:
        dispatch = Dispatch(site, http)
        mqtt = target.terms.mqtt is not None
        judged_by, known = over(cases, mqtt=mqtt), over(every, mqtt=mqtt)
        runner = Runner(site, Pool(site, network, dispatch), dispatch, judged_by, known, tell, before_listening)
        started(runner)
        return await runner.run()
    finally:
        await network.close()
        await http.close()
        clockwork.stop()
