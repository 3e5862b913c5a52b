"""Why a connection of a device ended."""

from simulator.measurements import names


class EndReason:
    """Why a connection that had been open ended; short stable words for the summary."""

    STOPPED = names.STOPPED
    REBOOT = names.REBOOT
    TIMEOUT = "timeout"
    VIOLATION = "protocol violation"
    BROKEN = "internal error"
    """The device broke down by a fault of this program."""
    FLOW_REFUSED = "initial flow refused"
    NO_PONG = "no pong"

    @staticmethod
    def closed(code: int) -> str:
        """The platform or the network ended it, with this WebSocket close code (1006: without a close frame)."""
        return f"closed {code}"

    @staticmethod
    def closed_by_us(code: int) -> str:
        """The device ended it and sent this WebSocket close code, because of what the platform had sent."""
        why = _FAULTS.get(code)
        return f"closed {code} by the device" + (f": {why}" if why else "")


_FAULTS = {
    1002: "no proper WebSocket frame",
    1007: "text that is not UTF-8",
    1009: "message too large",
    1011: "internal fault",
}
