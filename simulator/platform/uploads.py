"""What devices upload: users, portraits, bio photos, cards, verification records and their photos, options.

Every message arrives here validated. It is taken as a whole or refused as a whole; what came before under the same key
is recognised and counted, not stored twice.
"""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.platform.files import FileStore
from simulator.platform.ledger.transactions import Value
from simulator.platform.ledger.uploads import BIO_PHOTOS, USER_PHOTOS, VERIFY_PHOTOS, PhotoTable, UploadTables
from simulator.protocol import codes

Upload = Callable[[str, Mapping[str, Any]], str]
"""Takes a device's sn and the params of its message; returns the code."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A photo's content, already resolved."""

    entry: Mapping[str, Any]
    size: int
    sha256: str
    file_id: str | None
    purpose: str
    again: bool
    """Whether it was received before out of the same file."""


class Uploads:
    """Stores what devices upload."""

    def __init__(self, tables: UploadTables, files: FileStore) -> None:
        self._tables = tables
        self._files = files

    def handlers(self) -> Mapping[str, Upload]:
        """The handler of each upload."""
        return {
            "dev.data.upload.user": self.users,
            "dev.data.upload.userPhoto": self.user_photos,
            "dev.data.upload.bioPhoto": self.bio_photos,
            "dev.data.upload.multiCard": self.cards,
            "dev.data.upload.verifyLog": self.verify_logs,
            "dev.data.upload.verifyPhoto": self.verify_photos,
            "dev.option.upload": self.options,
        }

    def verify_logs(self, sn: str, params: Mapping[str, Any]) -> str:
        """Records, known by sn and logId."""
        for entry in params["verifyLog"]:
            self._tables.add_record(sn, _number(entry["logId"]), entry)
        return codes.SUCCESS

    def verify_photos(self, sn: str, params: Mapping[str, Any]) -> str:
        """Photos of verifications, known by the record they belong to, or by their content where they name none."""
        pictures = self._pictures(sn, params["verifyPhotos"], "verifyPhoto", ("logId", "pin"))
        if pictures is None:
            return codes.BAD_VALUE
        for picture in pictures:
            entry = picture.entry
            log_id = _number(entry["logId"]) if entry.get("logId") else None
            key = picture.sha256 if log_id is None else f"log {log_id}"
            self._store(picture, sn, VERIFY_PHOTOS, (sn, key, log_id, entry["pin"], entry["meetCode"]))
        return codes.SUCCESS

    def user_photos(self, sn: str, params: Mapping[str, Any]) -> str:
        """Portraits; a new one replaces the old."""
        pictures = self._pictures(sn, params["userPhotos"], "userPhoto", ("pin",))
        if pictures is None:
            return codes.BAD_VALUE
        for picture in pictures:
            self._store(picture, sn, USER_PHOTOS, (sn, picture.entry["pin"]))
        return codes.SUCCESS

    def bio_photos(self, sn: str, params: Mapping[str, Any]) -> str:
        """Biometric photos; a new one of the same user, type, number and index replaces the old."""
        pictures = self._pictures(sn, params["bioPhotos"], "bioPhoto", ("pin", "type", "no", "index"))
        if pictures is None:
            return codes.BAD_VALUE
        for picture in pictures:
            entry = picture.entry
            key = (sn, entry["pin"], entry["type"], entry.get("no") or "0", entry.get("index") or "0")
            self._store(picture, sn, BIO_PHOTOS, key)
        return codes.SUCCESS

    def users(self, sn: str, params: Mapping[str, Any]) -> str:
        """Users; neither passwords nor templates are kept, only that there are some."""
        self._tables.add_users(
            [
                (
                    sn,
                    user["pin"],
                    user["firstName"],
                    user.get("lastName"),
                    int(bool(user.get("password"))),
                    len(user.get("bioDatas") or ()),
                )
                for user in params["users"]
            ],
        )
        return codes.SUCCESS

    def cards(self, sn: str, params: Mapping[str, Any]) -> str:
        """Cards, known by their number."""
        self._tables.add_cards(
            [
                (sn, card["card"], card["pin"], card.get("type") or "0", card.get("lossFlag") or "0")
                for card in params["multiCards"]
            ],
        )
        return codes.SUCCESS

    def options(self, sn: str, params: Mapping[str, Any]) -> str:
        """Options, known by their name; the last value stays."""
        self._tables.add_options([(sn, option["name"], option["value"]) for option in params["options"]])
        return codes.SUCCESS

    def _pictures(
        self, sn: str, entries: list[Mapping[str, Any]], kind: str, key: tuple[str, ...]
    ) -> list[_Picture] | None:
        """The photos of one message with their content, or None where a file is not there."""
        pictures = []
        for entry in entries:
            purpose = " ".join((kind, *(str(entry.get(name) or "") for name in key)))
            file_id = entry.get("contentFileId") or entry.get("contentFileDialog") or None
            found = (
                (b64decode(entry["content"]), False) if file_id is None else self._files.content(sn, file_id, purpose)
            )
            if found is None:
                return None
            content, again = found
            digest = hashlib.sha256(content).hexdigest()
            pictures.append(_Picture(entry, len(content), digest, file_id, purpose, again))
        return pictures

    def _store(self, picture: _Picture, sn: str, table: PhotoTable, row: tuple[Value, ...]) -> None:
        if picture.again:
            self._tables.photo_again(table, row)
            return
        self._tables.add_photo(table, row, picture.size, picture.sha256)
        if picture.file_id is not None:
            self._files.used(sn, picture.file_id, picture.purpose)


def _number(digits: str) -> str:
    """A decimal number in the one form it is known by."""
    return digits.lstrip("0") or "0"
