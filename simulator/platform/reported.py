"""What a device said of itself in `dev.report`, as far as the platform has to respect it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.platform.settings import PlatformSettings
from simulator.protocol.catalogue import NEGOTIATED_FUNC_IDS

_KB = 1024
_DEFAULT_KB = 64
"""`maxPackageSize` of a device that names none."""
_MAX_PENDING = 20
"""Commands that a device takes at a time which names no number."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The limits of one device, or of many that report the same."""

    package_bytes: int
    """A larger message is refused, and no larger one sent: the smaller of the device's limit and the platform's."""
    max_pending: int
    """Commands that may wait for an answer at a time."""
    template_type: str | None
    """Biometric type whose templates both sides take, or None."""
    func_ids: frozenset[str]
    """What the device supports."""


class Reports:
    """Reads the reports of one platform's devices: thousands report the same, and it is kept once.

    Attributes:
        none: What holds for a device before its report.
    """

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._bio_data = settings.multi_bio_data_support.split(":")
        self._kept: dict[Reported, Reported] = {}
        self.none = Reported((settings.max_package_kb or _DEFAULT_KB) * _KB, _MAX_PENDING, None, frozenset())

    def read(self, params: Mapping[str, Any]) -> Reported:
        """What valid params of `dev.report` say."""
        said = int(params.get("maxPackageSize") or _DEFAULT_KB)
        device = params.get("multiBioDataSupport", "").split(":")
        both = [str(kind) for kind, pair in enumerate(zip(device, self._bio_data, strict=False)) if pair == ("1", "1")]
        reported = Reported(
            package_bytes=min(said, self._settings.max_package_kb or said) * _KB,
            max_pending=int(params.get("maxPendingCmdCount") or _MAX_PENDING),
            template_type=both[-1] if both else None,
            # A platform that does without the list takes a device for one that can do everything.
            func_ids=frozenset(params.get("funcIds", NEGOTIATED_FUNC_IDS)),
        )
        return self._kept.setdefault(reported, reported)

    def bounded(self, reported: Reported, most_bytes: int) -> Reported:
        """The same where no message to the device may have more than `most_bytes`."""
        if reported.package_bytes <= most_bytes:
            return reported
        bounded = replace(reported, package_bytes=most_bytes)
        return self._kept.setdefault(bounded, bounded)
