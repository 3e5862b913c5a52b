"""Secrets are read from the environment or a file, never shown, and never left where others can read them."""

import os
from pathlib import Path

import pytest

from simulator.swarm.security.access import open_to_others
from simulator.swarm.security.secret_source import (
    MAX_BYTES,
    SecretError,
    is_loopback,
    own_directory,
    read_own_file,
    read_secret,
)

VARIABLE, OPTION = "FLEET_SECRET", "--secret-file"


def test_the_variable_or_the_file_gives_the_secret_and_the_variable_is_gone(tmp_path: Path) -> None:
    environment = {VARIABLE: "of the variable\n", "OTHER": "stays"}
    assert read_secret(environment, VARIABLE, OPTION, None) == "of the variable"
    assert environment == {"OTHER": "stays"}
    (tmp_path / "secret").write_text("of the file\r\n")
    assert read_secret(environment, VARIABLE, OPTION, str(tmp_path / "secret")) == "of the file"
    assert read_secret(environment, VARIABLE, OPTION, None) is None


def test_two_sources_are_one_too_many_and_neither_stays(tmp_path: Path) -> None:
    environment = {VARIABLE: "hush"}
    with pytest.raises(SecretError, match=f"both {VARIABLE} and {OPTION} are given") as caught:
        read_secret(environment, VARIABLE, OPTION, str(tmp_path / "secret"))
    assert environment == {}
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n", "is empty"),
        (b"hush\nhush", "line break"),
        (b"hush\x07", "control character"),
        (b"\xff", "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), f"longer than {MAX_BYTES} bytes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_secret_is_refused_with_its_source(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretError, match=says) as caught:
        read_secret({}, VARIABLE, OPTION, str(file))
    assert f"{OPTION} {file}" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_directory_and_a_file_of_our_own_are_used_and_those_of_others_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "best-fleet"
    own_directory(folder)
    own_directory(folder)
    file = folder / "token"
    file.write_text("hush")
    file.chmod(0o600)
    assert read_own_file(file) == "hush"
    file.chmod(0o640)
    with pytest.raises(SecretError, match="not its owner's alone"):
        read_own_file(file)
    folder.chmod(0o750)
    with pytest.raises(SecretError, match="not its owner's alone"):
        own_directory(folder)


def test_a_secret_is_not_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "planted").write_text("hush")
    os.chmod(tmp_path / "planted", 0o600)
    (tmp_path / "token").symlink_to(tmp_path / "planted")
    with pytest.raises(SecretError, match="is a link"):
        read_own_file(tmp_path / "token")


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
