"""Files in pieces on a platform that does not look at what it gets, or forgets it."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from simulator.platform.files import FileStore
from simulator.platform.ledger.uploads import UploadTables
from simulator.platform.wrong import leniency_modes as modes
from simulator.platform.wrong.mistakes import Mistakes
from simulator.protocol import codes


class WrongFiles(FileStore):
    """The files of all devices, with mistakes."""

    def __init__(self, tables: UploadTables, mistakes: Mistakes) -> None:
        super().__init__(tables)
        self._mistakes = mistakes
        self._completed: dict[str, set[str]] = {}
        mistakes.on_left.append(self._left)

    def start(self, sn: str, params: Mapping[str, Any]) -> str:
        file_id = params["fileId"]
        begun = file_id in self._unfinished.get(sn, {}) or file_id in self._completed.get(sn, ())
        if begun and modes.REFUSES_RESTART in self._mistakes:
            return codes.BAD_VALUE
        return super().start(sn, params)

    def package(self, sn: str, params: Mapping[str, Any]) -> str:
        mistakes = self._mistakes
        file = self._unfinished.get(sn, {}).get(params["fileId"])
        if file is None:
            return codes.SUCCESS if modes.ACCEPTS_UNKNOWN_FILE in mistakes else codes.BAD_VALUE
        if int(params["offset"]) > len(file.content) and modes.ACCEPTS_GAP in mistakes:
            file.content += b64decode(params["content"])
            return codes.SUCCESS
        return super().package(sn, params)

    def end(self, sn: str, params: Mapping[str, Any]) -> str:
        mistakes, file_id = self._mistakes, params["fileId"]
        file = self._unfinished.get(sn, {}).get(file_id)
        if file is not None:
            if modes.ACCEPTS_SIZE in mistakes and len(file.content) != file.size:
                file.size, file.checksum = len(file.content), ""
            if modes.ACCEPTS_CHECKSUM in mistakes:
                file.checksum = ""
        code = super().end(sn, params)
        if code == codes.SUCCESS:
            self._completed.setdefault(sn, set()).add(file_id)
        elif file is None and modes.ACCEPTS_UNKNOWN_FILE in mistakes:
            return codes.SUCCESS
        return code

    def _left(self, sn: str) -> None:
        if modes.FORGETS_FILE in self._mistakes:
            self._unfinished.pop(sn, None)
            for file_id in self._completed.pop(sn, ()):
                self._tables.forget_file(sn, file_id)
