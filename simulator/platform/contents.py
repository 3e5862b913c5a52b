"""What commands carry: the params of each `cmd.*` family, encoded once and shared by the devices that get the same.

A command that several devices get alike (users above all) is one `Content`. Lists that would not fit into a device's
package are split over several commands.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from simulator.platform.people import People, meeting, meeting_id, members, pin
from simulator.platform.settings import PlatformSettings, PushRule
from simulator.protocol.times import parse_offset

_ENVELOPE_BYTES = 512
"""Kept free in a package for everything round the list."""
_ENTRY_BYTES = 64
_FACE = "9"
"""Biometric type of the photos a device downloads: visible-light face."""


class Content:
    """The params of a command without its cmdId, as JSON."""

    __slots__ = ("digest", "json", "row")

    def __init__(self, json: bytes) -> None:
        self.json = json
        self.digest = hashlib.sha256(json).hexdigest()
        self.row: int | None = None
        """Its row in the ledger, once it is there."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a command's content depends on besides the rule."""

    sn: str
    package_bytes: int
    template_type: str | None
    """Biometric type whose templates both sides take, or None."""
    zero: float
    """The platform's zero, seconds since the epoch."""
    photo_url: Callable[[str], str]
    """Address of a user's photo, by pin."""
    added: Callable[[str], int]
    """How many entities the rules have added to the device in this run, by the command that adds them."""


Draft = tuple[str, Content]
"""funcId and content of a command to be sent."""


