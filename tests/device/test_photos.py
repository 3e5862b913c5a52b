"""Pictures: of exactly the size that was asked for, and read by any decoder."""

import io
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simulator.device.photos import SMALLEST_PHOTO, _sizes
from tests.device.harness import STUDIO


def check(size: int, key: int = 0) -> bytes:
    picture = STUDIO.jpeg(size, key)
    assert len(picture) == size
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "JPEG"
        image.load()
    return picture


@given(size=st.integers(SMALLEST_PHOTO, 300_000), key=st.integers(0, 2**128 - 1))
@settings(max_examples=40)
def test_any_size(size: int, key: int) -> None:
    assert check(size, key)[:3] == b"\xff\xd8\xff"


def borders() -> Iterable[int]:
    """Around every picture that is drawn once, and around every comment segment's limit."""
    for size in _sizes()[:6]:
        yield from range(max(SMALLEST_PHOTO, size - 2), size + 6)
        for segments in (1, 2):
            full = size + segments * (65_533 + 4)
            yield from range(full - 2, full + 6)


def test_the_borders_between_the_pictures_it_is_made_from() -> None:
    for size in borders():
        check(size)


def test_keys_make_different_pictures() -> None:
    assert len({STUDIO.jpeg(20_000, key) for key in range(50)}) == 50
    assert STUDIO.jpeg(20_000, 7) == STUDIO.jpeg(20_000, 7)


@pytest.mark.parametrize("size", [0, SMALLEST_PHOTO - 1, -5])
def test_nothing_smaller(size: int) -> None:
    with pytest.raises(ValueError, match="smaller"):
        STUDIO.jpeg(size)
