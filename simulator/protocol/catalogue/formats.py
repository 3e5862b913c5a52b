"""The value formats of the protocol: every scalar is a string, and these say which strings.

A format answers one question, `problem(value)`: what is wrong with this string, in words that quote no secret, or None.
"""

import base64
import binascii
import ipaddress
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from simulator.texts.told import Told
from simulator.texts.translation import N_

BIO_TYPES = 10
"""Positions of a biometric string: types 0 to 9 (docs/deviations.md)."""

_OFFSET = r"[+-](?:0\d|1[0-4]):[0-5]\d"
_TIMESTAMP = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d{_OFFSET}", re.ASCII)


class Format(ABC):
    """A set of strings; `label` names it in the reference page."""

    __slots__ = ()

    @property
    @abstractmethod
    def label(self) -> str:
        """The format in a few words, for the reference page and for errors."""

    @abstractmethod
    def problem(self, value: str) -> str | None:
        """What is wrong with `value`, or None when it belongs to the format."""


@dataclass(frozen=True, slots=True)
class Text(Format):
    """Any text, up to `max_length` characters where the document sets a limit."""

    max_length: int | None = None

    @property
    def label(self) -> str:
        return "text" if self.max_length is None else f"text, at most {self.max_length} characters"

    def problem(self, value: str) -> str | None:
        if self.max_length is not None and len(value) > self.max_length:
            return Told("is longer than {count} characters", count=self.max_length)
        return None


@dataclass(frozen=True, slots=True)
class Integer(Format):
    """A whole number in decimal digits."""

    low: int = 0
    high: int | None = None

    @property
    def label(self) -> str:
        return str(self._told)

    @property
    def _told(self) -> Told:
        if self.high is not None:
            return Told("whole number, {low} to {high}", low=self.low, high=self.high)
        return Told("whole number") if self.low == 0 else Told("whole number from {low}", low=self.low)

    def problem(self, value: str) -> str | None:
        digits = value[1:] if self.low < 0 and value.startswith("-") else value
        # The length bounds what int() is asked to do: a megabyte of digits is no number of this protocol.
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 20:
            return Told("is not a whole number")
        number = int(value)
        if number < self.low or (self.high is not None and number > self.high):
            return Told("is not a {what}", what=self._told)
        return None


@dataclass(frozen=True, slots=True)
class OneOf(Format):
    """An enumeration: each value with its meaning."""

    values: Mapping[str, str]

    @property
    def label(self) -> str:
        return "one of " + ", ".join(
            f"{value} ({meaning})" if meaning else value for value, meaning in self.values.items()
        )

    def problem(self, value: str) -> str | None:
        return None if value in self.values else Told("is none of {values}", values=", ".join(self.values))


@dataclass(frozen=True, slots=True)
class Pattern(Format):
    """Strings that match a regular expression as a whole."""

    expression: str
    name: str

    @property
    def label(self) -> str:
        return self.name

    def problem(self, value: str) -> str | None:
        return None if _compiled(self.expression).fullmatch(value) else Told("is not {name}", name=self.name)


@dataclass(frozen=True, slots=True)
class Checked(Format):
    """Strings that a function accepts."""

    name: str
    accepts: Callable[[str], bool]

    @property
    def label(self) -> str:
        return self.name

    def problem(self, value: str) -> str | None:
        return None if self.accepts(value) else Told("is not {name}", name=self.name)


@lru_cache(maxsize=256)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


def _is_timestamp(value: str) -> bool:
    if not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    # Python lets more padding follow a complete text than belongs there.
    return len(value) % 4 == 0 and not value.endswith("===")


def _is_ipv4(value: str) -> bool:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


TEXT = Text()
TIMESTAMP = Checked(N_("a time yyyy-MM-ddTHH:mm:ss±HH:mm"), _is_timestamp)
BASE64 = Checked(N_("standard base64"), _is_base64)
PUBLIC_KEY = Checked(N_("standard base64 or PEM"), lambda text: text.startswith("-----BEGIN ") or _is_base64(text))
IPV4 = Checked(N_("an IPv4 address"), _is_ipv4)
OFFSET = Pattern(_OFFSET, N_("an offset ±HH:mm"))
MAC = Pattern(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}", N_("a MAC address"))
DECIMAL = Pattern(r"-?\d{1,9}(?:\.\d{1,6})?", N_("a decimal number"))
DIGITS = Pattern(r"\d{1,64}", N_("decimal digits"))
LOG_ID = Pattern(r"\d{1,20}", N_("a decimal number"))
EPOCH_MS = Pattern(r"\d{1,20}", N_("a time in milliseconds since the epoch"))
TIME_MS = Pattern(r"\d{12,13}", N_("a time in milliseconds since 1970"))
"""From 1973 to 2286, so that no number of seconds is one."""
MD5_HEX = Pattern(r"[0-9a-f]{32}", N_("a lower-case MD5 digest in hex"))
MD5_HEX_ANY = Pattern(r"[0-9A-Fa-f]{32}", N_("an MD5 digest in hex"))
DIGEST_HEX = Pattern(r"[0-9A-Fa-f]{64}", N_("a 32-byte digest in hex"))
SALT_HEX = Pattern(r"(?:[0-9A-Fa-f]{2}){1,64}", N_("a salt in hex"))
FILE_ID = Pattern(r"[0-9A-Za-z]{1,64}", N_("letters and digits, at most 64"))
FLAG = OneOf({"0": "no", "1": "yes"})
BITS = Pattern(r"[01]{1,32}", N_("a string of 0 and 1"))
BIO_FLAGS = Pattern(rf"[01](?::[01]){{{BIO_TYPES - 1}}}", N_("ten flags 0 or 1, split by colons"))
BIO_COUNTS = Pattern(rf"\d{{1,9}}(?::\d{{1,9}}){{{BIO_TYPES - 1}}}", N_("ten counts, split by colons"))
_VERSION = r"\d{1,4}(?:\.\d{1,4}){0,2}"
BIO_VERSIONS = Pattern(rf"{_VERSION}(?::{_VERSION}){{{BIO_TYPES - 1}}}", N_("ten versions, split by colons"))
URL = Pattern(r"[A-Za-z][A-Za-z0-9+.\-]{1,15}://[^\s/]\S*", N_("a URL"))
