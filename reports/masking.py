"""Keeps secrets out of reports: what looks like a key, a token or a password is replaced before anything is written."""

from functools import lru_cache

from simulator.shown import MASK, mask

__all__ = ["MASK", "mask", "mask_document"]


@lru_cache(maxsize=4)
def mask_document(text: str) -> str:
    """`mask` for a long text that is asked for again and again, as a scenario is by each checkpoint of its run."""
    return mask(text)
