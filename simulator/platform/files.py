"""Files that come in pieces: order, offset, size and checksum of the upload trio (section 上传大文件).

Pieces are kept in memory; a completed file goes into the ledger, where it stays until a photo uses it, over reconnects
and restarts. A file that was used stays known by its id, so that a photo sent again after a lost answer is recognised.
"""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from simulator.platform.ledger.uploads import UploadTables
from simulator.protocol import codes

MAX_FILE_BYTES = 16 * 1024 * 1024
"""No photo of this protocol comes near it (`protocol.limits`); it bounds what one device can make the platform hold."""
MAX_UNFINISHED = 32
"""Files that one device may have begun; the oldest is given up for a new one."""


class _Unfinished:
    __slots__ = ("checksum", "content", "size")

    def __init__(self, size: int, checksum: str) -> None:
        self.size = size
        self.checksum = checksum
        self.content = bytearray()


class FileStore:
    """The files of all devices."""

    def __init__(self, tables: UploadTables) -> None:
        self._tables = tables
        self._unfinished: dict[str, dict[str, _Unfinished]] = {}

    def start(self, sn: str, params: Mapping[str, Any]) -> str:
        """`dev.file.upload.start`; a second start of a file begins again. Returns the code."""
        size = int(params["size"])
        if size > MAX_FILE_BYTES:
            return codes.BAD_VALUE
        files = self._unfinished.setdefault(sn, {})
        file_id = params["fileId"]
        files.pop(file_id, None)
        if len(files) >= MAX_UNFINISHED:
            del files[next(iter(files))]
        files[file_id] = _Unfinished(size, (params.get("checksum") or "").lower())
        self._tables.forget_file(sn, file_id)
        return codes.SUCCESS

    def package(self, sn: str, params: Mapping[str, Any]) -> str:
        """`dev.file.upload.package`: the next piece, or the same piece once more. Returns the code."""
        file = self._unfinished.get(sn, {}).get(params["fileId"])
        if file is None:
            return codes.BAD_VALUE
        offset = int(params["offset"])
        piece = b64decode(params["content"])
        end = offset + len(piece)
        held = len(file.content)
        if offset > held or end > file.size or not piece:
            return codes.BAD_VALUE
        if offset < held:
            # A piece whose answer was lost comes again; anything else at a passed offset is an error.
            return codes.SUCCESS if file.content[offset:end] == piece else codes.BAD_VALUE
        file.content += piece
        return codes.SUCCESS

    def end(self, sn: str, params: Mapping[str, Any]) -> str:
        """`dev.file.upload.end`: size and checksum decide. Returns the code."""
        file_id = params["fileId"]
        files = self._unfinished.get(sn, {})
        file = files.get(file_id)
        if file is None:
            return codes.SUCCESS if self._tables.has_file(sn, file_id) else codes.BAD_VALUE
        if len(file.content) != file.size:
            return codes.BAD_VALUE
        if file.checksum and hashlib.md5(file.content, usedforsecurity=False).hexdigest() != file.checksum:
            return codes.BAD_VALUE
        # First, as it may find the ledger locked: then all of this is done again.
        self._tables.add_file(sn, file_id, bytes(file.content))
        del files[file_id]
        if not files:
            del self._unfinished[sn]
        return codes.SUCCESS

    def content(self, sn: str, file_id: str, purpose: str) -> tuple[bytes, bool] | None:
        """The bytes of a completed file, and whether `purpose` itself used it before (they are gone then).

        None where there is no such file, or something else used it. `used` marks the file.
        """
        held = self._tables.file(sn, file_id)
        if held is None:
            return None
        content, used_for = held
        if used_for is None:
            return content, False
        return (b"", True) if used_for == purpose else None

    def used(self, sn: str, file_id: str, purpose: str) -> None:
        """The file now belongs to a photo: its bytes go, its id stays."""
        self._tables.use_file(sn, file_id, purpose)
