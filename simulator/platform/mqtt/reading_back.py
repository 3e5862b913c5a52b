"""From what a client presents back to the values it was made of, by a profile's template.

A template may be ambiguous (`{productId}{deviceName}`): every way to read it is given, and whoever knows the devices
chooses.
"""

from collections.abc import Iterator, Mapping

from simulator.pubsub.templates import pieces

_SAME = {"deviceName": "sn"}
"""Placeholders that are other names of one value."""


def ways_to_read(template: str, text: str, known: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The values of all placeholders, each way in which `text` may have come of `template`.

    Args:
        known: values that are certain; a text with another one there is not read.
    """
    parts = tuple((literal, _SAME.get(name, name) if name else None) for literal, name in pieces(template))
    yield from _read(parts, 0, text, 0, dict(known))


def _read(
    parts: tuple[tuple[str, str | None], ...], part: int, text: str, at: int, values: dict[str, str]
) -> Iterator[dict[str, str]]:
    literal, name = parts[part]
    if not text.startswith(literal, at):
        return
    at += len(literal)
    if name is None:
        if at == len(text):
            yield values
        return
    value = values.get(name)
    if value is not None:
        if text.startswith(value, at):
            yield from _read(parts, part + 1, text, at + len(value), values)
        return
    for end in range(at + 1, len(text) + 1):
        yield from _read(parts, part + 1, text, end, {**values, name: text[at:end]})
