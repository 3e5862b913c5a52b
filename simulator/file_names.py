"""Names of files made from names that people gave: any script, any mark, two different names never one file."""

import hashlib
import os
import unicodedata
from typing import Final

from simulator.shown import printable

MAX_BYTES: Final = 120
"""Of a name: file systems take 255, and a moment, a number and an ending come behind it."""
_NOT_IN_NAMES: Final = frozenset('<>:"/\\|?*')
"""Separators, and what Windows refuses, where reports are often opened."""
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in "123456789¹²³")]
)
_DIGEST_CHARS: Final = 8


def file_name(name: str) -> str:
    """A name for a file or directory that shows what it was made from.

    Letters of all scripts and emoji stay. Separators, marks that Windows refuses and what cannot be seen become `-`;
    it does not begin with a dot or a dash, nor end with a dot or a blank, and is at most 120 bytes long. Where anything
    was changed a digest of the whole name stands behind it, so that different names stay different.
    """
    given = unicodedata.normalize("NFC", name)
    plain = "".join("-" if character in _NOT_IN_NAMES or not _stays(character) else character for character in given)
    plain = plain.strip(" ").lstrip(".-").rstrip(". ")
    if plain.partition(".")[0].rstrip(" ").lower() in _RESERVED:
        plain = f"_{plain}"
    shortened = _cut(plain, MAX_BYTES)
    if given and shortened == given and _writable(given):
        return shortened
    digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
    kept = _cut(plain, MAX_BYTES - _DIGEST_CHARS - 1).rstrip(". ")
    if not _writable(kept):
        kept = kept.encode("ascii", "ignore").decode("ascii").strip(" .-")
    return f"{kept}-{digest}" if kept else digest


def _stays(character: str) -> bool:
    return printable(character) == character


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "ignore")[:most].decode("utf-8", "ignore")


def _writable(text: str) -> bool:
    """Whether the file names of this machine can hold it: in some locales they are not UTF-8."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True
