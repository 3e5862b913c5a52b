"""Keeps secrets out of reports: what looks like a key, a token or a password is replaced before anything is written."""

import re
from functools import lru_cache
from typing import Final

from simulator.shown import MASK, mask

__all__ = ["MASK", "mask", "mask_document"]

_BARE_PASSWORD: Final = re.compile(
    # YAML's text without quotes: to the end of the line, or within braces to the comma or brace behind it
    r"""(?m)(?P<line>^[ \t]*+(?:-[ \t]++)?+password[ \t]*+:[ \t]++)[^\s"'{\[#][^\n]*+"""
    r"""|(?P<flow>[{,]\s*+password[ \t]*+:[ \t]++)[^\s"'{\[#][^,{}\[\]\n]*+"""
)


@lru_cache(maxsize=4)
def mask_document(text: str) -> str:
    """`mask` for a long text that is asked for again and again, as a scenario is by each checkpoint of its run.

    A password of a scenario may hold blanks and marks, at which `mask` takes a value for ended.
    """
    return mask(_BARE_PASSWORD.sub(lambda found: (found["line"] or found["flow"]) + MASK, text))
