"""What the ledger keeps of each device: its credentials, its logins and reports, the nonces it has used up.

Times are seconds since the epoch.
"""

from simulator.platform.ledger.transactions import Ledger


class DeviceTable:
    """The rows of all devices; each method that writes raises what `Ledger.write` does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def use_nonce(self, sn: str, nonce: str) -> bool:
        """Note the nonce of a look-up; False where it was there already."""
        return bool(self._ledger.write("INSERT INTO nonces VALUES (?, ?) ON CONFLICT DO NOTHING", (sn, nonce)))

    def registered(self, sn: str, auth_code: str) -> None:
        """A new authCode: the old secret is gone, and users and meetings are to be sent again."""
        self._ledger.write(
            "INSERT INTO devices (sn, auth_code, registrations) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET "
            "auth_code = excluded.auth_code, secret = NULL, registrations = registrations + 1, provisioned = NULL",
            (sn, auth_code),
        )

    def accredited(self, sn: str, auth_code: str, secret: str) -> None:
        """A new secret, for this authCode."""
        self._ledger.write(
            "INSERT INTO devices (sn, auth_code, secret) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET secret = excluded.secret",
            (sn, auth_code, secret),
        )

    def credentials(self, sn: str) -> tuple[str, str | None] | None:
        """authCode and secret that were given out last; None where the device was given none."""
        row = self._ledger.row("SELECT auth_code, secret FROM devices WHERE sn = ?", (sn,))
        return None if row is None or row[0] is None else (row[0], row[1])

    def logged_in(self, sn: str, at: float) -> None:
        """A login was accepted."""
        self._ledger.write(
            "INSERT INTO devices (sn, logins, last_seen) VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET "
            "logins = logins + 1, last_seen = excluded.last_seen",
            (sn, at),
        )

    def logged_in_twice(self, sn: str, at: float, silent_s: float) -> None:
        """A login was accepted while another connection was open, on which nothing was heard for so long."""
        self._ledger.write("INSERT INTO double_logins VALUES (?, ?, ?)", (sn, at, silent_s))

    def reported(self, sn: str, report: bytes) -> None:
        """The params of a report, as JSON."""
        self._ledger.write("UPDATE devices SET report = ?, reports = reports + 1 WHERE sn = ?", (report, sn))

    def left(self, sn: str, at: float) -> None:
        """Its connection has ended."""
        self._ledger.write("UPDATE devices SET last_seen = ? WHERE sn = ?", (at, sn))

    def provisioned_at(self, sn: str) -> float | None:
        """When its first users and meetings were queued; None where they were not."""
        at: float | None = self._ledger.value("SELECT provisioned FROM devices WHERE sn = ?", (sn,))
        return at

    def provisioned(self, sn: str, at: float) -> None:
        """Its first users and meetings are queued."""
        self._ledger.write("UPDATE devices SET provisioned = ? WHERE sn = ?", (at, sn))
