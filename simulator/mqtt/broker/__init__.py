"""A small MQTT 3.1.1 broker: needs no installation, and carries a fleet of some ten thousand devices in one process."""

from simulator.mqtt.broker.broker import Attached, Broker
from simulator.mqtt.broker.ports import Authority, BrokerSettings, Everybody, Interference, OnEvent, Receive
from simulator.mqtt.broker.server import BrokerServer, serve, server_of

__all__ = [
    "Attached",
    "Authority",
    "Broker",
    "BrokerServer",
    "BrokerSettings",
    "Everybody",
    "Interference",
    "OnEvent",
    "Receive",
    "serve",
    "server_of",
]
