"""Ways in which the platform of the tests answers a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.device.fake_platform import Link


Message = dict[str, Any]
Answer = Callable[["Link", Message], None]


def ok(**results: Any) -> Answer:
    """Success, with these results."""
    return lambda link, message: link.reply(message, results=results or None)


def refuse(code: str = "E0000006") -> Answer:
    """This code."""
    return lambda link, message: link.reply(message, code)


def silent(link: Link, message: Message) -> None:
    """No answer."""


def late(seconds: float, answer: Answer | None = None) -> Answer:
    """The usual answer, or `answer`, after so many seconds."""
    return lambda link, message: link.platform.after(seconds, answer or usual, link, message)


def twice(link: Link, message: Message) -> None:
    """The usual answer, and again."""
    usual(link, message)
    usual(link, message)


def usual(link: Link, message: Message) -> None:
    """What the platform answers of itself."""
    link.answer(message)


def garbage(payload: bytes = b"{", binary: bool = False) -> Answer:
    """A frame that is no message."""
    return lambda link, message: link.transmit(payload, binary)


def closes(code: int = 1001) -> Answer:
    """The platform closes the connection."""
    return lambda link, message: link.close(code)


def drops(link: Link, message: Message) -> None:
    """The connection is gone without a close frame."""
    link.close(1006)


def raw(**fields: Any) -> Answer:
    """A reply with these members, `mid` added."""
    return lambda link, message: link.say({"mid": message["mid"], **fields})
