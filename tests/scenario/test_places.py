"""What an annotation of the format leaves a choice of."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from simulator.scenario.places import choice_in, place_of

Number = Annotated[int, Field(ge=1)]


@pytest.mark.parametrize(
    ("annotation", "choice"),
    [
        (int, ()),
        (int | None, ()),
        (list[int | str], ()),
        (Literal["a", "b"], ()),
        (int | Literal["auto"], (int, Literal["auto"])),
        (Number | Literal["auto"] | None, (Number, Literal["auto"])),
        (Annotated[int | str, "mark"] | None, (int, str)),
    ],
)
def test_the_choice_of_an_annotation(annotation: Any, choice: tuple[Any, ...]) -> None:
    assert choice_in(annotation) == choice


def test_what_was_tried_is_no_part_of_the_path() -> None:
    for tried in ("constrained-int", "literal['auto']"):
        place = place_of(("workers", "processes", tried))
        assert place.path == ("workers", "processes")
        assert len(place.choice) == 2
    assert place_of(("workers", "processes")).choice == ()
    assert place_of(("workers", "lease")).choice == ()


def test_a_kind_is_no_part_of_the_path() -> None:
    place = place_of(("faults", 0, "outage", "for"))
    assert place.path == ("faults", 0, "for")