class Contents:
    """Makes the contents of all commands of one platform."""

    def __init__(self, settings: PlatformSettings, seed: int) -> None:
        self._settings = settings
        self._offset = parse_offset(settings.timezone)
        self._people = People(seed, self._offset)
        self._plan = settings.meetings
        self._meetings_given = max(settings.meetings.count, 1)
        """Pushed meetings are numbered behind these; without any, the first number stays free for one."""
        self._user_batches: dict[tuple[int, int, str | None, int], list[Content]] = {}
        self._card_batches: dict[int, list[Content]] = {}
        """Cards of the first users, by the package's size."""
        self._shared: dict[bytes, Content] = {}
        self._makers: dict[str, Callable[[Target, int, int], dict[str, Any]]] = {
            "cmd.data.update.meetingMember": self._members,
            "cmd.data.update.multiCard": self._cards,
            "cmd.data.update.bioPhoto": self._bio_photos,
            "cmd.data.delete.user": lambda target, sequence, count: {"pins": self._removable(target, sequence, count)},
            "cmd.data.delete.multiCard": lambda target, sequence, count: {"pins": self._given(sequence, count)},
            "cmd.data.delete.userPhoto": lambda target, sequence, count: {"pins": self._given(sequence, count)},
            "cmd.data.delete.bioPhoto": self._bio_photos_to_delete,
            "cmd.data.delete.meeting": self._meeting_ids,
            "cmd.data.delete.meetingMember": self._members_to_delete,
            "cmd.data.query.user": self._query,
            "cmd.option.set": self._option,
            "cmd.control.reboot": lambda target, sequence, count: {"operator": "best-fleet"},
        }

    def provisioning(self, target: Target) -> list[Draft]:
        """What a device gets when it first comes online: users, then their cards, meetings, and members of these."""
        users = self._settings.users
        drafts = [("cmd.data.update.user", content) for content in self._users(0, users, target)] if users else []
        drafts += [("cmd.data.update.multiCard", content) for content in self._all_cards(users, target)]
        plan = self._plan
        entries = [self._meeting(target, number) for number in range(plan.count)]
        drafts += self._split("cmd.data.update.meeting", "meeting", entries, target)
        if plan.members and users:
            lists = [
                {"meetingId": meeting_id(target.sn, number), "pins": members(target.sn, number, plan, users)}
                for number in range(plan.count)
            ]
            drafts += self._cut("cmd.data.update.meetingMember", {"members": lists}, target)
        return drafts

    def for_rule(self, rule: PushRule, sequence: int, target: Target) -> list[Draft]:
        """The commands of one firing of a rule; `sequence` counts its firings for this device from 0."""
        first = self._extra(sequence, rule.count)
        if rule.params or rule.unknown or rule.meeting is not None:
            return [(rule.command, self._content({**self._made_up(rule, sequence, target), **rule.params}))]
        if rule.command == "cmd.data.update.user":
            return [(rule.command, content) for content in self._users(first, rule.count, target)]
        if rule.command == "cmd.data.update.meeting":
            base = self._meetings_given + sequence * rule.count
            entries = [self._meeting(target, base + place) for place in range(rule.count)]
            return list(self._split(rule.command, "meeting", entries, target))
        return self._cut(rule.command, self._made_up(rule, sequence, target), target)

    def _made_up(self, rule: PushRule, sequence: int, target: Target) -> dict[str, Any]:
        if rule.meeting is not None:
            return self._of_planned(rule, rule.meeting, sequence, target)
        maker = self._makers.get(rule.command)
        if maker is not None:
            return maker(target, sequence, rule.count)
        if rule.command == "cmd.data.update.user":
            first = self._extra(sequence, rule.count)
            return {"users": [self._people.user(first + place, None) for place in range(rule.count)]}
        if rule.command == "cmd.data.update.meeting":
            base = self._meetings_given + sequence * rule.count
            return {"meeting": [self._meeting(target, base + place) for place in range(rule.count)]}
        return {}

    def _of_planned(self, rule: PushRule, meeting: int, sequence: int, target: Target) -> dict[str, Any]:
        """Of the planned meetings from number `meeting` on: changes, deletions, members; each firing the next ones."""
        first = meeting + sequence * rule.count
        if rule.command == "cmd.data.update.meeting":
            numbers = range(first, first + rule.count)
            changed = {"moved": rule.moved, "longer": rule.longer}
            return {"meeting": [self._meeting(target, number, **changed) for number in numbers]}
        if rule.command == "cmd.data.delete.meeting":
            return {"meetings": [meeting_id(target.sn, first + place) for place in range(rule.count)]}
        number = meeting + sequence
        users = max(self._settings.users, 1)
        planned = members(target.sn, number, self._plan, users)
        if rule.command == "cmd.data.delete.meetingMember":
            return {"meetingId": meeting_id(target.sn, number), "pins": planned[: rule.count]}
        added = members(target.sn, number, self._plan, users, more=rule.count)[len(planned) :]
        return {"members": [{"meetingId": meeting_id(target.sn, number), "pins": added}]}

    # --- One maker for each family ---
    # What deletes follows what adds: firing n of one takes what firing n of the other gave.

    def _given(self, sequence: int, count: int) -> list[str]:
        """Pins, in turn, of the users that every device gets at first: they alone can own cards and photos."""
        users = max(self._settings.users, 1)
        return list(dict.fromkeys(pin((sequence * count + place) % users) for place in range(count)))

    def _removable(self, target: Target, sequence: int, count: int) -> list[str]:
        """Pins of users that a rule has added; where none are left, of the last ones given at first."""
        if target.added("cmd.data.update.user") >= (sequence + 1) * count:
            return [pin(self._extra(sequence, count) + place) for place in range(count)]
        last = self._settings.users - sequence * count
        return [pin(number) for number in range(last - 1, last - 1 - count, -1) if number >= 0]

    def _members(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {"members": [self._members_to_delete(target, sequence, count)]}

    def _members_to_delete(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {
            "meetingId": meeting_id(target.sn, sequence % self._meetings_given),
            "pins": self._given(sequence, count),
        }

    def _meeting_ids(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        first = self._meetings_given + sequence * count
        if target.added("cmd.data.update.meeting") < (sequence + 1) * count:
            first = max(self._meetings_given - (sequence + 1) * count, 0)
        return {"meetings": [meeting_id(target.sn, first + place) for place in range(count)]}

    def _cards(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {"multiCards": [_card(each) for each in self._given(sequence, count)]}

    def _bio_photos(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {
            "bioPhotos": [
                {"pin": each, "no": "0", "index": "0", "type": _FACE, "url": target.photo_url(each)}
                for each in self._given(sequence, count)
            ]
        }

    def _bio_photos_to_delete(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {"bioPhotos": [{"type": _FACE, "pin": each, "no": "0"} for each in self._given(sequence, count)]}

    def _query(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        """All users and one user in turn."""
        users = max(self._settings.users, 1)
        return {"pin": "" if sequence % 2 == 0 else pin(sequence // 2 % users)}

    def _option(self, target: Target, sequence: int, count: int) -> dict[str, Any]:
        return {
            "option": {
                "meetRoomName": f"会议室 {sequence + 1}",
                "meetRoomManager": self._people.full_name(sequence),
                "meetRoomLocation": f"{sequence % 20 + 1} 楼",
                "meetRoomCapacity": str(8 + sequence % 5 * 4),
                "meetRoomManagerPin": pin(sequence % max(self._settings.users, 1)),
            }
        }

    def _meeting(self, target: Target, number: int, *, moved: float = 0.0, longer: float = 0.0) -> dict[str, str]:
        applicant = self._people.full_name(number)
        return meeting(
            *(target.sn, number, self._plan, target.zero, self._offset, applicant), moved=moved, longer=longer
        )

    def _extra(self, sequence: int, count: int) -> int:
        """Number of the first user that firing `sequence` is about: behind those that every device gets at first."""
        return self._settings.users + sequence * count

    def _users(self, first: int, count: int, target: Target) -> list[Content]:
        key = (first, count, target.template_type, target.package_bytes)
        batches = self._user_batches.get(key)
        if batches is None:
            entries = (self._people.user(first + place, target.template_type) for place in range(count))
            batches = [self._content(params) for params in _batches("users", entries, target.package_bytes)]
            self._user_batches[key] = batches
        return batches

    def _all_cards(self, users: int, target: Target) -> list[Content]:
        batches = self._card_batches.get(target.package_bytes)
        if batches is None:
            entries = (_card(pin(number)) for number in range(users))
            batches = [self._content(params) for params in _batches("multiCards", entries, target.package_bytes)]
            self._card_batches[target.package_bytes] = batches
        return batches

    def _split(self, func_id: str, name: str, entries: Iterable[Any], target: Target) -> list[Draft]:
        return [(func_id, self._content(params)) for params in _batches(name, entries, target.package_bytes)]

    def _cut(self, func_id: str, params: dict[str, Any], target: Target) -> list[Draft]:
        """The command, or as many of it as are needed where its list is too long for a package."""
        whole = self._content(params)
        if len(whole.json) + _ENVELOPE_BYTES <= target.package_bytes:
            return [(func_id, whole)]
        if "members" in params:
            # Lists of pins within a list: an entry for each part of them, with room for what stands round it.
            room = target.package_bytes - _ENTRY_BYTES
            params = {"members": [part for each in params["members"] for part in _parts(each, room)]}
        return [(func_id, self._content(part)) for part in _parts(params, target.package_bytes)]

    def _content(self, params: Mapping[str, Any]) -> Content:
        json = orjson.dumps(dict(params))
        if json == b"{}":
            # What every `clear` and `sync` carries.
            return self._shared.setdefault(json, Content(json))
        return Content(json)


def _parts(params: Mapping[str, Any], package_bytes: int) -> Iterable[dict[str, Any]]:
    """The params in parts of which each fits into a package: its one list is cut, all else stands in each part."""
    name = next((name for name, value in params.items() if isinstance(value, list)), None)
    if name is None:
        yield dict(params)
        return
    rest = {other: value for other, value in params.items() if other != name}
    room = package_bytes - _ENVELOPE_BYTES - len(orjson.dumps(rest))
    for part in _batches(name, params[name], room):
        yield {**rest, **part}


def _card(owner: str) -> dict[str, str]:
    return {"pin": owner, "card": f"66{owner:>08}", "type": "0", "lossFlag": "0"}


def _batches(name: str, entries: Iterable[Any], package_bytes: int) -> Iterable[dict[str, Any]]:
    """Params with as many entries each as fit into a package; an entry too large for any goes alone."""
    room = package_bytes - _ENVELOPE_BYTES
    batch: list[Any] = []
    size = 0
    for entry in entries:
        length = len(orjson.dumps(entry)) + 1
        if batch and size + length > room:
            yield {name: batch}
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield {name: batch}
