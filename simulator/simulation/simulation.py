"""One simulation from its seed to its verdict: fleet, platform and weather on one loop, and what must hold of them."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.clock import TimerQueue
from simulator.device.deadlines import Deadlines
from simulator.device.environment import Environment
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.settings import Credentials, OnTimeout
from simulator.faults import describe
from simulator.fleet.identities import IdentitySource
from simulator.fleet.plan import FleetPlan
from simulator.loop_timers import LoopTimers
from simulator.measurements.names import ACKNOWLEDGED, GENERATED, LOST, REFUSED, REJECTED, RESENT, DeviceState
from simulator.mqtt.client_ids import ClientIds
from simulator.mqtt.lifecycle import Means
from simulator.platform.ledger.inspection import entries_of, has_record, unanswered_since
from simulator.platform.options import PlatformOptions
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import Scenario
from simulator.simulation.account import Account
from simulator.simulation.history import NOBODY, History
from simulator.simulation.host import HOST_NAME, PlatformHost
from simulator.simulation.life import Life, Logins
from simulator.simulation.loop import VirtualClock, VirtualLoop
from simulator.simulation.network import OPEN_TIMEOUT, DeviceNetwork
from simulator.simulation.packets import PacketWatch
from simulator.simulation.passage import CLOSE_TIMEOUT, KERNEL_GIVES_UP
from simulator.simulation.storm import Storm
from simulator.simulation.weather import Fault, declared, drawn
from simulator.texts.told import Told
from simulator.texts.translation import N_
from simulator.wire.reaching import Patience

EPOCH: Final = 1_750_000_000.0
"""Wall time at which every simulation begins, so that no history depends on the day on which it is made."""
_RAMP_S: Final = 10.0
_LEAST_CALM_S: Final = 300.0
_OFTEN_S: Final = 300.0
_SELDOM_S: Final = 900.0
_LOOKS: Final = 20
"""How often accounts and ledger are held against each other on the way."""
_MOST_TOLD: Final = 100
"""Broken invariants that are kept: a broken product breaks them for ever."""
_END_MARGIN_S: Final = 30.0

_STUDIO: Final = PhotoStudio()


class Source(StrEnum):
    """Where faults come from."""

    DRAWN = "drawn"
    """The simulation's seed."""
    SCENARIO = "scenario"
    """The scenario's `faults:`, which its own seed fixes."""
    BOTH = "both"


@dataclass(slots=True)
class Outcome:
    """What came of one simulation.

    Attributes:
        digest: of the whole history, in hexadecimal.
        broken: invariants that did not hold, as texts; empty where all is well.
        figures: what happened how often.
    """

    seed: int
    digest: str = ""
    lines: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)


class _NoKeys:
    """The channel is plain: nobody needs a key pair."""

    def take(self) -> RSAPrivateKey:
        raise AssertionError("the plain channel exchanges no keys")


class _Directory:
    """Whom the platform knows."""

    def __init__(self, source: IdentitySource) -> None:
        self._source = source

    def lookup(self, sn: str) -> Credentials | None:
        return self._source.find(sn)


