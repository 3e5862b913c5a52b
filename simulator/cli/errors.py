"""What a user can mend, as opposed to a fault of this program: shown as a message, without a traceback, exit code 2."""

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """A wrong command line, file or scenario; the text is what the user reads and may have several lines."""


class ScenarioProblemsError(UsageError):
    """What is wrong with scenarios or identities: a line each that begins with the file, as editors and CI parse it."""


def closest_word(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, if any is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return near[0] if near else None
