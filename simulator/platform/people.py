"""The people and meetings that the platform knows: made up once, from a seed, and the same for every device.

A company's people may enter all of its meeting rooms, so devices share them: user number i is the same person on each.
Times are seconds since the epoch; what a command carries is encoded by `contents`.
"""

import base64
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from typing import Any

from simulator.platform.settings import MeetingPlan
from simulator.protocol.credentials import password_digest
from simulator.protocol.times import format_iso

FIRST_PIN = 100_001
_NAMES = 400
"""Different names; people beyond them share one, as people do."""
_PASSWORD_EVERY = 10
"""Each so-manieth user has a password: its digest takes a thousand rounds to make."""
_TEMPLATE_EVERY = 4
_TEMPLATE_BYTES = 384
_ALGORITHM = {"1": ("10", "0"), "2": ("7", "0"), "8": ("12", "0"), "9": ("5", "8")}
"""Major and minor version of the template algorithm, by biometric type."""

_TOPICS = (
    "项目周会",
    "季度总结会",
    "产品评审会",
    "预算讨论会",
    "技术方案评审",
    "客户需求沟通会",
    "人事例会",
    "安全生产会议",
    "供应商洽谈",
    "新员工培训",
)


def pin(number: int) -> str:
    """The number by which devices know user `number` (from 0)."""
    return str(FIRST_PIN + number)


class People:
    """Users by number, made when first asked for."""

    def __init__(self, seed: int, offset_minutes: int) -> None:
        self._seed = seed
        self._offset = offset_minutes
        self._names: list[tuple[str, str]] = []

    def user(self, number: int, template_type: str | None) -> dict[str, Any]:
        """One entry of `cmd.data.update.user`; some carry a template, where the device takes `template_type`."""
        family, given = self._name(number)
        random = Random(f"{self._seed}/user/{number}")
        year = 2020 + number % 5
        user: dict[str, Any] = {
            "pin": pin(number),
            "role": "0",
            "startTime": self._new_year(year),
            "endTime": self._new_year(year + 30),
            "firstName": given,
            "lastName": family,
            "funSwitch": "0",
            "disable": "0",
            "ruleType": "3",
        }
        if number % _PASSWORD_EVERY == 0:
            salt = random.randbytes(16).hex()
            user["passwordSalt"] = salt
            user["password"] = password_digest(f"{random.randrange(10**6):06d}", salt)
        if template_type is not None and number % _TEMPLATE_EVERY == 0:
            major, minor = _ALGORITHM.get(template_type, ("1", "0"))
            user["bioDatas"] = [
                {
                    "no": "0",
                    "index": "0",
                    "valid": "1",
                    "duress": "0",
                    "type": template_type,
                    "majorVer": major,
                    "minorVer": minor,
                    "fmt": "0",
                    "tmp": base64.b64encode(random.randbytes(_TEMPLATE_BYTES)).decode(),
                }
            ]
        return user

    def full_name(self, number: int) -> str:
        """Family and given name of user `number`."""
        return "".join(self._name(number))

    def _name(self, number: int) -> tuple[str, str]:
        if not self._names:
            # Imported here: it takes a noticeable part of a second, and many platforms push no users.
            from faker import Faker

            faker = Faker("zh_CN")
            faker.seed_instance(self._seed)
            self._names = [(faker.last_name(), faker.first_name()) for _ in range(_NAMES)]
        return self._names[number % len(self._names)]

    def _new_year(self, year: int) -> str:
        # The year begins at local midnight.
        moment = datetime(year, 1, 1, tzinfo=UTC).timestamp() - self._offset * 60
        return format_iso(moment, self._offset)


def meeting_id(sn: str, number: int) -> str:
    """Id of a device's meeting `number` (from 0): unique over all devices."""
    return f"{sn}-{number + 1}"


def meeting(
    sn: str,
    number: int,
    plan: MeetingPlan,
    zero: float,
    offset_minutes: int,
    applicant: str,
    *,
    moved: float = 0.0,
    longer: float = 0.0,
) -> dict[str, str]:
    """One entry of `cmd.data.update.meeting`: meeting `number` of the plan, counted on beyond its end.

    Args:
        zero: The platform's zero.
        applicant: Name of who asked for the meeting.
        moved: Seconds by which it is later than planned.
        longer: Seconds by which it is longer.
    """
    start = zero + plan.starts_in + number * (plan.duration + plan.gap) + moved
    end = start + plan.duration + longer

    def text(moment: float) -> str:
        return format_iso(moment, offset_minutes)

    return {
        "name": f"{_TOPICS[number % len(_TOPICS)]} {number + 1}",
        "startSignInTime": text(start - plan.sign_in_before),
        "lastSignInTime": text(start + plan.sign_in_after),
        "earSignOutTime": text(end - plan.sign_out_before),
        "lastSignOutTime": text(end + plan.sign_out_after),
        "id": meeting_id(sn, number),
        "startTime": text(start),
        "endTime": text(end),
        "applicant": applicant,
    }


def members(sn: str, number: int, plan: MeetingPlan, users: int, *, more: int = 0) -> list[str]:
    """Pins of the members of meeting `number`: other people for each meeting and room, as far as there are others.

    Args:
        more: So many people beyond the planned ones, behind these.
    """
    count = min(plan.members, users)
    room = int.from_bytes(blake2b(sn.encode(), digest_size=4).digest(), "big")
    first = room + number * count
    return [pin((first + place) % users) for place in range(min(count + more, users))]
