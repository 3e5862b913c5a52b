"""Takes the secrets out of a decoded message before a person sees it.

Which names hold secrets is said in `simulator.shown`; the values of all others are shown, masked where they look like a
secret all the same or hold one that is known, and long ones shortened.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from simulator.shown import MASK, SECRET_NAMES, is_secret_name, mask_named, without_values

__all__ = ["MASK", "SECRET_NAMES", "masked", "secret_values"]

_LONGEST = 120
_SHOWN = 32
_DEEPEST = 32
"""Levels of lists and objects; the protocol's own messages have four."""


def masked(value: Any, secrets: Collection[str] = (), _depth: int = 0) -> Any:
    """A copy of a decoded message without secrets; texts over 120 characters are cut.

    Args:
        secrets: Values that are known, and taken out wherever they stand: before a text is cut, of which the beginning
            of one would be left.
    """
    if isinstance(value, str):
        return _shown(value, secrets)
    if not isinstance(value, dict | list):
        return value
    if _depth >= _DEEPEST:
        return "…"
    if isinstance(value, list):
        return [masked(item, secrets, _depth + 1) for item in value]
    return {
        _shown(name, secrets): MASK if item and _is_secret(name) else masked(item, secrets, _depth + 1)
        for name, item in value.items()
    }


def secret_values(value: Any, but: Collection[str] = (), _depth: int = 0) -> Iterator[str]:
    """The texts that stand under the names of secrets in a decoded message, `but` for some names."""
    if _depth >= _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from secret_values(item, but, _depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and _is_secret(name):
                if name not in but:
                    yield item
            else:
                yield from secret_values(item, but, _depth + 1)


def _is_secret(name: str) -> bool:
    # The names of a protocol are few and short; what a peer makes up is kept by nobody.
    return _known(name) if len(name) <= _SHOWN else _found(name)


def _found(name: str) -> bool:
    return name in SECRET_NAMES or is_secret_name(name)


_known = lru_cache(maxsize=1_024)(_found)


def _shown(text: str, secrets: Collection[str]) -> str:
    text = without_values(text, secrets)
    if len(text) <= _LONGEST:
        return mask_named(text)
    return f"{mask_named(text[:_LONGEST])[:_SHOWN]}… ({len(text)} characters)"
