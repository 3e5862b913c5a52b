"""How one value of a message is read: whether it is right, and what it means where it is not.

One reader a declared field, compiled from the catalogue by `shapes`.
"""

import re
from typing import Any, Final, Protocol

from simulator.judge.departures import Notes, is_secret, number_text, shown
from simulator.judge.meanings import is_flag, plain_text
from simulator.measurements.observation_rules import NINE_POSITIONS
from simulator.protocol.catalogue import formats as f
from simulator.texts.told import Told

_MOST_POSITIONS: Final = 32
_NO_COLONS: Final = re.compile(rf"[01]{{{f.BIO_TYPES}}}")
_CARD: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_MOST_KEPT: Final = 64
"""Characters of a value that nobody looks at, and that is kept as it came."""


class Reader(Protocol):
    """Reads what stands in one field."""

    takes_empty: bool
    """Whether an empty text says the same as no field at all (where the field may be absent)."""
    expected: str
    """What would be right, in a few words."""

    def right(self, value: Any) -> bool:
        """Whether nothing about `value`, which is neither null nor empty, is worth telling."""
        ...

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        """What `value` means; None where that is nothing. What departs is told to `notes`."""
        ...


class TextReader:
    """One scalar of a format.

    Args:
        loose: whether a value without plain meaning counts as absent, instead of making the message unusable.
        kept: whether such a value is kept as it is, because no device acts on it.
        free: whether the text says anything at all, so that `true` may stand in it.
        beyond: the rule of a value that is none of the format, where it is not the family's own.
    """

    takes_empty = True

    def __init__(
        self, name: str, shape: f.Format, *, loose: bool, kept: bool = False, free: bool = False, beyond: str = ""
    ) -> None:
        self._shape = shape
        self._problem = shape.problem
        self._loose = loose
        self._kept = kept
        self._free = free
        self._beyond = beyond
        self._secret = is_secret(name)
        self.expected = described(shape)

    def right(self, value: Any) -> bool:
        return type(value) is str and self._problem(value) is None

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        if type(value) is str:
            return self._read_text(value, value, path, notes)
        text = self._text_of(value)
        if text is None:
            self._give_up(notes.family.type, value, path, notes)
            return None
        plain = text if self._problem(text) is None else self._meaning(text, notes)
        should_be = "a text" if self._secret or plain is None else Told('the text "{plain}"', plain=plain)
        notes.depart(
            notes.family.type,
            path,
            Told("is {value}, should be {should_be}", value=shown(value, secret=self._secret), should_be=should_be),
        )
        return self._read_text(text, value, path, notes) if plain is None else plain

    def _read_text(self, text: str, value: Any, path: str, notes: Notes) -> str | None:
        if self._problem(text) is None:
            return text
        plain = self._meaning(text, notes)
        if plain is not None:
            notes.depart(notes.family.format, path, self._fault(value))
            return plain
        if self._kept and len(text) <= _MOST_KEPT:
            notes.depart(notes.family.format, path, self._fault(value))
            return text
        self._give_up(self._beyond or notes.family.format, value, path, notes)
        return None

    def _meaning(self, text: str, notes: Notes) -> str | None:
        return plain_text(self._shape, text, notes.zone)

    def _text_of(self, value: Any) -> str | None:
        if isinstance(value, bool):
            if is_flag(self._shape):
                return "1" if value else "0"
            return ("true" if value else "false") if self._free else None
        return number_text(value)

    def _give_up(self, rule: str, value: Any, path: str, notes: Notes) -> None:
        (notes.depart if self._loose else notes.fail)(rule, path, self._fault(value))

    def _fault(self, value: Any) -> str:
        return Told("is {value}, should be {expected}", value=shown(value, secret=self._secret), expected=self.expected)


class CardReader(TextReader):
    """A card's number: decimal by the text, with letters in the document's examples."""

    def _meaning(self, text: str, notes: Notes) -> str | None:
        text = text.strip()
        return text if _CARD.fullmatch(text) else None


class PositionsReader(TextReader):
    """Ten flags, one for each biometric type; nine are the document's own example."""

    def _read_text(self, text: str, value: Any, path: str, notes: Notes) -> str | None:
        if text.count(":") == f.BIO_TYPES - 2 and self._problem(f"{text}:0") is None:
            notes.observe(
                NINE_POSITIONS, path, Told("has nine positions ({text}): the tenth is taken for 0", text=text)
            )
            return f"{text}:0"
        return super()._read_text(text, value, path, notes)

    def _meaning(self, text: str, notes: Notes) -> str | None:
        text = text.strip()
        if _NO_COLONS.fullmatch(text):
            return ":".join(text)
        if not text or len(text) > 4 * _MOST_POSITIONS:
            return None
        flags = [part.strip() for part in text.removesuffix(":").split(":")]
        if len(flags) > _MOST_POSITIONS or any(flag not in ("0", "1") for flag in flags) or len(flags) == 1:
            return None
        return ":".join([*flags, *["0"] * f.BIO_TYPES][: f.BIO_TYPES])


class TextsReader:
    """A list of texts; the document leaves open which, so names that nobody knows and doubled ones are right.

    Args:
        loose: as `TextReader`'s; without it a list or object among the texts makes the message unusable.
    """

    takes_empty = False
    expected = "a list of texts"

    def __init__(self, *, loose: bool) -> None:
        self._loose = loose

    def right(self, value: Any) -> bool:
        if type(value) is not list:
            return False
        for item in value:  # noqa: SIM110 - half as dear as all()
            if type(item) is not str:
                return False
        return True

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        if not isinstance(value, list):
            fault = Told("is {value}, should be {expected}", value=shown(value), expected=self.expected)
            text = value if isinstance(value, str) else number_text(value)
            if text is None:
                (notes.depart if self._loose else notes.fail)(notes.family.type, path, fault)
                return None
            notes.depart(notes.family.type, path, fault)
            return [text]
        texts = []
        for position, item in enumerate(value):
            if type(item) is str:
                texts.append(item)
            elif (text := self._item(item, f"{path}[{position}]", notes)) is not None:
                texts.append(text)
        return texts

    def _item(self, item: Any, path: str, notes: Notes) -> str | None:
        text = number_text(item)
        should_be = "a text" if text is None else Told('the text "{text}"', text=text)
        lost = text is None and item is not None and not self._loose
        (notes.fail if lost else notes.depart)(
            notes.family.type, path, Told("is {item}, should be {should_be}", item=shown(item), should_be=should_be)
        )
        return text


def described(shape: f.Format) -> str:
    """What would be right, in a few words."""
    if isinstance(shape, f.OneOf):
        return "one of " + ", ".join(shape.values)
    return Told("a {label}", label=shape.label) if isinstance(shape, f.Text | f.Integer) else shape.label
