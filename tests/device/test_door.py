"""Tests of `simulator.device.door`: records of whom it lets in."""

import random
from itertools import count

from simulator.clock import ManualClock
from simulator.device.device_clock import DeviceClock
from simulator.device.door import Camera, Door
from simulator.device.memory import Memory
from simulator.fields.range import Range
from tests.device.harness import PEOPLE

NO_PICTURES = Camera(0.0, Range(low=1, high=1))


def door(users: int = 3) -> Door:
    memory = Memory(PEOPLE, 1, users=users, locale="en_US", max_users=99, max_bio_photos=9)
    return Door(memory, DeviceClock(ManualClock()), random.Random(1), count(7))


def test_a_user_is_let_in_and_somebody_unknown_is_not() -> None:
    here = door()
    comer = here.comer("1001", 0.0, (15,))
    assert comer is not None
    assert (comer.pin, comer.styles, comer.category) == ("1001", (15,), "0")
    assert here.comer("9999", 0.0, (15,)) is None


def test_records_have_ids_that_grow_and_a_picture_where_the_camera_takes_one() -> None:
    here = door()
    comer = here.stranger((4,))
    plain = here.record(comer, 1.0, 100.0, None, NO_PICTURES)
    pictured = here.record(comer, 2.0, 101.0, None, Camera(1.0, Range(low=500, high=500)))
    assert (plain.log_id, pictured.log_id) == (7, 8)
    assert plain.photo is None
    assert pictured.photo is not None
    assert pictured.photo.size == 500
    assert plain.fields["category"] == "4"
    assert (plain.fields["meetCode"], plain.fields["status"], plain.fields["recodeType"]) == ("0", "255", "255")
