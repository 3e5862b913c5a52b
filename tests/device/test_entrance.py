"""What the report says is what the door does."""

import pytest

from simulator.device.bio_support import bio_support
from simulator.device.entrance import AS_REPORTED, EVERYTHING, Entrance
from simulator.device.entrance import entrance_of as made
from simulator.device.kept_user import CARD, PASSWORD, photo, template
from tests.device.harness import device_settings


def entrance_of(options: dict[str, str]) -> Entrance:
    return made(options, bio_support(device_settings(options=options)))


SOMEBODY = PASSWORD | template(1) | template(8) | template(10)
"""With a password, a fingerprint, a palm vein and a palm."""
FACE, FINGER, CARD_ALONE, PALM, VEINS = 15, 1, 4, 25, 21
ALL = (0, 1, 2, 3, 4, 15, 25, 200)


def test_a_device_of_which_nothing_is_said() -> None:
    assert AS_REPORTED.checks_validity
    assert AS_REPORTED.takes_pictures
    assert AS_REPORTED.ways(EVERYTHING, ALL) == (0, 1, 2, 3, 4, 15, 200)
    assert entrance_of({"volume": "7"}) is AS_REPORTED


def test_ways_are_by_what_a_person_has_and_the_device_takes() -> None:
    assert AS_REPORTED.ways(SOMEBODY | photo(9) | CARD, ALL) == (0, 1, 2, 3, 4, 15, 200)
    assert AS_REPORTED.ways(SOMEBODY, ALL) == (0, 1, 2, 3, 200)
    assert AS_REPORTED.ways(0, ALL) == (0, 2, 200)


def test_types_that_are_not_supported_let_nobody_in() -> None:
    blind = entrance_of({"multiBioPhotoSupport": "0:0:0:0:0:0:0:0:0:0"})
    assert blind.ways(photo(9), (FACE,)) == ()
    assert blind.ways(template(9), (FACE,)) == (FACE,)
    palms = {"multiBioDataSupport": "0:0:0:0:0:0:0:0:1:0", "verifyStyles": "1111111111110"}
    palms_only = entrance_of(palms)
    assert palms_only.ways(template(8), (PALM,)) == (PALM,)
    assert palms_only.ways(template(10), (PALM,)) == (PALM,)  # type 10 has no position
    assert palms_only.ways(template(6) | template(1), (PALM, FINGER)) == ()
    assert palms_only.ways(EVERYTHING, (PALM, FINGER, VEINS, CARD_ALONE)) == (PALM, CARD_ALONE)


def test_what_was_asked_is_remembered_within_bounds() -> None:
    many = entrance_of({"verifyStyles": "1"})
    for has in range(10_000):
        many.ways(has, (PALM,))
    assert len(many._known) <= 4_096


@pytest.mark.parametrize("name", ["qrCodeSupport", "qrCodeOn"])
def test_qr_codes_that_are_off(name: str) -> None:
    assert AS_REPORTED.ways(0, (200,))
    assert not entrance_of({name: "0"}).ways(0, (200,))


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({"capturePic": "0"}, False),
        ({"capturePic": "1"}, False),
        ({"capturePic": "2"}, True),
        ({"capturePic": "3"}, True),
        ({"capturePic": "4"}, False),
        ({"cameraOn": "0"}, False),
        ({"attPhotoFunOn": "0"}, False),
    ],
)
def test_pictures(options: dict[str, str], taken: bool) -> None:
    assert entrance_of(options).takes_pictures == taken


def test_plain_mode_checks_no_times() -> None:
    assert not entrance_of({"scene": "2"}).checks_validity
