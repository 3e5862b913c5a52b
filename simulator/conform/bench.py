"""What a case is given: the look-up, devices at any stage, the commands that came, and the time that is left.

answer = await bench.look_up(change={"timestamp": bench.time_ms(-360)}, drop=["type"])

async with bench.device(Stage.ONLINE) as device:             # what it has: simulator.conform.tester
    answer = await device.request("dev.heartbeat", {"isFree": "1"})
return accepted(answer)                                      # simulator.conform.expect

async with bench.device(Stage.OPENED) as device:             # the flow by hand
    await device.exchange_public_key()
    await device.exchange_factor()
    answer = await device.register(change={"devKey": "0" * 64})

async with bench.device(which=1, fresh=True, on_push=lambda push: None) as device:   # leaves commands unanswered
    push = await bench.pushed("cmd.data.update.user", on=device)

for push in bench.pushes: …                                  # all commands of the run so far, all connections
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from simulator.conform.answers import Answer, LookedUp, Unreached
from simulator.conform.client import Client
from simulator.conform.dispatch import Dispatch
from simulator.conform.pool import Pool
from simulator.conform.pushes import OnPush, Push, take
from simulator.conform.site import Site
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.conform.trace import Trace
from simulator.device.settings import Credentials
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.times import format_iso

_LOOK_S = 0.02
"""Between two looks at the commands that came."""


class Bench:
    """One case's hands."""

    def __init__(self, site: Site, pool: Pool, dispatch: Dispatch, trace: Trace) -> None:
        self.site = site
        self._pool = pool
        self._dispatch = dispatch
        self.trace = trace
        """`bench.trace.note("…")` adds a line to the case's trace file."""

    # --- Who asks ---

    @property
    def suite(self) -> str:
        """The name of the channel suite: `plain`, `exchange-only`, `rsa-aes`, `configurable` or a site's own."""
        return self.site.suite.name

    @property
    def devices(self) -> int:
        """How many serial numbers there are, 1 to 3; a case that asks for more is NOT-RUN."""
        return len(self.site.identities)

    def identity(self, which: int = 0) -> Credentials:
        """sn, secret_key, product_id and dev_key of a serial number."""
        return self.site.identities[which]

    # --- The platform ---

    async def look_up(
        self,
        which: int = 0,
        *,
        change: Mapping[str, str] | None = None,
        drop: Sequence[str] = (),
        query: str | None = None,
    ) -> LookedUp | Unreached:
        """One GET of getBrokerServer.

        Args:
            which: Of the serial numbers.
            change: Parameters that are other than right. The sign fits them, unless it is changed itself.
            drop: Parameters that are left out (after signing).
            query: The part of the URL after `?`, instead of all that; see `query`.
        """
        return await self._dispatch.look_up(
            self.trace, self.site.identities[which], change=change, drop=drop, query=query
        )

    def query(self, which: int = 0, change: Mapping[str, str] | None = None) -> dict[str, str]:
        """The five parameters of a right look-up with `change`, signed: for `look_up(query=…)`, or to send it twice."""
        return self._dispatch.parameters(self.site.identities[which], change or {})

    def device(
        self,
        stage: Stage = Stage.ONLINE,
        *,
        which: int = 0,
        fresh: bool = False,
        second: bool = False,
        shared: bool = False,
        on_push: OnPush = take,
    ) -> AbstractAsyncContextManager[Device]:
        """A device at `stage`, for as long as the `async with`.

        At ONLINE a connection that earlier cases left intact is used again; at any other stage, and with `fresh`, it is
        a new one. A case that leaves a connection in an odd state says `device.broken = True` (raw frames, a missing
        answer and a close do so by themselves). Cases that ask for the same serial number wait for each other.

        While cases that wait (`waits=True`) run, device 0 is the one that listens: as it is (ONLINE, not fresh) all of
        them can use it; whoever asks for device 0 in another way is given the last serial number instead.

        Args:
            which: Of the serial numbers, 0 to 2.
            shared: At an earlier stage too use a connection again that the case before left there: for many cases whose
                messages are refused. One whose message was accepted says `device.broken = True`.
            second: A further connection, whatever the others of this serial number do: for cases with two.
            on_push: With which code commands are answered on it; None for no answer. Makes it a new connection.

        Raises:
            Ended: As NOT-RUN, if the platform blocks the flow before `stage`.
        """
        return self._pool.device(
            self.trace, stage, which=which, fresh=fresh, second=second, shared=shared, on_push=on_push
        )

    def client(self, which: int = 0) -> AbstractAsyncContextManager[Client]:
        """A serial number as a client of the broker, for cases over MQTT that are about sessions; none is open yet.

        Raises:
            Ended: As NOT-RUN, if no connection opens.
        """
        return self._pool.client(self.trace, which)

    def opened_by(self, broker: BrokerAnswer, which: int = 0) -> AbstractAsyncContextManager[Device | Answer]:
        """A new device that connects by this answer of a look-up, at EXCHANGED; or how that failed.

        Args:
            broker: Such as `(await bench.look_up()).read.answer`, changed.
            which: Of the serial numbers.
        """
        return self._pool.opened_by(self.trace, broker, which)

    def seen_at(self, stage: Stage) -> str:
        """What the platform did when a device first came to `stage`."""
        return self._pool.worked[stage]

    # --- What the platform pushes ---

    @property
    def pushes(self) -> Sequence[Push]:
        """All commands that came so far in this run, on all connections."""
        return self.site.pushes

    async def pushed(self, *func_ids: str, on: Device | None = None, since: int = 0) -> Push | None:
        """The first of these commands (of any, where none is named) that came or comes until the listening is over.

        Args:
            on: On this connection alone.
            since: Leave out so many commands of `pushes`: `since=len(bench.pushes)` waits for one that is new.
        """
        self._pool.check(Stage.ONLINE)
        while True:
            for push in self.site.pushes[since:]:
                if (not func_ids or push.func_id in func_ids) and (on is None or push.connection == on.number):
                    return push
            if self.left <= 0:
                return None
            await asyncio.sleep(min(_LOOK_S, self.left))

    async def download(self, url: str, limit: int) -> bytes:
        """GET what a command's url leads to, at most `limit` bytes, by the rules of a device's downloads.

        Raises:
            NetworkError: If it is not to be had.
        """
        self.trace.note("download of a picture")
        return await self._pool.download(url, limit)

    @property
    def left(self) -> float:
        """Seconds until the listening is over; `--wait` before it has begun."""
        ends = self.site.listening_ends
        return self.site.terms.wait if ends is None else ends - self.site.clock.monotonic()

    # --- Values ---

    @property
    def timeout(self) -> float:
        """Seconds that an answer may take."""
        return self.site.terms.request_timeout

    def time_ms(self, ahead_s: float = 0.0) -> str:
        """The epoch in milliseconds, `ahead_s` seconds from now."""
        return str(int((self.site.clock.wall() + ahead_s) * 1000))

    def time(self, ahead_s: float = 0.0, offset_minutes: int = 480) -> str:
        """The time as `yyyy-MM-ddTHH:mm:ss±HH:mm`, `ahead_s` seconds from now."""
        return format_iso(self.site.clock.wall() + ahead_s, offset_minutes)

    @property
    def pin(self) -> str:
        """The number of the tester's own user, the same throughout a run; records, cards and photos are of this one."""
        return self.site.pin()

    @property
    def pins(self) -> tuple[str, ...]:
        """This one and two more, for messages about several users."""
        return tuple(f"{self.pin}{more}" for more in ("", "1", "2"))

    def log_id(self) -> str:
        """The next `logId`, greater than all before it, of earlier runs too."""
        return self.site.log_id()

    def log_ids(self, count: int) -> list[str]:
        """Several at once, growing."""
        return [self.site.log_id() for _ in range(count)]

    def leaves(self, sentence: str) -> None:
        """Say what the case leaves behind on the platform; the same sentence is told once in the report."""
        self.site.leaves[sentence] = None

    def file_id(self) -> str:
        """A new fileId: 32 letters and digits."""
        return f"{int(self.site.clock.wall() * 1000):016x}{int(self.log_id()) & 0xFFFFFFFFFFFFFFFF:016x}"
