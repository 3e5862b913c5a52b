"""A device's way through its states: come online, stay, and come back after whatever ended the connection.

What a device does while it is online is its handler's business; the single steps are `initial_flow`'s, the states and
what follows what `states`'. A lifecycle never gives up by itself, save where trying again cannot help
(docs/deviations.md, Initial flow).
"""

import asyncio
import logging
import random
from functools import partial
from typing import Any, Protocol

from simulator.device import initial_flow, receiving
from simulator.device.backoff import Backoff
from simulator.device.breakable import Breakable, BrokenOff
from simulator.device.broker_link import BrokerLink
from simulator.device.channel_context import context_of
from simulator.device.device_clock import DeviceClock
from simulator.device.end_reason import EndReason
from simulator.device.environment import Environment
from simulator.device.held_login import HeldLogin
from simulator.device.initial_flow import FlowFailed
from simulator.device.online import Online
from simulator.device.session import OnCommand, Session
from simulator.device.settings import DeviceSpec
from simulator.device.sleep import sleep
from simulator.device.states import Stage, check_transition
from simulator.device.terms import Terms
from simulator.device.unanswered import Unanswered
from simulator.device.witness import Witness
from simulator.measurements.names import DISCONNECTED, INIT, INTERNAL_ERROR, DeviceState
from simulator.protocol.catalogue import LOOKUP
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import MidSource
from simulator.protocol.times import format_offset


class LifecycleHandler(Protocol):
    """What a lifecycle asks and tells the rest of its device."""

    def report_params(self) -> dict[str, Any]:
        """The parameters of `dev.report`."""
        ...

    def went_online(self, online: Online) -> None: ...

    def went_offline(self) -> None:
        """The connection over which the device was online has ended."""
        ...

    def state_changed(self) -> None: ...


