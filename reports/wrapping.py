"""Lines of a width in cells: broken at blanks, and between Chinese characters, which have none between their words."""

from collections.abc import Iterator

from rich.cells import get_character_cell_size
from rich.text import Text

_NOT_FIRST = frozenset("，。；：、）】》”’？！…%")
"""What no line begins with."""
_NOT_LAST = frozenset("（【《“‘")


def wrapped(whole: Text, width: int) -> Text:
    """The text with line breaks, its styles kept; a word that is longer than a line is broken where that ends."""
    lines = whole.divide(_breaks(whole.plain, max(width, 1)))
    for line in lines:
        line.rstrip()
    return Text("\n").join(lines)


def _breaks(plain: str, width: int) -> Iterator[int]:
    """Where lines begin, but for the first."""
    start = used = 0
    last: int | None = None
    """The last place since the line's begin at which it may end."""
    for at, character in enumerate(plain):
        size = get_character_cell_size(character)
        if at > start and _may_break(plain, at):
            last = at
        used += size
        if used <= width or character == " ":
            continue
        start = last if last is not None else at
        yield start
        used = sum(map(get_character_cell_size, plain[start : at + 1]))
        last = None


def _may_break(plain: str, at: int) -> bool:
    before, after = plain[at - 1], plain[at]
    if after in _NOT_FIRST or before in _NOT_LAST or after == " ":
        return False
    wide = get_character_cell_size(before) > 1 or get_character_cell_size(after) > 1
    # Between a number and its unit stands a blank as well.
    return wide or (before == " " and not (at > 1 and plain[at - 2].isdigit() and after in "%"))
