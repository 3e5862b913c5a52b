"""Which biometric templates and photos a device takes and how many, as its report says (section 设备上报, multiBio…).

One object serves a group's devices; `report_params` makes the report's texts of it, so that the two cannot differ.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from simulator.device.settings import DeviceSettings
from simulator.protocol.catalogue.common import BIO_TYPE_NAMES
from simulator.protocol.catalogue.formats import BIO_TYPES

_VERSIONS: Final = ("1.0", "10.0", "7.0", "1.0", "1.0", "1.0", "12.0", "3.0", "12.0", "5.8")
"""Of the algorithms by biometric type, as the vendor's devices have them where one is known."""
_TEMPLATES: Final = "0:1:1:0:0:0:0:0:0:1"
_PHOTOS: Final = "0:0:0:0:0:0:0:0:0:1"
_ENROLLED: Final = "0:1:0:0:0:0:0:0:0:1"
_PARAMETERS: Final = (
    "multiBioEnrollSupport",
    "multiBioDataSupport",
    "multiBioPhotoSupport",
    "multiBioVer",
    "maxMultiBioDataCount",
    "maxMultiBioPhotoCount",
)


class Templates(Protocol):
    """Who holds users with their templates."""

    def user(self, pin: str) -> dict[str, Any] | None:
        """A user as he is uploaded."""
        ...

    def template_counts(self) -> list[int]:
        """Templates by biometric type."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BioSupport:
    """What a device does with biometric data. Tuples are by biometric type, 0 to 9."""

    report_params: Mapping[str, str]
    """The parameters of `dev.report` that say it."""
    template_types: frozenset[int]
    photo_types: frozenset[int]
    enrolled_types: frozenset[int]
    """Types that can be enrolled at it."""
    versions: tuple[tuple[str, str], ...]
    """Major and minor version of each algorithm."""
    max_templates: tuple[int, ...]
    max_photos: tuple[int, ...]

    def photo_room(self, kind: int, most: int) -> int:
        """How many photos of a type the device holds; `most` of those without a position in the report."""
        return min(self.max_photos[kind], most) if kind < BIO_TYPES else most

    def templates_taken(self, templates: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
        """Those templates that the device has a place for, and what is said of the others; empty where there are none.

        Type 10 has no position in the report's texts, so nothing speaks against it.
        """
        return _taken(templates, self.template_types, "multiBioDataSupport")

    def photos_taken(self, photos: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
        """As `templates_taken`, for biometric photos."""
        return _taken(photos, self.photo_types, "multiBioPhotoSupport")

    def shown(self, user: dict[str, Any]) -> dict[str, Any]:
        """A made-up user as this device can have made him: without templates of other types, in its own versions."""
        made = user.get("bioDatas") or []
        templates = [self._own(each) for each in made if int(each["type"]) in self.template_types]
        if templates == made:
            return user
        rest = {name: value for name, value in user.items() if name != "bioDatas"}
        return rest | {"bioDatas": templates} if templates else rest

    def _own(self, template: dict[str, Any]) -> dict[str, Any]:
        major, minor = self.versions[int(template["type"])]
        return template | {"majorVer": major, "minorVer": minor}

    def with_templates(
        self, held: Templates, users: Mapping[str, Mapping[str, Any]], most: int | None
    ) -> tuple[int | None, str]:
        """Whether the templates of new or replaced `users`, by pin, have room beside those that are held.

        Args:
            most: templates that are held at most; None where nobody has counted.

        Returns:
            The new `most`, and which store is full; empty where all fit.
        """
        new = Counter(_types(users.values()))
        if not new:
            return most, ""
        if most is None or most + new.total() > min(self.max_templates[kind] for kind in new):
            counts = held.template_counts()
            for kind in _types(filter(None, map(held.user, users))):
                counts[kind] -= 1
            for kind, count in new.items():
                if counts[kind] + count > self.max_templates[kind]:
                    return most, f"the store of templates of type {kind} is full ({self.max_templates[kind]})"
            most = sum(counts)
        return most + new.total(), ""


def _types(users: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    types = (int(template["type"]) for user in users for template in user.get("bioDatas") or ())
    return (kind for kind in types if kind < BIO_TYPES)


def _taken(
    items: Sequence[Mapping[str, Any]], supported: frozenset[int], parameter: str
) -> tuple[list[Mapping[str, Any]], str]:
    taken = [item for item in items if int(item["type"]) >= BIO_TYPES or int(item["type"]) in supported]
    if len(taken) == len(items):
        return taken, ""
    kind = next(int(item["type"]) for item in items if item not in taken)
    return taken, f"type {kind} ({BIO_TYPE_NAMES[kind]}) is left out, as {parameter} of dev.report denies it"


def bio_support(settings: DeviceSettings) -> BioSupport:
    """What devices of these settings take; `options` of the group go before what is usual."""
    said = tuple(settings.options.get(name, "") for name in _PARAMETERS)
    return _support(said, settings.max_templates, settings.max_bio_photos)


@lru_cache(maxsize=64)  # a run has few groups, and 20,000 devices share what is made here
def _support(said: tuple[str, ...], max_templates: int, max_photos: int) -> BioSupport:
    given = dict(zip(_PARAMETERS, said, strict=True))
    templates = _flagged(given["multiBioDataSupport"] or _TEMPLATES)
    photos = _flagged(given["multiBioPhotoSupport"] or _PHOTOS)
    enrolled = _flagged(_ENROLLED) & (templates | photos)
    params = {
        "multiBioEnrollSupport": _by_type(dict.fromkeys(enrolled, "1")),
        "multiBioDataSupport": _by_type(dict.fromkeys(templates, "1")),
        "multiBioPhotoSupport": _by_type(dict.fromkeys(photos, "1")),
        "multiBioVer": _by_type({kind: _VERSIONS[kind] for kind in templates}),
        "maxMultiBioDataCount": _by_type(dict.fromkeys(templates, str(max_templates))),
        "maxMultiBioPhotoCount": _by_type(dict.fromkeys(photos, str(max_photos))),
    }
    params.update((name, text) for name, text in given.items() if text)
    return BioSupport(
        report_params=params,
        template_types=templates,
        photo_types=photos,
        enrolled_types=_flagged(params["multiBioEnrollSupport"]),
        versions=tuple(_version(text) for text in params["multiBioVer"].split(":")),
        max_templates=_counts(given["maxMultiBioDataCount"], max_templates),
        max_photos=_counts(given["maxMultiBioPhotoCount"], max_photos),
    )


def _flagged(text: str) -> frozenset[int]:
    return frozenset(kind for kind, flag in enumerate(text.split(":")) if flag == "1")


def _by_type(values: Mapping[int, str]) -> str:
    return ":".join(values.get(kind, "0") for kind in range(BIO_TYPES))


def _counts(text: str, usual: int) -> tuple[int, ...]:
    return tuple(map(int, text.split(":"))) if text else (usual,) * BIO_TYPES


def _version(text: str) -> tuple[str, str]:
    major, _, minor = text.partition(".")
    return major, minor.partition(".")[0] or "0"


USUAL: Final = _support(("",) * len(_PARAMETERS), 10_000, 10_000)
"""Of a group that says nothing of it."""
