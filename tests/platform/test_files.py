"""The upload trio: order, offset, size, checksum, and how long a file is kept."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from simulator.platform.files import MAX_FILE_BYTES, MAX_UNFINISHED, FileStore
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.ledger.uploads import UploadTables

OK, BAD = "00000000", "E0000004"
CONTENT = bytes(range(256)) * 4


def piece(offset: int, end: int, file_id: str = "f1") -> dict[str, str]:
    content = base64.b64encode(CONTENT[offset:end]).decode()
    return {"fileId": file_id, "offset": str(offset), "content": content}


def start(size: int = len(CONTENT), checksum: str | None = None, file_id: str = "f1") -> dict[str, str]:
    return {"fileId": file_id, "size": str(size)} | ({} if checksum is None else {"checksum": checksum})


@pytest.fixture
def files() -> FileStore:
    return FileStore(UploadTables(Ledger(None)))


def upload(files: FileStore, sn: str = "A") -> None:
    assert files.start(sn, start()) == OK
    assert files.package(sn, piece(0, 500)) == OK
    assert files.package(sn, piece(500, 1024)) == OK
    assert files.end(sn, {"fileId": "f1"}) == OK


def test_pieces_in_order_make_the_file(files: FileStore) -> None:
    upload(files)
    assert files.content("A", "f1", "photo") == (CONTENT, False)


@pytest.mark.parametrize("checksum", ["", hashlib.md5(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest().upper()])
def test_checksum_that_fits(files: FileStore, checksum: str) -> None:
    files.start("A", start(checksum=checksum))
    files.package("A", piece(0, 1024))
    assert files.end("A", {"fileId": "f1"}) == OK


def test_checksum_that_does_not_fit(files: FileStore) -> None:
    files.start("A", start(checksum="0" * 32))
    files.package("A", piece(0, 1024))
    assert files.end("A", {"fileId": "f1"}) == BAD
    assert files.content("A", "f1", "photo") is None


def test_a_gap_is_refused_and_can_be_filled(files: FileStore) -> None:
    files.start("A", start())
    assert files.package("A", piece(10, 20)) == BAD
    assert files.package("A", piece(0, 10)) == OK
    assert files.package("A", piece(10, 1024)) == OK
    assert files.end("A", {"fileId": "f1"}) == OK


def test_a_piece_again_is_taken_once(files: FileStore) -> None:
    files.start("A", start())
    assert files.package("A", piece(0, 500)) == OK
    assert files.package("A", piece(0, 500)) == OK
    assert files.package("A", piece(0, 500) | {"content": base64.b64encode(b"x" * 500).decode()}) == BAD
    assert files.package("A", piece(500, 1024)) == OK
    assert files.end("A", {"fileId": "f1"}) == OK


def test_too_little_and_too_much(files: FileStore) -> None:
    files.start("A", start(size=600))
    assert files.package("A", piece(0, 601)) == BAD
    assert files.package("A", piece(0, 599)) == OK
    assert files.end("A", {"fileId": "f1"}) == BAD
    assert files.start("A", start(size=MAX_FILE_BYTES + 1)) == BAD


def test_unknown_files(files: FileStore) -> None:
    assert files.package("A", piece(0, 10)) == BAD
    assert files.end("A", {"fileId": "f1"}) == BAD
    assert files.content("A", "f1", "photo") is None


def test_files_belong_to_their_device(files: FileStore) -> None:
    upload(files)
    assert files.content("B", "f1", "photo") is None
    assert files.package("B", piece(0, 10)) == BAD


def test_a_new_start_begins_again(files: FileStore) -> None:
    upload(files)
    assert files.start("A", start(size=10)) == OK
    assert files.content("A", "f1", "photo") is None
    assert files.package("A", piece(0, 10)) == OK
    assert files.end("A", {"fileId": "f1"}) == OK
    assert files.content("A", "f1", "photo") == (CONTENT[:10], False)


def test_an_end_again_is_taken(files: FileStore) -> None:
    upload(files)
    assert files.end("A", {"fileId": "f1"}) == OK


def test_a_used_file_serves_the_same_photo_only(files: FileStore) -> None:
    upload(files)
    files.used("A", "f1", "photo 1")
    assert files.content("A", "f1", "photo 1") == (b"", True)
    assert files.content("A", "f1", "photo 2") is None


def test_the_oldest_unfinished_file_is_given_up(files: FileStore) -> None:
    for number in range(MAX_UNFINISHED + 1):
        assert files.start("A", start(file_id=f"n{number}")) == OK
    assert files.package("A", piece(0, 10, "n0")) == BAD
    assert files.package("A", piece(0, 10, "n1")) == OK


def test_a_completed_file_survives_a_restart(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    upload(FileStore(UploadTables(ledger)))
    ledger.close()
    ledger = Ledger(tmp_path / "l.db")
    assert FileStore(UploadTables(ledger)).content("A", "f1", "photo") == (CONTENT, False)
    ledger.close()
