"""Tests of `simulator.device.door`: whom it lets in, and records of them."""

import random
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.device.bio_support import USUAL
from simulator.device.device_clock import DeviceClock
from simulator.device.door import NORMAL, VISITOR, Camera, Door
from simulator.device.entrance import AS_REPORTED, Entrance
from simulator.device.entrance import entrance_of as made
from simulator.device.kept_user import CARD as HAS_CARD
from simulator.device.kept_user import photo
from simulator.device.means import STYLES
from simulator.device.meetings import parse_meeting
from simulator.device.memory import Memory, photo_key
from simulator.device.people import card_of
from simulator.fields.range import Range
from simulator.protocol.times import parse_iso
from tests.device.harness import PEOPLE
from tests.device.test_meetings import FULL

NO_PICTURES = Camera(0.0, Range(low=1, high=1))
ALWAYS = Camera(1.0, Range(low=500, high=500))
NOW = parse_iso("2024-06-26T08:45:00+08:00")
FACE, CARD, FINGER, PIN, PASSWORD, PALM = 15, 4, 1, 2, 3, 25


def entrance_of(options: dict[str, str]) -> Entrance:
    return made(options, USUAL)


def memory(users: int = 3) -> Memory:
    return Memory(PEOPLE, 1, users=users, locale="en_US", max_users=999, max_bio_photos=999)


def door(held: Memory | int = 3, entrance: Entrance = AS_REPORTED) -> Door:
    held = held if isinstance(held, Memory) else memory(held)
    return Door(held, DeviceClock(ManualClock()), random.Random(1), count(7), entrance)


def user(pin: str, **fields: Any) -> dict[str, Any]:
    return {"pin": pin, "firstName": "x", "role": "0", "funSwitch": "0", "disable": "0", **fields}


def test_a_user_is_let_in_and_somebody_unknown_is_not() -> None:
    here = door()
    comer = here.comer("1001", NOW, (FACE,))
    assert comer is not None
    assert (comer.pin, comer.styles, comer.category) == ("1001", (FACE,), NORMAL)
    assert here.comer("9999", NOW, (FACE,)) is None


def test_the_first_users_verify_with_what_is_derived() -> None:
    held = memory(60)
    here = door(held)
    for number in range(60):
        pin = str(1001 + number)
        ways = here.comer(pin, NOW, STYLES)
        assert ways is not None
        shown = held.user(pin)
        assert shown is not None
        assert (FINGER in ways.styles) == ("bioDatas" in shown)
        assert (PASSWORD in ways.styles) == ("password" in shown)
        assert (FACE in ways.styles) == bool(held.person(pin).has & photo(9))  # type: ignore[union-attr]
        assert (CARD in ways.styles) == bool(held.person(pin).has & HAS_CARD)  # type: ignore[union-attr]
        assert PALM not in ways.styles
    usual = [here.comer(str(1001 + number), NOW, (15, 1, 4)) for number in range(60)]
    assert sum(comer is None for comer in usual) == 2


def test_a_user_without_means_is_turned_away_until_he_has_some() -> None:
    held = memory(0)
    here = door(held)
    held.put_users([user("7")])
    assert here.comer("7", NOW, (FACE, CARD, FINGER, PASSWORD)) is None
    assert here.comer("7", NOW, (PIN,)) is not None
    held.put_card({"pin": "7", "card": "1"})
    assert here.comer("7", NOW, (FACE, CARD)).styles == (CARD,)  # type: ignore[union-attr]
    held.put_card({"pin": "7", "card": "1", "lossFlag": "1"})
    assert here.comer("7", NOW, (FACE, CARD)) is None
    held.put_card({"pin": "7", "card": "2", "type": "1"})
    held.put_bio_photos([(photo_key("7", "9", None, None), 5)])
    assert here.comer("7", NOW, (FACE, CARD)).styles == (FACE, CARD)  # type: ignore[union-attr]
    held.put_card({"pin": "8", "card": "2"})
    held.delete_bio_photos(kind="9", pin="7", no=None)
    assert here.comer("7", NOW, (FACE, CARD)) is None
    held.put_users([user("7", bioDatas=[{"type": "1", "valid": "0"}, {"type": "9"}], password="ab")])
    assert here.comer("7", NOW, STYLES[:21]).styles == (0, 2, 3, 5, 7, 15, 17)  # type: ignore[union-attr]


