"""What devices have uploaded: records, photos, users, cards, and files that came in pieces.

Each row is known by its key; what comes again counts up its `received`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.platform.ledger.transactions import Ledger, Value


class PhotoTable:
    """One table of photos, and the statements for it.

    Args:
        columns: All but those of the content, the key's first.
        key: How many columns the key has.
    """

    __slots__ = ("again", "key", "store")

    def __init__(self, name: str, columns: tuple[str, ...], key: int) -> None:
        marks = ", ".join("?" * (len(columns) + 2))
        self.key = key
        self.store = (
            f"INSERT INTO {name} ({', '.join(columns)}, bytes, sha256) VALUES ({marks}) ON CONFLICT DO UPDATE SET "
            "bytes = excluded.bytes, sha256 = excluded.sha256, received = received + 1"
        )
        self.again = f"UPDATE {name} SET received = received + 1 WHERE " + " AND ".join(
            f"{column} = ?" for column in columns[:key]
        )


VERIFY_PHOTOS = PhotoTable("photos", ("sn", "picture", "log_id", "pin", "meet_code"), key=2)
USER_PHOTOS = PhotoTable("user_photos", ("sn", "pin"), key=2)
BIO_PHOTOS = PhotoTable("bio_photos", ("sn", "pin", "type", "no", "idx"), key=5)


class UploadTables:
    """The rows of all devices; each method that writes raises what `Ledger.write` does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # --- Records, users, cards ---

    def add_record(self, sn: str, log_id: str, entry: Mapping[str, Any]) -> None:
        """An entry of `verifyLog`, known by its logId; the first content stays."""
        self._ledger.write(
            "INSERT INTO records (sn, log_id, pin, meet_code, verify_time, verify_style, status, recode_type, "
            "category) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET received = received + 1",
            (
                sn,
                log_id,
                entry["pin"],
                entry["meetCode"],
                entry["verifyTime"],
                entry["verifyStyle"],
                entry["status"],
                entry["recodeType"],
                entry["category"],
            ),
        )

    def add_users(self, rows: Iterable[tuple[str, str, str, str | None, int, int]]) -> None:
        """Rows of sn, pin, first and last name, whether there is a password (0 or 1), and how many templates."""
        self._ledger.write_all(
            "INSERT INTO users (sn, pin, first_name, last_name, has_password, templates) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name, "
            "has_password = excluded.has_password, templates = excluded.templates, received = received + 1",
            rows,
        )

    def add_cards(self, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Rows of sn, card number, pin, type and loss flag."""
        self._ledger.write_all(
            "INSERT INTO cards (sn, card, pin, type, loss_flag) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "pin = excluded.pin, type = excluded.type, loss_flag = excluded.loss_flag, received = received + 1",
            rows,
        )

    def add_options(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Rows of sn, name and value."""
        self._ledger.write_all(
            "INSERT INTO options (sn, name, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "value = excluded.value, received = received + 1",
            rows,
        )

    # --- Photos ---

    def add_photo(self, table: PhotoTable, row: tuple[Value, ...], size: int, sha256: str) -> None:
        """A photo of so many bytes; a new one with the same key replaces the old."""
        self._ledger.write(table.store, (*row, size, sha256))

    def photo_again(self, table: PhotoTable, row: tuple[Value, ...]) -> None:
        """A photo that is there came again."""
        self._ledger.write(table.again, row[: table.key])

    # --- Files ---

    def forget_file(self, sn: str, file_id: str) -> None:
        """A file of this id begins anew."""
        self._ledger.write("DELETE FROM files WHERE sn = ? AND file_id = ?", (sn, file_id))

    def add_file(self, sn: str, file_id: str, content: bytes) -> None:
        """A completed file."""
        self._ledger.write(
            "INSERT INTO files VALUES (?, ?, ?, NULL) ON CONFLICT DO UPDATE SET content = excluded.content",
            (sn, file_id, content),
        )

    def file(self, sn: str, file_id: str) -> tuple[Any, str | None] | None:
        """Content of a completed file and what used it (the content is gone then); None where there is none."""
        return self._ledger.row("SELECT content, used_for FROM files WHERE sn = ? AND file_id = ?", (sn, file_id))

    def has_file(self, sn: str, file_id: str) -> bool:
        """Whether the file was completed."""
        return self._ledger.row("SELECT 1 FROM files WHERE sn = ? AND file_id = ?", (sn, file_id)) is not None

    def use_file(self, sn: str, file_id: str, purpose: str) -> None:
        """The file was used: its content goes, its id stays."""
        self._ledger.write(
            "UPDATE files SET content = NULL, used_for = ? WHERE sn = ? AND file_id = ?", (purpose, sn, file_id)
        )
