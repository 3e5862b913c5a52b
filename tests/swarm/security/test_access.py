"""All that the command line and the environment say about access is read at once, and no secret stays behind."""

from pathlib import Path

from simulator.swarm.security.access import access_of
from tests.swarm.security.command_line import TOKEN, known, problems


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


def test_no_secret_is_left_for_the_processes_that_are_started_later() -> None:
    for given in ({}, {"headless": True}, {"worker": True, "headless": True}, {"master": True, "headless": True}):
        environment = {"BEST_FLEET_TOKEN": TOKEN, "BEST_FLEET_WEB_LOGIN": "ada:horse", "OTHER": "stays"}
        access_of(known(**given), environment)
        assert environment == {"OTHER": "stays"}
