"""What a device's door does, as its `dev.report` says it: ways to verify, types that it knows, pictures, checks.

Made once for all devices that say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from simulator.device import means
from simulator.device.bio_support import USUAL, BioSupport
from simulator.device.kept_user import CARD, PASSWORD, photo, template
from simulator.device.reporting import SAID

_KEPT_PICTURES: Final = frozenset({"2", "3"})
"""`capturePic` of devices that keep, and so upload, the picture of somebody who is let in."""
_NO_CHECKS: Final = "2"
"""`scene` in which nobody's time is checked."""
_TYPE_COUNT: Final = 11
"""Biometric types 0 to 10."""
_ALWAYS_KNOWN: Final = frozenset({10})
"""Has no position in the report's texts, so every device takes it."""
READ: Final = (
    *("verifyStyles", "qrCodeSupport", "qrCodeOn"),
    *("scene", "cameraOn", "attPhotoFunOn", "capturePic"),
)
"""The parameters that are about the door, beside those of biometric types."""
_MOST_KNOWN: Final = 4_096
EVERYTHING: Final = (1 << 24) - 1
"""What somebody has who has everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """The door of a kind of device.

    Attributes:
        offered: means that it takes (`verifyStyles`, without QR codes where these are switched off).
        template_types, photo_types: templates and photos that it recognises people by (unions of `kept_user.template`
            and `.photo`).
        checks_validity: whether `startTime` and `endTime` of users count.
        takes_pictures: whether pictures of people who are let in are kept, and so uploaded.
    """

    offered: int
    template_types: int
    photo_types: int
    checks_validity: bool
    takes_pictures: bool
    _known: dict[tuple[int, tuple[int, ...]], tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    """`ways` by what they were asked for: a fleet knows few combinations, and asks with every verification."""

    def ways(self, has: int, styles: tuple[int, ...]) -> tuple[int, ...]:
        """Those of `styles` by which somebody can verify here who has `has` (`kept_user.Person`).

        A PIN and a QR code everybody has.
        """
        known = self._known.get((has, styles))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[has, styles] = means.usable(self._means(has), styles)
        return known

    def _means(self, has: int) -> int:
        types = [
            kind
            for kind in range(_TYPE_COUNT)
            if has & template(kind) & self.template_types or has & photo(kind) & self.photo_types
        ]
        owned = means.PIN | means.QR | means.PASSWORD * (has & PASSWORD != 0) | means.CARD * (has & CARD != 0)
        return (owned | means.of_types(types)) & self.offered


def entrance_of(options: Mapping[str, str], bio: BioSupport) -> Entrance:
    """The door of devices whose scenario says `options`, parameters of `dev.report` by name."""
    return _entrance(tuple(options.get(name, SAID[name]) for name in READ), bio.template_types, bio.photo_types)


@lru_cache(maxsize=256)
def _entrance(said: tuple[str, ...], templates: frozenset[int], photos: frozenset[int]) -> Entrance:
    says = dict(zip(READ, said, strict=True))
    offered = int(says["verifyStyles"], 2) & means.ALL
    if (says["qrCodeSupport"], says["qrCodeOn"]) != ("1", "1"):
        offered &= ~means.QR
    return Entrance(
        offered=offered,
        template_types=sum(map(template, templates | _ALWAYS_KNOWN)),
        photo_types=sum(map(photo, photos | _ALWAYS_KNOWN)),
        checks_validity=says["scene"] != _NO_CHECKS,
        takes_pictures=(says["cameraOn"], says["attPhotoFunOn"]) == ("1", "1") and says["capturePic"] in _KEPT_PICTURES,
    )


AS_REPORTED: Final = entrance_of({}, USUAL)
"""The door of devices of which a scenario says nothing."""
