"""The fleet alive: starts, stops and counts the devices of a plan on one event loop.

Whoever drives it (the swarm, or the command for a single device) sees indexes only. Every device that was started
finishes exactly once, whatever happens to it.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.clock import Clock, SystemClock, TimerHandle, TimerQueue
from simulator.device.deadlines import Deadlines
from simulator.device.device import Device
from simulator.device.environment import CredentialStore, Environment
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.unsent import UnsentStore
from simulator.fleet.closing import STOPS_AT_ONCE, closing_s, tell_in_turn
from simulator.fleet.desk import Desk
from simulator.fleet.device_notes import DeviceNotes, NotingRecorder
from simulator.fleet.faults.network import WeatherNetwork
from simulator.fleet.faults.weather import FleetWeather
from simulator.fleet.forecast import forecast
from simulator.fleet.groups import recorders_of
from simulator.fleet.natives import Natives
from simulator.fleet.network import DownloadLimits, FleetNetwork
from simulator.fleet.plan import FleetPlan
from simulator.fleet.record_store import TravellingRecords
from simulator.fleet.state_keeper import WRITE_INTERVAL, StateKeeper
from simulator.fleet.stock import key_counts, key_pairs, prepare_people, suite_of
from simulator.fleet.watching import Watching
from simulator.gathering import LAG_SHARE, LONGEST_S, Gathering, GatheringWhenBusy
from simulator.loop_timers import LoopTimers
from simulator.measurements.recorder import EngineRecorder, Recorder
from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.keys import KeyRing
from simulator.received import Received
from simulator.scenario.scenario import TlsFiles
from simulator.texts.translation import _
from simulator.weather.schedule import Fault
from simulator.wire.kernel_times import KernelTimes

_STOP_MARGIN = 7.0
"""Seconds after the drain time in which closing handshakes (5 s) must have ended; then devices are cut off."""

Log = Callable[[int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What of a run is not as its scenario says."""

    tls: TlsFiles | None = None
    """Instead of the scenario's, as for an embedded platform with a certificate of its own."""
    platform: str | None = None
    """The name under which the scenario's state file keeps what devices leave for the next run; the first dispatch URL
    where None. An embedded platform has another port in every run, so its users say `embedded`."""
    logins: CredentialStore | None = None
    """Where logins are kept instead of the state file."""
    unsent: TravellingRecords | None = None
    """Where unsent records are kept instead of the state file."""
    begun: float | None = None
    """When the run began, by the wall clock of the run (epoch seconds): faults count from then, however late this
    process came; from `open` where None."""
    length: float | None = None
    """Seconds that the run is to take; the scenario's own where None."""


_AS_THE_SCENARIO_SAYS = Overrides()


