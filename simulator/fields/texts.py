"""Field types of plain text: names that people give, text in one line, names of files, locales."""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.fields.section import Shown, known
from simulator.fields.wrong_kind import WrongKind
from simulator.shown import printable
from simulator.texts.translation import _

MAX_NAME = 64


def plain_name(value: Any) -> str:
    """A name that people give: of any script, with any mark or emoji, in one line. What is made from it (a file's name)
    is made safe there.

    Raises:
        ValueError: If it is empty, longer than 64 characters, or holds what cannot be seen.
    """
    if not isinstance(value, str):
        raise WrongKind(_("must be text: put it in quotes"))
    name = unicodedata.normalize("NFC", value)
    if not name.strip():
        raise ValueError(_("must not be empty"))
    if len(name) > MAX_NAME:
        raise ValueError(_("has {name:,} characters; a name has at most {max_name}", name=len(name), max_name=MAX_NAME))
    return one_line(name)


def one_line(value: str) -> str:
    """Text that can stand in a line: in messages, tables, logs.

    Raises:
        ValueError: If it holds line breaks, control characters, or marks that turn or hide text.
    """
    shown = printable(value)
    if shown != value:
        at = next(place for place, pair in enumerate(zip(value, shown, strict=False)) if pair[0] != pair[1])
        raise ValueError(
            _("holds U+{ord:04X} (character {at}), which cannot be seen: take it out", ord=ord(value[at]), at=at + 1)
        )
    return value


def _file_name(value: str) -> str:
    if len(value) > MAX_PATH:
        raise ValueError(_("has {value:,} characters, more than the name of a file can have", value=len(value)))
    return one_line(value)


MAX_PATH = 1024

Name = Annotated[
    str,
    BeforeValidator(plain_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_NAME}),
    Shown("name", str),
]
Line = Annotated[str, AfterValidator(one_line)]
"""Text in one line."""
FileName = Annotated[str, Field(min_length=1), AfterValidator(_file_name)]
"""Name of a file or directory, relative to the scenario file."""


def _locale(value: str) -> str:
    if value not in ("zh_CN", "en_US"):
        # Imported only when needed: faker takes a good part of a second.
        from faker.config import AVAILABLE_LOCALES

        known(value, sorted(name for name in AVAILABLE_LOCALES if "_" in name), _("locale of faker"))
    return value


Locale = Annotated[str, AfterValidator(_locale), Field(examples=["zh_CN", "en_US"])]
"""Language and country of people's names."""
