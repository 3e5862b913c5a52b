"""What a broker may bring a link: messages twice, or of an earlier connection of a session that it has kept."""

from collections.abc import Container, Mapping
from typing import Any

from simulator.device.environment import Connection
from simulator.protocol.channel.base import DeviceChannel
from simulator.pubsub.profile import Profile
from simulator.texts.told import Told


class OverMqtt:
    """One connection with a broker, and the first reply to each mid on it."""

    def __init__(self, profile: Profile) -> None:
        self._most = profile.max_packet
        self._answers: dict[str, Mapping[str, Any]] = {}

    def answered(self, mid: str, message: Mapping[str, Any]) -> None:
        """A reply came to what waited for it."""
        self._answers[mid] = message

    def too_large(self, payload: bytes) -> str:
        """Why no device could publish, or be sent, this payload; empty where it could."""
        size = len(payload)
        return (
            Told("a payload of {size} bytes; by the profile it has {most} at most", size=size, most=self._most)
            if size > self._most
            else ""
        )

    def may_repeat(self, connection: Connection, mid: str, message: Mapping[str, Any], sent: Container[str]) -> bool:
        """Whether the transport may have brought a reply that nothing waits for.

        Args:
            sent: The mids of this connection.
        """
        return (connection.resumed and mid not in sent) or self._answers.get(mid) == message

    def of_old_keys(self, connection: Connection, channel: DeviceChannel, *, reported: bool) -> bool:
        """Whether what cannot be read may be of the connection before, sealed with its keys."""
        return connection.resumed and channel.has_exchange and (connection.redelivered or not reported)
