"""What all cases of one run share: the platform's address, the identities, the channel suite, and what was found."""

import itertools
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.clock import Clock
from simulator.conform.pushes import Push
from simulator.device.reading import Reading
from simulator.device.settings import Credentials
from simulator.judge.departures import Departure, Judgement
from simulator.measurements.occurrences import Occurrences
from simulator.protocol.channel.base import ChannelSuite, KeySource
from simulator.protocol.envelope import MidSource
from simulator.pubsub.profile import Profile
from simulator.shown import without_values

_UNANSWERED: Final = 4
_LEAST_PATIENCE_S: Final = 0.5
_MANY_UNANSWERED: Final = 16
_VERY_LEAST_PATIENCE_S: Final = 0.2
_SLOWER: Final = 5.0
_RECENT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the tester does the same in all cases. Seconds."""

    request_timeout: float
    wait: float
    """How long cases that wait listen, together."""
    broker_type: str
    device_type: str
    reading: Reading
    """How the platform reads the document."""
    mqtt: Profile | None = None
    """By which its broker is spoken to; None over WebSocket."""


@dataclass(slots=True, kw_only=True)
class Site:
    """One platform under test, and what is known of it."""

    dispatch_url: str
    identities: Sequence[Credentials]
    suite: ChannelSuite
    keys: KeySource
    terms: Terms
    clock: Clock
    mids: MidSource
    violations: Occurrences = field(default_factory=Occurrences)
    observations: Occurrences = field(default_factory=Occurrences)
    internal_errors: Occurrences = field(default_factory=Occurrences)
    pushes: list[Push] = field(default_factory=list)
    """Every command that came, on whichever connection, in order."""
    broker_url: str = ""
    """The last that a look-up named."""
    lost: bool = False
    """Whether an answer did not come, or a connection ended without a close frame: the platform may have gone."""
    unreadable: str = ""
    """Why the last message of the platform that could not be read could not."""
    spoiled: str = ""
    """What befell the case that runs and is no subject of it: counted as a violation, and perhaps not there again."""
    registered: set[str] = field(default_factory=set)
    """Serial numbers that were registered."""
    leaves: dict[str, None] = field(default_factory=dict)
    """What stays on the platform, a sentence each."""
    listening_ends: float | None = None
    """Monotonic seconds; None before the listening period."""
    _secrets: dict[str, None] = field(default_factory=dict)
    _log_ids: "itertools.count[int] | None" = None
    _pin: str = ""
    introduced: bool = False
    """Whether the user with the tester's pin was uploaded."""
    unanswered: int = 0
    """Messages that a full time-out has passed for."""
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Seconds that the last replies have taken."""

    def patience(self) -> float:
        """Seconds that an answer may take: the time-out, until the platform has shown that it leaves messages alone.

        Hundreds of cases wait for a refusal; a platform that gives none would be judged for an hour.
        """
        full = self.terms.request_timeout
        if self.unanswered < _UNANSWERED:
            return full
        least = _LEAST_PATIENCE_S if self.unanswered < _MANY_UNANSWERED else _VERY_LEAST_PATIENCE_S
        return min(full, max(least, _SLOWER * max(self.latencies, default=0.0)))

    def begin(self) -> None:
        """A case begins: nothing has befallen it."""
        self.unreadable, self.spoiled, self.lost = "", "", False

    def hide(self, *secrets: str) -> None:
        """Nobody may be shown these values, should the platform repeat them."""
        self._secrets.update(dict.fromkeys(filter(None, secrets)))

    def secrets(self) -> Collection[str]:
        """What was given to `hide`, and what the identities hold."""
        return self._secrets.keys()

    def log_id(self) -> str:
        """The next `logId`: it grows from the clock, so that a later run never repeats one."""
        if self._log_ids is None:
            self._log_ids = itertools.count(int(self.clock.wall() * 1000) + 1)
        return str(next(self._log_ids))

    def pin(self) -> str:
        """The number of the tester's own user: from the clock, so that it is nobody's else."""
        self._pin = self._pin or f"9{int(self.clock.wall()) % 10**8:08d}"
        return self._pin

    def judged(self, judgement: Judgement, func_id: str, which: int) -> None:
        """Count what departs in a message."""
        for departure in judgement.departures:
            self.violation(departure.rule, str(departure), func_id, which)
        for departure in judgement.observations:
            self.observations.add(departure.rule, self._example(departure), self.clock.wall(), which, func_id)

    def violation(self, rule: str, example: str, func_id: str = "", which: int = -1) -> None:
        """Count one departure of the platform."""
        self.violations.add(rule, without_values(example, self.secrets()), self.clock.wall(), which, func_id)

    def _example(self, departure: Departure) -> str:
        return without_values(str(departure), self.secrets())
