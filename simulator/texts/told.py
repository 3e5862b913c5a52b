"""Texts that are made in one place and said in another, perhaps in another language: English for machines and files.

A `Told` is the English text, so that it can be stored and compared like any other; it also keeps of what it was made,
so that a terminal or a page can say it in the language of its reader.
"""

from collections.abc import Callable, Iterable
from typing import Any

from simulator.texts.translation import _


class Told(str):
    """An English text with `values` in its braces (`str.format`); `said` translates it.

    Values that are `Told` themselves, or marked by `N_`, are translated with it.
    """

    __slots__ = ("message", "values")

    def __new__(cls, message: str, /, **values: Any) -> "Told":
        told = super().__new__(cls, message.format(**values) if values else message)
        told.message = message
        told.values = values
        return told

    message: str
    values: dict[str, Any]

    def map(self, change: Callable[[str], str]) -> "Told":
        """The same with each of its texts changed, and what those were made of: `change` takes secrets out of them."""
        changed = {
            name: value.map(change) if isinstance(value, Told) else change(value) if isinstance(value, str) else value
            for name, value in self.values.items()
        }
        return Told(self.message, **changed)


def said(text: str) -> str:
    """The text in the language that is spoken now; as it is where no catalogue has it."""
    if not isinstance(text, Told):
        return _(text) if text else ""
    values = {name: said(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return _(text.message, **values)


def joined(separator: str, parts: Iterable[str]) -> Told:
    """Texts one after another, each translated by itself; the separator stays."""
    values = {f"part_{number}": part for number, part in enumerate(parts)}
    # A brace in the separator would be read as the begin of a value.
    between = separator.replace("{", "{{").replace("}", "}}")
    return Told(between.join(f"{{{name}}}" for name in values), **values)
