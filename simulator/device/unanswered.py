"""The requests of a device that wait for their replies, by mid."""

from collections.abc import Callable

from simulator.device.replies import Pending


class Unanswered(dict[str, Pending]):
    """Belongs to one connection; over a transport that goes on after a cut, to those that follow each other.

    Attributes:
        on_empty: called once, by whoever takes the last one out.
    """

    __slots__ = ("on_empty",)

    def __init__(self) -> None:
        super().__init__()
        self.on_empty: Callable[[], None] | None = None

    def emptied(self) -> None:
        """One was taken out and settled; asked only where somebody waits for the last one."""
        if not self and (callback := self.on_empty) is not None:
            self.on_empty = None
            callback()
