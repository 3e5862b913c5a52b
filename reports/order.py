"""The order of rows in every table: the protocol's own, then whatever else was measured, by name."""

from collections.abc import Iterable

from simulator.measurements.names import KNOWN_NAMES, name_of

_PLACES = {name: place for place, name in enumerate(KNOWN_NAMES)}


def in_order(names: Iterable[str]) -> list[str]:
    """Names or tags as the protocol orders them; unknown ones last, by name."""
    return sorted(names, key=lambda name: (_PLACES.get(name_of(name), len(_PLACES)), name))
