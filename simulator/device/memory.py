"""What a device keeps: users, cards, photos, meetings with their members, options.

The users a device starts with are derived from its seed; only what differs from them is stored. Limits are checked
here, so that what `dev.report` says of the memory is what the memory does.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from simulator.device.bio_support import USUAL, BioSupport
from simulator.device.cards import Cards
from simulator.device.derived import Derived, first_user
from simulator.device.kept_user import CARD, Person, packed, person, photo, shown
from simulator.device.meetings import Meeting
from simulator.device.ownership import AS_USUAL, Ownership
from simulator.device.people import (
    People,
    has_card,
    has_face,
    has_template,
    holder_of,
    number_of,
    pin_of,
)
from simulator.protocol.catalogue.formats import BIO_TYPES

FINGERPRINT = 1
NEAR_INFRARED_FACE = 2
VISIBLE_FACE = 9

_FACE = str(VISIBLE_FACE)

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
        "_cards",
        "_changed",
        "_faces",
        "_initial",
        "_locale",
        "_max_bio_photos",
        "_max_users",
        "_people",
        "_photographed",
        "_removed",
        "_seed",
        "_templates",
        "bio",
        "bio_photos",
        "cards",
        "meetings",
        "members",
        "options",
        "ownership",
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
        ownership: Ownership = AS_USUAL,
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
        self.ownership = ownership
        # Empty sets are three times as large as empty dictionaries.
        self._removed: dict[int, None] = {}
        """Numbers of initial users that were deleted or replaced."""
        self._changed: dict[str, bytes] = {}
        """Users by pin that were added or replaced, each as `kept_user` packs it."""
        faces = bio.photo_room(VISIBLE_FACE, max_bio_photos) // 2 if VISIBLE_FACE in bio.photo_types else 0
        self._faces = Derived(has_face, min(users, faces))
        """Face photos of the initial users; half of the room is left for others."""
        self._cards = Derived(has_card, users)
        """Cards of the initial users."""
        self.cards = Cards()
        """All other cards."""
        self.user_photos: dict[str, None] = {}
        """Pins of users with a portrait."""
        self.bio_photos: dict[PhotoKey, int] = {}
        """Size in bytes of each photo, but for the initial ones."""
        self._photographed: dict[str, int] = {}
        """The union of `kept_user.photo` of these by pin."""
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
            return shown(user)
        number = self._initial_number(pin)
        return None if number is None else self.bio.shown(self._people.user(self._seed, number, self._locale))

    def person(self, pin: str) -> Person | None:
        """What the door asks of the user with `pin`; None where there is none."""
        number = number_of(pin)
        kept = self._changed.get(pin)
        if kept is not None:
            has, blocked, visitor, since, until = person(kept)
        elif number is None or number >= self._initial or number in self._removed:
            return None
        else:
            has, since, until = first_user(number)
            blocked = visitor = False
        if number is not None and self._faces.of(number):
            has |= photo(VISIBLE_FACE)
        if (number is not None and self._cards.of(number)) or self.cards.opens(pin):
            has |= CARD
        return Person(has | self._photographed.get(pin, 0), blocked, visitor, since, until)

    def __contains__(self, pin: str) -> bool:
        return pin in self._changed or self._initial_number(pin) is not None

    def users(self) -> Iterator[dict[str, Any]]:
        """All users."""
        for number in range(self._initial):
            if number not in self._removed:
                yield self.bio.shown(self._people.user(self._seed, number, self._locale))
        yield from map(shown, self._changed.values())

    def put_users(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Add users, or replace their whole records; cards, photos and memberships stay.

        Raises:
            StoreFull: If not all of them fit; none is stored then.
        """
        new_users = {user["pin"]: user for user in users}
        batch = {pin: packed(user) for pin, user in new_users.items()}
        new = sum(1 for pin in batch if pin not in self)
        if self.user_count + new > self._max_users:
            raise StoreFull(f"the user store is full ({self._max_users})")
        self._templates, full = self.bio.with_templates(self, new_users, self._templates)
        if full:
            raise StoreFull(full)
        for pin, user in batch.items():
            number = self._initial_number(pin)
            if number is not None:
                self._removed[number] = None
            self._changed[pin] = user

    def delete_users(self, pins: Iterable[str]) -> None:
        """Delete users with their cards, photos and memberships; unknown ones are passed over."""
        gone = set(pins)
        self.delete_cards(gone)
        for pin in gone:
            self._faces.take(number_of(pin))
            self._photographed.pop(pin, None)
            number = self._initial_number(pin)
            if number is not None:
                self._removed[number] = None
            self._changed.pop(pin, None)
            self.user_photos.pop(pin, None)
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
        self.clear_cards()
        self.user_photos.clear()
        self._faces.clear()
        self._photographed.clear()
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
            known = self.known_members(meeting)
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

    def known_members(self, meeting: Meeting) -> list[str]:
        """The members of `meeting` who are users here."""
        return [pin for pin in self.members.get(meeting.id, ()) if pin in self]

    def pins_from(self, place: int) -> Iterator[str]:
        """The PINs of all users, from any place on and around."""
        start = place % max(1, self._initial + len(self._changed))
        initial, later = min(start, self._initial), max(0, start - self._initial)
        yield from self._initial_pins(initial, self._initial)
        yield from islice(self._changed, later, None)
        yield from self._initial_pins(0, initial)
        yield from islice(self._changed, later)

    def _initial_pins(self, first: int, end: int) -> Iterator[str]:
        return (pin_of(number) for number in range(first, end) if number not in self._removed)

    @property
    def card_count(self) -> int:
        """Cards of all users."""
        return len(self._cards.numbers()) + len(self.cards)

    # --- Templates and photos, as dev.report counts them ---

    def template_counts(self) -> list[int]:
        """Templates by biometric type."""
        counts = [0] * BIO_TYPES
        for number in range(self._initial):
            if FINGERPRINT in self.bio.template_types and has_template(number) and number not in self._removed:
                counts[FINGERPRINT] += 1
        for user in map(shown, self._changed.values()):
            for each in user.get("bioDatas") or ():
                kind = int(each["type"])
                if kind < BIO_TYPES:
                    counts[kind] += 1
        return counts

    def photo_counts(self) -> list[int]:
        """Biometric photos by type."""
        counts = [0] * BIO_TYPES
        counts[VISIBLE_FACE] = len(self._faces.numbers())
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
        kinds = {kind for _, kind, *_ in batch}
        counts = Counter(kind for _, kind, *_ in {**self.bio_photos, **batch})
        if _FACE in kinds:
            replaced = {key[0] for key in batch if key[1:] == (_FACE, "0", "0")}
            counts[_FACE] += sum(pin_of(number) not in replaced for number in self._faces.numbers())
        for kind in kinds:
            if counts[kind] > (room := self.bio.photo_room(int(kind), self._max_bio_photos)):
                raise StoreFull(f"the store of biometric photos is full ({room})")
        for pin, kind, *rest in batch:
            if kind == _FACE and rest == ["0", "0"]:
                self._faces.take(number_of(pin))
            self._photographed[pin] = self._photographed.get(pin, 0) | photo(int(kind))
        self.bio_photos.update(batch)

    def delete_bio_photos(self, *, kind: str | None, pin: str | None, no: str | None) -> None:
        """Delete photos `no` (0 where None) of `pin` (all users where None) and `kind` (all types where None)."""
        number = _number(no)
        if kind in (None, _FACE) and number == "0":
            if pin is None:
                self._faces.clear()
            else:
                self._faces.take(number_of(pin))
        doomed = [
            key
            for key in self.bio_photos
            if (pin is None or key[0] == pin) and (kind is None or key[1] == kind) and key[2] == number
        ]
        for key in doomed:
            del self.bio_photos[key]
        if doomed:
            self._photographed.clear()
            for owner, left, *_ in self.bio_photos:
                self._photographed[owner] = self._photographed.get(owner, 0) | photo(int(left))

    # --- Cards ---

    def put_card(self, card: Mapping[str, str]) -> None:
        """Give a user a card; the same number again replaces it, and takes it from whoever had it before."""
        self._cards.take(holder_of(self._seed, card["card"]))
        self.cards.put(card)

    def delete_cards(self, pins: Iterable[str]) -> None:
        """Delete all cards of users."""
        for pin in pins:
            self._cards.take(number_of(pin))
            self.cards.delete([pin])

    def clear_cards(self) -> None:
        """Delete all cards."""
        self._cards.clear()
        self.cards.clear()

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
        """Give a meeting members: more of them, or others, as `ownership` has it."""
        members = self.members.setdefault(meeting_id, {})
        if self.ownership.members_replace:
            members.clear()
        members.update(dict.fromkeys(pins))

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
