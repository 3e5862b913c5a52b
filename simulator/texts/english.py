"""The English of a text that was said in another language, for what machines read: an error's words in a summary.

Errors are said at once, in the language of whoever started the process; what a run keeps of them has to be English
like all the rest of its files. Where the error was made nobody knows that it will be kept, so its text is matched with
the translations there are, the one with the most letters of its own first, and so are its values.
"""

import re
import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from simulator.texts.language import ENGLISH, LANGUAGES
from simulator.texts.shape import Shape, parts_of
from simulator.texts.translation import catalogues

_ERRORS: Final = frozenset({"problem", "example"})
_FOREIGN: Final = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_LETTER: Final = re.compile("[\u3400-\u9fff]")
_LEAST: Final = 2
"""A text with fewer letters of its own language would match too much."""
_BRACKET: Final = "（"
_DEEPEST: Final = 6
"""Texts within texts; ours are never so many deep."""


def english(text: str) -> str:
    """Each line of `text` in English as far as it is ours; what is the user's or a system's own stays."""
    return "\n".join(_line(line, 0) for line in text.split("\n"))


def errors_in_english(values: Mapping[str, Any]) -> dict[str, Any]:
    """A finding's values, with the words of an error among them in English."""
    return {
        name: english(value) if name in _ERRORS and isinstance(value, str) else value for name, value in values.items()
    }


@lru_cache(4_096)
def _line(line: str, depth: int) -> str:
    """Each part once, and not too deep: somebody else's words must not take for ever."""
    if depth > _DEEPEST or not _FOREIGN.search(line):
        return line
    found = _whole(line, depth)
    if found is not None:
        return found
    # What stands before a text tells where; behind it there may be a hint in brackets.
    place, colon, rest = line.partition(": ")
    if colon and (told := _line(rest, depth + 1)) != rest:
        return f"{_line(place, depth + 1)}: {told}"
    # What was written stands in quotes before what it must be.
    for at in (found.end() for found in re.finditer("' ", line) if line.startswith("'")):
        needed = _whole(line[at:], depth + 1)
        if needed is not None:
            return line[:at] + needed
    for at in (found.start() for found in re.finditer(_BRACKET, line)):
        hint = _whole(line[at:], depth + 1)
        if at and hint is not None:
            return _line(line[:at], depth + 1) + hint
    return line


def _whole(line: str, depth: int) -> str | None:
    exact, shapes = _known()
    if line in exact:
        return exact[line]
    for shape, message in shapes:
        found = shape.values(line)
        if found is not None:
            values = {name: _line(value, depth + 1) for name, value in found.items()}
            # As they were written: the braces' formats have done their work already.
            return "".join(
                literal + (values[name] if name is not None else "")
                for literal, name, _spec, _conversion in string.Formatter().parse(message)
            )
    return None


@lru_cache
def _known() -> tuple[dict[str, str], list[tuple[Shape, str]]]:
    """Translations without values, and those with some as what they look like; each with its English."""
    exact: dict[str, str] = {}
    shapes: list[tuple[int, Shape, str]] = []
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        for catalogue in catalogues(language):
            for message in catalogue:
                # Of a plural the form for many: which it was nobody knows.
                said = message.string if isinstance(message.string, str) else next(iter(message.string or ("",)))
                written = message.id if isinstance(message.id, str) else message.id[1]
                if not written or not said:
                    continue
                shape = _shape(said, written)
                if shape is not None:
                    shapes.append((len(_LETTER.findall(said)), shape, written))
                elif "{" not in said:
                    exact.setdefault(said, written)
    shapes.sort(key=lambda each: (-each[0], each[2]))
    return exact, [(shape, written) for _letters, shape, written in shapes]


def _shape(said: str, written: str) -> Shape | None:
    try:
        parts, wanted = parts_of(said), parts_of(written)
    except ValueError:
        return None
    names = [name for _literal, name, _spec in parts if name is not None]
    in_english = {name for _literal, name, _spec in wanted if name is not None}
    if not names or len(set(names)) < len(names) or not all(map(str.isidentifier, names)) or in_english != set(names):
        return None
    if len(_LETTER.findall("".join(literal for literal, *_rest in parts))) < _LEAST:
        return None
    return Shape([(literal, name) for literal, name, _spec in parts])
