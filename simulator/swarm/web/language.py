"""In which language an answer of the web page is: as `?lang=` asks, else the page's switch, else as the process speaks.

The browser's own list of languages is not looked at: what a page says should not depend on whose machine shows it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from flask import Request

from simulator.texts.language import ENGLISH, LANGUAGES, speaking, spoken

COOKIE: Final = "best-fleet-lang"
"""What the page's switch sets."""
ARGUMENT: Final = "lang"
TAGS: Final[Mapping[str, str]] = {ENGLISH: "en", "zh": "zh-CN"}
"""Names of our languages in HTML."""

Application = Callable[[Any, Callable[..., Any]], Iterable[bytes]]


def asked_language(environ: dict[str, Any]) -> str:
    """The language that a request (a WSGI environment) is to be answered in, one of `LANGUAGES`."""
    request = Request(environ)
    asked = (request.args.get(ARGUMENT), request.cookies.get(COOKIE))
    return next((each for each in asked if each in LANGUAGES), None) or spoken()


class AskedLanguage:
    """The WSGI application in front of Locust's and our routes: each speaks the language that it was asked in.

    Holds for all that is said until a route returns its answer; a body that is made piece by piece afterwards is not
    spoken for.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, request: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        with speaking(asked_language(request)):
            return self._application(request, start_response)


@lru_cache
def dictionary(language: str) -> dict[str, str]:
    """The texts of the page's scripts in a language, by their English (the singular form); empty for English."""
    if language == ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with files("simulator.texts").joinpath(language, "web.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    return {
        _first(message.id): _first(message.string) for message in catalogue if message.id and _first(message.string)
    }


def _first(of: Any) -> str:
    """Chinese has one form for every number."""
    return str(of if isinstance(of, str) else of[0])
