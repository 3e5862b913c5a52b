"""What one device says and hears, written down for people or as JSON lines: decrypted, without secrets, times in ms."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any, Protocol

import orjson

from simulator.clock import Clock
from simulator.printing import safe
from simulator.protocol.envelope import MalformedMessage, UnreadableMessage, decode
from simulator.protocol.masking import masked, secret_values
from simulator.shown import mask_named, printable, without_values

_MOST_SECRETS = 1_000
_MOST_CREDENTIALS = 32
_OF_PERSONS = frozenset({"password", "passwordSalt", "tmp"})
DIRECTIONS = {">": "sent", "<": "received"}
"""Of a trace's marks, in words for machines."""


class Out(Protocol):
    """Where a trace goes; any text stream is one."""

    def write(self, line: str, /) -> object: ...

    def flush(self) -> object: ...


class MessageMask:
    """Takes the secrets out of the messages of one device.

    Attributes:
        secrets: what stood under the name of a secret so far: the platform may repeat it anywhere.
    """

    def __init__(self) -> None:
        self.secrets: dict[str, None] = {}

    def knows(self, secrets: Iterable[str]) -> None:
        """Take these out as well, wherever they stand."""
        for secret in secrets:
            if len(self.secrets) < _MOST_SECRETS:
                self.secrets[secret] = None

    def masked(self, message: dict[str, Any]) -> Any:
        """A copy of a decoded message that may be shown."""
        self.knows(secret_values(message))
        return masked(message, self.secrets)


class CredentialMask(MessageMask):
    """A mask that costs a bounded time a message, however many people were in those before.

    What stands under the name of a secret is masked as ever. Elsewhere only credentials are looked for, the latest
    ones, and not the passwords and templates of persons: a message may have hundreds of those.
    """

    def knows(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            self.secrets.pop(secret, None)
            self.secrets[secret] = None
            if len(self.secrets) > _MOST_CREDENTIALS:
                del self.secrets[next(iter(self.secrets))]

    def masked(self, message: dict[str, Any]) -> Any:
        # Of one message no more than half, so that it cannot push out what the device proves itself with.
        self.knows(islice(secret_values(message, _OF_PERSONS), _MOST_CREDENTIALS // 2))
        return masked(message, self.secrets)


def read(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """A decrypted message as far as it can be read (None: not at all), and what is wrong with it."""
    try:
        return decode(data), ""
    except UnreadableMessage as error:
        return error.message, str(error)
    except MalformedMessage as error:
        return None, str(error)


def no_message(data: bytes) -> str:
    """What is shown instead of what `read` could not read."""
    return f"no JSON object, {len(data)} bytes"


class Trace:
    """Writes every message and every event of one device to `out`, as it happens.

    The device goes on whatever becomes of its trace: lines that cannot be written are counted (`lost`).

    Args:
        as_json: one JSON object a line (`t_ms`, and `direction` with `message`, or `event` with `detail`) instead of
            text for people.
    """

    def __init__(self, out: Out, clock: Clock, *, as_json: bool) -> None:
        self._out = safe(out)
        self._clock = clock
        self._as_json = as_json
        self._started = clock.monotonic()
        self._lost = 0
        self._problem = ""
        self._mask = MessageMask()

    @property
    def lost(self) -> str | None:
        """How many lines could not be written, and why the first could not; None when all could."""
        return f"{self._problem} ({self._lost} lines are lost)" if self._lost else None

    def message(self, direction: str, data: bytes) -> None:
        """A decrypted message, `>` sent or `<` received."""
        message, fault = read(data)
        shown = no_message(data) if message is None else self._mask.masked(message)
        if message is not None and fault:
            self.event("unreadable message", fault)
        if self._as_json:
            self._line({"t_ms": self._now(), "direction": DIRECTIONS[direction], "bytes": len(data), "message": shown})
        else:
            self._text(f"{direction} {line_of(shown)}")

    def event(self, what: str, detail: str) -> None:
        """Something that is no message: a state, a lost connection, a finding."""
        what, detail = printable(what), printable(mask_named(without_values(detail, self._mask.secrets)))
        if self._as_json:
            self._line({"t_ms": self._now(), "event": what, "detail": detail})
        else:
            self._text(f"- {what}: {detail}")

    def _now(self) -> float:
        return round((self._clock.monotonic() - self._started) * 1000, 3)

    def _text(self, text: str) -> None:
        self._write(f"{self._now():12.3f} ms  {text}\n")

    def _line(self, fields: dict[str, Any]) -> None:
        self._write(f"{line_of(fields)}\n")

    def _write(self, line: str) -> None:
        try:
            self._out.write(line)
            self._out.flush()
        except BrokenPipeError:
            pass  # Whoever read us went away (head, less), and wants no more.
        except (OSError, ValueError) as error:
            # ValueError: a stream that is closed, or does not know a character.
            self._lost += 1
            self._problem = self._problem or (error.strerror if isinstance(error, OSError) else "") or str(error)


def line_of(value: Any) -> str:
    """One line of JSON, in which whatever a terminal would act on is an escape."""
    text = orjson.dumps(value).decode()
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
