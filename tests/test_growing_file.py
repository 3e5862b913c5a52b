"""A file that grows by whole pieces, on a disk that fills up and has room again."""

import os
from pathlib import Path

import pytest

from simulator import growing_file
from simulator.growing_file import GrowingFile


class Disk:
    """Lets so many bytes be written, the last ones of a piece that does not fit half."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self.cuts = True
        self._pwrite, self._ftruncate = os.pwrite, os.ftruncate
        monkeypatch.setattr(growing_file.os, "pwrite", self.pwrite)  # type: ignore[attr-defined]
        monkeypatch.setattr(growing_file.os, "ftruncate", self.ftruncate)  # type: ignore[attr-defined]

    def pwrite(self, file: int, data: bytes, place: int) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = self._pwrite(file, bytes(data)[: self.room], place)
        self.room -= written
        return written

    def ftruncate(self, file: int, size: int) -> None:
        if not self.cuts:
            raise OSError(5, "Input/output error")
        self._ftruncate(file, size)


@pytest.mark.parametrize("cuts", [True, False])
def test_a_piece_stands_there_once_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: bool) -> None:
    path = tmp_path / "log"
    file = GrowingFile(path)
    file.append(b"first\n")
    disk = Disk(monkeypatch, 4)
    disk.cuts = cuts
    for _ in range(3):
        with pytest.raises(OSError, match="No space left") as refused:
            file.append(b"second\n")
        assert refused.value.filename == str(path)
        assert path.read_bytes().startswith(b"first\n")
        assert not cuts or path.read_bytes() == b"first\n"
        disk.room = 3
    disk.room = 100
    file.append(b"second\nand more\n")
    file.close()
    assert path.read_bytes() == b"first\nsecond\nand more\n"


def test_what_was_put_in_its_place_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = GrowingFile(path)
    file.append(b"first\n")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file.close()
    file.close()
    file = GrowingFile(path)
    (tmp_path / "other").write_text("other")
    (tmp_path / "other").replace(path)
    with pytest.raises(FileExistsError, match="another file"):
        file.close()
    with pytest.raises(ValueError, match="closed"):
        file.append(b"x")


def test_a_device_or_pipe_is_written_to(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        GrowingFile(Path("/dev/full")).append(b"x")
    null = GrowingFile(Path("/dev/null"), 0o600)
    null.append(b"x")
    null.close()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    file = GrowingFile(pipe)
    file.append(b"line\n")
    assert os.read(reader, 100) == b"line\n"
    file.close()
    os.close(reader)


def test_its_mode(tmp_path: Path) -> None:
    GrowingFile(tmp_path / "secret", 0o600).close()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_what_the_disk_refuses_only_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int) -> None:
        raise OSError(5, "Input/output error")

    file = GrowingFile(tmp_path / "log")
    file.append(b"line\n")
    monkeypatch.setattr(growing_file.os, "fsync", refuse)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="Input/output error"):
        file.close()
