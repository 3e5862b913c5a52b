"""Texts from outside made fit to be shown: without secrets, of bounded length, in one line of printable characters.

What a platform says may be a megabyte long, hold terminal sequences, or repeat a secret. Whoever keeps or shows such a
text takes it through here first. Every function is linear in its input, and the ones with a bound read no more of it
than the bound asks for. What a format must escape besides (HTML, Markdown, XML, CSV) is the business of its writer.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MASK: Final = "***"
SECRET_NAMES: Final = frozenset(
    {"secretKey", "devKey", "authCode", "secret", "sign", "factor", "privateKey", "password", "passwordSalt", "tmp"}
)
"""Wire names whose values nobody is shown: keys, login credentials, digests, biometric templates."""

LABEL_CHARS: Final = 64
"""Of a label: a code, a funcId, a reason. The protocol's own have 33 at most."""
DETAIL_CHARS: Final = 200
"""Of a sentence about what happened."""
_READ: Final = 4
"""Times as many characters of a text are looked at as are shown: masking makes it shorter."""
_SEARCHED: Final = 8_192
_SHORTEST_SECRET: Final = 4
_FRAGMENT_CHARS: Final = 64
"""A word that the bound cut off may be the half of a secret that is too short to be known as one."""

_WORD: Final = re.compile(
    # each word once and whole: a start within a word, or a second try with less of it, would make this quadratic
    r"""(?<![\w-])(?P<word>[\w-]++)(?P<closing>\\*+["'])?+(?P<sign>\s*+[:=]\s*+)"""
)
_SECRET_WORD: Final = re.compile(
    r"(?i:secret|passw(?:or)?d|passphrase|auth_?code|(?:dev|device|api|access|private)[_-]?key|token|salt)(?i:[_-]?key)?\d*\Z"
    r"|(?:(?<![a-z])sign|S(?:ign|IGN))(?i:ature)?(?i:key)?\Z"
    r"|\A(?i:authorization)\Z"
)
_OPENING: Final = re.compile(r"""(\\*+)(["'])""")
_STOP: Final = {quote: re.compile(rf"[{quote}\n]") for quote in "\"'"}
_BARE: Final = re.compile(r"(?:(?:Bearer|Basic|Digest)[ ]++|[|>][+-]?\s++)?+[^\s,;&}\]\#]++", re.IGNORECASE)
_URL_LOGIN: Final = re.compile(r"(?P<scheme>\b\w++://)[^/?#\s\"'<>]*@")
_LONG_HEX: Final = re.compile(r"(?<!\w)[0-9a-fA-F]{32,}+(?!\w)")
_LONG_BASE64: Final = re.compile(r"(?<![\w+/])(?=[A-Za-z0-9+/]*\d)(?=[A-Za-z0-9+/]*[A-Z])[A-Za-z0-9+/]{40,}+={0,2}")
_PLAIN_LABEL: Final = re.compile(r"[A-Za-z0-9_.()][A-Za-z0-9_.() -]{0,30}")
_UNFINISHED_WORD: Final = re.compile(rf"[\w+/=-]{{1,{_FRAGMENT_CHARS}}}\Z")

_JOINERS: Final = "\u200c\u200d"
"""Not printable to Python, but what scripts and emoji are written with."""
_SPACES: Final = "\u00a0\u3000"


def mask(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`.

    Masked are values of names such as `secretKey`, `devKey`, `authCode`, `password`, `sign` or `token`, quoted or not,
    also in JSON that stands escaped within JSON; logins in URLs; and long runs of hexadecimal or base64 digits. A path
    (`*_file: …`) is no secret.
    """
    text = _URL_LOGIN.sub(rf"\g<scheme>{MASK}@", text)
    text = mask_named(text)
    text = _LONG_HEX.sub(MASK, text)
    return _LONG_BASE64.sub(MASK, text)


def mask_named(text: str) -> str:
    """`text` with the values of secret names replaced, and nothing else: identifiers stay legible."""
    # No value stands without one of these signs before it.
    return "".join(_without_named(text)) if ":" in text or "=" in text else text


def without_values(text: str, secrets: Iterable[str]) -> str:
    """`text` without these very values, wherever they stand; of a long text only as much as is ever shown.

    Values of under 4 characters are left: they would be found in every text.
    """
    shown, rest = text[:_SEARCHED], text[_SEARCHED:]
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            shown = shown.replace(secret, MASK)
    return shown + rest


def is_secret_name(name: str) -> bool:
    """Whether what is called `name` is a secret, however it is spelt (`secretKey`, `SECRET_KEY`, `userToken2`)."""
    # only its end decides
    return _SECRET_WORD.search(name, max(len(name) - LABEL_CHARS, 0)) is not None


def printable(text: str) -> str:
    r"""`text` as one line: what a terminal or a reader of lines would act on stands as its escape (`\x1b`, `\u202e`).

    Escaped are control characters and line breaks, marks that turn or hide text, halves of surrogate pairs and what is
    no character. Letters of all scripts, emoji and wide spaces stay.
    """
    if text.isprintable():
        return text
    return "".join(character if _shows(character) else _escape(character) for character in text)


def detail(text: str, most: int = DETAIL_CHARS) -> str:
    """A sentence from outside, masked, in one line and of about `most` characters; how much was left out is said."""
    found = printable(mask(_beginning(text, _READ * most)))
    if len(text) <= _READ * most and len(found) <= most:
        return found
    # within the bound itself, so that to do it again changes nothing
    left_out = f"… ({len(text):,} characters)"
    return found[: most - len(left_out)].rstrip() + left_out


def label(text: str) -> str:
    """A name or code from outside as it is counted and shown: as `detail`, and no more than a table takes."""
    if _PLAIN_LABEL.fullmatch(text):
        return text
    return detail(text, LABEL_CHARS).strip() or "(empty)"


def _beginning(text: str, most: int) -> str:
    """The first `most` characters, without the short end of a word that this cuts off."""
    if len(text) <= most:
        return text
    text = text[:most]
    word = _UNFINISHED_WORD.search(text, most - _FRAGMENT_CHARS)
    whole = word is None or word.end() - word.start() == _FRAGMENT_CHARS
    return text if word is None or whole else text[: word.start()]


def _without_named(text: str) -> Iterator[str]:
    """The pieces of `text`, the values of secret names replaced."""
    at = 0
    while (found := _WORD.search(text, at)) is not None:
        value = found.end()
        yield text[at:value]
        at = value
        word = found["word"]
        # `factor` and `tmp` alone are everyday words: they hold secrets where they are names in JSON
        if is_secret_name(word) or (found["closing"] is not None and word in SECRET_NAMES):
            at = _end_of_value(text, value)
            if at > value:
                yield MASK
    yield text[at:]


def _end_of_value(text: str, start: int) -> int:
    """Where the value that begins at `start` ends: a quoted one behind its quote, or with its line if it has no end."""
    opening = _OPENING.match(text, start)
    if opening is None:
        bare = _BARE.match(text, start)
        return bare.end() if bare is not None else start
    depth, quote = len(opening[1]), opening[2]
    at = opening.end()
    while (stop := _STOP[quote].search(text, at)) is not None:
        at = stop.end()
        if stop[0] == "\n":
            return stop.start()
        before = stop.start()
        while before > opening.end() and text[before - 1] == "\\":
            before -= 1
        escapes = stop.start() - before
        # a quote within the value has more backslashes than those around it (twice as many and one)
        if escapes <= depth or (not depth and escapes % 2 == 0):
            return at
    return len(text)


def _shows(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or character in _SPACES


def _escape(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named is not None:
        return named
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
