"""Which connections of this process present which client id: a broker lets only the newest live (3.1.4)."""


class ClientIds:
    """The connections that have presented themselves and have not ended, by client id."""

    __slots__ = ("_connections",)

    def __init__(self) -> None:
        self._connections: dict[str, tuple[object, ...]] = {}
        """In the order in which they did."""

    def enter(self, client_id: str, connection: object) -> None:
        """`connection` presents itself as `client_id` now."""
        self._connections[client_id] = (*self._connections.get(client_id, ()), connection)

    def leave(self, client_id: str, connection: object) -> bool:
        """`connection` has ended; returns whether a newer one has presented itself with the same client id.

        Its CONNACK may still be on its way: a broker ends the older one first.
        """
        known = self._connections.get(client_id, ())
        others = tuple(each for each in known if each is not connection)
        if others:
            self._connections[client_id] = others
        else:
            self._connections.pop(client_id, None)
        return bool(known) and connection in known and known[-1] is not connection

    def __len__(self) -> int:
        return len(self._connections)
