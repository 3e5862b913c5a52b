"""The broker: every connection of the platform, who is online, and the parts that all of them share."""

import asyncio
import math
from collections.abc import Callable

from simulator.clock import Clock
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.commander import Commander
from simulator.platform.files import FileStore
from simulator.platform.handlers import handler_table
from simulator.platform.ledger import Ledger
from simulator.platform.newcomer import Newcomer
from simulator.platform.session import POLICY_VIOLATION, Phase, Session
from simulator.platform.settings import PlatformSettings
from simulator.platform.tally import Tally
from simulator.platform.uploads import Uploads
from simulator.protocol.channel.base import ChannelSuite, KeySource

GOING_AWAY = 1001
_FAULT_EVERY_S = 10.0

Log = Callable[[str], None]


class Broker:
    """All connections of one platform.

    Args:
        loop: Delays answers.
        log: Takes one line for people, without secrets.
        verbose: Whether every message gets a line.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        *,
        suite: ChannelSuite,
        keys: KeySource,
        ledger: Ledger,
        tally: Tally,
        authority: Authority,
        commander: Commander,
        answers: AnswerPolicy,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        log: Log,
        verbose: bool = False,
    ) -> None:
        self.settings = settings
        self.suite = suite
        self.keys = keys
        self.ledger = ledger
        self.tally = tally
        self.authority = authority
        self.commander = commander
        self.answers = answers
        self.clock = clock
        self.loop = loop
        self.log = log
        self.verbose = verbose
        self.files = FileStore(ledger)
        self.uploads = Uploads(ledger, self.files)
        self.handlers = handler_table(self)
        self._sessions: set[Session] = set()
        self._by_sn: dict[str, Session] = {}
        self._told: set[str] = set()
        self._fault_said: dict[str, float] = {}
        ledger.on_fault = self.ledger_fault
        self._lists: dict[frozenset[str], frozenset[str]] = {}

    def new_session(self) -> Session:
        """A session without a connection."""
        return Session(self)

    def newcomer(self) -> Newcomer:
        """The handler of a new connection of the server, which is a session's after its login."""
        return Newcomer(self.new_session(), lambda: self.turned_away("too many messages"))

    def turned_away(self, why: str, where: str = "before the login") -> None:
        """A connection of somebody unknown was ended; the first of each kind gets a line."""
        name = f"turned away {where}: {why}"
        self.tally.event(name)
        if name not in self._told:
            self._told.add(name)
            self.log(f"a connection was {name}; more of them are counted in the ledger only")

    def ledger_fault(self, kind: str, detail: str) -> None:
        """The ledger could not do something: counted, and said now and then, not for each message."""
        self.tally.event(f"ledger: {kind}")
        now = self.clock.monotonic()
        if now >= self._fault_said.get(kind, -math.inf) + _FAULT_EVERY_S:
            self._fault_said[kind] = now
            self.log(f"ledger: {kind} ({detail}); the ledger counts how often")

    @property
    def online_sns(self) -> set[str]:
        """Serial numbers of the devices that are online."""
        return {sn for sn, session in self._by_sn.items() if session.phase is Phase.ONLINE}

    # What sessions tell

    def joined(self, session: Session) -> None:
        """A connection is open."""
        self._sessions.add(session)

    def logged_in(self, session: Session, sn: str) -> None:
        """A login was accepted: the newest connection of a device wins (docs/deviations.md)."""
        older = self._by_sn.get(sn)
        if older is not None and older is not session:
            silent = self.clock.monotonic() - older.heard
            self.ledger.write("INSERT INTO double_logins VALUES (?, ?, ?)", (sn, self.clock.wall(), silent))
            self.log(f"{sn}: logged in on a second connection; the older one, silent for {silent:.1f} s, is closed")
            self._forget(older)
            older.close(POLICY_VIOLATION, "the device logged in on another connection")
        self._by_sn[sn] = session
        session.sn = sn
        if session.phase is Phase.CONNECTED:
            session.phase = Phase.LOGGED_IN

    def online(self, session: Session) -> None:
        """The reply to a report was sent."""
        self.ledger.perform(lambda: self.commander.online(session) if session.phase is Phase.ONLINE else None)

    def left(self, session: Session, code: int, detail: str) -> None:
        """A connection has ended."""
        self._sessions.discard(session)
        if self.verbose:
            self.log(f"{session.sn or 'a device'}: connection ended ({code}, {detail})")
        self._forget(session)

    def shared_list(self, func_ids: frozenset[str]) -> frozenset[str]:
        """One object for all lists that say the same."""
        return self._lists.setdefault(func_ids, func_ids)

    def trace(self, session: Session, direction: str, func_id: str, code: str) -> None:
        """Log one message, where that is wanted."""
        if self.verbose:
            self.log(f"{session.sn or '-'} {direction} {func_id} {code}".rstrip())

    # What the server does from time to time

    def close_silent(self, seconds: float) -> None:
        """Close the connections that have sent nothing for so long."""
        limit = self.clock.monotonic() - seconds
        for session in [session for session in self._sessions if session.heard < limit]:
            self.tally.event("silent connection closed")
            session.close(GOING_AWAY, "nothing was heard for too long")
            self._forget(session)

    def _forget(self, session: Session) -> None:
        sn = session.sn
        if not sn or self._by_sn.get(sn) is not session:
            return
        del self._by_sn[sn]
        self.commander.offline(sn, session)
        seen = (self.clock.wall(), sn)
        self.ledger.perform(lambda: self.ledger.write("UPDATE devices SET last_seen = ? WHERE sn = ?", seen))
