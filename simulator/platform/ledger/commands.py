"""The commands that were queued, sent and answered, and when the run began that they belong to.

Times are seconds since the epoch.
"""

from typing import NamedTuple

from simulator.platform.ledger.transactions import Ledger

_FIRST_CMD_ID = 1001


class Unanswered(NamedTuple):
    """A command that a restarted platform still has to get an answer to."""

    cmd_id: int
    func_id: str
    params: str
    """JSON, without the cmdId."""
    urgent: int


class CommandTable:
    """The rows of all devices; each method that writes raises what `Ledger.write` does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def next_cmd_id(self) -> int:
        """The first cmdId that was never given out."""
        last = self._ledger.value("SELECT coalesce(max(cmd_id), ?) FROM commands", (_FIRST_CMD_ID - 1,))
        return 1 + int(last)

    # --- One command's life ---

    def content(self, digest: str, params: str) -> int:
        """The row of a command's content, which commands share."""
        self._ledger.write(
            "INSERT INTO contents (sha256, params) VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, params)
        )
        return int(self._ledger.value("SELECT id FROM contents WHERE sha256 = ?", (digest,)))

    def queued(
        self, cmd_id: int, sn: str, origin: tuple[int, int], func_id: str, content: int, urgent: bool, at: float
    ) -> None:
        """A new command.

        Args:
            origin: Place of the rule that it comes from, and which firing of it.
            content: Row of its content.
        """
        self._ledger.write(
            "INSERT INTO commands (cmd_id, sn, origin, firing, func_id, content, urgent, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (cmd_id, sn, *origin, func_id, content, int(urgent), at),
        )

    def sent(self, cmd_id: int, at: float) -> None:
        """The command goes out, perhaps once more."""
        self._ledger.write("UPDATE commands SET sent = ?, sent_times = sent_times + 1 WHERE cmd_id = ?", (at, cmd_id))

    def answered(self, cmd_id: int, at: float, code: str) -> None:
        """Its answer has come."""
        self._ledger.write("UPDATE commands SET answered = ?, code = ? WHERE cmd_id = ?", (at, code, cmd_id))

    def is_known(self, sn: str, cmd_id: str) -> bool:
        """Whether the device was ever given such a command."""
        return bool(self._ledger.value("SELECT 1 FROM commands WHERE sn = ? AND cmd_id = ?", (sn, cmd_id)))

    def told(self, sn: str, func_id: str) -> list[str]:
        """The params, as JSON, of all such commands that the device was ever given."""
        rows = self._ledger.rows(
            "SELECT params FROM commands JOIN contents ON contents.id = content WHERE sn = ? AND func_id = ?",
            (sn, func_id),
        )
        return [params for (params,) in rows]

    # --- Queries, which are fulfilled by uploads ---

    def query_answered(self, cmd_id: int) -> None:
        """The device took a query; its uploads are counted."""
        self._ledger.write("UPDATE commands SET uploads = coalesce(uploads, 0) WHERE cmd_id = ?", (cmd_id,))

    def query_upload(self, cmd_id: int) -> None:
        """An upload came that was asked for."""
        self._ledger.write("UPDATE commands SET uploads = coalesce(uploads, 0) + 1 WHERE cmd_id = ?", (cmd_id,))

    def query_over(self, cmd_id: int) -> None:
        """The time for uploads has passed: a query without any is unfulfilled."""
        self._ledger.write("UPDATE commands SET uploads = -1 WHERE cmd_id = ? AND uploads = 0", (cmd_id,))

    # --- What a restarted platform goes on with ---

    def unanswered(self, sn: str) -> list[Unanswered]:
        """The device's commands without an answer, the oldest first."""
        rows = self._ledger.rows(
            "SELECT cmd_id, func_id, params, urgent FROM commands JOIN contents ON contents.id = content "
            "WHERE sn = ? AND answered IS NULL ORDER BY cmd_id",
            (sn,),
        )
        return [Unanswered(*row) for row in rows]

    def fired(self, sn: str, since: float) -> dict[int, int]:
        """How often each rule, by its place, fired for the device since then."""
        return dict(
            self._ledger.rows(
                "SELECT origin, max(firing) + 1 FROM commands WHERE sn = ? AND created >= ? AND origin >= 0 "
                "GROUP BY origin",
                (sn, since),
            )
        )

    # --- The run ---

    def run(self) -> tuple[float, float] | None:
        """When the last run began and when it was active last; None where there was none."""
        began, active = self._meta("zero"), self._meta("active")
        return None if began is None or active is None else (float(began), float(active))

    def run_began(self, at: float) -> None:
        """The first device of a run came online."""
        self._set_meta("zero", repr(at))

    def run_active(self, at: float) -> None:
        """The run goes on."""
        self._set_meta("active", repr(at))

    def _meta(self, name: str) -> str | None:
        value: str | None = self._ledger.value("SELECT value FROM meta WHERE name = ?", (name,))
        return value

    def _set_meta(self, name: str, value: str) -> None:
        self._ledger.write(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )
