"""The translation of each text: gettext's usual functions, over the catalogues in this folder.

The English text is its own key and stands in the source as a literal, so that `make texts` finds it. Values are named
in braces and given beside it, never put into the text before: `_("{count} devices", count=3)`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

from simulator.texts.language import ENGLISH, spoken

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog


def _(message: str, /, **values: Any) -> str:
    """The text in the language that is spoken now, with `values` in its braces (`str.format`).

    Without values braces stay as they are.
    """
    return _filled(translations(spoken()).gettext(message), values)


def ngettext(singular: str, plural: str, number: float, /, **values: Any) -> str:
    """The text for `number` things; `{number}` in it is the number itself, if `values` say nothing else."""
    return _filled(
        translations(spoken()).ngettext(singular, plural, 1 if number == 1 else 2), {"number": number, **values}
    )


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """The text where the same English has two meanings; `context` says which, and nobody reads it."""
    return _filled(translations(spoken()).pgettext(context, message), values)


def listed(parts: Iterable[str]) -> str:
    """Names one after another on a line."""
    return pgettext("between names", ", ").join(parts)


def N_(message: str, /) -> str:  # noqa: N802 - gettext's name
    """Marks a text that is kept now and said later: `_` translates it then."""
    return message


@lru_cache
def translations(language: str) -> NullTranslations:
    """All texts of a language, of every catalogue in its folder."""
    if language == ENGLISH:
        return NullTranslations()
    # Babel compiles catalogues in a tenth of a second, and who reads English has no use for it.
    from babel.messages.mofile import write_mo
    from babel.support import Translations

    found = Translations()
    for catalogue in catalogues(language):
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        room = Translations(compiled)
        # What is merged into has its own idea of plurals otherwise.
        found.plural = room.plural
        found.merge(room)
    return found


def catalogues(language: str) -> "Iterator[Catalog]":
    """Every catalogue of a language, by the name of its room."""
    # Only who speaks another language than English needs Babel.
    from babel.messages.pofile import read_po

    for path in sorted(files("simulator.texts").joinpath(language).iterdir(), key=lambda each: each.name):
        if path.name.endswith(".po"):
            with path.open("rb") as source:
                yield read_po(source, locale=language)


def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text
