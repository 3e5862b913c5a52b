"""What a text with values in it looks like: whether another text is it, and with which values.

Each literal is looked for once, from left to right, and nothing is tried again: what is read may be a platform's own
words, and those must not be able to hold a report up. A regular expression with several values would take minutes.
"""

import string


class Shape:
    """The shape of a text with values.

    Args:
        parts: literals, each with the name of the value behind it or None; there is at least one value.
        barred: what no value may hold; empty for no such thing.
    """

    __slots__ = ("_barred", "_begin", "_end", "_literals", "_names")

    def __init__(self, parts: list[tuple[str, str | None]], barred: str = "") -> None:
        literals = [literal for literal, _name in parts]
        self._names = [name for _literal, name in parts if name is not None]
        if len(literals) == len(self._names):
            literals.append("")
        self._begin, *self._literals, self._end = literals
        self._barred = barred

    def values(self, text: str) -> dict[str, str] | None:
        """The values by name, none of them empty and each as short as can be; None for a text of another shape."""
        if not text.startswith(self._begin) or not text.endswith(self._end):
            return None
        at, last = len(self._begin), len(text) - len(self._end)
        found = []
        for literal in self._literals:
            following = text.find(literal, at + 1, last)
            if following < 0:
                return None
            found.append(text[at:following])
            at = following + len(literal)
        if at >= last:
            return None
        found.append(text[at:last])
        if self._barred and any(self._barred in value for value in found):
            return None
        return dict(zip(self._names, found, strict=True))


def parts_of(message: str) -> list[tuple[str, str | None, str]]:
    """Literals of a text with braces, each with the name of the value behind it (or None) and its format.

    Raises:
        ValueError: If its braces are none.
    """
    return [(literal, name, spec or "") for literal, name, spec, _conversion in string.Formatter().parse(message)]