def test_only_by_what_the_device_offers() -> None:
    no_faces = entrance_of({"verifyStyles": "110000010000"})
    assert door(3, no_faces).comer("1001", NOW, (FACE, CARD, FINGER)).styles == (CARD, FINGER)  # type: ignore[union-attr]
    assert door(3, no_faces).comer("1001", NOW, (FACE,)) is None


@pytest.mark.parametrize(
    ("moment", "admitted"),
    [
        ("2023-12-31T23:59:59+08:00", False),
        ("2024-01-01T00:00:00+08:00", True),
        ("2024-12-31T23:59:59+08:00", True),
        ("2025-01-01T00:00:00+08:00", False),
    ],
)
def test_validity_includes_both_its_ends(moment: str, admitted: bool) -> None:
    held = memory(0)
    held.put_users([user("7", startTime="2024-01-01T00:00:00+08:00", endTime="2024-12-31T23:59:59+08:00")])
    assert (door(held).comer("7", parse_iso(moment), (PIN,)) is not None) == admitted
    assert door(held, entrance_of({"scene": "2"})).comer("7", parse_iso(moment), (PIN,)) is not None


def test_a_blocked_user_is_turned_away_and_let_in_again() -> None:
    held = memory(0)
    held.put_users([user("7", disable="1")])
    assert door(held).comer("7", NOW, (PIN,)) is None
    assert door(held, entrance_of({"scene": "2"})).comer("7", NOW, (PIN,)) is None
    held.put_users([user("7")])
    assert door(held).comer("7", NOW, (PIN,)) is not None


def test_role_4_is_category_4_always_and_no_other() -> None:
    held = memory(0)
    held.put_users([user(role, role=role) for role in ("0", "1", "4")])
    categories = [door(held).comer(role, NOW, (PIN,)).category for role in ("0", "1", "4")]  # type: ignore[union-attr]
    assert categories == [NORMAL, NORMAL, VISITOR]


def test_strangers_are_visitors_whom_the_device_does_not_know() -> None:
    held = memory(3)
    held.put_users([user(str(9_000_001 + number)) for number in range(500)])
    here = door(held)
    for _ in range(500):
        comer = here.stranger((FACE, PALM))
        assert comer.pin not in held
        assert (comer.styles, comer.category) == ((FACE,), VISITOR)


def test_somebody_is_found_where_few_may_come() -> None:
    held = memory(0)
    held.put_users([user(str(number), disable="0" if number == 77 else "1") for number in range(200)])
    assert {door(held).somebody(NOW, (PIN,)).pin for _ in range(20)} == {"77"}  # type: ignore[union-attr]
    held.put_users([user("77", disable="1")])
    assert door(held).somebody(NOW, (PIN,)) is None
    assert door(0).somebody(NOW, (PIN,)) is None


def test_members_come_to_their_meeting_and_others_where_none_of_them_can() -> None:
    held = memory(10)
    meeting = parse_meeting(FULL)
    held.put_meetings([meeting])
    held.put_members(meeting.id, ["1003", "nobody", "7"])
    held.put_users([user("7", disable="1")])
    here = door(held)
    assert {here.somebody(NOW, (PIN,), meeting).pin for _ in range(50)} == {"1003"}  # type: ignore[union-attr]
    held.put_users([user("1003", disable="1")])
    drawn = {here.somebody(NOW, (PIN,), meeting).pin for _ in range(200)}  # type: ignore[union-attr]
    assert len(drawn) > 5
    assert not drawn & {"7", "1003"}


def test_records_have_ids_that_grow_and_a_picture_where_the_camera_takes_one() -> None:
    here = door()
    comer = here.stranger((CARD,))
    plain = here.record(comer, 1.0, 100.0, None, NO_PICTURES)
    pictured = here.record(comer, 2.0, 101.0, None, ALWAYS)
    assert (plain.log_id, pictured.log_id) == (7, 8)
    assert plain.photo is None
    assert pictured.photo is not None
    assert pictured.photo.size == 500
    assert plain.fields["category"] == "4"
    assert (plain.fields["meetCode"], plain.fields["status"], plain.fields["recodeType"]) == ("0", "255", "255")


def test_no_picture_where_the_report_says_so() -> None:
    here = door(3, entrance_of({"capturePic": "0"}))
    assert here.record(here.stranger((CARD,)), 1.0, 100.0, None, ALWAYS).photo is None


# --- For any sequence of pushes and moments ---

