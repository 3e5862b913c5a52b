"""One virtual meeting device: its parts put together, and how it is started and stopped.

Everything random comes from the device's own seeded source, everything timed from the environment's clock: the same
spec against the same platform lives the same life.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import Any, Final

from simulator.device.behaviours.base import DeviceParts
from simulator.device.behaviours.registry import behaviours_of
from simulator.device.bio_support import bio_support
from simulator.device.commands.queue import CommandQueue
from simulator.device.delivery import Delivery
from simulator.device.device_clock import DeviceClock
from simulator.device.door import Door
from simulator.device.entrance import entrance_of
from simulator.device.environment import NOT_ALLOWED, Environment, NetworkError
from simulator.device.fates import Fates
from simulator.device.held_back import not_listed
from simulator.device.keeping import Keeping
from simulator.device.lifecycle import Lifecycle
from simulator.device.meetings import own_meeting
from simulator.device.memory import Memory
from simulator.device.misbehaviour.misbehaving import Misbehaving
from simulator.device.online import Online
from simulator.device.replies import Reply
from simulator.device.reporting import report_params
from simulator.device.settings import DeviceSpec
from simulator.device.states import Stage
from simulator.device.stopping import Stopping
from simulator.device.uploads import Upload, user_pages
from simulator.device.witness import Witness
from simulator.device.zones import write_in_known_zone
from simulator.faults import describe
from simulator.measurements.names import TOO_LARGE, DeviceState
from simulator.measurements.observation_rules import COMMAND_BIO_TYPE, DOWNLOAD_REFUSED, UPLOAD_HELD_BACK
from simulator.measurements.violation_rules import COMMAND_URL, REPLY_FIELD_FORMAT
from simulator.protocol.codes import DOWNLOAD_FAILED
from simulator.protocol.times import format_offset
from simulator.shown import detail
from simulator.small_random import SmallRandom

_UPLOAD_USER = "dev.data.upload.user"
_UPDATE_BIO_PHOTO = "cmd.data.update.bioPhoto"
_SYNC_TIME = "dev.system.sync.time"
_QUERY_SECONDS = 10.0
"""A query is answered within so long, or it is over (docs/deviations.md, Commands)."""

_DRAINING: Final = Stage.DRAINING
"""Asked for with every message, and an enum's member is slow to look up (Python 3.11)."""
_DOWN: Final = frozenset({DeviceState.REBOOTING, DeviceState.UNPOWERED})
"""Nobody can do anything at the device."""
_OVER: Final = frozenset({DeviceState.FAILED, DeviceState.STOPPED})
"""There is no life that a power cut could end."""


