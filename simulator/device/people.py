"""The people of a fleet: names, identity numbers and password digests, made once per locale and shared by all devices.

A device's users are derived from its seed when somebody asks for them, so that hundreds of users on each of 20,000
devices cost nothing until they are looked at.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from faker import Faker

from simulator.protocol.credentials import password_digest

_POOL_SIZE = 400
_PASSWORDS = 8
_POOL_SEED = 20_240_626
_FIRST_PIN = 1001
_MOST_NUMBERS = 1_000_000
"""Users of a device, and so the cards of its range."""
VALIDITY = ("2024-01-01T00:00:00+08:00", "2037-12-31T23:59:59+08:00")
"""`startTime` and `endTime` of those whose validity ends."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may become a user: as the locale's Faker provider names people."""

    first_name: str
    last_name: str
    id_number: str


class People:
    """Draws people; deterministic, and cheap after the first draw of a locale."""

    def pool(self, locale: str) -> tuple[Person, ...]:
        """The people of `locale` (a Faker locale such as `zh_CN`)."""
        return _pool(locale)

    def user(self, seed: int, number: int, locale: str) -> dict[str, Any]:
        """User `number` (0, 1, 2 …) of the device with `seed`, in the shape of dev.data.upload.user.

        Every fourth has a fingerprint template, and every other a password; two of three are valid for some years.
        """
        mixed = (seed ^ (number * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF
        pool = _pool(locale)
        person = pool[mixed % len(pool)]
        user: dict[str, Any] = {
            "pin": pin_of(number),
            "firstName": person.first_name,
            "lastName": person.last_name,
            "idNum": person.id_number,
            "funSwitch": "0",
            "disable": "0",
        }
        if has_validity(number):
            user["startTime"], user["endTime"] = VALIDITY
        if has_password(number):
            user["password"], user["passwordSalt"] = _password(mixed % _PASSWORDS)
        if has_template(number):
            user["bioDatas"] = [fingerprint(mixed)]
        return user

    def newcomer(self, pin: str, rng: random.Random, locale: str, *, password: bool) -> dict[str, Any]:
        """Number, name, identity number and perhaps a password of somebody who is drawn, in the shape of
        dev.data.upload.user."""
        person = rng.choice(_pool(locale))
        user = {
            "pin": pin,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "idNum": person.id_number,
        }
        if password:
            user["password"], user["passwordSalt"] = _password(rng.randrange(_PASSWORDS))
        return user


def pin_of(number: int) -> str:
    """The PIN of a device's user `number`."""
    return str(_FIRST_PIN + number)


def number_of(pin: str) -> int | None:
    """The inverse of `pin_of`, or None for a PIN that no such user can have."""
    if not pin.isascii() or not pin.isdigit() or len(pin) > 9 or pin[0] == "0":
        return None
    number = int(pin) - _FIRST_PIN
    return number if number >= 0 else None


def has_template(number: int) -> bool:
    """Whether a device's user `number` has a fingerprint template: 25 %."""
    return number % 4 == 0


def has_password(number: int) -> bool:
    """Whether a device's user `number` has a password: 50 %."""
    return number % 2 == 0


def has_validity(number: int) -> bool:
    """Whether the validity of a device's user `number` begins and ends: 67 %."""
    return number % 3 != 2


def has_face(number: int) -> bool:
    """Whether a device's user `number` has a face photo: 90 %."""
    return number % 10 != 9


def has_card(number: int) -> bool:
    """Whether a device's user `number` has a card: 67 %, so that three of a hundred have only their PIN."""
    return number % 3 != 1


def card_of(seed: int, number: int) -> str:
    """Number of the card that user `number` of the device with `seed` has; no two of its users have the same."""
    return str(_first_card(seed) + number)


def holder_of(seed: int, card: str) -> int | None:
    """The inverse of `card_of`: whose card it would be, None for one that is of no such range."""
    if len(card) != 10 or not card.isascii() or not card.isdigit():
        return None
    number = int(card) - _first_card(seed)
    return number if 0 <= number < _MOST_NUMBERS else None


def _first_card(seed: int) -> int:
    return (1_000 + (seed ^ seed >> 32) % 8_000) * _MOST_NUMBERS


def fingerprint(key: int) -> dict[str, str]:
    """A made-up fingerprint template, in the shape of a `bioDatas` item."""
    return template(1, key, no=key % 10, version=("10", "0"))


def template(
    kind: int,
    key: int,
    *,
    no: int,
    version: tuple[str, str],
    index: int = 0,
    valid: bool = True,
    duress: bool = False,
) -> dict[str, str]:
    """A made-up template of a biometric type, in the shape of a `bioDatas` item.

    Args:
        key: picks its bytes.
        version: major and minor version of the algorithm.
    """
    return {
        "no": str(no),
        "index": str(index),
        "valid": "1" if valid else "0",
        "duress": "1" if duress else "0",
        "type": str(kind),
        "majorVer": version[0],
        "minorVer": version[1],
        "fmt": "0",
        "tmp": _template(key % 16),
    }


@lru_cache(maxsize=16)
def _template(key: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "".join(random.Random(_POOL_SEED + key).choices(alphabet, k=512))


@lru_cache(maxsize=_PASSWORDS)
def _password(key: int) -> tuple[str, str]:
    """Digest and salt. 1,000 rounds each, so the fleet shares a few."""
    rng = random.Random(_POOL_SEED - key)
    salt = rng.randbytes(16).hex()
    return password_digest(f"{rng.randrange(1_000_000):06d}", salt), salt


@lru_cache(maxsize=8)
def _pool(locale: str) -> tuple[Person, ...]:
    fake = Faker(locale)
    fake.seed_instance(_POOL_SEED)
    return tuple(
        Person(fake.first_name(), fake.last_name(), "".join(c for c in fake.ssn() if c.isalnum()))
        for _ in range(_POOL_SIZE)
    )
