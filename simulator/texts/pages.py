"""Translations of generated documents: many texts that nothing but their page says, so that they stand apart.

Each page has a catalogue of its own in the folder `pages` of a language, which is read where the page is made.
"""

from collections.abc import Mapping
from importlib.resources import files

from simulator.texts.language import ENGLISH, spoken


def page_texts(page: str) -> Mapping[str, str]:
    """English text -> translation into the language that is spoken now; empty for English.

    Args:
        page: name of the catalogue, without `.po`.
    """
    language = spoken()
    if language == ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with files("simulator.texts").joinpath(language, "pages", f"{page}.po").open("rb") as source:
        return {str(message.id): str(message.string) for message in read_po(source, locale=language) if message.id}
