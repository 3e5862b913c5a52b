"""Who may look into the ledger of a running platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import main
from simulator.cli.errors import UsageError
from simulator.cli.platform_command import ledger_token
from simulator.platform.inspection_guard import InspectionGuard
from tests.platform.harness import running

HOST = {"Host": "127.0.0.1:8080"}


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "::1%lo"])
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1", "LocalHost", "[::1]:9", "192.0.2.1:80"])
def test_this_machine_may_look(peer: str, host: str) -> None:
    assert InspectionGuard(None).refusal(peer, {"Host": host}) is None


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "fe80::1", "::ffff:192.0.2.7", "128.0.0.1", "", None, "x"])
def test_other_machines_may_not(peer: str | None) -> None:
    refusal = InspectionGuard(None).refusal(peer, HOST)
    assert refusal is not None
    assert refusal[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:8080"},
        {"Host": ""},
        HOST | {"X-Forwarded-For": "192.0.2.7"},
        HOST | {"Forwarded": "for=192.0.2.7"},
        HOST | {"Via": "1.1 proxy"},
        HOST | {"Sec-Fetch-Site": "cross-site"},
        HOST | {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_nor_somebody_who_asks_through_this_machine(headers: dict[str, str]) -> None:
    refusal = InspectionGuard(None).refusal("127.0.0.1", headers)
    assert refusal is not None
    assert refusal[0] == 403


def test_a_token_lets_in_whoever_presents_it() -> None:
    guard = InspectionGuard("s3cret")
    for given in ("", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret ", "Basic s3cret", "Bearer \udcff"):
        refusal = guard.refusal("127.0.0.1", HOST | {"Authorization": given})
        assert refusal is not None
        assert refusal[0] == 401
        assert "s3cret" not in refusal[1]
    assert guard.refusal("192.0.2.7", {"Host": "platform.example", "Authorization": "Bearer s3cret"}) is None
    cross = {"Host": "platform.example", "Authorization": "Bearer s3cret", "Sec-Fetch-Site": "cross-site"}
    assert guard.refusal("192.0.2.7", cross) is not None


@pytest.mark.parametrize("path", ["/ledger", "/ledger/records?sn=SN0000"])
async def test_both_pages_are_guarded(path: str) -> None:
    async with running(ledger_token="s3cret") as platform:
        url = platform.info.dispatch + path
        async with platform.http.get(url) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
        async with platform.http.get(url, headers={"Authorization": "Bearer s3cret"}) as response:
            assert response.status == 200
    async with running() as platform:
        url = platform.info.dispatch + path
        async with platform.http.get(url, headers={"Host": "rebound.example"}) as response:
            assert response.status == 403
        assert (await platform.ledger())["events"] == {"inspection refused": 1}


def test_where_the_token_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Options:
        ledger_token_file: str | None = None

    options = Options()
    assert ledger_token(options) is None  # type: ignore[arg-type]
    monkeypatch.setenv("BEST_FLEET_LEDGER_TOKEN", "from the environment")
    assert ledger_token(options) == "from the environment"  # type: ignore[arg-type]
    file = tmp_path / "token"
    file.write_text("from a file\n")
    options.ledger_token_file = str(file)
    assert ledger_token(options) == "from a file"  # type: ignore[arg-type]
    file.write_text("")
    with pytest.raises(UsageError, match="--ledger-token-file"):
        ledger_token(options)  # type: ignore[arg-type]
    assert main(["platform", "--scenario", "scenarios/smoke.yaml", "--ledger-token-file", str(file)]) == 2
