"""What the values of an identity may look like, wherever they come from: a CSV, a scenario's pattern, the state file.

A serial number travels in a URL, stands in logs, tables and files; keys are hashed. So a value is short and visible.
What is refused is said with what probably happened to it (mostly a spreadsheet), and never with the value: it may be a
secret, or one that slipped into another column.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from simulator.texts.translation import N_, _

MAX_SN = 64


class _Rule(NamedTuple):
    """How long a value may be, and whether it is an identifier (ASCII, no spaces) or a secret (any visible text)."""

    longest: int
    identifier: bool


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "sn": _Rule(MAX_SN, True),
        "productId": _Rule(128, True),
        "secretKey": _Rule(512, False),
        "devKey": _Rule(512, False),
        # Made by the platform, which may put a signed token there.
        "authCode": _Rule(4096, False),
        "secret": _Rule(4096, False),
        "deviceSecret": _Rule(512, False),
    }
)

is_simple = re.compile(r"[0-9A-Za-z_-]{1,64}").fullmatch
"""Whether a value is plainly right in every column: the quick way for nearly all of a million values."""
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+|[+-]?\d+[.,]\d+[eE]-?\d+")
_FLOAT = re.compile(r"\d+\.0+")
_GROUPED = re.compile(r"\d{1,3}(?:[,.' ]\d{3}){2,}")
_FAULT = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|#+)")
_NO_IDENTIFIER = "\"'`,;\\<>"
_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e"}
_AS_TEXT = N_("give the column the format Text before you enter or import the values")


def value_problem(name: str, value: str) -> str | None:
    """What is wrong with a value that is not empty, in words that do not show it; None where it can be used.

    Args:
        name: `sn`, `secretKey`, `productId`, `devKey`, `authCode`, `secret` or `deviceSecret`.
    """
    rule = _RULES[name]
    if is_simple(value):
        return None
    if len(value) > rule.longest:
        return _("has {value:,} characters; at most {longest} can be right", value=len(value), longest=rule.longest)
    return _disfigured(value) or _changed_number(value, rule) or _wrong_character(value, rule)


def _changed_number(value: str, rule: _Rule) -> str | None:
    if _ROUNDED.fullmatch(value):
        return _(
            "is a rounded number like 7.04E+12: a spreadsheet has dropped its last digits; {right}",
            right=_(_AS_TEXT),
        )
    if rule.identifier and _FLOAT.fullmatch(value):
        return _("ends in .0: a spreadsheet or program has made a number of it; {right}", right=_(_AS_TEXT))
    if rule.identifier and _GROUPED.fullmatch(value):
        return _("has thousands separators: a spreadsheet has made a number of it; {right}", right=_(_AS_TEXT))
    return None


def _disfigured(value: str) -> str | None:
    if value.startswith('="') or (value.startswith("=") and value.endswith('"')):
        return _('is written as a formula, ="…": a spreadsheet keeps leading zeros so; write the value alone')
    if _FAULT.fullmatch(value):
        return _("is a spreadsheet's fault mark, not a value")
    return None


def _wrong_character(value: str, rule: _Rule) -> str | None:
    for place, character in enumerate(value, start=1):
        fault = _fault_of(character, rule)
        if fault is not None:
            return _("holds {fault} (character {place})", fault=fault, place=place)
    if rule.identifier and value[0] in "=+@":
        return _("begins with `{value}`, as a spreadsheet's formula does", value=value[0])
    return None


def _fault_of(character: str, rule: _Rule) -> str | None:
    code = f"U+{ord(character):04X}"
    if "!" <= character <= "~":
        if rule.identifier and character in _NO_IDENTIFIER:
            return _("the character `{character}`, which has no place there", character=character)
        return None
    if character == " ":
        return "a space" if rule.identifier else None
    if character == "\0":
        return _("a NUL character: the file is damaged, or no text in UTF-8")
    if character in _INVISIBLE:
        return _("an invisible character ({code}), as comes along when text is copied from a page", code=code)
    category = unicodedata.category(character)
    if category[0] == "Z":
        return _("a blank that is no plain space ({code}), as comes along when text is copied from a page", code=code)
    if category == "Cc":
        return _("a control character or line break ({code})", code=code)
    if category[0] == "C":
        return _("a character that is none or cannot be seen ({code})", code=code)
    if unicodedata.normalize("NFKC", character) != character:
        return _(
            "a full-width or otherwise disguised character ({code}): switch the input method to half-width", code=code
        )
    if rule.identifier:
        return _("a character that is not ASCII ({code})", code=code)
    if category[0] not in "LNM":
        return _("a mark that is not ASCII ({code}), as word processors put for quotes and dashes", code=code)
    return None
