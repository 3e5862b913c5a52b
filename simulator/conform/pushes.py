"""A command that the platform pushed, as the tester took it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.judge.commands import ReadCommand
from simulator.protocol.codes import MALFORMED, SUCCESS


@dataclass(slots=True)
class Push:
    """One command, at one moment, on one connection."""

    which: int
    """Of the tester's devices."""
    connection: int
    """Number of the connection: equal for commands of the same one."""
    at: float
    """Epoch seconds."""
    message: Mapping[str, Any]
    """As it came."""
    size: int
    """Bytes of its JSON."""
    read: ReadCommand
    """As it is meant: `func_id`, `mid`, `cmd_id`, `params`, and what departs from the letter."""
    online: bool
    """Whether the report of its connection had been accepted."""
    answered: str | None = None
    """The code it was answered with; None while, or because, it was not."""

    @property
    def func_id(self) -> str:
        """Which command it is."""
        return self.read.func_id


OnPush = Callable[[Push], str | None]
"""Says with which code a command is answered; None leaves it without an answer."""


def take(push: Push) -> str | None:
    """Every command is answered with success, but one that cannot be used, as a device of a run does."""
    return SUCCESS if push.read.judgement.unusable is None else MALFORMED


def leave(push: Push) -> str | None:
    """No command is answered."""
    return None
