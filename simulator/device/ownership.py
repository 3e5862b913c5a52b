"""What a device does with what refers to something that it does not know, and with a second list of members.

The document says neither (docs/deviations.md, Commands).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeVar

T = TypeVar("T")


class Owners(Protocol):
    """Who is known."""

    def __contains__(self, owner: str, /) -> bool: ...


class Unknown(Enum):
    """What becomes of an item of a command that belongs to somebody or something unknown."""

    KEEP = "keep"
    """It waits for its owner, who may come later."""
    REFUSE = "refuse"
    """The command is refused as a whole."""
    IGNORE = "ignore"
    """It is left out; the others are kept, and the command succeeds."""


class UnknownOwner(Exception):  # noqa: N818 - a state of the memory, named for it
    """Something belongs to nobody who is known; nothing was changed. The text says what, for the command's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """How a group's devices keep things.

    Attributes:
        persons: what becomes of cards and biometric photos of unknown users.
        meetings: what becomes of members of unknown meetings.
        members_replace: whether a list of members takes the place of the earlier one; else it adds to it.
    """

    persons: Unknown = Unknown.KEEP
    meetings: Unknown = Unknown.KEEP
    members_replace: bool = False


AS_USUAL: Final = Ownership()


def belonging(items: Iterable[tuple[str, T]], owners: Owners, unknown: Unknown, what: str) -> list[T]:
    """Those of `items`, each with its owner, that are to be kept.

    Args:
        what: an owner, for people.

    Raises:
        UnknownOwner: If one has an unknown owner, and that is refused.
    """
    kept = []
    for owner, item in items:
        if unknown is Unknown.KEEP or owner in owners:
            kept.append(item)
        elif unknown is Unknown.REFUSE:
            raise UnknownOwner(f"unknown {what}: {owner[:64]}")
    return kept
