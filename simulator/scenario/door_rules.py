"""How a group has people verify must be among the ways that its devices offer by their own report."""

from collections.abc import Iterator

from simulator.device.bio_support import bio_support
from simulator.device.entrance import EVERYTHING, Entrance, entrance_of
from simulator.protocol.catalogue.common import VERIFY_STYLES
from simulator.scenario.sections.group import GroupSection
from simulator.texts.translation import N_, _

_SAYING = N_("`verifyStyles`, `qrCodeOn`, `multiBioDataSupport` and `multiBioPhotoSupport` in `options` say so")


def unoffered(group: GroupSection) -> Iterator[tuple[int, str]]:
    """Which streams of verifications of the merged `group` want a way that nobody can verify by, and what is wrong."""
    settings = group.settings()
    entrance = entrance_of(settings.options, bio_support(settings))
    for place, stream in enumerate(group.verifications):
        styles = [style for style in stream.styles if not _offered(entrance, style)]
        if styles:
            named = ", ".join(f"{style} ({VERIFY_STYLES[str(style)]})" for style in styles)
            yield place, _("{named}: the devices offer no such way to verify; {saying}", named=named, saying=_(_SAYING))


def _offered(entrance: Entrance, style: int) -> bool:
    return bool(entrance.ways(EVERYTHING, (style,)))