class Lifecycle:
    """Runs one device until it is told to stop or loses its power; whoever has power again lives a life of its own.

    Args:
        on_command: given what the platform sends by itself, see `Session`.
        before: the life that ended for want of power, whose flash this one finds; None for the device's first one.

    Attributes:
        login: what the device logs in with.
        broker: the device's way to its broker.
        online: the stay online, while there is one.
        session: the connection, from its opening on.
        stage: how far the device's end has come; LEAVING by `stop` and `abort`.
    """

    __slots__ = (
        "_backoff",
        "_booted",
        "_clock",
        "_env",
        "_factor_mark",
        "_handler",
        "_latest",
        "_mids",
        "_on_command",
        "_powerless",
        "_rng",
        "_spec",
        "_unanswered",
        "_waits",
        "_witness",
        "broker",
        "login",
        "online",
        "session",
        "stage",
        "state",
    )

    def __init__(
        self,
        env: Environment,
        spec: DeviceSpec,
        clock: DeviceClock,
        rng: random.Random,
        handler: LifecycleHandler,
        witness: Witness,
        *,
        on_command: OnCommand,
        before: "Lifecycle | None" = None,
    ) -> None:
        self._env = env
        self._spec = spec
        self._clock = clock
        self._rng = rng
        self._handler = handler
        self._witness = witness
        self._on_command = on_command
        self._backoff = Backoff(spec.settings.reconnect_delay, rng)
        self._booted = int(env.clock.wall() * 1000)
        """The start of this life in milliseconds since the epoch; no two lives have the same."""
        if before is None:
            self.state = DeviceState.OFFLINE
            self.login = HeldLogin(env, spec, witness)
            self.broker = BrokerLink(env, spec, witness)
            self._factor_mark = b""
            """Of the platform's factor on the latest connection."""
        else:
            self.state = before.state
            self.login = before.login
            self.broker = before.broker
            self._factor_mark = before._factor_mark
            self._booted = max(self._booted, before._booted + 1)
        self._mids = MidSource(self._booted)
        self.session: Session | None = None
        self._latest: Session | None = None
        """The same, also after its end."""
        self._unanswered = None if spec.settings.mqtt is None else Unanswered()
        """What outlives a connection."""
        self._waits = Breakable(self._is_leaving)
        self.online: Online | None = None
        self.stage = Stage.LIVING
        self._powerless = False
        """Whether the power was lost, so that nothing is left to do for the task that runs this life."""

    async def run(self) -> None:
        """Live until `stop`, or until coming online turned out to be impossible.

        Raises:
            CancelledError: If the life has ended by `lose_power`: there is nothing left to do then.
        """
        try:
            while self.stage is not Stage.LEAVING:
                try:
                    online, ended = await self._come_online()
                except FlowFailed as failure:
                    if failure.permanent:
                        self._env.log(logging.ERROR, f"{self._spec.credentials.sn}: {failure}")
                        self._enter(DeviceState.FAILED)
                        return
                    self._env.log(logging.DEBUG, f"{self._spec.credentials.sn}: {failure}")
                    await self._wait(DeviceState.WAITING, self._backoff.next())
                    continue
                await self._stay_online(online, ended)
        except BrokenOff:
            pass
        except Exception:
            # Not stopped, which would count as in order: the device has broken down by a fault of ours.
            if self.state is not DeviceState.FAILED:
                self._enter(DeviceState.FAILED)
            raise
        finally:
            if not self._powerless:
                self._ends()

    def _ends(self) -> None:
        if self.session is not None and not self.session.ended:
            self.session.abort(EndReason.BROKEN)
        self.session = self.online = None
        if self._latest is not None:
            self._latest.give_up("the device has ended")
        self.broker.ended()
        if self.state is not DeviceState.FAILED:
            self._enter(DeviceState.STOPPED)

    def stop(self) -> None:
        """End the life: close the connection politely where there is one, break off what the device waits for."""
        self.stage = Stage.LEAVING
        if self.session is not None and not self.session.ended:
            self.session.end(EndReason.STOPPED)
        else:
            self._waits.break_off()

    def abort(self) -> None:
        """As `stop`, without the closing handshake."""
        self.stage = Stage.LEAVING
        if self.session is not None:
            self.session.abort(EndReason.STOPPED)
        self._waits.break_off()

    def lose_power(self) -> None:
        """This life has ended: nothing is said to anybody, and all that waited for an answer is settled at once.

        Whoever calls it cancels the task that runs `run`.
        """
        self.stage = Stage.LEAVING
        self._powerless = True
        session, self.session, self.online = self.session, None, None
        if session is not None:
            session.abort(EndReason.POWER_LOST)
        if self._latest is not None:
            self._latest.give_up("the device lost its power")
        self.broker.power_lost()
        self._enter(DeviceState.UNPOWERED)

    def next_life(self) -> "Lifecycle":
        """The life that begins when the power is back, with what was in flash."""
        known = (self._env, self._spec, self._clock, self._rng, self._handler, self._witness)
        life = Lifecycle(*known, on_command=self._on_command, before=self)
        life._enter(DeviceState.WAITING)
        return life

    def never_back(self) -> None:
        """A device without power is told to stop."""
        self._enter(DeviceState.STOPPED)

    def reboot(self) -> None:
        """Close the connection, and come back after the time that a reboot takes."""
        self.broker.rebooted()
        if self.session is not None:
            self.session.end(EndReason.REBOOT)

    # --- Coming online ---

    async def _come_online(self) -> tuple[Online, asyncio.Future[str]]:
        """The initial flow, measured as the flow `init`.

        Raises:
            FlowFailed: If any step does not succeed; the connection is closed then.
            BrokenOff: If the device is to leave before it is connected.
        """
        env = self._env
        with self._waits.wait():
            await self.broker.turn()
            await env.network.turn()
        started, before = env.clock.wall(), env.clock.monotonic()
        code, told = INTERNAL_ERROR, ""
        try:
            session, ended = await self._connect()
            try:
                terms = await self._log_in(session)
            except FlowFailed as failure:
                (self.broker.refused if failure.refused else self.broker.failed)()
                if failure.violation is not None:
                    receiving.broke_channel(self._witness, failure.violation, failure.step)
                    session.end(EndReason.VIOLATION, 1008)
                elif not session.ended:
                    session.end(EndReason.FLOW_REFUSED)
                await ended
                raise
            self.broker.worked()
            code = SUCCESS
        except FlowFailed as failure:
            code, told = failure.code, ": ".join(filter(None, (failure.step, failure.detail)))
            if failure.refused and failure.step != LOOKUP:
                told += self.broker.another_named()
            raise
        except asyncio.CancelledError:
            code = DISCONNECTED
            raise
        finally:
            if code == SUCCESS or self._powerless or self.stage is not Stage.LEAVING:
                # Not of `env`: it may live in another one by now.
                self._env.recorder.flow(INIT.name, started, env.clock.monotonic() - before, code)
                if told:
                    self._env.recorder.detail(INIT.tag, code, told, env.clock.wall())
        return Online(session, terms), ended

    async def _connect(self) -> tuple[Session, asyncio.Future[str]]:
        env = self._env
        if not self.broker.known:
            self._enter(DeviceState.LOOKUP)
            with self._waits.wait():
                await self.broker.look_up(self._clock, self._rng)
        self._enter(DeviceState.CONNECTING)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        held = self._spec.credentials
        context = context_of(held, self.login.auth_code, self.login.secret, self.broker.answer, self._witness)
        session = Session(
            env,
            env.suite_of(self._spec.settings).device_side(env.keys, context),
            self._mids,
            self._spec.settings,
            on_command=self._on_command,
            on_end=partial(self._connection_ended, ended),
            witness=self._witness,
            unanswered=self._unanswered,
        )
        with self._waits.wait():
            await self.broker.connect(session, self.login.proof, self._rng)
        self.session = self._latest = session
        session.trace = env.trace_of(self._spec.index)
        return session, ended

    def _connection_ended(self, ended: asyncio.Future[str], reason: str) -> None:
        self._env.recorder.disconnect(reason, self._env.clock.wall())
        if not ended.done():
            ended.set_result(reason)

    async def _log_in(self, session: Session) -> Terms:
        """Exchange, then a warm login, or register and accredit first; then the report."""
        credentials, settings = self._spec.credentials, self._spec.settings
        if session.channel.has_exchange:
            self._enter(DeviceState.EXCHANGE)
            await initial_flow.exchange(session, self._witness)
            mark = session.channel.peer_mark
            receiving.look_at_factor(self._witness, self._env.recall, mark, self._factor_mark)
            self._factor_mark = mark
        login = self.login
        warm = login.warm
        if warm:
            try:
                await self._login(session)
            except FlowFailed as failure:
                if not (failure.refused and settings.reading.forgets_on(failure.code)):
                    raise
                login.forget(failure.code)
                warm = False
        if not warm:
            self._enter(DeviceState.REGISTER)
            auth_code = await initial_flow.register(session, credentials.sn, login.proof, settings)
            login.registered(auth_code)
            self._enter(DeviceState.ACCREDIT)
            login.accredited(auth_code, await initial_flow.accredit(session, credentials.sn, login.proof, auth_code))
            try:
                await self._login(session)
            except FlowFailed as failure:
                if failure.refused and settings.reading.forgets_on(failure.code):
                    login.drop()
                raise
        login.worked()
        self._enter(DeviceState.REPORT)
        terms = await initial_flow.report(session, credentials.sn, self._handler.report_params())
        if terms.offset_minutes is not None:
            session.zone = format_offset(terms.offset_minutes)
        return terms

    def secrets(self) -> tuple[str, ...]:
        """All that this device proves itself with, or did before it was refused."""
        return tuple(secret for secret in (*self.login.secrets(), self.broker.private_key) if secret)

    async def _login(self, session: Session) -> None:
        self._enter(DeviceState.LOGIN)
        login = self.login
        assert login.auth_code is not None
        assert login.secret is not None
        await initial_flow.login(session, self._spec.credentials.sn, login.proof, login.auth_code, login.secret)
        session.trust()

    # --- Staying online, and waiting to come back ---

    async def _stay_online(self, online: Online, ended: asyncio.Future[str]) -> None:
        env = self._env
        if not online.session.ended:
            if online.terms.offset_minutes is not None:
                self._clock.offset_minutes = online.terms.offset_minutes
            self._enter(DeviceState.ONLINE)
            self.online = online
            self._handler.went_online(online)
        since = env.clock.monotonic()
        reason = await ended
        self.session = self.online = None
        self._handler.went_offline()
        if env.clock.monotonic() - since >= self._spec.settings.reconnect_delay.low:
            self._backoff.reset()
        if reason == EndReason.REBOOT:
            bounds = self._spec.settings.reboot
            await self._wait(DeviceState.REBOOTING, self._rng.uniform(bounds.low, bounds.high))
        elif self.stage is not Stage.LEAVING:
            env.log(logging.DEBUG, f"{self._spec.credentials.sn}: offline ({reason})")
            await self._wait(DeviceState.WAITING, self._backoff.next())

    async def _wait(self, state: DeviceState, seconds: float) -> None:
        """Wait in `state` before the device comes online again; not at all where it is to leave.

        Raises:
            BrokenOff: If it is to leave, now or before the time is over.
        """
        self.session = None
        with self._waits.wait():
            self._enter(state)
            await sleep(self._env.timers, seconds)

    def _is_leaving(self) -> bool:
        return self.stage is Stage.LEAVING

    def _enter(self, state: DeviceState) -> None:
        """
        Raises:
            TransitionError: If `state` cannot follow the one that the device is in.
        """
        check_transition(self.state, state)
        previous, self.state = self.state, state
        env = self._env
        env.recorder.state(self._spec.index, previous.value, state.value, env.clock.wall())
        self._handler.state_changed()