class FleetRuntime:
    """The devices of one run; every method belongs to the loop on which `open` was awaited.

    Args:
        natives: what of the system its thread works with.
        trace: given every decrypted message with its direction, as of `Environment`.
    """

    def __init__(
        self,
        plan: FleetPlan,
        recorder: EngineRecorder,
        *,
        log: Log,
        overrides: Overrides = _AS_THE_SCENARIO_SAYS,
        clock: Clock | None = None,
        trace: Callable[[str, bytes], None] | None = None,
        natives: Natives = Natives(),  # noqa: B008 - immutable
    ) -> None:
        self._plan = plan
        self._notes = DeviceNotes((clock or SystemClock()).wall() if overrides.begun is None else overrides.begun)
        self._tell_waits = recorder.reply_waits
        self._recorder: Recorder = NotingRecorder(recorder, self._notes)
        self._recorders = [NotingRecorder(each, self._notes) for each in recorders_of(plan, recorder)]
        self._log = log
        self._tls = overrides.tls or plan.scenario.tls
        self._platform = overrides.platform or (plan.dispatch_urls[0] if plan.dispatch_urls else "")
        self._overrides = overrides
        self._weather: FleetWeather | None = None
        self._credentials = overrides.logins
        self._unsent: UnsentStore | None = overrides.unsent
        self._travelling = overrides.unsent
        self._natives = natives
        self._gathering: Gathering | GatheringWhenBusy | None = None
        self._clock: Clock = clock or SystemClock()
        self._trace = trace
        self._timers = TimerQueue(self._clock)
        self._clockwork = LoopTimers(self._timers)
        self._devices: dict[int, Device] = {}
        self._watching: Watching | None = None
        self._desk: Desk | None = None
        self._stopping = False
        self._empty: asyncio.Future[None] | None = None
        self._env: Environment | None = None
        self._envs: Sequence[Environment] = ()
        """By group."""
        self._network: FleetNetwork | None = None
        self._keeper: StateKeeper | None = None
        self._keeping: TimerHandle | None = None

    async def open(self) -> None:
        """Make ready what the devices share: the network, key pairs, the state file.

        Raises:
            TlsFileError: If a TLS file of the scenario cannot be used.
            WarmStateError: If the state file cannot be used.
        """
        scenario = self._plan.scenario
        document = scenario.document
        self._network = FleetNetwork(
            tls=self._tls,
            source_ips=document.network.source_ips,
            connect_rate=document.network.connect_rate,
            open_timeout=document.network.open_timeout,
            downloads=DownloadLimits(document.downloads.hosts, document.downloads.at_once),
            proxy=document.network.proxy,
            socket_type=self._natives.socket_type,
        )
        received = Received()
        times = KernelTimes(received, self._clock, self._waited)
        gathering = self._gathering = self._gathering_of(document.workers.gather, times)
        begins = gathering.disturb if isinstance(gathering, GatheringWhenBusy) else None
        await self._network.open(self._timers, times, begins)
        suite, mqtt_suite = (suite_of(scenario, mqtt=over_mqtt) for over_mqtt in (False, True))
        if self._credentials is None and scenario.state_file is not None:
            self._keeper = StateKeeper(
                scenario.state_file, self._platform, self._recorder.record, self._natives.start_thread
            )
            self._credentials, self._unsent = self._keeper.logins, self._keeper.records
            if self._keeper.found:
                self._log(logging.INFO, self._keeper.found)
        photos, people = PhotoStudio(), People()
        photos.prepare()
        prepare_people(self._plan.settings)
        self._clockwork.start(asyncio.get_running_loop())
        self._env = Environment(
            clock=self._clock,
            timers=self._timers,
            deadlines=Deadlines(self._timers),
            recorder=self._recorder,
            network=self._network,
            suite=suite,
            mqtt_suite=mqtt_suite,
            keys=await self._key_ring([mqtt_suite if each.mqtt else suite for each in self._plan.settings]),
            people=people,
            photos=photos,
            dispatch_urls=self._plan.dispatch_urls,
            started=self._clock.monotonic(),
            log=self._log,
            credentials=self._credentials,
            unsent=self._unsent,
            trace=self._trace,
            keeps_tls_sessions=document.tls.resume,
            received=received,
        )
        self._envs = [replace(self._env, recorder=recorder) for recorder in self._recorders]
        self._weather = self._weather_of(self._env, self._network)
        self._watching = Watching(self._env.traces, self._timers, self._devices.get)
        self._desk = Desk(
            *(self._plan, self._notes, self._devices.get, self._watching),
            clock=self._clock,
            improvise=self._improvise,
        )
        if self._keeper is not None or self._travelling is not None:
            self._keeping = self._timers.call_later(WRITE_INTERVAL, self._keep)
        gathering.begin()

    def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
        """Switch device `index` on; `on_finished` is called once, when its life has ended.

        Raises:
            ValueError: If it is switched on already.
        """
        assert self._env is not None, "the runtime is not open"
        if self._stopping:
            on_finished()
            return
        if index in self._devices:
            raise ValueError(f"device {index} is switched on already")
        spec, weather = self._plan.spec(index), self._weather
        env = self._home(index) if weather is None else weather.environment(spec)
        device = Device(env, spec, on_finished=partial(self._finished, index, on_finished))
        self._devices[index] = device
        if weather is not None:
            # Before it does anything: it may come into the middle of an outage.
            weather.started(index)
        device.start()

    def stop_device(self, index: int) -> None:
        """Switch device `index` off in order; it may take its drain time. Harmless when it is off already."""
        device = self._devices.get(index)
        if device is not None:
            if self._weather is not None and not self._stopping:
                self._weather.leaves(index)
            device.stop()

    def platform_away(self, number: int) -> None:
        """The embedded platform was killed, by fault `number` of the run's schedule."""
        if self._weather is not None:
            self._weather.platform_away(number)

    def platform_back(self, number: int) -> None:
        """It is up again."""
        if self._weather is not None:
            self._weather.platform_back(number)

    def abort_all(self) -> None:
        """Switch every device off without closing handshakes, as fast as the loop can do other things between."""
        self._abort_some(list(self._devices.values()))

    def _abort_some(self, rest: list[Device]) -> None:
        for device in rest[-STOPS_AT_ONCE:]:
            device.abort()
        del rest[-STOPS_AT_ONCE:]
        if rest:
            asyncio.get_running_loop().call_soon(self._abort_some, rest)

    async def stop_all(self, drain_s: float | None = None) -> None:
        """Switch every device off in order and return when all lives have ended.

        Bounded by the longest drain time (`drain_s` seconds where given), by what closing handshakes of the whole fleet
        may take, and a margin.
        """
        self._stopping = True
        if self._weather is not None:
            self._weather.stop()
        if not self._devices:
            return
        drains = [device.spec.settings.drain for device in self._devices.values()]
        limit = max(drains) if drain_s is None else drain_s
        if self._empty is None:
            self._empty = asyncio.get_running_loop().create_future()
        told = self._clock.monotonic() + closing_s(self._plan.total)
        await tell_in_turn(
            list(self._devices.values()),
            lambda device: device.stop(drain_s),
            lambda: len(self._devices),
            lambda: self._clock.monotonic() < told,
        )
        if self._devices:
            with contextlib.suppress(TimeoutError):
                left = max(0.0, told - self._clock.monotonic()) + limit
                await asyncio.wait_for(asyncio.shield(self._empty), left + _STOP_MARGIN)
        if self._devices:
            self._log(
                logging.WARNING, _("{devices} devices did not stop in time and are cut off", devices=len(self._devices))
            )
            for number, device in enumerate(list(self._devices.values()), 1):
                device.cut_off()
                if number % STOPS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            await asyncio.wait_for(asyncio.shield(self._empty), _STOP_MARGIN)

    async def close(self) -> None:
        """Let go of everything; after `stop_all`, which a runtime without devices does not need."""
        # Whoever comes now is too late, and must not find a network that is half gone.
        self._stopping = True
        if self._gathering is not None:
            self._gathering.end()
        keeper, self._keeper = self._keeper, None
        if self._keeping is not None:
            self._keeping.cancel()
        if self._travelling is not None:
            self._travelling.tick()
        if keeper is not None:
            keeper.close()
            if (problem := keeper.join()) is not None:
                self._log(logging.ERROR, problem)
                # It was tried for the last time: the next run starts without this, and nobody would know why.
                self._recorder.internal_error("state_file", problem, self._clock.wall())
        if self._weather is not None:
            self._weather.close()
        if self._watching is not None:
            self._watching.close()
        self._clockwork.stop()
        if self._network is not None:
            await self._network.close()

    def states(self) -> dict[str, int]:
        """How many devices are in each state; only those that are switched on."""
        return dict(Counter(device.state.value for device in self._devices.values()))

    def device(self, index: int) -> Device | None:
        """Device `index`, while it is switched on."""
        return self._devices.get(index)

    def answer(self, question: Mapping[str, Any]) -> Generator[None, None, dict[str, Any]]:
        """What somebody asks of the devices (`desk`), in slices; after `close`, of what is remembered of them."""
        assert self._desk is not None, "the runtime is not open"
        return self._desk.answer(question)

    # --- Inside ---

    def _gathering_of(self, interval: float | None, times: KernelTimes) -> Gathering | GatheringWhenBusy:
        loop = asyncio.get_running_loop()
        gathering = Gathering(loop, interval or 0.0, self._natives.sleep)
        if interval is not None:
            return gathering
        # A reply that waits is not longer for it only where the kernel tells when it came.
        mqtt = any(each.mqtt for each in self._plan.settings)
        most = min(LONGEST_S, self._plan.scenario.document.limits.loop_lag / LAG_SHARE)
        return GatheringWhenBusy(loop, gathering, lambda: self._timers.queued, lambda: times.told and not mqtt, most)

    def _waited(self, waits: list[float]) -> None:
        self._tell_waits(waits, self._clock.wall())

    def _improvise(self, fault: Fault) -> None:
        assert self._env is not None, "the runtime is not open"
        assert self._network is not None
        if self._weather is None:
            self._weather = self._weather_with((), self._env, self._network)
        self._weather.improvise(fault)

    def _weather_of(self, env: Environment, network: FleetNetwork) -> FleetWeather | None:
        """The run's faults; None where the scenario has none."""
        overrides = self._overrides
        faults = forecast(self._plan, overrides.length or self._plan.scenario.duration)
        return self._weather_with(faults, env, network) if faults else None

    def _weather_with(self, faults: Sequence[Fault], env: Environment, network: FleetNetwork) -> FleetWeather:
        begun = self._overrides.begun
        past = 0.0 if begun is None else self._clock.wall() - begun
        open_timeout = self._plan.scenario.document.network.open_timeout
        under = WeatherNetwork(network, self._timers, self._clock, open_timeout=open_timeout)
        return FleetWeather(
            faults, env, under, self._devices.get, home=self._home, begun=self._clock.monotonic() - past
        )

    def _home(self, index: int) -> Environment:
        """What device `index` lives in while no fault is meant for it."""
        return self._envs[self._plan.group(index)]

    async def _key_ring(self, suites: Iterable[ChannelSuite]) -> KeyRing:
        """Key pairs for the fleet: no more than devices, and one where no group's channel exchanges anything.

        They are made before the first device starts, because nothing else may take tens of milliseconds on this loop.
        """
        scenario = self._plan.scenario
        keys: Sequence[RSAPrivateKey] = ()
        for count in key_counts(scenario, suites, self._plan.total):
            keys = key_pairs(scenario.document.channel.device_key_bits, count)
            await asyncio.sleep(0)
        return KeyRing(keys)

    def _finished(self, index: int, on_finished: Callable[[], None]) -> None:
        self._devices.pop(index, None)
        if self._travelling is not None:
            # Before its place is given back: who has it next must know all of it.
            self._travelling.tick()
        on_finished()
        if not self._devices and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    def _keep(self) -> None:
        if self._travelling is not None:
            self._travelling.tick()
        if self._keeper is not None and (problem := self._keeper.tick()) is not None:
            self._log(logging.ERROR, problem)
        self._keeping = self._timers.call_later(WRITE_INTERVAL, self._keep)
