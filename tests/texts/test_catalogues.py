"""Every text for people has its translation, and the translation names the same values."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from simulator.texts.language import ENGLISH, LANGUAGES
from simulator.texts.update import updated

ROOT = Path(__file__).resolve().parent.parent.parent
FOREIGN = [language for language in LANGUAGES if language != ENGLISH]
MARKS = ("_", "ngettext", "pgettext", "N_", "Told")
LITERALS = {"ngettext": 2, "pgettext": 2}
"""How many of the first arguments must be literals; one where nothing is said."""


def messages(language: str) -> list[tuple[str, Message]]:
    found = []
    for path in sorted((ROOT / "simulator" / "texts" / language).glob("*.po")):
        with path.open("rb") as source:
            found += [(path.stem, message) for message in read_po(source, locale=language) if message.id]
    return found


ARTICLES = {"article"}
"""Values that stand for a word which other languages do without."""


def forms(of: Any) -> list[str]:
    return [of] if isinstance(of, str) else list(of)


def values_in(text: str) -> set[str]:
    """The names in braces, of Python's and of JavaScript's kind, and `%(name)s` of templates."""
    names = set(re.findall(r"%\((\w+)\)s", text))
    try:
        return names | {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return names


@pytest.mark.parametrize("language", FOREIGN)
def test_the_catalogues_hold_what_the_sources_say(language: str) -> None:
    folder = ROOT / "simulator" / "texts" / language
    wanted = {path: text for path, text in updated(ROOT).items() if path.parent == folder}
    there = {path: path.read_text(encoding="utf-8") for path in folder.glob("*.po")}
    assert {path.name for path in there} == {path.name for path in wanted}, "make texts; remove catalogues of no room"
    differ = [path.name for path, text in wanted.items() if there[path] != text]
    assert not differ, f"make texts, then translate what is new in {', '.join(differ)}"


@pytest.mark.parametrize("language", FOREIGN)
def test_no_text_lacks_a_translation(language: str) -> None:
    missing = [f"{room}: {m.id}" for room, m in messages(language) if not m.string or not all(forms(m.string))]
    fuzzy = [f"{room}: {m.id}" for room, m in messages(language) if m.fuzzy]
    assert not missing, "\n".join(missing)
    assert not fuzzy, "\n".join(fuzzy)


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_names_the_same_values(language: str) -> None:
    wrong = []
    for room, message in messages(language):
        allowed = set().union(*(values_in(each) for each in forms(message.id)))
        needed = values_in(forms(message.id)[-1])
        wrong += [
            f"{room}: {message.id!r} -> {translated!r}"
            for translated in forms(message.string)
            if not needed - ARTICLES <= values_in(translated) <= allowed
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", FOREIGN)
def test_one_text_has_one_translation(language: str) -> None:
    known: dict[tuple[Any, str | None], Any] = {}
    differ = [
        f"{room}: {message.id}"
        for room, message in messages(language)
        if known.setdefault((message.id, message.context), message.string) != message.string
    ]
    assert not differ, "\n".join(differ)


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    paths = [*(ROOT / "simulator").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def test_a_marked_text_is_a_literal() -> None:
    """`_(f"...")` and `_(name)` are in no catalogue; a kept text is marked by `N_` where it stands."""
    wrong = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in MARKS:
                continue
            first = node.args[: LITERALS.get(node.func.id, 1)]
            if any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in first):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_no_text_is_marked_within_an_f_string() -> None:
    """Up to Python 3.11 an f-string is one token and Babel finds no text in it, which so would have no translation."""
    wrong = []
    for path, tree in sources():
        for string_node in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
            for node in ast.walk(string_node):
                marks = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS
                if marks and any(isinstance(each, ast.Constant) for each in node.args):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_the_sources_have_texts() -> None:
    assert len(messages(FOREIGN[0])) > 3_000
