"""The known word that somebody most likely meant: what an error about a wrong name suggests."""

import difflib
from collections.abc import Iterable


def closest_words(word: str, known: Iterable[str], *, most: int) -> list[str]:
    """The known words near `word`, the nearest first, at most `most`; capitals and small letters are one."""
    by_lower = {name.lower(): name for name in known}
    return [by_lower[near] for near in difflib.get_close_matches(word.lower(), by_lower, n=most, cutoff=0.6)]


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, if any is near."""
    return next(iter(closest_words(word, known, most=1)), None)
