"""How Locust's parser tells a wrong command line: by the command that was called, in the reader's language."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from simulator.closest import closest
from simulator.exit_codes import ExitCode
from simulator.texts import argparse_texts
from simulator.texts.translation import _

OURS: Final = "best-fleet run"
_AS_MODULE: Final = "__main__.py"
"""What `python -m locust` is called, which `best-fleet run` becomes."""

_UNKNOWN: Final = "unrecognized arguments: %s"
"""What argparse says, and ConfigArgParse in English alone."""


def install(parser: Any) -> None:
    """Have the parser do so. Harmless when done again."""
    argparse_texts.install()
    if Path(sys.argv[0]).name == _AS_MODULE:
        parser.prog = OURS

    def error(message: str) -> NoReturn:
        unknown = None
        for sentence in _UNKNOWN, _(_UNKNOWN):
            before = sentence.removesuffix("%s")
            if message.startswith(before):
                unknown = unknown_option(parser, message.removeprefix(before).split())
        sys.stderr.write(_("%(prog)s: error: %(message)s\n") % {"prog": parser.prog, "message": unknown or message})
        sys.exit(ExitCode.USAGE)

    parser.error = error


def unknown_option(parser: Any, rest: Sequence[str]) -> str | None:
    """What is wrong with the first option that the parser does not know; None where `rest` holds none.

    Args:
        rest: what the parser made nothing of.
    """
    word = next((word.split("=", 1)[0] for word in rest if word.startswith("-")), None)
    if word is None:
        return None
    hint = closest(word, [option for action in parser._actions for option in action.option_strings])
    return _("there is no option {word}", word=word) + (_(" (did you mean {hint}?)", hint=hint) if hint else "")
