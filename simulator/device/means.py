"""What people verify with, and which ways to verify that allows (appendix 验证方式码描述; protocol/README.md 3.4).

A set of means is a number whose bits are those of the report's `verifyStyles`, so that what a person has and what a
device offers are compared at once.
"""

from collections.abc import Iterable, Mapping
from typing import Final

FACE: Final = 1 << 1
PALM_PRINT: Final = 1 << 2
PALM_VEIN: Final = 1 << 3
FINGERPRINT: Final = 1 << 4
FINGER_VEIN: Final = 1 << 5
VOICE: Final = 1 << 6
IRIS: Final = 1 << 7
RETINA: Final = 1 << 8
PASSWORD: Final = 1 << 9
PIN: Final = 1 << 10
CARD: Final = 1 << 11
QR: Final = 1 << 12
ALL: Final = (1 << 13) - 2

_OF_TYPE: Final[Mapping[int, int]] = {
    1: FINGERPRINT,
    2: FACE,
    3: VOICE,
    4: IRIS,
    5: RETINA,
    6: PALM_PRINT,
    7: FINGER_VEIN,
    8: PALM_VEIN,
    9: FACE,
    10: PALM_PRINT,
}
"""What a template or a photo of a biometric type lets its owner verify with; a general one (0) with nothing."""

_PALMS = (PALM_PRINT, PALM_VEIN)


def _palm_and(others: int) -> tuple[int, ...]:
    return tuple(palm | others for palm in _PALMS)


_NEEDS: Final[Mapping[int, tuple[int, ...]]] = {
    0: tuple(1 << bit for bit in range(1, 13)),
    1: (FINGERPRINT,),
    2: (PIN,),
    3: (PASSWORD,),
    4: (CARD,),
    5: (FINGERPRINT, PASSWORD),
    6: (FINGERPRINT, CARD),
    7: (CARD, PASSWORD),
    8: (PIN | FINGERPRINT,),
    9: (FINGERPRINT | PASSWORD,),
    10: (CARD | FINGERPRINT,),
    11: (CARD | PASSWORD,),
    12: (FINGERPRINT | PASSWORD | CARD,),
    13: (PIN | FINGERPRINT | PASSWORD,),
    14: (PIN | FINGERPRINT, CARD | FINGERPRINT),
    15: (FACE,),
    16: (FACE | FINGERPRINT,),
    17: (FACE | PASSWORD,),
    18: (FACE | CARD,),
    19: (FACE | FINGERPRINT | CARD,),
    20: (FACE | FINGERPRINT | PASSWORD,),
    21: (FINGER_VEIN,),
    22: (FINGER_VEIN | PASSWORD,),
    23: (FINGER_VEIN | CARD,),
    24: (FINGER_VEIN | PASSWORD | CARD,),
    25: _PALMS,
    26: _palm_and(CARD),
    27: _palm_and(FACE),
    28: _palm_and(FINGERPRINT),
    29: _palm_and(FINGERPRINT | FACE),
    200: (QR, VOICE, IRIS, RETINA),
}
"""Means of which one set is needed, by `verifyStyle`."""

STYLES: Final = tuple(_NEEDS)
"""Every `verifyStyle`."""


def usable(means: int, styles: tuple[int, ...]) -> tuple[int, ...]:
    """Those of the `verifyStyle` values `styles` that `means` are enough for, in the same order."""
    return tuple(style for style in styles if any(means & need == need for need in _NEEDS[style]))


def of_types(types: Iterable[int]) -> int:
    """The means that templates or photos of these biometric types give."""
    means = 0
    for kind in types:
        means |= _OF_TYPE.get(kind, 0)
    return means
