"""What one mistake of a platform is: its name, a sentence, and by what a judge can name it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from simulator.platform.settings import PushMoment, PushRule
from simulator.platform.wrong.named_by import ALSO, CASES

WEBSOCKET: Final = "WebSocket"
MQTT: Final = "MQTT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One kind of mistake."""

    name: str
    """`<what>.<mistake>`; stable, as scenarios name it."""
    text: str
    """What is wrong, for people: a sentence without a full stop that follows "the platform …"."""
    rules: tuple[str, ...] = ()
    """Rules of `simulator.measurements.rules` that the devices of a run may count for it."""
    suites: tuple[str, ...] = ()
    """Channel suites that it can be seen with; empty for all."""
    over: str = ""
    """The one transport over which it can be seen; empty for all."""
    every: int = 1
    """Made at each so-manieth occasion: what would keep devices away for good is made at every other one."""

    issues: bool = False
    """Whether it can only be seen where the platform issues certificates to its devices."""

    in_runs: bool = True
    """Whether the devices of any run meet it: they do what is right, list all that they can do and answer at once."""

    @property
    def cases(self) -> tuple[str, ...]:
        """Globs of the cases of `best-fleet conform` that find it; each of them finds it."""
        return CASES.get(self.name, ())

    @property
    def also(self) -> tuple[str, ...]:
        """Globs of cases about something else that may fail with it."""
        return ALSO[self.name].cases if self.name in ALSO else ()

    @property
    def named_by(self) -> tuple[str, ...]:
        """Whatever a judge may name it by: rules, then globs of cases."""
        return (*self.rules, *self.cases)


M = TypeVar("M", bound=Mode)


def over_websocket(mode: M) -> M:
    """A mistake that cannot be seen over MQTT."""
    return replace(mode, over=WEBSOCKET)


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """A message of the platform that a mistake may be made in."""

    func_id: str
    """Of the request that a reply answers, or of the command."""
    message: dict[str, Any]
    """The right one; a mistake changes it in place."""
    package_bytes: int
    """What the device takes at most."""
    earlier_cmd_id: str | None = None
    """cmdId of an earlier command on the connection."""


Sending = tuple[float, dict[str, Any] | bytes]
"""Seconds to wait, and a message or the bytes that go out in its place."""

Change = Callable[[Outgoing], list[Sending] | None]
"""Makes the mistake: changes the message and returns None, or returns what is sent in its place, perhaps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMode(Mode):
    """A mistake in a message of the platform."""

    change: Change
    func_ids: tuple[str, ...] = ("*",)
    """Globs of the requests that it answers wrongly, or of the commands that it sends wrongly."""
    part: str = ""
    """Mistakes of different parts may be made in one message; one without a part is made alone."""
    carrier: str = ""
    """A command that is pushed to every device that comes online, so that there is one to be sent wrongly."""

    def applies(self, func_id: str) -> bool:
        """Whether the mistake can be made in a message of this funcId."""
        return any(fnmatchcase(func_id, pattern) for pattern in self.func_ids)


@dataclass(slots=True)
class Occasions:
    """Counts the occasions of each mistake, so that several are made in turns and each is seen."""

    _seen: dict[str, int] = field(default_factory=dict)
    _made: dict[str, int] = field(default_factory=dict)

    def due(self, mode: Mode) -> bool:
        """Note one occasion; whether it is the so-manieth."""
        seen = self._seen[mode.name] = self._seen.get(mode.name, 0) + 1
        return seen % mode.every == 0

    def made(self, mode: Mode) -> int:
        """How often the mistake was made."""
        return self._made.get(mode.name, 0)

    def make(self, mode: Mode) -> None:
        """Note that it is made now."""
        self._made[mode.name] = self.made(mode) + 1

    def choose(self, modes: Iterable[MessageMode]) -> list[MessageMode]:
        """Which of the mistakes that one message can have are made: the rarest, and others that go with it."""
        due = [mode for mode in modes if self.due(mode)]
        # Of those made equally often the one that fits fewer messages, or it would wait for ever.
        ranked = sorted(due, key=lambda mode: (self.made(mode), mode.func_ids == ("*",)))
        if not ranked:
            return []
        chosen = ranked[:1]
        if ranked[0].part:
            parts = {"", ranked[0].part}
            for mode in ranked[1:]:
                if mode.part not in parts:
                    parts.add(mode.part)
                    chosen.append(mode)
        for mode in chosen:
            self.make(mode)
        return chosen


def carrier_rules(modes: Iterable[Mode]) -> tuple[PushRule, ...]:
    """The pushes that give mistakes in commands something to be made in."""
    return tuple(
        PushRule(
            command=mode.carrier,
            moment=PushMoment.ONLINE,
            seconds=0.0,
            count=1,
            share=1.0,
            times=None,
            urgent=False,
            unknown=False,
            meeting=None,
            moved=0.0,
            longer=0.0,
            params={},
        )
        for mode in modes
        if isinstance(mode, MessageMode) and mode.carrier
    )
