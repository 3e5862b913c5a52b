"""The token between master and workers: where it comes from, who needs one, and that nobody else reads it."""

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from simulator.swarm.security.access import Access, access_of
from simulator.swarm.security.token import Token
from tests.swarm.security.command_line import TOKEN, known, problems


@pytest.mark.parametrize(
    "given",
    [
        {"master": True, "master_bind_host": "*"},
        {"master": True, "master_bind_host": "0.0.0.0"},
        {"master": True, "master_bind_host": "::"},
        {"master": True, "master_bind_host": "192.0.2.7"},
        {"processes": 2, "master_bind_host": "*"},
        {"worker": True, "master_host": "192.0.2.7"},
        {"worker": True, "master_host": "127.example.com"},
        {"worker": True, "master_host": "localhost.example.com", "processes": 4},
    ],
)
def test_between_machines_a_token_is_needed(home: dict[str, str], given: dict[str, Any]) -> None:
    (problem,) = problems(home, **given)
    assert "BEST_FLEET_TOKEN" in problem
    assert "--token-file" in problem
    assert "token_hex" in problem
    token = access_of(known(**given), home | {"BEST_FLEET_TOKEN": TOKEN}).token
    assert token is not None
    assert token.text == TOKEN


def test_a_process_without_workers_needs_no_token(home: dict[str, str]) -> None:
    assert access_of(known(master_bind_host="*"), home) == Access()
    assert list(Path(home["XDG_STATE_HOME"]).parent.iterdir()) == []


def test_forked_workers_have_a_token_of_their_run_alone(home: dict[str, str]) -> None:
    tokens = {access_of(known(processes=2), home).token for _ in range(2)}
    assert len({token.text for token in tokens if token is not None}) == 2
    assert not Path(home["XDG_STATE_HOME"]).exists()


def test_a_users_master_and_workers_find_the_same_token_on_their_machine(home: dict[str, str]) -> None:
    master = access_of(known(master=True), home).token
    worker = access_of(known(worker=True, master_host="localhost"), home).token
    assert master == worker
    assert master is not None
    assert len(master.text) == 64
    path = Path(home["XDG_STATE_HOME"]) / "best-fleet" / "token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["token"]


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_a_users_token_that_others_can_read_or_write_is_not_used(home: dict[str, str], mode: int) -> None:
    access_of(known(master=True), home)
    path = Path(home["XDG_STATE_HOME"]) / "best-fleet" / "token"
    path.chmod(mode)
    (problem,) = problems(home, master=True)
    assert "not its owner's alone" in problem
    assert path.read_text().strip() not in problem


def test_a_users_token_is_not_looked_for_behind_a_link_or_in_an_open_folder(
    home: dict[str, str], tmp_path: Path
) -> None:
    folder = Path(home["XDG_STATE_HOME"]) / "best-fleet"
    folder.mkdir(parents=True, mode=0o755)
    assert "not its owner's alone" in problems(home, master=True)[0]
    folder.chmod(0o700)
    other = tmp_path / "planted"
    other.write_text("f" * 64)
    other.chmod(0o600)
    (folder / "token").symlink_to(other)
    assert "is a link" in problems(home, master=True)[0]


def test_a_user_without_a_home_to_write_to_keeps_the_token_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {"XDG_STATE_HOME": str(tmp_path / "file")}
    token = access_of(known(master=True), environment).token
    assert token == access_of(known(worker=True), environment).token
    assert token is not None
    assert Path(token.source).parent == tmp_path / f"best-fleet-{os.geteuid()}"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert "BEST_FLEET_TOKEN" in problems(environment, master=True)[0]


def test_a_token_comes_from_a_file_or_the_environment_and_leaves_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    environment = {"BEST_FLEET_TOKEN": TOKEN}
    first = access_of(known(master=True, master_bind_host="*"), environment).token
    assert environment == {}
    second = access_of(known(worker=True, master_host="a.example", token_file=str(file)), environment).token
    assert first is not None
    assert second is not None
    assert first.keys() == second.keys()
    assert TOKEN not in repr(first)
    assert str(first.keys().master_secret) not in repr(first.keys())
    other = access_of(known(master=True), {"BEST_FLEET_TOKEN": TOKEN + "x"}).token
    assert other is not None
    assert other.keys() != first.keys()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"short-of-sixteen", None),
        (b"short-of-sixtee", "fewer than 16"),
        (b"two lines of token\nand more\n", "line break"),
        (b"sixteen bytes \x07 and a bell", "control character"),
        (b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff", "not UTF-8"),
        (b"x" * 5000, "longer than"),
    ],
)
def test_a_token_that_is_none_is_refused_and_not_shown(tmp_path: Path, content: bytes, says: str | None) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    if says is None:
        assert access_of(known(master=True, token_file=str(file)), {}).token is not None
        return
    (problem,) = problems({}, master=True, token_file=str(file))
    assert says in problem
    assert str(file) in problem
    assert "two lines" not in problem


def test_the_keys_of_a_token_are_the_same_in_every_version() -> None:
    keys = Token("the token of this swarm", "a test").keys()
    assert keys.master_public == b"s!t6-&?O)9sOSOk5gvL0@93cL8SBXSSH]3cuRx=e"
