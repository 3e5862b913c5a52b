"""What each way to verify needs, beside the table of the document's names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device import means
from simulator.protocol.catalogue.common import VERIFY_STYLES

BY_NAME = {
    "fingerprint": means.FINGERPRINT,
    "PIN": means.PIN,
    "password": means.PASSWORD,
    "card": means.CARD,
    "face": means.FACE,
    "finger vein": means.FINGER_VEIN,
    "palm": means.PALM_VEIN,
}
NAMED = [int(style) for style in VERIFY_STYLES if style not in ("0", "200")]


def test_every_style_has_needs() -> None:
    assert set(means.STYLES) == {int(style) for style in VERIFY_STYLES}


def allowed_by_name(owned: int, style: int) -> bool:
    """Whether the style's own name is fulfilled: `A or B`, `A, B and C`, `A and B, or C and D`."""
    name = VERIFY_STYLES[str(style)]

    def all_of(text: str) -> bool:
        return all(owned & BY_NAME[word] for word in text.replace(" and ", ",").replace(", ", ",").split(","))

    return any(map(all_of, name.replace(", or ", " or ").split(" or ")))


@given(owned=st.sets(st.sampled_from(sorted(BY_NAME.values()))), style=st.sampled_from(NAMED))
def test_a_style_is_usable_by_whoever_has_what_its_name_says(owned: set[int], style: int) -> None:
    means_owned = sum(owned)
    assert (means.usable(means_owned, (style,)) == (style,)) == allowed_by_name(means_owned, style)


@given(owned=st.integers(0, means.ALL))
def test_more_means_never_take_a_style_away(owned: int) -> None:
    assert set(means.usable(owned & 0b1010101010101, means.STYLES)) <= set(means.usable(owned, means.STYLES))
    assert means.usable(0, means.STYLES) == ()
    assert set(means.usable(means.ALL, means.STYLES)) == set(means.STYLES)


def test_the_order_of_the_styles_is_kept() -> None:
    assert means.usable(means.FACE | means.CARD, (4, 1, 15)) == (4, 15)


@pytest.mark.parametrize(("style", "owned"), [(25, means.PALM_PRINT), (25, means.PALM_VEIN), (200, means.QR)])
def test_what_has_several_kinds(style: int, owned: int) -> None:
    assert means.usable(owned, (style,)) == (style,)


def test_types_give_means() -> None:
    assert means.of_types(range(11)) == means.ALL & ~(means.PASSWORD | means.PIN | means.CARD | means.QR)
    assert means.of_types([0]) == 0
    assert means.of_types([2]) == means.of_types([9]) == means.FACE
