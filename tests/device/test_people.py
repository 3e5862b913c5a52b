"""The people of a fleet: valid uploads, the same from the same seed, named as the locale does."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.people import has_template, number_of, pin_of
from simulator.protocol.catalogue.validation import validate_request
from tests.device.harness import PEOPLE


def check(*users: dict[str, object]) -> None:
    message = {"funcId": "dev.data.upload.user", "mid": "1", "payload": {"params": {"users": list(users)}}}
    assert validate_request(message) is None


@pytest.mark.parametrize("locale", ["zh_CN", "en_US", "de_DE", "ja_JP"])
def test_users_of_every_locale_are_valid(locale: str) -> None:
    users = [PEOPLE.user(3, number, locale) for number in range(40)]
    check(*users)
    assert len({user["firstName"] for user in users}) > 10
    switches = {"funSwitch": "0", "disable": "0"}
    check(*(PEOPLE.newcomer("7", random.Random(seed), locale, password=True) | switches for seed in range(20)))


def test_names_are_of_the_locale() -> None:
    assert all("\u4e00" <= PEOPLE.user(3, number, "zh_CN")["firstName"][0] <= "\u9fff" for number in range(20))


@given(seed=st.integers(0, 2**64), number=st.integers(0, 10**6))
def test_a_user_follows_from_seed_and_number(seed: int, number: int) -> None:
    user = PEOPLE.user(seed, number, "en_US")
    assert user == PEOPLE.user(seed, number, "en_US")
    assert ("bioDatas" in user) == has_template(number)
    assert user["pin"] == pin_of(number)


@given(number=st.integers(0, 10**8))
def test_pins_go_both_ways(number: int) -> None:
    assert number_of(pin_of(number)) == number


@pytest.mark.parametrize("pin", ["", "abc", "1000", "0", "-5", "01001", "1001 ", "１００１", "9" * 30])
def test_pins_that_no_such_user_has(pin: str) -> None:
    assert number_of(pin) is None


def test_two_devices_have_different_people() -> None:
    assert PEOPLE.user(1, 0, "en_US") != PEOPLE.user(2, 0, "en_US")
