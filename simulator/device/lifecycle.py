"""A device's way through its states: come online, stay, and come back after whatever ended the connection.

What a device does while it is online is told by `Stay`; the single steps are `initial_flow`'s. A lifecycle never gives
up by itself, save where trying again cannot help (docs/deviations.md, Initial flow).
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simulator.device import initial_flow
from simulator.device.backoff import Backoff
from simulator.device.broker_link import BrokerLink
from simulator.device.device_clock import DeviceClock
from simulator.device.environment import Environment
from simulator.device.initial_flow import FlowFailed
from simulator.device.online import Online
from simulator.device.session import Session
from simulator.device.settings import DeviceSpec, OnTimeout, Start
from simulator.device.state import EndReason
from simulator.device.stay import Stay
from simulator.device.terms import Terms
from simulator.measurements.names import INIT, INTERNAL_ERROR, DeviceState
from simulator.protocol.catalogue import CONNECT
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import MidSource


class Lifecycle:
    """Runs one device until it is told to stop.

    Args:
        on_state: called after each change of state.
    """

    __slots__ = (
        "_backoff",
        "_broker",
        "_clock",
        "_ended",
        "_env",
        "_granted",
        "_leaving",
        "_mids",
        "_on_state",
        "_proof",
        "_reboot_for",
        "_rng",
        "_session",
        "_sleeper",
        "_spec",
        "_stay",
        "_stopping",
        "_unkept",
        "auth_code",
        "secret",
        "state",
    )

    def __init__(
        self,
        env: Environment,
        spec: DeviceSpec,
        clock: DeviceClock,
        rng: random.Random,
        stay: Stay,
        *,
        on_state: Callable[[], None],
    ) -> None:
        self._env = env
        self._spec = spec
        self._clock = clock
        self._rng = rng
        self._stay = stay
        self._on_state = on_state
        self._backoff = Backoff(spec.settings.reconnect_delay, rng)
        self._mids = MidSource(int(env.clock.wall() * 1000))
        self._proof: dict[str, str] | None = None
        self._broker = BrokerLink(env, spec)
        self._session: Session | None = None
        self._ended: asyncio.Future[str] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        self._leaving: asyncio.Task[Any] | None = None
        """The device's task while it waits for something that `stop` may break off."""
        self._stopping = False
        self._reboot_for: float | None = None
        self._granted: str | None = None
        """The `authCode` of a registration that has no `secret` yet."""
        self._unkept = False
        """Whether the store has not been told of `auth_code` and `secret` yet."""
        self.state = DeviceState.OFFLINE
        warm = spec.settings.start is not Start.COLD
        self.auth_code = spec.credentials.auth_code if warm else None
        self.secret = spec.credentials.secret if warm else None

    async def run(self) -> None:
        """Live until `stop`, or until coming online turned out to be impossible."""
        try:
            while not self._stopping:
                try:
                    online, ended = await self._come_online()
                except FlowFailed as failure:
                    if failure.permanent:
                        self._env.log(logging.ERROR, f"{self._spec.credentials.sn}: {failure}")
                        self._enter(DeviceState.FAILED)
                        return
                    self._env.log(logging.DEBUG, f"{self._spec.credentials.sn}: {failure}")
                    await self._wait(self._backoff.next())
                    continue
                await self._stay_online(online, ended)
        except Exception:
            # Not stopped, which would count as in order: the device has broken down by a fault of ours.
            self._enter(DeviceState.FAILED)
            raise
        finally:
            if self._session is not None and not self._session.ended:
                self._session.abort(EndReason.BROKEN)
            self._session = None
            if self.state is not DeviceState.FAILED:
                self._enter(DeviceState.STOPPED)

    def stop(self) -> None:
        """End the life: close the connection politely where there is one, wake up where the device waits."""
        self._stopping = True
        if self._session is not None and not self._session.ended:
            self._session.end(EndReason.STOPPED)
        else:
            self._wake()

    def abort(self) -> None:
        """As `stop`, without the closing handshake."""
        self._stopping = True
        if self._session is not None:
            self._session.abort(EndReason.STOPPED)
        self._wake()

    def reboot(self, seconds: float) -> None:
        """Drop the connection and come back after `seconds`."""
        self._reboot_for = seconds
        if self._session is not None:
            self._session.end(EndReason.REBOOT)

    @property
    def resting(self) -> bool:
        """Whether nothing is under way: the device waits, restarts, or has not begun."""
        return self.state in (DeviceState.OFFLINE, DeviceState.WAITING, DeviceState.REBOOTING, DeviceState.FAILED)

    # Coming online.

    async def _come_online(self) -> tuple[Online, asyncio.Future[str]]:
        """The initial flow, measured as the flow `init`.

        Raises:
            FlowFailed: If any step does not succeed; the connection is closed then.
        """
        env = self._env
        with self._broken_off_by_stop():
            await env.network.turn()
        started, before = env.clock.wall(), env.clock.monotonic()
        code, told = INTERNAL_ERROR, ""
        try:
            session, ended = await self._connect()
            try:
                terms = await self._log_in(session)
            except FlowFailed as failure:
                if not failure.refused:
                    self._broker.failed()
                if failure.violation:
                    session.end(EndReason.VIOLATION, 1008)
                elif not session.ended:
                    session.end(EndReason.FLOW_REFUSED)
                await ended
                raise
            self._broker.worked()
            code = SUCCESS
        except FlowFailed as failure:
            code, told = failure.code, f"{failure.step}: {failure.detail}"
            raise
        finally:
            if not (self._stopping and code != SUCCESS):
                env.recorder.flow(INIT.name, started, env.clock.monotonic() - before, code)
                if told:
                    env.recorder.detail(INIT.tag, code, told, env.clock.wall())
        return Online(session, terms), ended

    async def _connect(self) -> tuple[Session, asyncio.Future[str]]:
        env, settings = self._env, self._spec.settings
        if not self._broker.known:
            self._enter(DeviceState.LOOKUP)
            with self._broken_off_by_stop():
                await self._broker.look_up(self._clock, self._rng)
        self._enter(DeviceState.CONNECTING)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def on_end(reason: str) -> None:
            env.recorder.disconnect(reason, env.clock.wall())
            if not ended.done():
                ended.set_result(reason)

        session = Session(
            env,
            env.suite.device_side(env.keys),
            self._mids,
            timeout=settings.request_timeout,
            reconnect_on_timeout=settings.on_timeout is OnTimeout.RECONNECT,
            package_bytes=settings.max_package_kb * 1024,
            on_command=self._stay.command,
            on_end=on_end,
            holder=self,
        )
        with self._broken_off_by_stop():
            await self._broker.connect(session)
        self._session = session
        return session, ended

    async def _log_in(self, session: Session) -> Terms:
        """Exchange, then a warm login, or register and accredit first; then the report."""
        credentials, settings = self._spec.credentials, self._spec.settings
        if session.channel.has_exchange:
            self._enter(DeviceState.EXCHANGE)
            await initial_flow.exchange(session)
        if self._proof is None:
            self._proof = initial_flow.key_proof(credentials)
        warm = self.auth_code is not None and self.secret is not None
        if warm:
            try:
                await self._login(session)
            except FlowFailed as failure:
                if not failure.refused:
                    raise
                self._forget(failure.code)
                warm = False
        if not warm:
            self._enter(DeviceState.REGISTER)
            auth_code = await initial_flow.register(session, credentials.sn, self._proof, settings)
            self._granted = auth_code
            self._enter(DeviceState.ACCREDIT)
            secret = await initial_flow.accredit(session, credentials.sn, self._proof, auth_code)
            self.auth_code, self.secret, self._unkept = auth_code, secret, True
            try:
                await self._login(session)
            except FlowFailed as failure:
                # Refused with what was granted a moment ago: the next attempt begins with a registration.
                if failure.refused:
                    self.auth_code = self.secret = None
                raise
            self._keep()
        elif self._unkept:
            # What was granted on an earlier connection, which was lost before this could be seen to work.
            self._keep()
        self._enter(DeviceState.REPORT)
        return await initial_flow.report(session, credentials.sn, self._stay.report_params())

    def secrets(self) -> tuple[str, ...]:
        """All that this device proves itself with, or did before it was refused."""
        held = self._spec.credentials
        digest = self._proof["devKey"] if self._proof is not None else None
        own = (held.secret_key, held.dev_key, digest, held.auth_code, held.secret)
        found = (*own, self._granted, self.auth_code, self.secret)
        return tuple(secret for secret in found if secret)

    async def _login(self, session: Session) -> None:
        self._enter(DeviceState.LOGIN)
        assert self.auth_code is not None
        assert self.secret is not None
        assert self._proof is not None
        await initial_flow.login(session, self._spec.credentials.sn, self._proof, self.auth_code, self.secret)
        session.trust()

    def _keep(self) -> None:
        """The platform let the device in with these: the next run may begin with them."""
        self._unkept = False
        env = self._env
        if env.credentials is not None and self.auth_code is not None and self.secret is not None:
            env.credentials.granted(self._spec.credentials.sn, self.auth_code, self.secret)

    def _forget(self, code: str) -> None:
        """The platform refused a warm login: both credentials are thrown away, once, and the device registers."""
        self.auth_code = self.secret = None
        env = self._env
        env.recorder.anomaly("login refused, registered again", code, env.clock.wall())
        if env.credentials is not None:
            env.credentials.forgotten(self._spec.credentials.sn)

    # Staying online, and going away.

    async def _stay_online(self, online: Online, ended: asyncio.Future[str]) -> None:
        env = self._env
        if not online.session.ended:
            if online.terms.offset_minutes is not None:
                self._clock.offset_minutes = online.terms.offset_minutes
            self._enter(DeviceState.ONLINE)
            self._stay.went_online(online)
        since = env.clock.monotonic()
        reason = await ended
        self._session = None
        self._stay.went_offline()
        if env.clock.monotonic() - since >= self._spec.settings.reconnect_delay.low:
            self._backoff.reset()
        if self._stopping:
            return
        if self._reboot_for is not None:
            seconds, self._reboot_for = self._reboot_for, None
            self._enter(DeviceState.REBOOTING)
            await self._sleep(seconds)
            return
        env.log(logging.DEBUG, f"{self._spec.credentials.sn}: offline ({reason})")
        await self._wait(self._backoff.next())

    @contextmanager
    def _broken_off_by_stop(self) -> Iterator[None]:
        """What is awaited in here ends when the device is stopped: its turn may be minutes away, a server silent.

        Raises:
            FlowFailed: If it was broken off.
        """
        task = asyncio.current_task()
        assert task is not None
        self._leaving = task
        try:
            yield
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            task.uncancel()
            raise FlowFailed(CONNECT, EndReason.STOPPED, "the device was stopped") from None
        finally:
            self._leaving = None

    def _wake(self) -> None:
        """Break off what the device waits for."""
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)
        elif self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def _wait(self, seconds: float) -> None:
        self._session = None
        if not self._stopping:
            self._enter(DeviceState.WAITING)
            await self._sleep(seconds)

    async def _sleep(self, seconds: float) -> None:
        """Sleep on the handed-in clock; `stop` wakes it up."""
        if self._stopping:
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeper = sleeper

        def wake() -> None:
            if not sleeper.done():
                sleeper.set_result(None)

        timer = self._env.timers.call_later(seconds, wake)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleeper = None

    def _enter(self, state: DeviceState) -> None:
        if state is self.state:
            return
        previous, self.state = self.state, state
        env = self._env
        env.recorder.state(self._spec.index, previous.value, state.value, env.clock.wall())
        self._on_state()
