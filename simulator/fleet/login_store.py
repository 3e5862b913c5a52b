"""Collects the logins that devices are granted and writes them to the state file in batches, so that the loop that
the devices live on stands still for a few milliseconds a second at most.
"""

from pathlib import Path

from simulator.fleet.warm_state import Login, WarmState, WarmStateError


class LoginStore:
    """The devices' `CredentialStore`, over a state file and one dispatch server.

    Raises:
        WarmStateError: The file cannot be used.
    """

    def __init__(self, path: Path, dispatch: str) -> None:
        self._state = WarmState(path)
        self._dispatch = dispatch
        self._granted: dict[str, Login] = {}
        self._forgotten: set[str] = set()

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        self._forgotten.discard(sn)
        self._granted[sn] = Login(auth_code, secret)

    def forgotten(self, sn: str) -> None:
        self._granted.pop(sn, None)
        self._forgotten.add(sn)

    def save(self) -> str | None:
        """Write what is new. Returns what went wrong, for the log; it is tried again the next time."""
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

    def close(self) -> None:
        """Close the file."""
        self._state.close()
