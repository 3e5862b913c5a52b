"""Collects the logins that devices are granted and writes them to the state file in batches (`StateThread`).

A worker has no state file: its devices' logins go to the master, which has.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulator.fleet.warm_state import Login, WarmState, WarmStateError

BUSY_SECONDS = 4.0
"""How long a write waits for another process; it is tried again after that."""


class LoginStore:
    """The devices' `CredentialStore`, over a state file and one dispatch server. `save` may be on another thread.

    Raises:
        WarmStateError: If the file cannot be used.
    """

    def __init__(self, path: Path, dispatch: str) -> None:
        self._state = WarmState(path, busy=BUSY_SECONDS)
        self._dispatch = dispatch
        self._changes: deque[Sequence[str]] = deque()
        self._granted: dict[str, Login] = {}
        self._forgotten: set[str] = set()

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        self._changes.append((sn, auth_code, secret))

    def forgotten(self, sn: str) -> None:
        self._changes.append((sn,))

    def apply(self, changes: Iterable[Sequence[str]]) -> None:
        """What a `LoginCollector` collected."""
        self._changes.extend(changes)

    def save(self) -> str | None:
        """Write what is new. Returns what went wrong, for the log; it is tried again the next time."""
        self._sort_out()
        try:
            if self._forgotten:
                self._state.forget(self._dispatch, self._forgotten)
                self._forgotten = set()
            if self._granted:
                self._state.save(self._dispatch, self._granted)
                self._granted = {}
        except WarmStateError as error:
            return str(error)
        return None

    def _sort_out(self) -> None:
        changes = self._changes
        for _ in range(len(changes)):
            sn, *login = changes.popleft()
            if login:
                self._forgotten.discard(sn)
                self._granted[sn] = Login(*login)
            else:
                self._granted.pop(sn, None)
                self._forgotten.add(sn)

    def close(self) -> None:
        """Close the file."""
        self._state.close()


class LoginCollector:
    """The devices' `CredentialStore` in a worker. Its two sides may be on different threads."""

    def __init__(self) -> None:
        self._changes: deque[tuple[str, ...]] = deque()

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        self._changes.append((sn, auth_code, secret))

    def forgotten(self, sn: str) -> None:
        self._changes.append((sn,))

    def drain(self) -> list[tuple[str, ...]]:
        """What changed since the last call, in its order: (sn, authCode, secret), or (sn,) for a login that is gone."""
        changes = self._changes
        return [changes.popleft() for _ in range(len(changes))]