class Simulation:
    """One seed.

    Args:
        duration: virtual seconds, the calm after the weather included.
        interval: mean seconds between two faults; some minutes by default, more of them in a longer time.
        source: where the faults come from.
        tell: given each line of the history.
        progress: told now and then how many virtual seconds have passed.

    Raises:
        ScenarioError: If there are too few identities.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        duration: float,
        *,
        interval: float | None = None,
        source: Source = Source.BOTH,
        tell: Callable[[str], None] | None = None,
        progress: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._progress = progress
        plan = FleetPlan(scenario, dispatch_url=f"http://{HOST_NAME}:1")
        self._outcome = Outcome(seed, seconds=duration)
        self._duration = duration
        self._interval = min(_SELDOM_S, max(_OFTEN_S, duration / 300)) if interval is None else interval
        self._source = source
        self._plan = plan
        self._history = History(tell)
        self._loop = VirtualLoop(self._uncaught)  # type: ignore[abstract] # what nobody asks for is missing
        self._clock = VirtualClock(self._loop, EPOCH)
        self._timers = TimerQueue(self._clock)
        self._drawn = partial(_chance, seed)
        self._host = PlatformHost(
            self._loop,
            self._clock,
            PlatformOptions(
                settings=scenario.platform_settings(), directory=_Directory(plan.identities), seed=scenario.seed
            ),
            self._drawn("tokens"),
            log=self._platform_says,
            on_death=self._platform_died,
        )
        self._lives = self._fleet()
        self._storm = Storm(self._loop, self._host, self._lives, self._history, checked=self._look)

    def run(self) -> Outcome:
        """Play it, and hold everything against everything.

        Raises:
            TimeStandsStillError: If something never comes to rest.
        """
        loop, outcome = self._loop, self._outcome
        LoopTimers(self._timers).start(loop)
        slowest = max(settings.reconnect_delay.high for settings in self._plan.settings)
        calm = max(_LEAST_CALM_S, 3 * slowest + 60)
        if any(settings.on_timeout is OnTimeout.RETRY for settings in self._plan.settings):
            # Who does not end a connection that is silent waits for the kernel to do it.
            calm += KERNEL_GIVES_UP
        end = max(_RAMP_S, self._duration - calm)
        loop.call_soon(self._host.start)
        ramp = self._drawn("ramp")
        for life in self._lives:
            loop.call_later(ramp.uniform(0, _RAMP_S), life.switch_on)
        faults = self._weather(end)
        self._storm.bring(faults)
        for number in range(1, _LOOKS + 1):
            loop.run_until(end * number / _LOOKS)
            self._look()
            self._progress(loop.time())
        loop.run_until(end + calm)
        self._look()
        self._all_online()
        self._all_answered()
        self._go_to_sleep()
        self._last_look()
        outcome.digest, outcome.lines = self._history.digest(), self._history.lines
        outcome.events = self._history.counts
        outcome.figures = self._figures(len(faults))
        return outcome

    # --- Making it ---

    def _fleet(self) -> list[Life]:
        plan, loop = self._plan, self._loop
        people, suite = People(), channel_suite("plain")
        deadlines, network_rng = Deadlines(self._timers), self._drawn("network")
        patience = Patience(opening=OPEN_TIMEOUT, closing=CLOSE_TIMEOUT)
        means = Means(timers=self._timers, patience=patience, client_ids=ClientIds(), on_error=self._handler_failed)
        unknown = {rule.command for rule in plan.scenario.platform_settings().pushes if rule.unknown}
        lives = []
        for index in range(plan.total):
            account = Account(
                *(index, self._history, loop.time, self._broken), unknown=unknown, on_login=self._one_connection
            )
            watch = PacketWatch(account, partial(self._broken, index), partial(getattr, self._host, "lives"))
            network = DeviceNetwork(
                *(loop, self._clock, self._host, network_rng, watch),
                photos=_STUDIO,
                mqtt=means,
                on_second=partial(self._broken, index, "it is connected twice"),
            )
            logins = Logins()
            env = Environment(
                clock=self._clock,
                timers=self._timers,
                deadlines=deadlines,
                recorder=account,
                network=network,
                suite=suite,
                keys=_NoKeys(),
                people=people,
                photos=_STUDIO,
                dispatch_urls=plan.dispatch_urls,
                started=loop.time(),
                log=partial(self._device_says, index),
                credentials=logins,
            )
            spec = plan.spec(index)
            seed = self._drawn(spec.credentials.sn).getrandbits(64)
            lives.append(Life(replace(spec, seed=seed), env, network, watch, account, logins))
        return lives

    def _weather(self, end: float) -> list[Fault]:
        """All faults until `end`, virtual seconds, in order."""
        faults: list[Fault] = []
        if self._source is not Source.SCENARIO:
            faults += drawn(self._drawn("weather"), len(self._lives), _RAMP_S, end, self._interval)
        if self._source is not Source.DRAWN:
            plan = self._plan
            groups = [plan.group(index) for index in range(plan.total)]
            faults += declared(plan.scenario.fault_entries(), groups, end, plan.scenario.seed)
        return sorted(faults, key=lambda fault: fault.at)

    # --- What is told on the way ---

    def _broken(self, index: int, what: str) -> None:
        self._history.event(self._loop.time(), index, "BROKEN", what)
        if len(self._outcome.broken) < _MOST_TOLD:
            at = self._loop.time()
            if index < 0:
                self._outcome.broken.append(Told("at {at:.3f} s: {what}", at=at, what=what))
            else:
                self._outcome.broken.append(
                    Told("at {at:.3f} s: device {index}: {what}", at=at, index=index, what=what)
                )

    def _uncaught(self, where: str, error: BaseException | None) -> None:
        told = N_("no exception") if error is None else describe(error)
        self._broken(-1, Told("internal error {error} ({where})", error=told, where=where.partition(" at 0x")[0]))

    def _handler_failed(self, error: BaseException) -> None:
        self._broken(-1, Told("internal error {error} in the handler of a connection", error=describe(error)))

    def _platform_says(self, line: str) -> None:
        self._history.event(self._loop.time(), NOBODY, "log", line)
        if "internal fault" in line:
            self._broken(-1, Told("the platform had an {line}", line=line))

    def _device_says(self, index: int, level: int, text: str) -> None:
        self._history.event(self._loop.time(), index, "log", f"{level} {text}")

    def _platform_died(self) -> None:
        self._storm.platform_died()

    # --- What must hold ---

    def _look(self) -> None:
        """What can be said while it goes on: the accounts, and that what was acknowledged lately is kept."""
        for life in self._lives:
            for text in (*life.unaccounted(), *life.missing(partial(has_record, self._host.disk))):
                self._broken(life.account.index, text)

    def _one_connection(self, index: int) -> None:
        """A device has logged in: the platform has let go of an older connection of its, however alive that looks."""
        connections = self._host.connections_of(self._lives[index].sn)
        if connections > 1:
            self._broken(
                index, Told("the platform has it logged in on {connections} connections", connections=connections)
            )

    def _all_online(self) -> None:
        """Whoever reboots at this very moment, because the platform says so, has the time for it."""
        limit = self._loop.time() + max(settings.reboot.high for settings in self._plan.settings) + _END_MARGIN_S
        while self._loop.time() < limit and any(life.state is not DeviceState.ONLINE for life in self._lives):
            self._loop.run_until(self._loop.time() + 1)
        online = self._host.online
        for index, life in enumerate(self._lives):
            if life.state is not DeviceState.ONLINE:
                self._broken(index, Told("it is {state} at the end of the weather, not online", state=life.state.value))
            elif life.sn not in online:
                self._broken(index, Told("it takes itself to be online, the platform does not"))

    def _all_answered(self) -> None:
        """No command that was made before the calm is forgotten."""
        for sn, cmd_id, func_id in unanswered_since(self._host.disk, self._clock.wall() - _LEAST_CALM_S):
            self._broken(-1, Told("{sn} was never made to answer {command}", sn=sn, command=f"{func_id} {cmd_id}"))

    def _go_to_sleep(self) -> None:
        """Switch all devices off in order, then the platform."""
        drain = max(settings.drain for settings in self._plan.settings)
        for life in self._lives:
            if life.device is not None:
                self._loop.call_soon(life.device.stop)
        self._loop.run_until(self._loop.time() + drain + _END_MARGIN_S)
        for index, life in enumerate(self._lives):
            if life.device is not None and life.device.state is not DeviceState.STOPPED:
                self._broken(index, Told("it is {state} and does not stop", state=life.device.state.value))
        self._loop.call_soon(self._host.stop)
        self._loop.run_until(self._loop.time() + 1)

    def _last_look(self) -> None:
        kept: dict[str, dict[str, dict[str, str]]] = {}
        for sn, entry in entries_of(self._host.disk):
            kept.setdefault(sn, {})[entry["logId"]] = entry
        for index, life in enumerate(self._lives):
            for text in (*life.unaccounted(), *life.differences(kept.get(life.sn, {}))):
                self._broken(index, text)
            if life.store.records:
                self._broken(index, Told("{count} records were not delivered in the calm", count=life.store.records))

    def _figures(self, faults: int) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for life in self._lives:
            counts.update(life.account.records)
        return {
            "devices": len(self._lives),
            "faults": faults,
            "requests": sum(life.account.requests for life in self._lives),
            "requests failed": sum(life.account.failures.total() for life in self._lives),
            **{f"records {name}": counts[name] for name in (GENERATED, ACKNOWLEDGED, RESENT, REFUSED, REJECTED, LOST)},
            "commits": self._host.disk.commits,
        }


def _chance(seed: int, name: str) -> random.Random:
    """The source of chance for one purpose: what one purpose draws moves no other."""
    return random.Random(f"best-fleet simulation {seed}/{name}")
