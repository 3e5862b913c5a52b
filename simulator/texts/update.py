"""`make texts`: finds every text in the sources and writes it into the catalogues, where its translation belongs.

For developers. Each room has a catalogue of its own. A text that is gone leaves its catalogue, a new one comes without
a translation (or with that of another room), and a test refuses what has none.
"""

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po

from simulator.texts.language import ENGLISH, LANGUAGES

SOURCES: Final = {".py": "python", ".j2": "jinja2", ".js": "javascript"}
ROOTS: Final = ("simulator", "reports")
ROOMS: Final = (("simulator/swarm/web", "web"), ("reports/conformance", "conformance"))
"""Folders with a catalogue of their own beside that of the room above."""
KEYWORDS: Final = {**DEFAULT_KEYWORDS, "Told": None}
"""Whose literals are texts: gettext's functions and `simulator.texts.told.Told`."""
DECLARED: Final = ("simulator/conform/", "simulator/judge/")
"""Where texts are declared by the hundred, and every literal of several words is one: no mark could say more."""
NO_TEXTS: Final = ("reference.py", "default_scenario.py")
"""Of these the files that make documents and scenarios."""
_CHINESE: Final = re.compile("[\u3400-\u9fff]")
"""What the document says is quoted as it is."""
_OPTIONS: Final = {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "trimmed": "true"}
_HEADER: Final = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


def main(checkout: Path) -> None:
    """Write all catalogues of a checkout anew."""
    for path, text in updated(checkout).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(checkout)} written")  # noqa: T201 - a developer's tool


def updated(checkout: Path) -> dict[Path, str]:
    """The text of each catalogue as the sources demand it, with the translations that there are."""
    found = texts(checkout)
    catalogues: dict[Path, str] = {}
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        folder = checkout / "simulator" / "texts" / language
        known = {path.stem: _read(path, language) for path in sorted(folder.glob("*.po"))}
        for room, messages in found.items():
            own = known.get(room, Catalog(locale=language))
            fresh = Catalog(locale=language)
            for message in messages:
                before = _translated(message, [own, *known.values()])
                fresh.add(message.id, before, flags=message.flags, context=message.context)
            catalogues[folder / f"{room}.po"] = _written(fresh, language)
    return catalogues


def texts(checkout: Path) -> dict[str, list[Message]]:
    """Every text that the sources mark, by room, each once and in the order in which they stand."""
    found: dict[str, dict[tuple[Any, str | None], Message]] = {}
    for path in _sources(checkout):
        room = room_of(path.relative_to(checkout).as_posix())
        with path.open("rb") as source:
            marked = extract(SOURCES[path.suffix], source, keywords=KEYWORDS, options=dict(_OPTIONS))
            messages = [Message(text, context=context) for _line, text, _comments, context in marked]
        declared = path.relative_to(checkout).as_posix().startswith(DECLARED) and path.name not in NO_TEXTS
        if declared and path.suffix == ".py":
            messages += map(Message, _sentences(path.read_text(encoding="utf-8")))
        for message in messages:
            if not message.id:
                raise ValueError(f"{path}: an empty text is marked")
            found.setdefault(room, {}).setdefault((_key(message.id), message.context), message)
    return {room: list(messages.values()) for room, messages in sorted(found.items())}


def room_of(path: str) -> str:
    """The catalogue of a source file (its path within the checkout, with slashes)."""
    for folder, room in ROOMS:
        if path.startswith(f"{folder}/"):
            return room
    parts = path.split("/")
    return "reports" if parts[0] == "reports" else parts[1] if len(parts) > 2 else "base"


def _sentences(source: str) -> Iterator[str]:
    """Literals of several words, without documentation, what errors of this program say, and parts of f-strings."""
    tree = ast.parse(source)
    others: set[int] = set()
    for node in ast.walk(tree):
        documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if documents or isinstance(node, ast.Raise | ast.JoinedStr):
            others.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "Ended":
            others.difference_update(map(id, ast.walk(node)))
        if isinstance(node, ast.AnnAssign):
            others.update(map(id, ast.walk(node.annotation)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in others:
            text = node.value
            # A backslash stands in patterns alone.
            if " " in text.strip() and "\\" not in text and not _CHINESE.search(text):
                yield text


def _key(text: Any) -> Any:
    return tuple(text) if isinstance(text, list) else text


def _sources(checkout: Path) -> Iterator[Path]:
    for root in ROOTS:
        for path in sorted((checkout / root).rglob("*")):
            if path.suffix in SOURCES and not path.name.endswith(".min.js"):
                yield path


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=language)


def _translated(message: Message, catalogues: list[Catalog]) -> Any:
    """The first translation that there is; the shape of an empty one if none."""
    for catalogue in catalogues:
        before = catalogue.get(message.id, context=message.context)
        if before is not None and before.string and any(before.string):
            return before.string
    return ("",) if message.pluralizable else ""


def _written(catalogue: Catalog, language: str) -> str:
    out = BytesIO()
    write_po(out, catalogue, width=120, no_location=True, omit_header=True, ignore_obsolete=True)
    return _HEADER.format(language=language) + out.getvalue().decode()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
