"""How a peer can break the channel's rules."""

from enum import Enum


class ChannelFault(Enum):
    """Which of the channel's rules was broken."""

    FRAME = "frame"
    """A frame of the wrong type, or too short."""
    PLAIN = "plain"
    """A message in the clear where everything is encrypted."""
    COUNTER = "counter"
    """A frame that is not the next one in turn."""
    TAG = "tag"
    """A frame that was not sealed with the session's key."""
    KEY = "key"
    """A public key or a factor that cannot be used, or comes out of turn."""
    IV = "iv"
    """An initialisation vector that was used before; the message can be read all the same."""


class ChannelViolation(Exception):  # noqa: N818 - the protocol's own word for what the peer did
    """The peer broke the channel's rules; the receiver closes the connection with status 1008.

    The text says which rule, and never holds key material or a message's content.
    """

    def __init__(self, text: str, fault: ChannelFault = ChannelFault.FRAME) -> None:
        super().__init__(text)
        self.fault = fault


class ExchangeRefused(Exception):  # noqa: N818 - reads as what it is
    """A platform refuses a message of the exchange by its reply, and the connection stays.

    The text is the reply's message; it never holds key material.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
