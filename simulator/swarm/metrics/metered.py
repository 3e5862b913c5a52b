"""A run as its metrics see it."""

from typing import Any, Protocol

from reports.output import RunView


class MeteredRun(RunView, Protocol):
    """What is read of it; nothing is changed."""

    run_id: str
    ended: float | None
    """Epoch seconds; None while it goes on."""

    order: Any
    """None until it has begun."""

    @property
    def summary(self) -> dict[str, Any] | None:
        """What its reports say, once it has ended."""

    @property
    def code(self) -> int:
        """Its exit code, once it has ended."""
