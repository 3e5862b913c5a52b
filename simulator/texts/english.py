"""The English of a text that was said in another language, for what machines read: an error's words in a summary.

Errors are said at once, in the language of whoever started the process; what a run keeps of them has to be English
like all the rest of its files. Where the error was made nobody knows that it will be kept, so its text is matched with
the translations there are, the one with the most letters of its own first, and so are its values.
"""

import re
import string
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from simulator.texts.language import ENGLISH, LANGUAGES

_ERRORS: Final = frozenset({"problem", "example"})
_FOREIGN: Final = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_LETTER: Final = re.compile("[\u3400-\u9fff]")
_LEAST: Final = 2
"""A text with fewer letters of its own language would match too much."""
_VALUE: Final = ".+?"
_BRACKET: Final = "（"


def english(text: str) -> str:
    """Each line of `text` in English as far as it is ours; what is the user's or a system's own stays."""
    return "\n".join(map(_line, text.split("\n")))


def errors_in_english(values: Mapping[str, Any]) -> dict[str, Any]:
    """A finding's values, with the words of an error among them in English."""
    return {
        name: english(value) if name in _ERRORS and isinstance(value, str) else value for name, value in values.items()
    }


def _line(line: str) -> str:
    if not _FOREIGN.search(line):
        return line
    found = _whole(line)
    if found is not None:
        return found
    # What stands before a text tells where; behind it there may be a hint in brackets.
    place, colon, rest = line.partition(": ")
    if colon and (told := _line(rest)) != rest:
        return f"{_line(place)}: {told}"
    for at in (found.start() for found in re.finditer(_BRACKET, line)):
        hint = _whole(line[at:])
        if at and hint is not None:
            return _line(line[:at]) + hint
    return line


def _whole(line: str) -> str | None:
    exact, patterns = _known()
    if line in exact:
        return exact[line]
    for pattern, message in patterns:
        found = pattern.fullmatch(line)
        if found is not None:
            values = {name: _line(value) for name, value in found.groupdict().items()}
            # As they were written: the braces' formats have done their work already.
            return "".join(
                literal + (values[name] if name is not None else "")
                for literal, name, _spec, _conversion in string.Formatter().parse(message)
            )
    return None


@lru_cache
def _known() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Translations without values, and those with some as what they look like; each with its English."""
    # Only an error needs it; as in `translation`, who has none does not load it.
    from babel.messages.pofile import read_po

    exact: dict[str, str] = {}
    patterns: list[tuple[int, re.Pattern[str], str]] = []
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        for path in sorted(files("simulator.texts").joinpath(language).iterdir(), key=lambda each: each.name):
            if not path.name.endswith(".po"):
                continue
            with path.open("rb") as source:
                catalogue = read_po(source, locale=language)
            for message in catalogue:
                # Of a plural the form for many: which it was nobody knows.
                said = message.string if isinstance(message.string, str) else next(iter(message.string or ("",)))
                written = message.id if isinstance(message.id, str) else message.id[1]
                if not written or not said:
                    continue
                pattern = _pattern(said, written)
                if pattern is not None:
                    patterns.append((len(_LETTER.findall(said)), pattern, written))
                elif "{" not in said:
                    exact.setdefault(said, written)
    patterns.sort(key=lambda each: (-each[0], each[2]))
    return exact, [(pattern, written) for _letters, pattern, written in patterns]


def _pattern(said: str, written: str) -> re.Pattern[str] | None:
    try:
        parts, wanted = list(string.Formatter().parse(said)), list(string.Formatter().parse(written))
    except ValueError:
        return None
    names = [name for _literal, name, _spec, _conversion in parts if name is not None]
    in_english = {name for _literal, name, _spec, _conversion in wanted if name is not None}
    if not names or len(set(names)) < len(names) or not all(map(str.isidentifier, names)) or in_english != set(names):
        return None
    if len(_LETTER.findall("".join(literal for literal, *_rest in parts))) < _LEAST:
        return None
    return re.compile(
        "".join(re.escape(literal) + (f"(?P<{name}>{_VALUE})" if name else "") for literal, name, *_rest in parts),
        re.DOTALL,
    )
