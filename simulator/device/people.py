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

        Every fourth has a fingerprint template, and every other a password.
        """
        mixed = (seed ^ (number * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF
        pool = _pool(locale)
        person = pool[mixed % len(pool)]
        user: dict[str, Any] = {
            "pin": pin_of(number),
            "firstName": person.first_name,
            "lastName": person.last_name,
            "idNum": person.id_number,
            "startTime": "2024-01-01T00:00:00+08:00",
            "endTime": "2037-12-31T23:59:59+08:00",
            "funSwitch": "0",
            "disable": "0",
        }
        if number % 2 == 0:
            user["password"], user["passwordSalt"] = _password(mixed % _PASSWORDS)
        if has_template(number):
            user["bioDatas"] = [fingerprint(mixed)]
        return user

    def enrolled(self, pin: str, rng: random.Random, locale: str) -> dict[str, Any]:
        """A person who is enrolled at the device now, in the shape of dev.data.upload.user."""
        person = rng.choice(_pool(locale))
        password, salt = _password(rng.randrange(_PASSWORDS))
        return {
            "pin": pin,
            "password": password,
            "passwordSalt": salt,
            "idNum": person.id_number,
            "startTime": "2024-01-01T00:00:00+08:00",
            "endTime": "2037-12-31T23:59:59+08:00",
            "firstName": person.first_name,
            "lastName": person.last_name,
            "funSwitch": "0",
            "disable": "0",
            "bioDatas": [fingerprint(rng.getrandbits(64))],
        }


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
    """Whether a device's user `number` has a fingerprint template."""
    return number % 4 == 0


def fingerprint(key: int) -> dict[str, str]:
    """A made-up fingerprint template, in the shape of a `bioDatas` item."""
    return {
        "no": str(key % 10),
        "index": "0",
        "valid": "1",
        "duress": "0",
        "type": "1",
        "majorVer": "10",
        "minorVer": "0",
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
