"""What may be wrong with a dispatch URL, where whoever answers there is no dispatch service: a word beside the fact."""

from typing import Final

from yarl import URL

from simulator.measurements.names import NO_HTTP
from simulator.protocol.broker import LOOKUP_PATH
from simulator.texts.told import Told

_NOT_FOUND: Final = frozenset({404, 405, 501})
_UPGRADE_REQUIRED: Final = 426


def advice(url: URL, kind: str, status: int = 0, said: str = "") -> str:
    """What to look at; empty where nothing is known.

    Args:
        url: that was asked for.
        kind: of the failure (`NO_HTTP` where there was no answer in HTTP).
        status: of the answer, where there was one, and what it `said`.
    """
    if status == _UPGRADE_REQUIRED or "websocket" in said.lower():
        return Told(
            "a WebSocket server answers there, as a broker does: the dispatch service has an address of its own"
        )
    if status in _NOT_FOUND:
        base = url.path.removesuffix(LOOKUP_PATH)
        if base:
            return Told("is {path} right? The address is what precedes {look_up}", path=base, look_up=LOOKUP_PATH)
        return Told(
            "does the dispatch service have another address? It is what precedes {look_up}", look_up=LOOKUP_PATH
        )
    if kind == NO_HTTP and url.scheme == "http":
        return Told("does the port want https://, or is it the one of an MQTT broker?")
    return ""
