"""What a device does with a connection, as its lifecycle sees it: the two know each other by this alone."""

from typing import Any, Protocol

from simulator.device.online import Online


class Stay(Protocol):
    """What the rest of the device does with a connection."""

    def report_params(self) -> dict[str, Any]: ...

    def went_online(self, online: Online) -> None: ...

    def went_offline(self) -> None: ...

    def command(self, message: dict[str, Any], size: int, unreadable: str) -> None: ...
