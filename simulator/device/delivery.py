"""Gets records, pictures and people to the platform: in order, one message at a time, until each is acknowledged.

Records go first: the protocol promises them within 15 s. Everything waits in the store while the device is offline.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from simulator.clock import TimerHandle
from simulator.device.device_clock import DeviceClock
from simulator.device.environment import Environment
from simulator.device.fates import Fates
from simulator.device.fifo import Fifo
from simulator.device.held_back import (
    VERIFY_LOG,
    VERIFY_PHOTO,
    tell_of_records,
    tell_of_templates,
    tell_of_uploads,
    why_held_back,
)
from simulator.device.online import Online
from simulator.device.outbox import Record
from simulator.device.packages import Packages, size_of
from simulator.device.replies import Reply
from simulator.device.retries import retry_delay
from simulator.device.session import Session
from simulator.device.settings import DeviceSettings
from simulator.device.sleep import sleep
from simulator.device.stock import Stock
from simulator.device.terms import Terms
from simulator.device.uploads import Upload, halves, largest_message, of_those_listed, send_upload
from simulator.device.witness import Witness
from simulator.faults import describe
from simulator.measurements.names import DISCONNECTED, PHOTO_ACKNOWLEDGED, PHOTO_REJECTED, RESENT, TOO_LARGE
from simulator.measurements.observation_rules import QUERY_OVER, UPLOAD_GIVEN_UP, UPLOAD_TOO_LARGE
from simulator.protocol.codes import SUCCESS

_NONE_YET = Terms()
"""Before the device was online for the first time."""


class Delivery:
    """The outgoing store of one device and its only sender.

    Args:
        witness: told what the platform's negotiation holds back, and what is given up.
        fates: told what becomes of records and of pictures.
        on_settled: called when something left the store; a device that drains looks whether it is done.
    """

    __slots__ = (
        "_asked_for",
        "_clock",
        "_env",
        "_on_settled",
        "_online",
        "_packages",
        "_sending",
        "_settings",
        "_stock",
        "_task",
        "_terms",
        "_timer",
        "_told_log_id",
        "_uploads",
        "_was_online",
        "_witness",
        "batch",
        "fates",
        "outbox",
    )

    def __init__(
        self,
        env: Environment,
        settings: DeviceSettings,
        clock: DeviceClock,
        witness: Witness,
        fates: Fates,
        *,
        on_settled: Callable[[], None],
    ) -> None:
        self._env = env
        self._witness = witness
        self._told_log_id = 0
        """Of the latest record that was told of as held back."""
        self._settings = settings
        self._packages = Packages(settings, witness, env.package_bytes(settings))
        self._clock = clock
        self._on_settled = on_settled
        self.batch = 1
        """Records in one message at most."""
        self.fates = fates
        self._stock = Stock(settings, fates)
        self.outbox = self._stock.outbox
        self._sending: Sequence[Record] = ()
        """Records in a message whose reply is waited for."""
        self._uploads: Fifo[Upload] = Fifo()
        self._asked_for: Fifo[Upload] = Fifo()
        """The answers to queries, which the platform waits for: they go up before everything else."""
        self._online: Online | None = None
        self._terms = _NONE_YET
        """Of the latest connection: they say what is worth waiting for while there is none."""
        self._was_online = False
        self._task: asyncio.Task[None] | None = None
        self._timer: TimerHandle | None = None

    # --- What comes in ---

    def restore(self) -> int:
        """Take back what an earlier life left unsent: it goes up first. Returns the last `logId` of it, 0 for none.

        Raises:
            UnusableRecordError: If that is nothing that a device has left.
        """
        photos, last = self._stock.restore()
        self._uploads.extend(photos)
        return last

    def add_record(self, record: Record) -> None:
        """Store a verification, and send it as soon as may be."""
        if self._stock.add(record):
            self.kick()

    def add_uploads(self, uploads: list[Upload]) -> None:
        """Queue uploads behind the others, but for those that the firmware does not know."""
        self._uploads.extend(of_those_listed(uploads, self._settings.functions))
        self.kick()

    def waiting(self, func_id: str) -> list[Upload]:
        """Uploads of `func_id` that the platform has not acknowledged yet, in order; the first may be on its way."""
        return [upload for upload in self._uploads if upload.func_id == func_id]

    def account(self) -> dict[str, int]:
        """What waits for the platform, and what the store holds."""
        box = self.outbox
        waiting = {"waiting": box.pending, "in_flight": box.in_flight, "photos": self._stock.photos}
        return waiting | {"uploads": len(self._uploads), "stored": box.stored, "rejected": box.rejected}

    def add_asked_for(self, uploads: list[Upload]) -> None:
        """Queue what the platform asked for: it goes up before everything else, in order."""
        self._asked_for.extend(uploads)
        self.kick()

    # --- The connection comes and goes ---

    def resume(self, online: Online) -> None:
        """Send what waits over the connection of `online`."""
        self._online = online
        self._terms = online.terms
        self._was_online = True
        self.outbox.reconnected()
        self._packages.reconnected()
        for upload in (*self._asked_for, *self._uploads):
            upload.due = 0.0
        self.kick()

    def pause(self) -> None:
        """Begin to send nothing more until `resume`; everything that was not acknowledged is kept."""
        self._online = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lose_power(self, *, unsent_lost: bool) -> int:
        """Nobody sends any more; what the platform had asked for and what it had agreed to are forgotten.

        Args:
            unsent_lost: whether the store is emptied too, of records and of pictures that were not acknowledged.

        Returns:
            How many records were lost.
        """
        self.pause()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.outbox.interrupted(self._sending)
        self._sending = ()
        self._asked_for.clear()
        self._terms = _NONE_YET
        for upload in self._uploads:
            upload.file_complete = False
        if not unsent_lost:
            return 0
        photos = self.waiting(VERIFY_PHOTO)
        for photo in photos:
            self._uploads.remove(photo)
        return self._stock.lose(photos)

    def end(self) -> None:
        """The device's life is over; what is in the store stays there."""
        self.pause()
        if self._task is not None:
            self._task.cancel()
        self.fates.ended((*self._sending, *self.outbox.waiting()))
        self._look_for_records_held_back()
        self._look_for_uploads_held_back()

    @property
    def was_online(self) -> bool:
        """Whether the platform let the device in, be it once in its life."""
        return self._was_online

    @property
    def idle(self) -> bool:
        """Whether nothing is left that this platform would take."""
        if self._task is not None:
            return False
        self._drop_expired(self._env.clock.monotonic())
        if self.outbox.pending and self._terms.allows(VERIFY_LOG):
            return False
        return not any(map(self._sendable, (*self._asked_for, *self._uploads)))

    def kick(self) -> None:
        """See to it that somebody sends."""
        online = self._online
        if self._task is None and online is not None and online.session.usable:
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(self._finished)

    # --- The sender ---

    async def _run(self) -> None:
        while (online := self._online) is not None and (session := online.session).usable:
            now = self._env.clock.monotonic()
            self._drop_expired(now)
            asked_for = self._next_upload(self._asked_for, now)
            if asked_for is not None:
                await self._send_upload(session, asked_for, self._asked_for)
                continue
            if self._terms.allows(VERIFY_LOG):
                batch = self.outbox.take(now, self.batch)
                if batch:
                    if len(batch) > 1:
                        batch = self._one_package_of(batch)
                    await self._send_records(session, batch)
                    continue
            else:
                self._look_for_records_held_back()
            upload = self._next_upload(self._uploads, now)
            if upload is None:
                self._look_for_uploads_held_back()
                self._wake_when_due(now)
                return
            await self._send_upload(session, upload, self._uploads)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if task is self._task:  # If not, the power has ended it.
            self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._env.log(logging.ERROR, f"delivery failed: {describe(error)}")
            self._env.internal_error("delivery.exception", error, self._witness.index)
            if self._online is not None:
                # At once it would fail again, for ever.
                self._timer = self._env.timers.call_later(retry_delay(1), self.kick)
            self._on_settled()
            return
        # What came in while the last reply was on its way out of the loop.
        due = self._next_due()
        if due is not None and due <= self._env.clock.monotonic():
            self.kick()
        self._on_settled()

    def _wake_when_due(self, now: float) -> None:
        due = self._next_due()
        if due is not None and due > now:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._env.timers.call_at(due, self.kick)

    def _next_due(self) -> float | None:
        record_due = self.outbox.next_due() if self._terms.allows(VERIFY_LOG) else None
        if not self._asked_for and not self._uploads:
            return record_due  # Asked after every record, and mostly that is all there is.
        dues = [upload.due for upload in (*self._asked_for, *self._uploads) if self._sendable(upload)]
        if record_due is not None:
            dues.append(record_due)
        return min(dues, default=None)

    async def _send_records(self, session: Session, batch: list[Record]) -> None:
        env = self._env
        again = sum(1 for record in batch if record.sent)
        if again:
            env.recorder.record(RESENT, again)
        for record in batch:
            record.sent = True
        late = 0.0 if again or batch[0].restored else max(0.0, env.clock.monotonic() - batch[0].verified)
        self._sending = batch
        reply = await session.request(VERIFY_LOG, {"verifyLog": [record.fields for record in batch]}, late=late)
        self._sending = ()
        now = env.clock.monotonic()
        if reply.ok:
            self._uploads.extend(self._stock.acknowledged(batch, reply.received))
            return
        reply = self._packages.judged(reply, VERIFY_LOG, lambda: size_of(batch))
        if reply.code == TOO_LARGE and len(batch) > 1:
            # They go up again at once, fewer at a time.
            self.outbox.interrupted(batch)
            return
        if reply.code == TOO_LARGE:
            # One record alone, which no connection of this device will ever carry.
            for record in batch:
                self.outbox.given_up(record)
                self._stock.rejected(record, TOO_LARGE, reply.received)
            self._witness.observation(UPLOAD_TOO_LARGE, VERIFY_LOG, f"{VERIFY_LOG}: {reply.message}")
            return
        if not reply.answered:
            self.outbox.interrupted(batch)
            await self._pause_after_silence(reply)
            return
        for record in self.outbox.refused(batch, now):
            self._stock.rejected(record, reply.code, reply.received)

    def _one_package_of(self, batch: list[Record]) -> list[Record]:
        """The first records of `batch` that fit one message, at least one; the others go back into the store."""
        count = self._packages.first_of(batch)
        if count < len(batch):
            self.outbox.interrupted(batch[count:])
        return batch[:count]

    async def _send_upload(self, session: Session, upload: Upload, queue: Fifo[Upload]) -> None:
        env = self._env
        packages = self._packages
        limit = packages.limit
        sent = packages.hopeless(upload, env.clock.monotonic())
        if sent is None:
            tell_of_templates(self._witness, upload, self._terms)
            sent = await send_upload(session, upload, env.photos, limit, self._terms, self._clock.offset_minutes)
        reply = packages.judged(sent, upload.func_id, lambda: largest_message(upload, limit))
        if reply.ok:
            packages.taken(upload.size)
            queue.remove(upload)
            if upload.flow is not None:
                self.fates.flow(upload.flow, upload.created, SUCCESS, reply.received)
            self._stock.photo_left(upload, PHOTO_ACKNOWLEDGED)
        elif reply.code == TOO_LARGE and len(upload.items) > 1:
            queue.remove(upload)
            for half in reversed(halves(upload)):
                queue.appendleft(half)
        elif reply is not sent and upload.size:
            # The picture goes up again at once, in smaller pieces.
            upload.file_complete = False
        elif reply.code == TOO_LARGE:
            self._witness.observation(UPLOAD_TOO_LARGE, upload.func_id, f"{upload.func_id}: {reply.message}")
            self._give_up(upload, queue, TOO_LARGE, reply.received)
        elif not reply.answered:
            await self._pause_after_silence(reply)
        elif not upload.refused(env.clock.monotonic()):
            self._give_up(upload, queue, reply.code, reply.received)

    def _give_up(self, upload: Upload, queue: Fifo[Upload], code: str, at: float) -> None:
        """An upload is not tried again, so that it does not hold up the others."""
        queue.remove(upload)
        if upload.flow is not None:
            self.fates.flow(upload.flow, upload.created, code, at)
        if upload.func_id == VERIFY_PHOTO:
            self._stock.photo_left(upload, PHOTO_REJECTED)
        else:
            self._witness.observation(UPLOAD_GIVEN_UP, upload.func_id, f"{upload.func_id}: {code}")

    async def _pause_after_silence(self, reply: Reply) -> None:
        """A platform that did not answer is not asked again at once (only where time-outs do not end connections)."""
        if reply.code == DISCONNECTED:
            return
        await sleep(self._env.timers, retry_delay(1))

    def _drop_expired(self, now: float) -> None:
        """Take out the answers that nobody waits for any more: sent now, they would answer no query."""
        if not self._asked_for:
            return
        for upload in [each for each in self._asked_for if each.expires is not None and each.expires <= now]:
            self._asked_for.remove(upload)
            found = f"{upload.func_id}: an empty answer was not sent, its query is over"
            self._witness.observation(QUERY_OVER, upload.func_id, found)

    def _next_upload(self, queue: Fifo[Upload], now: float) -> Upload | None:
        for upload in queue:
            if upload.due <= now and self._sendable(upload):
                return upload
        return None

    def _sendable(self, upload: Upload) -> bool:
        return not why_held_back(upload, self._terms, self._packages.limit)

    def _look_for_records_held_back(self) -> None:
        self._told_log_id = tell_of_records(self._witness, self.outbox, self._terms, self._told_log_id)

    def _look_for_uploads_held_back(self) -> None:
        uploads = (*self._asked_for, *self._uploads)
        tell_of_uploads(self._witness, uploads, self._terms, self._packages.limit)
