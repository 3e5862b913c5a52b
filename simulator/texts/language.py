"""Which language is spoken: by a process, and for the length of one answer (a web page that somebody else reads)."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Final

ENGLISH: Final = "en"
CHINESE: Final = "zh"
LANGUAGES: Final = (ENGLISH, CHINESE)
"""English is what stands in the sources; Chinese is simplified Chinese."""
OPTION: Final = "--lang"
VARIABLE: Final = "BEST_FLEET_LANG"
_VARIABLES: Final = (VARIABLE, "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""As gettext reads them: the first that names anything decides."""

_LANGUAGE: Final = re.compile("[a-z]+(?![a-z])")
"""What a locale's name begins with; behind it come country, encoding and variant."""

_of_this_process = ENGLISH
_for_now: ContextVar[str | None] = ContextVar("language", default=None)


def spoken() -> str:
    """The language of what is said now, one of `LANGUAGES`."""
    return _for_now.get() or _of_this_process


def speak(language: str) -> None:
    """From now on this process speaks `language`.

    Raises:
        ValueError: If it is none of `LANGUAGES`.
    """
    global _of_this_process
    _of_this_process = _known(language)


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` within, in this context (thread, task or greenlet) alone.

    Raises:
        ValueError: If it is none of `LANGUAGES`.
    """
    token = _for_now.set(_known(language))
    try:
        yield
    finally:
        _for_now.reset(token)


def wanted(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a command line asks for, before anything is parsed: `--lang`, else the locale; English if nothing known.

    An unknown language behind `--lang` is refused where the options are parsed.
    """
    for number, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == OPTION:
            asked = value if equals else "".join(arguments[number + 1 : number + 2])
            return asked if asked in LANGUAGES else ENGLISH
    named = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    return of_locale(named.partition(":")[0])


def of_locale(name: str) -> str:
    """The language for a locale's name (`zh_CN.UTF-8`, `zh-TW`, `de_DE`): ours if we have it, else English."""
    language = _LANGUAGE.match(name)
    return language[0] if language is not None and language[0] in LANGUAGES else ENGLISH


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"no language of ours: {language!r}; there are {', '.join(LANGUAGES)}")
    return language