class Device:
    """A device of the fleet.

    Args:
        on_finished: called once, when the device's life has ended for whatever reason.

    Attributes:
        behaviours: what it does by itself.
        parts: of it, as they are handed to behaviours.
    """

    __slots__ = (
        "_clock",
        "_env",
        "_misbehaving",
        "_on_finished",
        "_power_cuts",
        "_stopping",
        "_task",
        "_witness",
        "_zone_known",
        "behaviours",
        "commands",
        "delivery",
        "lifecycle",
        "memory",
        "parts",
        "spec",
    )

    def __init__(self, env: Environment, spec: DeviceSpec, *, on_finished: Callable[[], None]) -> None:
        settings = spec.settings
        self._env = env
        self.spec = spec
        self._on_finished = on_finished
        rng = SmallRandom(spec.seed)
        self._clock = DeviceClock(env.clock, settings.clock, spec.seed)
        self._task: asyncio.Task[None] | None = None
        self._power_cuts = 0
        """That are not over, while it is without power."""
        self._misbehaving: Misbehaving | None = None
        self._zone_known = False
        """Whether a platform has answered dev.report, with its time zone or without one."""
        bio = bio_support(settings)
        self.memory = memory = Memory(
            env.people,
            spec.seed,
            users=settings.users,
            locale=settings.user_locale,
            max_users=settings.max_users,
            max_bio_photos=max(bio.max_photos),
            bio=bio,
            ownership=settings.ownership,
        )
        for plan in settings.meetings:
            memory.put_own(own_meeting(plan, self._clock.now()), plan.members)
        self._witness = witness = Witness(env.recorder, env.clock, self, spec.index)
        keeping = None if env.unsent is None else Keeping(env.unsent, spec.credentials.sn)
        self.delivery = Delivery(env, settings, self._clock, witness, Fates(env, keeping), on_settled=self._settled)
        self.commands = CommandQueue(
            *(env, memory, self, rng), settings=settings, witness=witness, answer=self._answer, on_idle=self._settled
        )
        self.lifecycle = Lifecycle(env, spec, self._clock, rng, self, witness, on_command=self.commands.receive)
        # The platform drops what it has seen of a serial number, so ids must grow over restarts too.
        log_ids = count(max(int(env.clock.wall() * 1000), self.delivery.restore()) + 1)
        self.parts = parts = DeviceParts(
            sn=spec.credentials.sn,
            settings=settings,
            timers=env.timers,
            started=env.started,
            clock=self._clock,
            rng=rng,
            memory=memory,
            delivery=self.delivery,
            commands=self.commands,
            people=env.people,
            recorder=env.recorder,
            witness=witness,
            down=self._is_down,
            door=Door(
                *(memory, self._clock, rng, log_ids, entrance_of(settings.options, bio)),
                room_as_meet_code=settings.reading.room_as_meet_code,
            ),
        )
        self.behaviours = behaviours_of(settings, parts)
        self._stopping = self._stopping_of(self.lifecycle)

    @property
    def state(self) -> DeviceState:
        return self.lifecycle.state

    def start(self) -> None:
        """Switch the device on (on the engine's loop)."""
        self._live()

    def stop(self, drain: float | None = None) -> None:
        """Switch the device off, in order: nothing new begins, what waits is delivered, the connection is closed.

        Args:
            drain: seconds that the delivery may take; the settings' own where None.
        """
        if self.state is DeviceState.UNPOWERED:
            self._end_without_power()
        else:
            self._stopping.stop(self.spec.settings.drain if drain is None else drain)

    def abort(self) -> None:
        """Switch the device off at once; what waits stays in its store, and is counted as pending."""
        if self.state is DeviceState.UNPOWERED:
            self._end_without_power()
        else:
            self._stopping.abort()

    def cut_off(self) -> None:
        """The last resort, where even `abort` did not end the life."""
        self.abort()
        if self._task is not None:
            self._task.cancel()

    def lose_power(self, *, unsent_lost: bool) -> int:
        """The plug is pulled: the life of the software ends at this moment, wherever it is.

        What a device has in its flash is kept until `power_back`: users and all that is theirs, meetings, options,
        records and pictures that wait, the login, the broker's address as over a reboot. So is the time, which a
        battery keeps going. A device that was told to stop is over. One that is not switched on, or has ended, loses
        nothing. Power cuts may overlap: each ends by a `power_back` of its own.

        Args:
            unsent_lost: whether the records and pictures that wait are gone as well.

        Returns:
            How many records were lost.
        """
        task, lifecycle = self._task, self.lifecycle
        if self.state is DeviceState.UNPOWERED:
            self._power_cuts += 1
            return self.delivery.lose_power(unsent_lost=unsent_lost)
        if task is None or self.state in _OVER:
            return 0
        self._power_cuts = 1
        over = lifecycle.stage is not Stage.LIVING
        self._task = None
        self._stopping.lose_power()
        lifecycle.lose_power()
        task.cancel()
        self.went_offline()
        for behaviour in self.behaviours:
            behaviour.power_lost()
        lost = self.delivery.lose_power(unsent_lost=unsent_lost)
        self.commands.lose_power()
        if self._misbehaving is not None:
            self._misbehaving.lose_power()
        if over:
            self._end_without_power()
        return lost

    def power_back(self) -> None:
        """A power cut is over; with the last one the device lives again, and comes online as after it was switched on.

        Nothing where it is not without power.
        """
        if self.state is not DeviceState.UNPOWERED:
            return
        self._power_cuts -= 1
        if self._power_cuts:
            return
        self.lifecycle = self.lifecycle.next_life()
        if self._misbehaving is not None:
            self._misbehaving.power_back(self.lifecycle)
        self._stopping = self._stopping_of(self.lifecycle)
        self._live()

    def set_clock(self, seconds: float) -> None:
        """Set the device's clock forward by so many seconds; back where they are negative."""
        self._clock.jump(seconds)
        for behaviour in self.behaviours:
            behaviour.clock_set()

    def misbehave(self, ways: Sequence[str], rate: float, rng: random.Random) -> None:
        """Do what the document forbids, while the device is online, until `behave` was called as often.

        Args:
            ways: of `measurements.misbehaviours`; in turn, those that this device can do.
            rate: times a second, all ways together.

        Raises:
            ValueError: If there is no way, one that is unknown, or no rate.
        """
        if self._misbehaving is None:
            self._misbehaving = Misbehaving(self._env, self.spec, self.lifecycle, self.delivery, self._clock)
        self._misbehaving.begin(ways, rate, rng)

    def behave(self) -> None:
        """Begin no more misbehaviour; what was begun comes to its outcome."""
        if self._misbehaving is not None:
            self._misbehaving.end()

    def secrets(self) -> Collection[str]:
        return self.lifecycle.secrets()

    # --- What the lifecycle asks and tells (LifecycleHandler) ---

    def report_params(self) -> dict[str, Any]:
        spec = self.spec
        params = report_params(spec.settings, spec.credentials.sn, self.memory, self.delivery.outbox.stored)
        return spec.settings.reading.reported(params, spec.credentials.sn)

    def went_online(self, online: Online) -> None:
        if not self._zone_known:
            self._zone_known = True
            write_in_known_zone(self.delivery.outbox.waiting_after(0), self._clock)
        for behaviour in self.behaviours:
            behaviour.went_online(online)
        self.delivery.resume(online)
        self.commands.open()
        self._settled()

    def went_offline(self) -> None:
        for behaviour in self.behaviours:
            behaviour.went_offline()
        self.delivery.pause()
        self.commands.close()
        if self._misbehaving is not None:
            self._misbehaving.went_offline()

    def state_changed(self) -> None:
        self._settled()

    # --- What a command asks for; all but a download happens after its answer went out (CommandEffects) ---

    async def download(self, url: str, limit: int) -> bytes:
        env = self._env
        try:
            return await env.network.download(url, limit, index=self.spec.index)
        except NetworkError as error:
            if error.kind in (NOT_ALLOWED, TOO_LARGE):
                # What devices may fetch, and how much of it, is not for the document to say.
                self._witness.observation(DOWNLOAD_REFUSED, _UPDATE_BIO_PHOTO, str(error))
            else:
                self._witness.violation(COMMAND_URL, _UPDATE_BIO_PHOTO, str(error))
            # The answer to the platform says less.
            env.recorder.detail(_UPDATE_BIO_PHOTO, DOWNLOAD_FAILED, str(error), env.clock.wall())
            raise

    def no_picture(self, url: str) -> None:
        self._witness.violation(COMMAND_URL, _UPDATE_BIO_PHOTO, f"{detail(url)} holds no JPEG")

    def left_out(self, func_id: str, what: str) -> None:
        self._witness.observation(COMMAND_BIO_TYPE, func_id, f"{func_id}: {what}")

    def zone(self) -> str:
        return format_offset(self._clock.offset_minutes)

    def upload_users(self, users: list[dict[str, Any]]) -> None:
        now = self._env.clock.monotonic()
        # Late users are users all the same; that there are none says something to the query alone.
        uploads = [
            Upload(_UPLOAD_USER, "users", page, created=now, expires=None if page else now + _QUERY_SECONDS)
            for page in user_pages(users, self._env.package_bytes(self.spec.settings))
        ]
        asyncio.get_running_loop().call_soon(self.delivery.add_asked_for, uploads)

    def ask_for_time(self) -> None:
        asyncio.get_running_loop().call_soon(self._send_time_request)

    def reboot(self) -> None:
        asyncio.get_running_loop().call_soon(self._stopping.reboot)

    def command_applied(self, func_id: str) -> None:
        for behaviour in self.behaviours:
            behaviour.command_applied(func_id)

    def _send_time_request(self) -> None:
        online = self.lifecycle.online
        if online is None or not online.session.usable:
            return
        if online.terms.allows(_SYNC_TIME):
            online.session.send(_SYNC_TIME, None, self._time_told)
        else:
            self._witness.observation(UPLOAD_HELD_BACK, _SYNC_TIME, f"{_SYNC_TIME}: {not_listed(_SYNC_TIME)}")

    def _time_told(self, reply: Reply) -> None:
        if not reply.ok:
            return
        told = self.spec.settings.reading.sync_time
        try:
            self._clock.told(str(reply.results.get(told.field, "")), epoch_ms=told.epoch_ms)
        except ValueError as error:
            self._witness.violation(REPLY_FIELD_FORMAT, _SYNC_TIME, f"{_SYNC_TIME}: results.{told.field} is {error}")
        else:
            for behaviour in self.behaviours:
                behaviour.clock_set()
        self._settled()

    # --- Inside ---

    def _live(self) -> None:
        for behaviour in self.behaviours:
            behaviour.switched_on()
        self._task = asyncio.get_running_loop().create_task(self.lifecycle.run(), name=self.spec.credentials.sn)
        self._task.add_done_callback(self._finished)

    def _is_down(self) -> bool:
        return self.lifecycle.state in _DOWN

    def _stopping_of(self, lifecycle: Lifecycle) -> Stopping:
        known = self._env, self.spec.credentials.sn
        return Stopping(
            *known, lifecycle=lifecycle, delivery=self.delivery, commands=self.commands, behaviours=self.behaviours
        )

    def _end_without_power(self) -> None:
        """Nothing is left to be ended; what waits stays in its store."""
        self.lifecycle.never_back()
        self._ended()
        asyncio.get_running_loop().call_soon(self._on_finished)

    def _answer(self, mid: str, cmd_id: str, code: str, message: str) -> bool:
        online = self.lifecycle.online
        return online is not None and online.session.answer_command(mid, cmd_id, code, message)

    def _settled(self) -> None:
        if self.lifecycle.stage is _DRAINING:
            self._stopping.settled()

    def _ended(self) -> None:
        self._stopping.ended()
        if self._misbehaving is not None:
            self._misbehaving.device_ended()

    def _finished(self, task: asyncio.Task[None]) -> None:
        latest = task is self._task
        if latest:
            self._ended()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._env.log(logging.ERROR, f"{self.spec.credentials.sn}: {describe(error)}")
            self._env.internal_error("device.exception", error, self.spec.index)
        if latest:
            self._on_finished()
