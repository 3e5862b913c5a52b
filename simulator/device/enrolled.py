"""Somebody who is enrolled at the device: what he is, and has, varies as it does among people.

Templates and photos are of the types that the device's report claims for enrolment (`multiBioEnrollSupport`). All of
it follows from the random source.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from simulator.device.bio_support import BioSupport
from simulator.device.device_clock import DeviceClock
from simulator.device.people import VALIDITY, People, template

_PASSWORD: Final = 0.6
_GROUP: Final = 0.4
_THREAT_GROUP: Final = 0.1
_BLOCKED: Final = 0.02
_UNLIMITED: Final = 0.25
_FUN_SWITCHES: Final = {"0": 80, "1": 10, "2": 7, "3": 3}
"""Each with how many of a hundred have it."""
_TEMPORARY: Final = frozenset({"2", "3"})
_DAYS: Final = 30
_DAY_S: Final = 86_400

_ENROLLED: Final = 0.85
"""Share of the people who have a template of a type."""
_INVALID: Final = 0.03
_DURESS: Final = 0.1
"""Share of those with several fingers who keep one for duress."""
_AGAIN: Final = 0.2
"""Share of fingers and the like with a second template."""
_FINGERS: Final = frozenset({1, 7})
_PAIRED: Final = frozenset({4, 6, 8})
"""Types of which people have a left and a right one."""

_SECOND_CARD: Final = 0.15
_LOST_CARD: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Somebody new.

    Attributes:
        user: in the shape of dev.data.upload.user.
        cards: one that works at least, in the shape of dev.data.upload.multiCard.
        photo_types: biometric types of his photos.
    """

    user: dict[str, Any]
    cards: list[dict[str, str]]
    photo_types: list[int]


class Desk:
    """Where people are enrolled at one kind of device.

    Args:
        locale: of their names.
        most_templates: so many fit into a message beside the rest of a user; one at least.
    """

    __slots__ = ("_bio", "_locale", "_most_templates", "_people", "_types")

    def __init__(self, people: People, locale: str, bio: BioSupport, most_templates: int) -> None:
        self._people = people
        self._locale = locale
        self._bio = bio
        self._most_templates = max(1, most_templates)
        self._types = bio.enrolled_types

    def enrol(self, pin: str, rng: random.Random, clock: DeviceClock) -> Enrolled:
        """Somebody who gets the number `pin` now."""
        [fun_switch] = rng.choices([*_FUN_SWITCHES], [*_FUN_SWITCHES.values()])
        user = self._people.newcomer(pin, rng, self._locale, password=rng.random() < _PASSWORD)
        user["funSwitch"] = fun_switch
        user["disable"] = "1" if rng.random() < _BLOCKED else "0"
        if fun_switch in _TEMPORARY:
            now = clock.now()
            user["startTime"], user["endTime"] = clock.format(now), clock.format(now + rng.randint(1, _DAYS) * _DAY_S)
        elif rng.random() >= _UNLIMITED:
            user["startTime"], user["endTime"] = VALIDITY
        if rng.random() < _GROUP:
            user["group"] = str(rng.randint(1, 9))
        if rng.random() < _THREAT_GROUP:
            user["threatLevelGroupNum"] = str(rng.randint(1, 5))
        templates = self._templates(rng)
        if templates:
            user["bioDatas"] = templates[: self._most_templates]
        photo_types = sorted(self._types & self._bio.photo_types)
        return Enrolled(user=user, cards=list(_cards(pin, rng)), photo_types=photo_types)

    def _templates(self, rng: random.Random) -> list[dict[str, str]]:
        templates = []
        for kind in sorted(self._types & self._bio.template_types):
            if rng.random() >= _ENROLLED:
                continue
            numbers = _numbers(kind, rng)
            for place, no in enumerate(numbers):
                duress = 0 < place == len(numbers) - 1 and kind in _FINGERS and rng.random() < _DURESS
                templates += [
                    template(
                        *(kind, rng.getrandbits(64)),
                        no=no,
                        index=index,
                        valid=rng.random() >= _INVALID,
                        duress=duress,
                        version=self._bio.versions[kind],
                    )
                    for index in range(1 + (rng.random() < _AGAIN))
                ]
        return templates


def _numbers(kind: int, rng: random.Random) -> list[int]:
    """Which fingers, eyes or palms of a type are enrolled (appendix 生物具体个体编号)."""
    if kind in _FINGERS:
        return sorted(rng.sample(range(10), rng.choice((1, 1, 2, 2, 3))))
    if kind in _PAIRED:
        return sorted(rng.sample(range(2), rng.choice((1, 2))))
    return [0]


def _cards(pin: str, rng: random.Random) -> Iterator[dict[str, str]]:
    def card(kind: str, lost: bool = False) -> dict[str, str]:
        number = str(rng.randrange(10**9, 10**10))
        return {"pin": pin, "card": number, "type": kind, "lossFlag": "1" if lost else "0"}

    if rng.random() < _LOST_CARD:
        yield card("0", lost=True)
    yield card("0")
    if rng.random() < _SECOND_CARD:
        yield card("1")
