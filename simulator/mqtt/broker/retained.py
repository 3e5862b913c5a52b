"""Retained messages: the last of each topic, for whoever subscribes later (standard, 3.3.1.3)."""

from collections.abc import Iterator

from simulator.mqtt.broker.filters import matches
from simulator.mqtt.broker.ports import BrokerSettings


class Retained:
    """All of one broker, bounded."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._most_messages = settings.retained_messages
        self._most_bytes = settings.retained_bytes
        self._by_topic: dict[str, tuple[bytes, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._by_topic)

    def keep(self, topic: str, payload: bytes, qos: int) -> bool:
        """Keep a message instead of the topic's earlier one; an empty payload keeps none.

        Returns:
            False where there is no room. The earlier one is gone all the same: it would be out of date.
        """
        earlier = self._by_topic.pop(topic, None)
        if earlier is not None:
            self._bytes -= len(earlier[0])
        if not payload:
            return True
        if len(self._by_topic) >= self._most_messages or self._bytes + len(payload) > self._most_bytes:
            return False
        self._by_topic[topic] = payload, qos
        self._bytes += len(payload)
        return True

    def matching(self, topic_filter: str) -> Iterator[tuple[str, bytes, int]]:
        """Topic, payload and quality of service of those that a valid filter takes in."""
        if "+" not in topic_filter and "#" not in topic_filter:
            found = self._by_topic.get(topic_filter)
            if found is not None:
                yield topic_filter, *found
            return
        for topic, (payload, qos) in tuple(self._by_topic.items()):
            if matches(topic_filter, topic):
                yield topic, payload, qos
