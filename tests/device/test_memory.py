"""The device's memory against a naive model that stores everything, and single rules."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.device.kept_user import CARD, photo
from simulator.device.meetings import parse_meeting
from simulator.device.memory import Memory, StoreFull, photo_key
from simulator.device.ownership import Ownership
from simulator.device.people import card_of, has_card
from tests.device.harness import PEOPLE

SEED = 11
MEETING = {
    "name": "m",
    "id": "m1",
    "startTime": "2024-06-26T09:00:00+08:00",
    "endTime": "2024-06-26T11:00:00+08:00",
    "lastSignOutTime": "2024-06-26T12:00:00+08:00",
    "applicant": "a",
}
ALL_PINS = ["1001", "1002", "1003", "1004", "1005", "1006", "1010", "7", "abc", "01001", "9" * 12, "会"]
pins = st.sampled_from(ALL_PINS)


def made(users: int = 4, max_users: int = 8, max_bio_photos: int = 3) -> Memory:
    return Memory(PEOPLE, SEED, users=users, locale="en_US", max_users=max_users, max_bio_photos=max_bio_photos)


def user(pin: str, **fields: Any) -> dict[str, Any]:
    return {"pin": pin, "firstName": "x", "funSwitch": "0", "disable": "0", **fields}


def has(memory: Memory, pin: str) -> int:
    person = memory.person(pin)
    assert person is not None
    return person.has


def test_initial_users_are_derived_and_the_same_every_time() -> None:
    memory = made()
    users = list(memory.users())
    assert users == list(made().users())
    assert [item["pin"] for item in users] == ["1001", "1002", "1003", "1004"]
    assert memory.user("1002") == users[1]
    assert memory.user("1005") is None
    assert memory.user_count == 4


def test_what_comes_out_can_be_changed_without_harm() -> None:
    memory = made()
    for pin in ("1001", "77"):
        memory.put_users([user("77", bioDatas=[{"type": "1"}])])
        shown = memory.user(pin)
        assert shown is not None
        shown["firstName"] = "somebody else"
        again = memory.user(pin)
        assert again is not None
        assert again["firstName"] != "somebody else"


def test_a_full_store_takes_replacements_only() -> None:
    memory = made(users=4, max_users=5)
    with pytest.raises(StoreFull, match="5"):
        memory.put_users([user("a"), user("b")])
    assert memory.user_count == 4
    memory.put_users([user("a"), user("a", lastName="y"), user("1001")])
    assert memory.user_count == 5
    assert memory.user("a") == user("a", lastName="y")
    with pytest.raises(StoreFull):
        memory.put_users([user("b")])
    memory.delete_users(["1002"])
    memory.put_users([user("b")])


def test_counts_by_type() -> None:
    memory = made(users=9, max_users=9)
    assert memory.template_counts() == [0, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    memory.put_users([user("1001", bioDatas=[{"type": "9"}, {"type": "10"}, {"type": "0"}])])
    assert memory.template_counts() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    memory.delete_users(["1005"])
    assert memory.template_counts()[1] == 1
    memory.put_bio_photos([(photo_key("1", "9", None, None), 5), (photo_key("1", "10", "0", "0"), 5)])
    assert memory.photo_counts() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_photos_are_told_apart_by_number_and_index() -> None:
    memory = made(users=0, max_bio_photos=3)
    keys = [
        ("1", "9", None, None),
        ("1", "9", "0", "0"),
        ("1", "9", "00", ""),
        ("1", "9", "1", None),
        ("1", "9", "0", "1"),
    ]
    memory.put_bio_photos((photo_key(*key), 5) for key in keys)
    assert memory.photo_counts()[9] == 3
    memory.delete_bio_photos(kind=None, pin="1", no=None)
    assert memory.photo_counts()[9] == 1


def test_free_pins_are_free() -> None:
    memory = made(users=3, max_users=100)
    memory.put_users([user("1004"), user("1006")])
    taken = {item["pin"] for item in memory.users()}
    for _ in range(10):
        pin = memory.free_pin()
        assert pin not in taken
        memory.put_users([user(pin)])
        taken.add(pin)


def test_random_pins_are_of_users_who_are_there() -> None:
    memory = made(users=6, max_users=20)
    memory.delete_users(["1001", "1004"])
    memory.put_users([user("x"), user("1002")])
    rng = random.Random(3)
    drawn = {memory.random_pin(rng) for _ in range(300)}
    assert drawn == {"1002", "1003", "1005", "1006", "x"}
    memory.clear_users()
    assert memory.random_pin(rng) is None


def test_members_come_to_their_meeting() -> None:
    memory = made(users=6)
    meeting = parse_meeting(MEETING)
    memory.put_meetings([meeting])
    memory.put_members("m1", ["1003", "1005", "stranger"])
    rng = random.Random(3)
    assert {memory.random_pin(rng, meeting) for _ in range(60)} == {"1003", "1005"}
    memory.delete_users(["1003", "1005"])
    assert memory.random_pin(rng, meeting) in {"1001", "1002", "1004", "1006"}


def test_thirty_thousand_users_cost_nothing_until_they_are_looked_at() -> None:
    memory = made(users=30_000, max_users=30_000)
    memory.delete_users([str(1001 + number) for number in range(0, 30_000, 3)])
    assert memory.user_count == 20_000
    assert memory.random_pin(random.Random(1)) in memory


class MemoryMachine(RuleBasedStateMachine):
    """Everything a platform can do to a memory, beside a model of plain dicts."""

    @initialize(count=st.integers(0, 6))
    def begin(self, count: int) -> None:
        self.memory = made(users=count, max_users=7)
        self.users = {item["pin"]: item for item in made(users=count).users()}
        self.cards: dict[str, str] = {}
        """Owner by number."""
        self.initial_cards = {f"100{number + 1}" for number in range(count) if has_card(number)}
        self.photos: set[tuple[str, str]] = {(f"100{number + 1}", "9") for number in range(count)[:1]}
        self.members: dict[str, list[str]] = {}

    @rule(batch=st.lists(st.tuples(pins, st.text("ab", max_size=2)), max_size=4))
    def put_users(self, batch: list[tuple[str, str]]) -> None:
        items = [user(pin, lastName=name) for pin, name in batch]
        after = self.users | {item["pin"]: item for item in items}
        if len(after) > 7:
            with pytest.raises(StoreFull):
                self.memory.put_users(items)
        else:
            self.memory.put_users(items)
            self.users = after

    @rule(gone=st.lists(pins, max_size=4))
    def delete_users(self, gone: list[str]) -> None:
        self.memory.delete_users(gone)
        self._forget(lambda pin: pin in gone)

    @rule()
    def clear_users(self) -> None:
        self.memory.clear_users()
        self._forget(lambda pin: True)

    @rule()
    def clear_all(self) -> None:
        self.memory.clear_all()
        self._forget(lambda pin: True)
        self.members.clear()

    def _forget(self, gone: Callable[[str], bool]) -> None:
        self.users = {pin: item for pin, item in self.users.items() if not gone(pin)}
        self._take_cards(gone)
        self.photos = {key for key in self.photos if not gone(key[0])}
        self.members = {meeting: [pin for pin in those if not gone(pin)] for meeting, those in self.members.items()}

    @rule(pin=pins, card=st.sampled_from("123"))
    def put_card(self, pin: str, card: str) -> None:
        self.memory.put_card({"pin": pin, "card": card})
        self.cards[card] = pin

    @rule(gone=st.lists(pins, max_size=3))
    def delete_cards(self, gone: list[str]) -> None:
        self.memory.delete_cards(gone)
        self._take_cards(lambda pin: pin in gone)

    @rule()
    def clear_cards(self) -> None:
        self.memory.clear_cards()
        self._take_cards(lambda pin: True)

    @rule(number=st.integers(0, 5), pin=pins)
    def give_somebody_elses_card(self, number: int, pin: str) -> None:
        card = card_of(SEED, number)
        self.memory.put_card({"pin": pin, "card": card})
        self.initial_cards.discard(f"100{number + 1}")
        self.cards[card] = pin

    def _take_cards(self, gone: Callable[[str], bool]) -> None:
        self.cards = {card: pin for card, pin in self.cards.items() if not gone(pin)}
        self.initial_cards = {pin for pin in self.initial_cards if not gone(pin)}

    @rule(pin=pins, kind=st.sampled_from(["8", "9"]))
    def put_photo(self, pin: str, kind: str) -> None:
        after = self.photos | {(pin, kind)}
        full = sum(1 for _, other in after if other == kind) > 3
        if full:
            with pytest.raises(StoreFull):
                self.memory.put_bio_photos([(photo_key(pin, kind, None, None), 9)])
        else:
            self.memory.put_bio_photos([(photo_key(pin, kind, None, None), 9)])
            self.photos = after

    @rule(pin=st.none() | pins, kind=st.sampled_from([None, "8", "9"]))
    def delete_photos(self, pin: str | None, kind: str | None) -> None:
        self.memory.delete_bio_photos(kind=kind, pin=pin, no=None)
        self.photos = {key for key in self.photos if not (pin in (None, key[0]) and kind in (None, key[1]))}

    @rule(meeting=st.sampled_from("mn"), those=st.lists(pins, max_size=3))
    def put_members(self, meeting: str, those: list[str]) -> None:
        self.memory.put_members(meeting, those)
        members = self.members.setdefault(meeting, [])
        members += [pin for pin in dict.fromkeys(those) if pin not in members]

    @rule(meeting=st.sampled_from("mn"), those=st.lists(pins, max_size=3))
    def delete_members(self, meeting: str, those: list[str]) -> None:
        self.memory.delete_members(meeting, those)
        if meeting in self.members:
            self.members[meeting] = [pin for pin in self.members[meeting] if pin not in those]

    @rule(meeting=st.sampled_from("mn"))
    def delete_meeting(self, meeting: str) -> None:
        self.memory.delete_meetings([meeting])
        self.members.pop(meeting, None)

    @invariant()
    def the_same(self) -> None:
        memory = self.memory
        assert {item["pin"]: item for item in memory.users()} == self.users
        assert memory.user_count == len(self.users) == len(list(memory.users()))
        assert {card["card"]: card["pin"] for card in memory.cards} == self.cards
        with_card = {pin for pin in self.users if has(memory, pin) & CARD}
        assert with_card == (self.initial_cards | set(self.cards.values())) & self.users.keys()
        assert {(pin, kind) for pin in self.users for kind in (8, 9) if has(memory, pin) & photo(kind)} == {
            (pin, int(kind)) for pin, kind in self.photos if pin in self.users
        }
        assert memory.photo_counts()[8:] == [sum(kind == each for _, kind in self.photos) for each in ("8", "9")]
        assert sorted(memory.pins_from(len(self.photos))) == sorted(self.users)
        assert {meeting: list(those) for meeting, those in memory.members.items()} == self.members
        assert memory.template_counts()[1] == sum(len(item.get("bioDatas", ())) for item in self.users.values())
        pin = memory.random_pin(random.Random(len(self.users)))
        assert (pin is None) == (not self.users)
        assert pin is None or pin in self.users
        assert memory.free_pin() not in self.users


def test_a_card_belongs_to_one_user() -> None:
    memory = made(users=3)
    memory.put_users([user("a"), user("b")])
    memory.put_card({"pin": "a", "card": "1"})
    memory.put_card({"pin": "a", "card": "2", "type": "1"})
    memory.put_card({"pin": "b", "card": "1"})
    assert memory.cards.of("a") == [{"pin": "a", "card": "2", "type": "1", "lossFlag": "0"}]
    assert memory.cards.owner("1") == "b"
    assert has(memory, "1001") & CARD
    memory.put_card({"pin": "b", "card": card_of(SEED, 0)})
    assert not has(memory, "1001") & CARD
    memory.put_card({"pin": "b", "card": "1", "lossFlag": "1"})
    assert has(memory, "b") & CARD
    memory.put_card({"pin": "b", "card": card_of(SEED, 0), "lossFlag": "1"})
    assert not has(memory, "b") & CARD


def test_members_are_replaced_where_a_device_does_so() -> None:
    keeping = Ownership(members_replace=True)
    memory = Memory(PEOPLE, 1, users=2, locale="en_US", max_users=9, max_bio_photos=9, ownership=keeping)
    memory.put_members("m", ["1", "2"])
    memory.put_members("m", ["3"])
    assert list(memory.members["m"]) == ["3"]


def test_role_is_kept_and_does_not_go_up() -> None:
    memory = made()
    memory.put_users([user("a", role="4", ruleType="2")])
    assert memory.user("a") == user("a")
    person = memory.person("a")
    assert person is not None
    assert person.visitor


MemoryMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
TestMemory = MemoryMachine.TestCase
