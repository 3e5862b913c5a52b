"""The device tells the platform its options: after each `cmd.option.set`, and regularly.

The message is an extension of the protocol (docs/deviations.md, Extensions).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from pydantic import Field

from simulator.clock import TimerHandle
from simulator.device.behaviours.base import Behaviour, BehaviourFields, DeviceParts
from simulator.device.online import Online
from simulator.device.reporting import device_options
from simulator.device.settings import BehaviourSettings
from simulator.device.uploads import Upload
from simulator.fields.quantities import PositiveDuration, within_time
from simulator.fields.section import Section

FUNC_ID: Final = "dev.option.upload"
SET_OPTIONS: Final = "cmd.option.set"
_MOST_WAITING: Final = 2
"""One that may be on its way, and one with what has changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionUploadSettings(BehaviourSettings):
    """How often options go up that nobody has changed."""

    func_ids: ClassVar[tuple[str, ...]] = (FUNC_ID,)
    needs: ClassVar[tuple[str, ...]] = (FUNC_ID,)

    interval: float
    """Seconds."""


class OptionUploadSection(Section):
    """Uploads of the device's options by `dev.option.upload`, which the document only names: after each
    `cmd.option.set`, and regularly. Only where the platform's `funcIds` allow it, as all uploads."""

    interval: Annotated[PositiveDuration, within_time("1s", "365d")] = Field(
        default=86_400.0, description="From one upload to the next; the first comes at a random moment within it."
    )


class OptionUploadFields(BehaviourFields):
    """Uploads of options in a group."""

    option_upload: OptionUploadSection | None = Field(
        default=None, description="Uploads of the device's options; `{}` for once a day. An extension of the protocol."
    )

    def behaviours(self) -> Iterator[BehaviourSettings]:
        if self.option_upload is not None:
            yield OptionUploadSettings(interval=self.option_upload.interval)


class OptionUpload(Behaviour):
    """The uploads of one device, from the first time online until it is told to stop."""

    __slots__ = ("_device", "_interval", "_stopped", "_timer")

    fields = OptionUploadFields
    settings_type = OptionUploadSettings

    def __init__(self, settings: OptionUploadSettings, device: DeviceParts) -> None:
        self._device = device
        self._interval = settings.interval
        self._timer: TimerHandle | None = None
        self._stopped = False

    def went_online(self, online: Online) -> None:
        if self._timer is None and not self._stopped:
            # At a random moment, or the whole fleet would upload in step.
            first = self._interval * self._device.rng.random()
            self._timer = self._device.timers.call_later(first, self._due)

    def power_lost(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def command_applied(self, func_id: str) -> None:
        if func_id == SET_OPTIONS and not self._stopped:
            self._upload()

    def stop(self) -> None:
        self._stopped = True
        self.power_lost()

    def _due(self) -> None:
        timer = self._timer
        assert timer is not None
        self._upload()
        self._timer = self._device.timers.call_at(timer.when + self._interval, self._due)

    def _upload(self) -> None:
        """Hand the options as they are now to the delivery, which keeps them until the platform has them."""
        device = self._device
        options = device_options(device.settings, device.memory)
        items = [{"name": name, "value": value} for name, value in options.items()]
        waiting = device.delivery.waiting(FUNC_ID)
        for upload in waiting:
            # However long the device was offline or refused, what it sends is true at that moment.
            upload.items[:] = items
        if len(waiting) < _MOST_WAITING:
            device.delivery.add_uploads([Upload(FUNC_ID, "options", items, created=device.timers.clock.monotonic())])
