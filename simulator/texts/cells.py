"""Columns on a terminal, where a Chinese character takes the room of two Latin ones."""

import re
from collections.abc import Sequence
from typing import Final

_PIECE: Final = re.compile(r"\s+|[^\s\u2e80-\uffef]+|[\u2e80-\uffef][，。；：、！？）」』”’…]*")
"""What no line is broken within: a word, or a Chinese character with the marks behind it."""


def cells(text: str) -> int:
    """The room that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    # Who reads English has no use for it.
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """The text with blanks behind it, up to `width` cells; a longer one as it is."""
    return text + " " * (width - cells(text))


def wrapped(text: str, width: int) -> Sequence[str]:
    """The text in lines of at most `width` cells, broken at blanks and between Chinese characters.

    A word that is longer has a line of its own.
    """
    lines = [""]
    for piece in _PIECE.findall(" ".join(text.split())):
        if lines[-1] and cells(lines[-1]) + cells(piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        if lines[-1] or not piece.isspace():
            lines[-1] += piece
    return lines
