"""Texts from outside within Markdown: shown as they are, whatever Markdown or HTML stands in them.

Written for GitHub's and GitLab's dialect, in which pipes end a table's cell even within code.
"""

import re
from typing import Final

from simulator.shown import printable

_SPECIAL: Final = re.compile(r"[\\*_{}\[\]<>#|~!$]")
_FENCES: Final = re.compile(r"`{2,}")
_PLAIN: Final = re.compile(r"[\w .,:()/%+-]*")
_PIPE: Final = re.compile(r"(\\*)\|")
_RUNS: Final = re.compile(r"`+")


def code(text: str) -> str:
    """A name as code."""
    text = printable(text)
    fence = "`" * (max(map(len, _RUNS.findall(text)), default=0) + 1)
    room = " " if len(fence) > 1 else ""
    # in a cell a pipe is escaped even in code, and backslashes before it must not undo that
    text = _PIPE.sub(r"\1\1\|", text)
    return f"{fence}{room}{text}{room}{fence}"


def word(text: str) -> str:
    """A name in a list: as it is where it is plain letters and digits, else as code."""
    return text if _PLAIN.fullmatch(text) and text.isprintable() else code(text)


def sentence(text: str) -> str:
    """Prose, in which only what stands between two backticks is code."""
    text = _FENCES.sub("'", printable(text))
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = [f"{parts[-2]}'{parts[-1]}"]
    shown = [_prose(part) if number % 2 == 0 else code(part) for number, part in enumerate(parts)]
    found = "".join(shown)
    return f"\\{found}" if found[:1] in ("+", "-", "=") else found


def _prose(text: str) -> str:
    escaped = _SPECIAL.sub(lambda match: f"\\{match[0]}", text.replace("&", "&amp;"))
    # a forge would tell the person of that name
    return escaped.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("@", "&#64;")
