"""Requests over a device's own connection that stand in none of the run's figures, matched with their replies by mid.

The session knows nothing of them: their replies are strays to it, which are taken here. What is known of an end is that
there is no answer; whether that says anything is the caller's to find out.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from simulator.clock import TimerQueue
from simulator.device.session import Session
from simulator.judge.replies import reply_judge
from simulator.measurements.names import MALFORMED_REPLY

_MOST_KEPT: Final = 512
"""Mids that are still known after their answer, which a platform may give twice: five floods of heartbeats."""
_LOOKED_EACH: Final = 128
"""So many mids, for what can be forgotten: a look costs as much as some hundred messages."""
_MOST_UNANSWERED: Final = 4_096
"""Those of which nothing came in time: all of it may come late, when a line that was silent is back."""


class Said(NamedTuple):
    """How a platform took something: by an answer, by the end of the connection, or, both empty, not at all in time."""

    code: str = ""
    """Of the answer; `malformed reply` for one that has none."""
    ended: str = ""
    """Why the connection ended, as in `disconnects`."""


NOTHING: Final = Said()


class Aside:
    """What one device asks for beside its own business.

    Args:
        timeout: seconds in which an answer has to come.
    """

    __slots__ = ("_session", "_timeout", "_timers", "_waiting")

    def __init__(self, timers: TimerQueue, timeout: float) -> None:
        self._timers = timers
        self._timeout = timeout
        self._session: Session | None = None
        self._waiting: dict[str, tuple[str, asyncio.Future[Said]]] = {}
        """funcId and what waits, by mid, the oldest first; also of what was settled, for what comes after it."""

    async def ask(self, session: Session, func_id: str, mid: str, data: bytes) -> Said:
        """Send `data`, a request under `mid`, and wait for what is said to it.

        Args:
            session: usable; `ended` has to be called when it is over.
        """
        settled: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        session.strays.taker = self._takes
        self._session = session
        # Under a mid that is known already, the new request takes its place.
        self._waiting.pop(mid, None)
        self._waiting[mid] = func_id, settled
        self._forget()
        timer = self._timers.call_later(self._timeout, _settle, settled, NOTHING)
        try:
            session.transmit(data)
            return await settled
        finally:
            timer.cancel()

    def ended(self) -> None:
        """The session is over: nothing is answered any more."""
        reason = "" if self._session is None else self._session.end_reason
        self._session = None
        waiting, self._waiting = self._waiting, {}
        for _, settled in waiting.values():
            _settle(settled, Said(ended=reason))

    def _takes(self, message: Mapping[str, Any]) -> bool:
        mid = message.get("mid")
        known = self._waiting.get(mid) if isinstance(mid, str) else None
        if known is None:
            return False
        func_id, settled = known
        _settle(settled, Said(code=reply_judge(func_id).read(message).code or MALFORMED_REPLY))
        return True

    def _forget(self) -> None:
        waiting = self._waiting
        if len(waiting) <= _MOST_KEPT or len(waiting) % _LOOKED_EACH:
            return
        answered = [mid for mid, (_, settled) in waiting.items() if settled.done() and settled.result() != NOTHING]
        for mid in answered[: max(0, len(answered) - _MOST_KEPT)]:
            del waiting[mid]
        for mid in list(waiting)[: max(0, len(waiting) - _MOST_UNANSWERED)]:
            if waiting[mid][1].done():
                del waiting[mid]


def _settle(settled: "asyncio.Future[Said]", said: Said) -> None:
    if not settled.done():
        settled.set_result(said)
