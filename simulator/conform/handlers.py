"""What a connection tells, handed to the tester's link: of a WebSocket, and of one with an MQTT broker."""

from typing import Protocol

from simulator.device.environment import Connection


class Linked(Protocol):
    """The link, as its connection's handler calls it."""

    def connection_opened(self, connection: Connection) -> None: ...

    def frame_arrived(self, payload: bytes, binary: bool) -> None: ...

    def payload_arrived(self, payload: bytes) -> None: ...

    def broker_is_unusual(self, what: str) -> None: ...

    def pong_arrived(self) -> None: ...

    def connection_ended(self, code: int | str, reason: str, detail: str) -> None: ...


class WebSocketHandler:
    """A link as its connection sees it."""

    def __init__(self, link: Linked) -> None:
        self._link = link

    def opened(self, connection: Connection) -> None:
        self._link.connection_opened(connection)

    def message(self, payload: bytes, binary: bool) -> None:
        self._link.frame_arrived(payload, binary)

    def ponged(self) -> None:
        self._link.pong_arrived()

    def closed(self, code: int, reason: str, detail: str) -> None:
        self._link.connection_ended(code, reason, detail)


class MqttHandler:
    """A link as its connection with an MQTT broker sees it."""

    def __init__(self, link: Linked) -> None:
        self._link = link

    def opened(self, connection: Connection) -> None:
        self._link.connection_opened(connection)

    def ponged(self) -> None:
        self._link.pong_arrived()

    def closed(self, code: str, reason: str, detail: str) -> None:
        self._link.connection_ended(code, reason, detail)

    def message(self, payload: bytes, binary: bool) -> None:
        self._link.payload_arrived(payload)

    def unusual(self, what: str) -> None:
        self._link.broker_is_unusual(what)
