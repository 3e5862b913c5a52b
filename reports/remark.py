"""Remarks that are stored in English and said in their reader's language: `Told`, with figures in it."""

from collections.abc import Callable, Iterable

from simulator.texts.language import ENGLISH, speaking
from simulator.texts.told import Told
from simulator.texts.translation import N_


class Spoken:
    """A value that is put into words when it is said, in the language that is spoken then."""

    def __init__(self, words: Callable[..., str], *values: object) -> None:
        self._words = words
        self._values = values

    def __str__(self) -> str:
        return self._words(*self._values)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def remark(message: str, **values: object) -> Told:
    """The text in English, whatever is spoken; `message` is marked by `N_` where it stands."""
    with speaking(ENGLISH):
        return Told(message, **values)


def together(parts: Iterable[str]) -> str:
    """Remarks one after another; empty ones are left out."""
    whole = ""
    for part in filter(None, parts):
        whole = remark(N_("{remarks}; {more}"), remarks=whole, more=part) if whole else part
    return whole
