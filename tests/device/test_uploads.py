"""Pages of users below the package size, and the border of what fits."""

import base64
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.uploads import Upload, fits, user_pages, with_templates_of
from simulator.protocol.envelope import encode_request

MID = "0" * 32
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    users=st.lists(
        st.fixed_dictionaries({"pin": texts, "firstName": texts}, optional={"lastName": texts}), max_size=60
    ),
    room=st.integers(600, 3000),
)
@settings(max_examples=50)
def test_pages_fit_and_hold_everybody_in_order(users: list[dict[str, Any]], room: int) -> None:
    pages = user_pages(users, room)
    assert [user for page in pages for user in page] == users
    assert pages[0] or not users
    assert all(pages[1:])
    for page in pages:
        assert len(encode_request("dev.data.upload.user", MID, {"users": page})) <= room
    for before, after in pairwise(pages):
        together = encode_request("dev.data.upload.user", MID, {"users": [*before, after[0]]})
        assert len(together) + 1 > room  # no page ends early


def test_nobody_is_one_empty_page() -> None:
    assert user_pages([], 65_536) == [[]]


@given(size=st.integers(1_000, 60_000), pin=texts, slack=st.integers(-8, 8))
@settings(max_examples=80)
def test_fits_says_what_the_encoder_makes(size: int, pin: str, slack: int) -> None:
    upload = Upload("dev.data.upload.userPhoto", "userPhotos", [{"pin": pin}], created=0.0, size=size, key=1)
    content = base64.b64encode(bytes(size)).decode()
    message = encode_request(upload.func_id, MID, {"userPhotos": [{"pin": pin, "content": content}]})
    assert fits(upload, len(message) + slack) == (slack >= 0)


def test_file_ids_are_letters_and_digits() -> None:
    for key in (0, 1, 2**128 - 1):
        upload = Upload("f", "l", [{}], created=0.0, size=1, key=key)
        assert len(upload.file_id) == 32
        assert upload.file_id.isalnum()


@pytest.mark.parametrize(("types", "left"), [({1, 9}, ["1", "9", "1"]), ({9}, ["9"]), (set(), None), ({1}, ["1", "1"])])
def test_templates_are_chosen_without_touching_the_user(types: set[int], left: list[str] | None) -> None:
    user = {"pin": "1", "bioDatas": [{"type": "1"}, {"type": "9"}, {"type": "1"}]}
    before = orjson.dumps(user)
    [shown] = with_templates_of([user], frozenset(types))
    assert [item["type"] for item in shown["bioDatas"]] == left if left else "bioDatas" not in shown
    assert shown["pin"] == "1"
    assert orjson.dumps(user) == before
