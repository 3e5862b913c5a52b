"""Why a connection of a device ended."""

from simulator.measurements import names


class EndReason:
    """Why a connection that had been open ended; short stable words for the summary."""

    STOPPED = names.STOPPED
    REBOOT = names.REBOOT
    POWER_LOST = names.POWER_LOST
    TIMEOUT = "timeout"
    VIOLATION = "protocol violation"
    BROKEN = "internal error"
    """The device broke down by a fault of this program."""
    FLOW_REFUSED = "initial flow refused"
    NO_PONG = "no pong"
    CUTS = frozenset({TIMEOUT, NO_PONG})
    """This side gave up a connection that it took for dead."""

    @staticmethod
    def closed(ending: int | str) -> str:
        """The platform or the network ended it.

        Args:
            ending: a WebSocket's close code (1006: without a close frame), or another transport's word for it.
        """
        return ending if isinstance(ending, str) else f"closed {ending}"

    @staticmethod
    def closed_by_us(ending: int | str) -> str:
        """The device ended it because of what the platform had sent, with this close code or in these words."""
        if isinstance(ending, str):
            return ending
        why = _FAULTS.get(ending)
        return f"closed {ending} by the device" + (f": {why}" if why else "")


_FAULTS = {
    1002: "no proper WebSocket frame",
    1007: "text that is not UTF-8",
    1009: "message too large",
    1011: "internal fault",
}
