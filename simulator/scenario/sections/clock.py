"""The section about the clocks of devices: how wrong they are until the platform sets them."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.device.device_clock import ClockSettings
from simulator.fields.quantities import DriftRange, SignedDurationRange, within_signed_time
from simulator.fields.range import Range
from simulator.fields.section import Section, Shown
from simulator.fields.wrong_kind import WrongKind
from simulator.protocol.times import format_iso, parse_iso
from simulator.texts.translation import _

_YEAR = re.compile(r"[0-9]{4}")
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
_NONE = Range(low=0.0, high=0.0)


def _start(value: object) -> float:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _YEAR.fullmatch(text):
        if not _FIRST_YEAR <= int(text) <= _LAST_YEAR:
            raise ValueError(
                _(
                    "{text} is no year that a device's clock can show: {first_year} to {last_year}",
                    text=text,
                    first_year=_FIRST_YEAR,
                    last_year=_LAST_YEAR,
                )
            )
        return datetime(int(text), 1, 1, tzinfo=UTC).timestamp()
    try:
        return parse_iso(text)
    except ValueError:
        raise WrongKind(_("must be a year or a time, like 1970 or 2000-01-01T00:00:00+08:00")) from None


StartAt = Annotated[
    float,
    BeforeValidator(_start),
    WithJsonSchema(
        {
            "title": "year or time",
            "anyOf": [{"type": "integer", "minimum": _FIRST_YEAR, "maximum": _LAST_YEAR}, {"type": "string"}],
            "examples": [1970, "2000-01-01T00:00:00+08:00"],
        }
    ),
    Shown("year or time", lambda moment: format_iso(moment, 0)),
]


class ClockSection(Section):
    """Clocks that are wrong. `dev.system.sync.time` sets them; until then records carry what the device believes."""

    offset: Annotated[SignedDurationRange, within_signed_time("3650d")] = Field(
        default=_NONE, description="How far a device's clock is ahead; from a range each device draws its own."
    )
    drift: Annotated[DriftRange, within_signed_time("1s")] = Field(
        default=_NONE,
        description="How fast it runs away, in millionths, also after it was set; from a range each draws its own.",
    )
    start_at: StartAt | None = Field(
        default=None,
        description="What the clocks show when the devices are switched on, as with an empty battery: `1970` or a "
        "time. Until they are set, look-ups are signed with the right time, as the network gives it.",
    )

    def settings(self) -> ClockSettings:
        return ClockSettings(offset=self.offset, drift=self.drift, start_at=self.start_at)
