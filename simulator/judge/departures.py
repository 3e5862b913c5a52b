"""What departs from the document in one message: where, in what, under which rule; never with the value of a secret."""

from dataclasses import dataclass
from typing import Any, Final

from simulator.shown import SECRET_NAMES, detail
from simulator.texts.told import Told

MOST_DEPARTURES: Final = 20
"""Of a message; the others of a hopeless one teach nothing more."""
_SECRET: Final = SECRET_NAMES | {"content", "publicKey", "certificate", "rootCA"}
"""Names whose values no departure shows: secrets, and what is too long to say anything."""
_VALUE_CHARS: Final = 40
_MOST_BITS: Final = 256
"""A number with more is not written out: that alone may take long, or be refused."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One thing that departs, or that is unusual and allowed."""

    rule: str
    path: str
    """Where in the message, such as `results.heartbeatInterval` or `params.users[0].pin`."""
    text: str
    """What is there and what would be right, as it follows the path."""

    @property
    def told(self) -> Told:
        """What `str` says, for the language of who reads it."""
        return Told("{path} {text}", path=self.path, text=self.text)

    def __str__(self) -> str:
        return Told("{path} {text}", path=self.path, text=self.text)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was found in one message, `MOST_DEPARTURES` of each kind at most."""

    departures: tuple[Departure, ...] = ()
    observations: tuple[Departure, ...] = ()
    unusable: Departure | None = None
    """The first departure that leaves no plain meaning; it is one of the `departures`."""

    @property
    def right(self) -> bool:
        """Whether there is nothing to tell."""
        return not self.departures and not self.observations


@dataclass(frozen=True, slots=True)
class Family:
    """The rules that fields of one kind of message can break."""

    missing: str
    format: str
    type: str


class Notes:
    """Collects what departs while one message is read.

    Args:
        zone: the platform's offset `±HH:mm`, for times that have none.
    """

    __slots__ = ("_departures", "_observations", "_unusable", "family", "zone")

    def __init__(self, family: Family, zone: str) -> None:
        self.family = family
        self.zone = zone
        self._departures: list[Departure] = []
        self._observations: list[Departure] = []
        self._unusable: Departure | None = None

    def depart(self, rule: str, path: str, text: str) -> None:
        """Something departs, and its meaning is plain."""
        if len(self._departures) < MOST_DEPARTURES:
            self._departures.append(Departure(rule, path, text))

    def fail(self, rule: str, path: str, text: str) -> None:
        """Something departs and leaves no plain meaning, so the message cannot be used."""
        if self._unusable is None:
            self._unusable = Departure(rule, path, text)
            self._departures = [*self._departures[: MOST_DEPARTURES - 1], self._unusable]
        else:
            self.depart(rule, path, text)

    def observe(self, rule: str, path: str, text: str) -> None:
        """Something is unusual and allowed."""
        if len(self._observations) < MOST_DEPARTURES:
            self._observations.append(Departure(rule, path, text))

    def judgement(self) -> Judgement:
        """What was collected."""
        return Judgement(tuple(self._departures), tuple(self._observations), self._unusable)


def is_secret(name: str) -> bool:
    """Whether the values of this wire name are not shown."""
    return name in _SECRET


def shown(value: Any, *, secret: bool = False) -> str:
    """A JSON value in words, shortened; of a secret its JSON type alone."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean" if secret else "true" if value else "false"
        case int() | float():
            text = None if secret else digits(value)
            return "a number" if text is None else Told("the number {text}", text=text)
        case "":
            return "empty"
        case str():
            return "a text" if secret else Told('the text "{value}"', value=detail(value, _VALUE_CHARS))
        case list():
            return "a list"
    return "an object"


def digits(number: float) -> str | None:
    """A JSON number as a text would have it, `5.0` as `5`; None for one beyond all reason, or none at all."""
    if isinstance(number, int):
        return str(number) if number.bit_length() <= _MOST_BITS else None
    if not abs(number) < 2**53:
        return None
    return str(int(number)) if number.is_integer() else repr(number)


def number_text(value: Any) -> str | None:
    """As `digits`, of any JSON value; None for what is no number."""
    return digits(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
