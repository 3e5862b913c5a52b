"""Frames on sockets: WebSocket connections, client and server side, over TLS or not. Knows nothing of BEST."""

from simulator.wire.client import connect
from simulator.wire.connection import Connection
from simulator.wire.errors import ConnectFailed, FailureKind, ListenFailed, TlsFileError, WireError
from simulator.wire.handler import MessageHandler, OnError, WritableHandler
from simulator.wire.server import Server, ServerConnection, serve

__all__ = [
    "ConnectFailed",
    "Connection",
    "FailureKind",
    "ListenFailed",
    "MessageHandler",
    "OnError",
    "Server",
    "ServerConnection",
    "TlsFileError",
    "WireError",
    "WritableHandler",
    "connect",
    "serve",
]
