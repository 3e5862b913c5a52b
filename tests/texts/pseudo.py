"""A language that is no language: every text that is marked comes out as ⟦text⟧, so that what nobody marked stands out.

Values stand outside of the brackets: `_("{count} devices", count=3)` is said as `3⟦ devices⟧`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from gettext import NullTranslations

import pytest

from simulator.texts import translation

_VALUE = re.compile(r"(?<!\{)\{\w[^{}]*\}(?!\})|%\(\w+\)\w|%[srd]")
_MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
_QUOTED = re.compile(r"`[^`\n]*`|'[^'\n]*'|\"[^\"\n]*\"")
_SENTENCE = re.compile(r"(?<![\w./:=<>{}@$-])[A-Za-z]{3,}(?: [A-Za-z]{3,})+(?![\w./:=@-])")
"""Words of three letters and more, parted by a blank; no part of a path, a name or a URL."""


class Pseudo(NullTranslations):
    """What `simulator.texts.translation.translations` gives for the language."""

    def gettext(self, message: str) -> str:
        at, parts = 0, []
        for value in _VALUE.finditer(message):
            parts += [_bracketed(message[at : value.start()]), value[0]]
            at = value.end()
        return "".join([*parts, _bracketed(message[at:])])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)


def speak_pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process speak the language until the test is over."""
    speech = Pseudo()
    monkeypatch.setattr(translation, "translations", lambda language: speech)


def unmarked(text: str, names: Iterable[str] = ()) -> Iterator[str]:
    """The sentences in `text` that nobody marked.

    Args:
        names: what stands in it of the reader's own or is said alike in every language.
    """
    text = _MARKED.sub("¦", text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "¦")
    text = _QUOTED.sub("¦", text)
    for found in _SENTENCE.finditer(text):
        yield found[0]


def _bracketed(text: str) -> str:
    # A blank of layout, or a sign, is no text.
    return f"⟦{text}⟧" if any(map(str.isalpha, text)) else text
