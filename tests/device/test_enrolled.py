"""People who are enrolled vary, and whatever goes up of them is valid."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.device.bio_support import USUAL, BioSupport, bio_support
from simulator.device.device_clock import DeviceClock
from simulator.device.enrolled import Desk, Enrolled
from simulator.protocol.catalogue.formats import BIO_TYPES
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.times import parse_iso
from tests.device.harness import PEOPLE, device_settings

CLOCK = DeviceClock(ManualClock(wall=1.72e9))


def support(**flags: str) -> BioSupport:
    return bio_support(device_settings(options=flags))


ALL_TYPES = ":".join("1" * BIO_TYPES)
EVERYTHING = support(
    multiBioEnrollSupport=ALL_TYPES,
    multiBioDataSupport=ALL_TYPES,
    multiBioPhotoSupport=ALL_TYPES,
)


def enrolled(seed: int, bio: BioSupport = USUAL, most: int = 99, locale: str = "en_US") -> Enrolled:
    return Desk(PEOPLE, locale, bio, most).enrol("77", random.Random(seed), CLOCK)


def check(func_id: str, name: str, items: list[dict[str, Any]]) -> None:
    assert validate_request({"funcId": func_id, "mid": "1", "payload": {"params": {name: items}}}) is None


flags = st.lists(st.sampled_from("01"), min_size=BIO_TYPES, max_size=BIO_TYPES).map(":".join)


@given(seed=st.integers(0, 2**64), enroll=flags, data=flags, photos=flags)
def test_what_goes_up_is_valid_and_of_the_types_that_the_report_claims(
    seed: int, enroll: str, data: str, photos: str
) -> None:
    bio = support(multiBioEnrollSupport=enroll, multiBioDataSupport=data, multiBioPhotoSupport=photos)
    somebody = enrolled(seed, bio)
    check("dev.data.upload.user", "users", [somebody.user])
    check("dev.data.upload.multiCard", "multiCards", list(somebody.cards))
    types = {int(each["type"]) for each in somebody.user.get("bioDatas", [])}
    claimed = {kind for kind, flag in enumerate(enroll.split(":")) if flag == "1"}
    assert types <= claimed & bio.template_types
    assert set(somebody.photo_types) == claimed & bio.photo_types
    assert bio.templates_taken(somebody.user.get("bioDatas", []))[1] == ""


@pytest.mark.parametrize("locale", ["zh_CN", "en_US", "de_DE", "ja_JP"])
def test_hundreds_of_seeds_in_several_countries(locale: str) -> None:
    for seed in range(150):
        somebody = enrolled(seed, EVERYTHING, locale=locale)
        check("dev.data.upload.user", "users", [somebody.user])


@given(seed=st.integers(0, 2**64))
def test_the_same_seed_enrols_the_same(seed: int) -> None:
    assert enrolled(seed) == enrolled(seed)


@given(seed=st.integers(0, 2**64))
def test_what_somebody_has_makes_sense(seed: int) -> None:
    somebody = enrolled(seed, EVERYTHING)
    user, cards = somebody.user, somebody.cards
    assert any(card["lossFlag"] == "0" for card in cards)
    assert {card["pin"] for card in cards} == {"77"}
    assert len({card["card"] for card in cards}) == len(cards)
    templates = user.get("bioDatas", [])
    assert len({(each["type"], each["no"], each["index"]) for each in templates}) == len(templates)
    for kind in ("1", "7"):
        fingers = {each["no"] for each in templates if each["type"] == kind}
        duress = {each["no"] for each in templates if each["type"] == kind and each["duress"] == "1"}
        assert len(duress) <= max(0, min(1, len(fingers) - 1))
    assert ("password" in user) == ("passwordSalt" in user)
    if user["funSwitch"] in ("2", "3"):
        days = (parse_iso(user["endTime"]) - parse_iso(user["startTime"])) / 86_400
        assert 1 <= days <= 30
        assert parse_iso(user["startTime"]) == 1.72e9


def test_everything_occurs() -> None:
    people = [enrolled(seed, EVERYTHING) for seed in range(1_500)]
    users = [somebody.user for somebody in people]
    templates = [each for user in users for each in user.get("bioDatas", [])]
    assert {user["funSwitch"] for user in users} == {"0", "1", "2", "3"}
    assert {user["disable"] for user in users} == {"0", "1"}
    assert {each["valid"] for each in templates} == {each["duress"] for each in templates} == {"0", "1"}
    assert {each["type"] for each in templates} == {str(kind) for kind in range(BIO_TYPES)}
    assert {each["index"] for each in templates} == {"0", "1"}
    for name in ("group", "threatLevelGroupNum", "password", "startTime", "bioDatas"):
        assert 0 < sum(name in user for user in users) <= len(users)
    cards = Counter((card["type"], card["lossFlag"]) for somebody in people for card in somebody.cards)
    assert set(cards) == {("0", "0"), ("1", "0"), ("0", "1")}


def test_no_more_templates_than_fit() -> None:
    assert max(len(enrolled(seed, EVERYTHING, 3).user.get("bioDatas", [])) for seed in range(50)) == 3
    assert max(len(enrolled(seed, EVERYTHING, 0).user.get("bioDatas", [])) for seed in range(50)) == 1