PINS = ["1001", "1002", "1003", "1004", "a", "b"]
pins = st.sampled_from(PINS)
DAYS = [NOW + day * 86_400 for day in range(4)]
templates = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["1", "2", "8", "9"]), "valid": st.sampled_from("01")}), max_size=3
)
pushed = st.builds(
    lambda pin, role, disable, days, bio, password: user(
        pin,
        role=role,
        disable=disable,
        startTime=f"2024-06-{26 + days[0]}T00:00:00+08:00",
        endTime=f"2024-06-{26 + days[1]}T23:59:59+08:00",
        bioDatas=bio,
        **({"password": "ab"} if password else {}),
    ),
    pins,
    st.sampled_from(["0", "1", "4"]),
    st.sampled_from("01"),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    templates,
    st.booleans(),
)
steps = st.one_of(
    st.tuples(st.just("user"), pushed),
    st.tuples(st.just("delete"), pins),
    st.tuples(st.just("card"), st.tuples(pins, st.sampled_from(["1", "2", card_of(1, 0)]), st.sampled_from("01"))),
    st.tuples(st.just("no cards"), pins),
    st.tuples(st.just("photo"), st.tuples(pins, st.sampled_from(["8", "9"]))),
    st.tuples(st.just("no photos"), pins),
    st.tuples(st.just("come"), st.sampled_from(DAYS)),
)


class Model:
    """Who has what, kept in the plainest way."""

    def __init__(self, held: Memory) -> None:
        self.users = {each["pin"]: each for each in held.users()}
        self.cards = {card_of(1, number): (f"100{number + 1}", "0") for number in (0, 2, 3)}
        self.photos = {(pin, "9") for pin in self.users}

    def forget(self, pin: str) -> None:
        self.users.pop(pin, None)
        self.drop_cards(pin)
        self.photos = {photo for photo in self.photos if photo[0] != pin}

    def drop_cards(self, pin: str) -> None:
        self.cards = {number: card for number, card in self.cards.items() if card[0] != pin}

    def ways(self, pin: str, moment: float) -> set[int]:
        """The plain styles by which somebody may come."""
        person = self.users.get(pin)
        if person is None or person["disable"] == "1":
            return set()
        begins, ends = person.get("startTime"), person.get("endTime")
        if begins and not parse_iso(begins) <= moment <= parse_iso(ends):
            return set()
        types = {each["type"] for each in person.get("bioDatas", []) if each.get("valid", "1") == "1"} & {"1", "2", "9"}
        ways = {PIN}
        ways |= {PASSWORD} if "password" in person else set()
        ways |= {FINGER} if "1" in types else set()
        ways |= {FACE} if types & {"2", "9"} or (pin, "9") in self.photos else set()
        ways |= {CARD} if (pin, "0") in self.cards.values() else set()
        return ways


@settings(max_examples=150)
@given(sequence=st.lists(steps, max_size=25), seed=st.integers(0, 99))
def test_nobody_verifies_who_may_not_nor_with_what_he_has_not(sequence: list[tuple[str, Any]], seed: int) -> None:
    held = memory(4)
    model = Model(held)
    here = Door(held, DeviceClock(ManualClock()), random.Random(seed), count(1))
    plain = (FACE, FINGER, CARD, PASSWORD, PIN, PALM)
    for what, value in (*sequence, ("come", DAYS[seed % 4])):
        if what == "user":
            held.put_users([value])
            model.users[value["pin"]] = value
        elif what == "delete":
            held.delete_users([value])
            model.forget(value)
        elif what == "card":
            pin, number, lost = value
            held.put_card({"pin": pin, "card": number, "lossFlag": lost})
            model.cards[number] = (pin, lost)
        elif what == "no cards":
            held.delete_cards([value])
            model.drop_cards(value)
        elif what == "photo":
            held.put_bio_photos([(photo_key(*value, None, None), 5)])
            model.photos.add(value)
        elif what == "no photos":
            held.delete_bio_photos(kind=None, pin=value, no=None)
            model.photos = {photo for photo in model.photos if photo[0] != value}
        else:
            for pin in (*PINS, "unknown"):
                comer = here.comer(pin, value, plain)
                assert set(() if comer is None else comer.styles) == model.ways(pin, value)
                if comer is not None:
                    assert comer.category == ("4" if model.users[pin].get("role") == "4" else "0")
            for styles in ((FACE,), (CARD, FINGER)):
                found = here.somebody(value, styles)
                may = {pin for pin in PINS if model.ways(pin, value) & set(styles)}
                assert (found is None) == (not may)
                assert found is None or (found.pin in may and set(found.styles) <= model.ways(found.pin, value))
