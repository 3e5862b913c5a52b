"""The machine on which the embedded platform runs: its process is started, ends in order or dies, on the same disk."""

import asyncio
import contextvars
import random
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVarTuple

from simulator.loop_timers import LoopTimers
from simulator.platform.assembly import Assembly, Host, assembly_of
from simulator.platform.ledger.simulated import ProcessDiedError, simulated_disk
from simulator.platform.mqtt.hub import Endpoint
from simulator.platform.options import PlatformOptions
from simulator.protocol.broker import BrokerAnswer
from simulator.simulation.link import Link
from simulator.simulation.loop import VirtualClock, VirtualLoop
from simulator.simulation.stream import Stream
from simulator.wire.phase import GOING_AWAY

Ts = TypeVarTuple("Ts")

HOST_NAME: Final = "platform.simulation"
_TEND_SECONDS: Final = 60.0
"""How often counts go into the ledger, and who has not logged in is looked for. A platform on its ports does it each
second, which would be most of a week."""
_WRITE_BUFFER: Final = 1024 * 1024


class _ProcessLoop(asyncio.AbstractEventLoop):
    """The loop as one process has it: what it has set there is not done any more when it is gone."""

    def __init__(self, loop: VirtualLoop, died: Callable[[], None]) -> None:
        self._loop = loop
        self._died = died
        self.alive = True

    def time(self) -> float:
        return self._loop.time()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        return self._loop.call_soon(self._while_alive, callback, args)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, self._while_alive, callback, args)

    def _while_alive(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        if self.alive:
            try:
                callback(*args)
            except ProcessDiedError:
                self._died()


class _Process:
    """One life of the platform."""

    def __init__(self, options: PlatformOptions, host: Host, loop: _ProcessLoop, real: VirtualLoop) -> None:
        self.loop = loop
        self.whole: Assembly = assembly_of(options, host, ExitStack())
        self.timers = LoopTimers(self.whole.services.timers)
        self.timers.start(loop)
        addresses, settings = self.whole.addresses, options.settings
        addresses.broker_port = addresses.dispatch_port = addresses.mqtt_port = 1
        endpoint = Endpoint(
            host=HOST_NAME,
            port=1,
            ssl=None,
            strangers=settings.before_login,
            clock=host.clock,
            max_write_buffer=_WRITE_BUFFER,
        )
        self.mqtt_protocol = self.whole.parts.mqtt.open_without_port(endpoint, loop)
        self.lookups: set[asyncio.Task[tuple[BrokerAnswer, bool]]] = set()
        real.call_later(_TEND_SECONDS, self._tend, real)

    def _tend(self, real: VirtualLoop) -> None:
        if self.loop.alive:
            self.flush()
            real.call_later(_TEND_SECONDS, self._tend, real)

    def flush(self) -> None:
        """What a platform on its ports does from time to time."""
        services = self.whole.services
        services.ledger.tend()
        services.tally.flush()
        services.ledger.perform(self.whole.parts.pushes.active)
        self.whole.parts.mqtt.watch()

    def stop(self) -> None:
        """Nothing of it is done any more."""
        self.loop.alive = False
        self.timers.stop()
        for task in list(self.lookups):
            task.cancel()


class PlatformHost:
    """The platform, running or not.

    Args:
        log: given what the platform logs.
        on_death: told when its process died in a commit.

    Attributes:
        disk: Of the ledger; outlives every process.
        lives: How often it was started.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        clock: VirtualClock,
        options: PlatformOptions,
        rng: random.Random,
        *,
        log: Callable[[str], None],
        on_death: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._clock = clock
        settings = options.settings
        mqtt = replace(settings.mqtt, channel="plain", broker=None)
        self._options = replace(options, settings=replace(settings, channel="plain", tls=None, mqtt=mqtt))
        self._rng = rng
        self._log = log
        self._on_death = on_death
        self.disk = simulated_disk()
        self._process: _Process | None = None
        self._links: dict[Link | Stream, None] = {}
        self.lives = 0

    @property
    def running(self) -> bool:
        """Whether anybody listens."""
        return self._process is not None

    @property
    def online(self) -> set[str]:
        """Serial numbers of the devices that the platform takes to be online."""
        return set() if self._process is None else self._process.whole.parts.broker.online.serial_numbers

    def connections_of(self, sn: str) -> int:
        """On how many connections the platform has the device logged in."""
        return 0 if self._process is None else self._process.whole.parts.broker.online.connections_of(sn)

    def start(self) -> None:
        """Switch it on, on what is left on the disk; within the loop."""
        if self._process is not None:
            return
        loop = _ProcessLoop(self._loop, self._died)  # type: ignore[abstract] # what nobody asks for is missing
        host = Host(clock=self._clock, loop=loop, log=self._log, database=self.disk, tokens=self._token)
        self.lives += 1
        self._process = _Process(self._options, host, loop, self._loop)

    def stop(self) -> None:
        """In order: every connection gets a 1001, and what is written is kept."""
        process, self._process = self._process, None
        if process is None:
            return
        process.whole.parts.mqtt.close()
        for link in list(self._links):
            if isinstance(link, Link):
                link.platform.close(GOING_AWAY, "")
            link.platform.die()
        self._links.clear()
        process.flush()
        with suppress(ProcessDiedError):
            process.whole.services.ledger.commit()
        process.stop()
        self.disk.process_died()

    def kill(self) -> None:
        """At once: nobody is told, what was not committed is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.stop()
        self.disk.process_died()
        for link in list(self._links):
            link.platform_died()
        self._links.clear()

    def accept(self, link: Link) -> bool:
        """A connection has arrived; False where nobody listens."""
        if self._process is None:
            return False
        self._enter(link)
        link.platform.taken(self._process.whole.parts.broker.connection_handler())
        return True

    def accept_mqtt(self, stream: Stream) -> bool:
        """As `accept`, at the port of the platform's own broker."""
        if self._process is None:
            return False
        self._enter(stream)
        stream.platform.begin(self._process.mqtt_protocol())
        return True

    def _enter(self, connection: Link | Stream) -> None:
        self._links = {each: None for each in self._links if each.platform.is_open}
        self._links[connection] = None

    async def look_up(self, query: str) -> BrokerAnswer | None:
        """The dispatch service's answer; None where the process is gone before it has one, or it gives none."""
        process = self._process
        if process is None:
            return None
        task = self._loop.create_task(process.whole.parts.dispatch.look_up(query, HOST_NAME))
        process.lookups.add(task)
        task.add_done_callback(process.lookups.discard)
        gone: asyncio.Future[None] = self._loop.create_future()
        task.add_done_callback(partial(_settle, gone))
        try:
            await gone
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.cancelled():
            return None
        answer, silent = task.result()
        return None if silent else answer

    def _died(self) -> None:
        self._on_death()
        self.kill()

    def _token(self, size: int) -> str:
        return self._rng.randbytes(size).hex()


def _settle(gone: "asyncio.Future[None]", task: object) -> None:
    if not gone.done():
        gone.set_result(None)
