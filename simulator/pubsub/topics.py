"""Topics of a profile, either way: filled in for one device, as a filter for all of them, and read back into values."""

import re
from typing import Final

from simulator.pubsub.templates import OF_TOPIC, checked, fill, pieces, placeholders
from simulator.texts.translation import _

_LEVEL: Final = "/"
_VALUE: Final = r"[^/\0]+"
NAMES_THE_DEVICE: Final = frozenset(("sn", "deviceName"))


class Topics:
    """The topics of one template, such as `best/{productId}/{sn}/up`.

    Raises:
        ValueError: If it is no template of topics, or none that can be read back.
    """

    __slots__ = ("_pattern", "filter", "template")

    def __init__(self, template: str) -> None:
        checked(template, OF_TOPIC)
        wildcard = next((character for character in "+#" if character in template), None)
        if wildcard is not None:
            raise ValueError(
                _("holds '{wildcard}': a topic names one device by placeholders, and is no filter", wildcard=wildcard)
            )
        levels = template.split(_LEVEL)
        for level in levels:
            names = placeholders(level)
            if len(names) > 1:
                both = _(" and ").join(f"{{{name}}}" for name in names)
                raise ValueError(
                    _("{both} stand in one level, so that nobody can tell where one ends: put a / between", both=both)
                )
        self.template: Final = template
        self.filter: Final = _LEVEL.join("+" if placeholders(level) else level for level in levels)
        """For SUBSCRIBE: each level with a placeholder is `+`. It may match more than `read` takes."""
        self._pattern: Final = re.compile(_pattern(template))

    def __repr__(self) -> str:
        return f"Topics({self.template!r})"

    @property
    def placeholders(self) -> frozenset[str]:
        """What `of` needs."""
        return frozenset(placeholders(self.template))

    def of(self, **values: str | None) -> str:
        """The topic with these values, by the names of placeholders; those it has no place for are ignored.

        Raises:
            CannotFill: If one is missing, or cannot stand in a topic.
        """
        return fill(self.template, values, key="topic", in_topic=True)

    def read(self, topic: str) -> dict[str, str] | None:
        """The values that stand in a topic, by placeholder; None for a topic of another form."""
        match = self._pattern.fullmatch(topic)
        return None if match is None else match.groupdict()


def _pattern(template: str) -> str:
    parts: list[str] = []
    seen: set[str] = set()
    for literal, name in pieces(template):
        parts.append(re.escape(literal))
        if name is not None:
            # Named twice it must be the same twice.
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_VALUE})")
            seen.add(name)
    return "".join(parts)
