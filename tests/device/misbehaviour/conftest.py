"""What the tests of misbehaviour share: yards that are held to account when the test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.device.misbehaviour.yard import Yard


@pytest.fixture
def make_yard() -> Iterator[Callable[..., Yard]]:
    """Makes yards, as `Yard`."""
    made: list[Yard] = []

    def make(*args: object, **keys: object) -> Yard:
        made.append(Yard(*args, **keys))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for yard in made:
        yard.close()


@pytest.fixture
def yard(make_yard: Callable[..., Yard]) -> Yard:
    """A plain-text yard with a right platform."""
    return make_yard()
