"""Who may reach a process: the token's rules, the login's, the web page's names, and that no secret is shown."""

import os
import stat
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from simulator.swarm.security.access import Access, AccessError, access_of, open_to_others
from simulator.swarm.security.secret_source import is_loopback

TOKEN = "a token of more than sixteen"


def known(**given: Any) -> Namespace:
    """A parsed command line: a local process that serves the web page, unless told otherwise."""
    said = {
        "worker": False,
        "master": False,
        "processes": None,
        "headless": False,
        "headful": False,
        "web_login": False,
        "token_file": None,
        "web_login_file": None,
        "web_allowed_hosts": "",
        "master_host": "127.0.0.1",
        "master_bind_host": "127.0.0.1",
    }
    return Namespace(**said | given)


def problems(environment: dict[str, str], **given: Any) -> list[str]:
    with pytest.raises(AccessError) as caught:
        access_of(known(**given), environment)
    return caught.value.problems


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose user keeps state in a folder of the test."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


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


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = problems(
        {"BEST_FLEET_TOKEN": TOKEN, "BEST_FLEET_WEB_LOGIN": "hidden"},
        master=True,
        token_file=str(tmp_path / "none"),
        web_allowed_hosts="fleet.example, https://fleet.example/",
    )
    assert len(said) == 3
    assert "both BEST_FLEET_TOKEN and --token-file" in said[0]
    assert "user:password" in said[1]
    assert "'https://fleet.example/' is no host name" in said[2]
    assert TOKEN not in str(said)
    assert "hidden" not in str(said)


def test_a_login_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("ada:correct:horse\n")
    for environment, name in (({"BEST_FLEET_WEB_LOGIN": "ada:correct:horse"}, None), ({}, str(file))):
        login = access_of(known(web_login=True, web_login_file=name), environment).login
        assert environment == {}
        assert login is not None
        assert login.fits("ada", "correct:horse")
        assert "horse" not in repr(login)
        for user, password in (("ada", ""), ("", "correct:horse"), ("ada:correct", "horse"), ("Ada", "correct:horse")):
            assert not login.fits(user, password)


@pytest.mark.parametrize("text", ["ada", "ada:", ":horse"])
def test_half_a_login_is_refused(text: str) -> None:
    (problem,) = problems({"BEST_FLEET_WEB_LOGIN": text}, web_login=True)
    assert "BEST_FLEET_WEB_LOGIN must hold user:password" in problem


def test_a_login_that_nobody_could_use_is_refused_with_what_to_do() -> None:
    (problem,) = problems({}, web_login=True)
    assert "BEST_FLEET_WEB_LOGIN" in problem
    assert "--web-login-file" in problem
    assert problems({}, web_login=True, headless=True, headful=True) == [problem]
    # Without the web page there is nothing to log in to.
    assert access_of(known(web_login=True, headless=True), {}).login is None


def test_no_secret_is_left_for_the_processes_that_are_started_later() -> None:
    for given in ({}, {"headless": True}, {"worker": True, "headless": True}, {"master": True, "headless": True}):
        environment = {"BEST_FLEET_TOKEN": TOKEN, "BEST_FLEET_WEB_LOGIN": "ada:horse", "OTHER": "stays"}
        access_of(known(**given), environment)
        assert environment == {"OTHER": "stays"}


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("*", False),
        ("0.0.0.0", False),
        ("::", False),
        ("127.0.0.1.example.com", False),
        ("192.0.2.1", False),
    ],
)
def test_what_stays_within_the_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert open_to_others(host) is not loopback
