"""Full-width punctuation, as an input method for Chinese types it where a machine reads narrow marks."""

import re
import unicodedata
from typing import Final

_PLAIN: Final = str.maketrans("“”‘’。、《》【】", "\"\"''.,<>[]")
_WIDE: Final = re.compile("[：，；。、［］｛｝（）【】《》“”‘’＂＇－＃＜＞＝！％／．＋＊？＠＆＼]")


def first_wide(text: str) -> tuple[int, str, str] | None:
    """Where the first such mark stands (an index), the mark, and the narrow one that is meant; None without any."""
    found = _WIDE.search(text)
    return None if found is None else (found.start(), found[0], narrowed(found[0]))


def narrowed(text: str) -> str:
    """The text with narrow marks, letters and digits."""
    return unicodedata.normalize("NFKC", text.translate(_PLAIN))
