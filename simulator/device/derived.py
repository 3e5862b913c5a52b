"""What the first users have from the beginning (a face photo, a card): derived from their numbers until it goes."""

from collections.abc import Callable, Collection
from math import inf
from typing import Final

from simulator.device.kept_user import PASSWORD, template
from simulator.device.people import VALIDITY, has_password, has_template, has_validity
from simulator.protocol.times import parse_iso

_FINGERPRINT: Final = 1
_PATTERN: Final = 60
"""After so many numbers what users have repeats itself."""
_SINCE, _UNTIL = map(parse_iso, VALIDITY)
_FIRST_USERS: Final = tuple(
    (
        template(_FINGERPRINT) * has_template(number) | PASSWORD * has_password(number),
        *((_SINCE, _UNTIL) if has_validity(number) else (-inf, inf)),
    )
    for number in range(_PATTERN)
)


def first_user(number: int) -> tuple[int, float, float]:
    """What user `number` of those that a device begins with has beside a photo and a card (`kept_user.Person.has`), and
    from when to when he is valid."""
    return _FIRST_USERS[number % _PATTERN]


class Derived:
    """One kind of belongings of users 0 … `until`-1. Costs next to nothing while nothing of it is gone.

    Args:
        has: whether a user has it, by his number, as long as nothing happened to it.
    """

    __slots__ = ("_gone", "_has", "_until")

    def __init__(self, has: Callable[[int], bool], until: int) -> None:
        self._has = has
        self._until = until
        self._gone: Collection[int] = ()

    def of(self, number: int) -> bool:
        """Whether user `number` still has it."""
        return number < self._until and self._has(number) and number not in self._gone

    def numbers(self) -> list[int]:
        """The users who still have it."""
        return [number for number in range(self._until) if self.of(number)]

    def take(self, number: int | None) -> None:
        """User `number` has it no longer; nobody is meant where it is None."""
        if number is not None and self.of(number):
            if not isinstance(self._gone, set):
                self._gone = set()
            self._gone.add(number)

    def clear(self) -> None:
        """Nobody has it any longer."""
        self._until = 0
        self._gone = ()
