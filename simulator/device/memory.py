"""What a device keeps: users, cards, photos, meetings with their members, options.

The users a device starts with are derived from its seed; only what differs from them is stored. Limits are checked
here, so that what `dev.report` says of the memory is what the memory does.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from simulator.device.bio_support import USUAL, BioSupport
from simulator.device.meetings import Meeting
from simulator.device.people import People, has_template, number_of, pin_of
from simulator.protocol.catalogue.formats import BIO_TYPES

FINGERPRINT = 1
NEAR_INFRARED_FACE = 2
VISIBLE_FACE = 9

PhotoKey = tuple[str, str, str, str]
"""pin, type, no, index"""


def photo_key(pin: str, kind: str, no: str | None, index: str | None) -> PhotoKey:
    """What tells one biometric photo from another; number and index are 0 where they are not given."""
    return pin, kind, _number(no), _number(index)


class StoreFull(Exception):  # noqa: N818 - a state of the store, named for it
    """There is no room; nothing was changed. The text says which store, for the answer to the command."""


class Memory:
    """One device's memory.

    Args:
        users: how many users it holds at first; the numbers 0 … users-1 of `people`.
        max_users, max_bio_photos: room for users, and for biometric photos of each type.
        bio: which templates and photos it takes, and how many of a type.
    """

    __slots__ = (
        "_changed",
        "_initial",
        "_locale",
        "_max_bio_photos",
        "_max_users",
        "_people",
        "_removed",
        "_seed",
        "_templates",
        "bio",
        "bio_photos",
        "cards",
        "meetings",
        "members",
        "options",
        "user_photos",
    )

    def __init__(
        self,
        people: People,
        seed: int,
        *,
        users: int,
        locale: str,
        max_users: int,
        max_bio_photos: int,
        bio: BioSupport = USUAL,
    ) -> None:
        self._people = people
        self._seed = seed
        self._locale = locale
        self._initial = users
        self._max_users = max_users
        self._max_bio_photos = max_bio_photos
        self.bio = bio
        self._templates: int | None = None
        """Templates that are held at most, once they were counted."""
        self._removed: set[int] = set()
        """Numbers of initial users that were deleted or replaced."""
        self._changed: dict[str, bytes] = {}
        """Users by pin that were added or replaced; as JSON, which takes a quarter of the room of a dict."""
        self.cards: dict[str, dict[str, dict[str, str]]] = {}
        """Cards by pin and number."""
        self.user_photos: set[str] = set()
        """Pins of users with a portrait."""
        self.bio_photos: dict[PhotoKey, int] = {}
        """Size in bytes of each photo."""
        self.meetings: dict[str, Meeting] = {}
        self.members: dict[str, dict[str, None]] = {}
        """Pins of each meeting's members, in the order in which they came."""
        self.options: dict[str, str] = {}

    # --- Users ---

    @property
    def user_count(self) -> int:
        return self._initial - len(self._removed) + len(self._changed)

    def user(self, pin: str) -> dict[str, Any] | None:
        """The user with `pin` in the shape of dev.data.upload.user, or None."""
        user = self._changed.get(pin)
        if user is not None:
            return _decoded(user)
        number = self._initial_number(pin)
        return None if number is None else self.bio.shown(self._people.user(self._seed, number, self._locale))

    def __contains__(self, pin: str) -> bool:
        return pin in self._changed or self._initial_number(pin) is not None

    def users(self) -> Iterator[dict[str, Any]]:
        """All users."""
        for number in range(self._initial):
            if number not in self._removed:
                yield self.bio.shown(self._people.user(self._seed, number, self._locale))
        yield from map(_decoded, self._changed.values())

    def put_users(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Add users, or replace their whole records; cards, photos and memberships stay.

        Raises:
            StoreFull: If not all of them fit; none is stored then.
        """
        new_users = {user["pin"]: user for user in users}
        batch = {pin: _encoded(user) for pin, user in new_users.items()}
        new = sum(1 for pin in batch if pin not in self)
        if self.user_count + new > self._max_users:
            raise StoreFull(f"the user store is full ({self._max_users})")
        self._templates, full = self.bio.with_templates(self, new_users, self._templates)
        if full:
            raise StoreFull(full)
        for pin, user in batch.items():
            number = self._initial_number(pin)
            if number is not None:
                self._removed.add(number)
            self._changed[pin] = user

    def delete_users(self, pins: Iterable[str]) -> None:
        """Delete users with their cards, photos and memberships; unknown ones are passed over."""
        gone = set(pins)
        for pin in gone:
            number = self._initial_number(pin)
            if number is not None:
                self._removed.add(number)
            self._changed.pop(pin, None)
            self.cards.pop(pin, None)
        self.user_photos -= gone
        for key in [key for key in self.bio_photos if key[0] in gone]:
            del self.bio_photos[key]
        for members in self.members.values():
            for pin in gone:
                members.pop(pin, None)

    def clear_users(self) -> None:
        """Delete all users with all that is theirs."""
        self._initial = 0
        self._removed.clear()
        self._changed.clear()
        self.cards.clear()
        self.user_photos.clear()
        self.bio_photos.clear()
        for members in self.members.values():
            members.clear()

    def free_pin(self) -> str:
        """A PIN that no user has."""
        number = max(self._initial, len(self._changed))
        while pin_of(number) in self:
            number += 1
        return pin_of(number)

    def random_pin(self, rng: random.Random, meeting: Meeting | None = None) -> str | None:
        """Somebody who may come to the door: a member of `meeting` where it has any here, else any user."""
        if meeting is not None:
            members = self.members.get(meeting.id)
            if members:
                known = [pin for pin in members if pin in self]
                if known:
                    return rng.choice(known)
        count = self.user_count
        if count == 0:
            return None
        place = rng.randrange(count)
        initial = self._initial - len(self._removed)
        if place >= initial:
            return next(islice(self._changed, place - initial, None))
        if not self._removed:
            return pin_of(place)
        kept = (number for number in range(self._initial) if number not in self._removed)
        return pin_of(next(islice(kept, place, None)))

    # --- Templates and photos, as dev.report counts them ---

    def template_counts(self) -> list[int]:
        """Templates by biometric type."""
        counts = [0] * BIO_TYPES
        for number in range(self._initial):
            if FINGERPRINT in self.bio.template_types and has_template(number) and number not in self._removed:
                counts[FINGERPRINT] += 1
        for user in map(_decoded, self._changed.values()):
            for template in user.get("bioDatas") or ():
                kind = int(template["type"])
                if kind < BIO_TYPES:
                    counts[kind] += 1
        return counts

    def photo_counts(self) -> list[int]:
        """Biometric photos by type."""
        counts = [0] * BIO_TYPES
        for _, kind, *_ in self.bio_photos:
            if int(kind) < BIO_TYPES:
                counts[int(kind)] += 1
        return counts

    def put_bio_photos(self, photos: Iterable[tuple[PhotoKey, int]]) -> None:
        """Keep photos, each with its size in bytes.

        Raises:
            StoreFull: If there is no room for all of them beside the others of their type; none is kept then.
        """
        batch = dict(photos)
        counts = Counter(kind for _, kind, *_ in {**self.bio_photos, **batch})
        for kind in {kind for _, kind, *_ in batch}:
            if counts[kind] > (room := self.bio.photo_room(int(kind), self._max_bio_photos)):
                raise StoreFull(f"the store of biometric photos is full ({room})")
        self.bio_photos.update(batch)

    def delete_bio_photos(self, *, kind: str | None, pin: str | None, no: str | None) -> None:
        """Delete photos `no` (0 where None) of `pin` (all users where None) and `kind` (all types where None)."""
        number = _number(no)
        doomed = [
            key
            for key in self.bio_photos
            if (pin is None or key[0] == pin) and (kind is None or key[1] == kind) and key[2] == number
        ]
        for key in doomed:
            del self.bio_photos[key]

    # --- Cards ---

    def put_card(self, card: Mapping[str, str]) -> None:
        """Give a user a card; the same number again replaces it."""
        self.cards.setdefault(card["pin"], {})[card["card"]] = {
            "pin": card["pin"],
            "card": card["card"],
            "type": card.get("type") or "0",
            "lossFlag": card.get("lossFlag") or "0",
        }

    def delete_cards(self, pins: Iterable[str]) -> None:
        """Delete all cards of users."""
        for pin in pins:
            self.cards.pop(pin, None)

    # --- Meetings ---

    def put_meetings(self, meetings: Iterable[Meeting]) -> None:
        """Add meetings, or replace them; their members stay."""
        for meeting in meetings:
            self.meetings[meeting.id] = meeting

    def put_own(self, meeting: Meeting, members: int) -> None:
        """Add a meeting of the scenario's own, for the first `members` users, as far as there are so many."""
        self.meetings[meeting.id] = meeting
        if members:
            self.put_members(meeting.id, map(pin_of, range(min(members, self._initial))))

    def put_members(self, meeting_id: str, pins: Iterable[str]) -> None:
        """Add members to a meeting."""
        self.members.setdefault(meeting_id, {}).update(dict.fromkeys(pins))

    def delete_meetings(self, ids: Iterable[str]) -> None:
        """Delete meetings with their memberships."""
        for meeting_id in ids:
            self.meetings.pop(meeting_id, None)
            self.members.pop(meeting_id, None)

    def delete_members(self, meeting_id: str, pins: Iterable[str]) -> None:
        """Take users off a meeting."""
        members = self.members.get(meeting_id)
        if members:
            for pin in pins:
                members.pop(pin, None)

    def clear_all(self) -> None:
        """Delete users, cards, photos and meetings (cmd.data.clear.all); options stay."""
        self.clear_users()
        self.meetings.clear()
        self.members.clear()

    def _initial_number(self, pin: str) -> int | None:
        number = number_of(pin)
        if number is None or number >= self._initial or number in self._removed:
            return None
        return number


def _number(text: str | None) -> str:
    return str(int(text)) if text else "0"


def _decoded(user: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = orjson.loads(user)
    return decoded


def _encoded(user: Mapping[str, Any]) -> bytes:
    # Copied because the encoder's own result keeps the room of its buffer, ten times the text.
    return bytes(memoryview(orjson.dumps(dict(user))))
