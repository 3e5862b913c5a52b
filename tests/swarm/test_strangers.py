"""Strangers at a running fleet: workers without the token, foreign pages in a browser, people without the login."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
import zmq.green as zmq
from locust.rpc import Message

from simulator.swarm.process import messages
from simulator.swarm.security.guarded_rpc import guard_worker
from simulator.swarm.security.token import Token
from tests.ports import free_port
from tests.swarm.browser import CHROMIUM, DRIVER, Browser, ForeignSite
from tests.swarm.processes import SCENARIO, UNTIL_TOLD, LocustProcess, fetch

Start = Callable[..., LocustProcess]

ELSEWHERE = "127.0.0.2"
"""Another address of this machine: who listens on all interfaces answers here too."""
ATTACKS: tuple[tuple[str, Any], ...] = (
    ("client_ready", "2.99"),
    (messages.ASK_RUN, {}),
    ("locustfile", {"version": "2.99"}),
    (messages.LEASE, {"run": "x"}),
    (messages.FAILED, {"run": "x", "reason": "a stranger says so", "code": 4}),
    ("stats", {messages.DELTA: {}, "user_classes_count": {}}),
    ("exception", {"msg": "a stranger's", "traceback": ""}),
    ("spawning_complete", None),
    ("heartbeat", {}),
    ("quit", None),
)

EVIL_PAGE = """
    const [fleet] = args;
    const form = new URLSearchParams({user_count: 1, spawn_rate: 1, host: "http://127.0.0.1:9"});
    await fetch(`${fleet}/swarm`, {method: "POST", mode: "no-cors", credentials: "include", body: form})
        .catch(() => null);
    const post = document.createElement("form");
    Object.assign(post, {method: "POST", action: `${fleet}/swarm`, target: "hidden"});
    for (const [name, value] of form) post.append(Object.assign(document.createElement("input"), {name, value}));
    document.body.append(post);
    post.submit();
    await new Promise((loaded) => { frames[0].frameElement.onload = loaded; });
    try {
        return await (await fetch(`${fleet}/fleet/data`, {credentials: "include"})).text();
    } catch (error) {
        return "unreadable";
    }
"""
LOG_IN = """
    for (let tries = 0; !document.querySelector("input[name=password]") && tries < 200; tries++)
        await new Promise((again) => setTimeout(again, 50));
    document.querySelector("input[name=username]").value = args[0];
    document.querySelector("input[name=password]").value = args[1];
    document.querySelector("form").submit();
"""
OWN_PAGE = """
    const form = new URLSearchParams({user_count: 1, spawn_rate: 1, host: args[0]});
    return (await fetch("swarm", {method: "POST", body: form})).json();
"""


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def token_file(directory: Path, name: str) -> str:
    path = directory / name
    path.write_text(f"{name}, which is long enough\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Six devices, and identities that nobody else shall see."""
    path = tmp_path / "short.yaml"
    path.write_text(SCENARIO.format(duration="60s", thresholds="['init p95 < 30 s']"))
    return path


def test_strangers_get_nothing_and_change_nothing(locust: Start, short: Path, tmp_path: Path) -> None:
    port = free_port()
    ours, theirs = token_file(tmp_path, "ours"), token_file(tmp_path, "theirs")
    master = locust(
        *("--scenario", str(short), "--headless", "--report", "report", "--master", "--expect-workers", "2"),
        *("--master-bind-port", str(port), "--token-file", ours, *UNTIL_TOLD),
    )
    master.wait_for(lambda: listens("127.0.0.1", port))
    assert not listens(ELSEWHERE, port)
    strangers = []
    for number, token in enumerate((None, Token("a token that was guessed", "a test"))):
        stranger = zmq.Context().socket(zmq.DEALER)
        stranger.setsockopt(zmq.IDENTITY, f"stranger{number}".encode())
        if token is not None:
            guard_worker(stranger, token)
        stranger.connect(f"tcp://127.0.0.1:{port}")
        strangers.append(stranger)
        for kind, data in ATTACKS:
            message = Message(kind, data, f"stranger{number}")  # type: ignore[no-untyped-call]
            with gevent.Timeout(0.1, False):
                stranger.send(message.serialize())  # type: ignore[no-untyped-call]
    knows_none = locust("--worker", "--master-port", str(port), name="knows-none")
    knows_another = locust("--worker", "--master-port", str(port), "--token-file", theirs, name="knows-another")
    for refused in (knows_none, knows_another):
        assert refused.end() == 2, refused.output
        assert "refuse each other" in refused.output
        assert "BEST_FLEET_TOKEN" in refused.output
        assert "Traceback" not in refused.output
    workers = [
        locust("--worker", "--master-port", str(port), "--token-file", ours, name=f"worker{number}")
        for number in range(2)
    ]
    assert master.ends_after(lambda: master.live(6)) == 0, master.output
    for worker in workers:
        assert worker.end() == 0, worker.output
    assert "does not know this master's token was refused" in master.output
    summary = master.summary()
    assert summary["verdict"] == "passed"
    assert summary["fleet"]["came_online"] == 6
    assert summary["generator"]["processes"] == 2
    for stranger in strangers:
        with pytest.raises(zmq.ZMQError):
            stranger.recv(zmq.NOBLOCK)
        stranger.close(linger=0)
    everything = master.output + (master.report / "summary.json").read_text()
    assert "stranger" not in everything.replace("a stranger cannot", "")
    assert "long enough" not in everything + knows_another.output


def test_forked_workers_need_no_setup_and_leave_no_token(locust: Start, short: Path, tmp_path: Path) -> None:
    port = str(free_port())
    master = locust(
        *("--scenario", str(short), "--headless", "--report", "report", "--processes", "2"),
        *("--master-bind-port", port, "--master-port", port, "-L", "INFO", *UNTIL_TOLD),
    )
    master.wait_for_line("workers connected")
    outsider = locust("--worker", "--master-port", port, name="outsider")
    assert outsider.end() == 2, outsider.output
    assert master.ends_after(lambda: master.live(6)) == 0, master.output
    assert master.summary()["generator"]["processes"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--master", "--master-bind-host", "0.0.0.0", "--headless"),
        ("--master", "--master-bind-host", "*", "--headless"),
        ("--worker", "--master-host", "192.0.2.1"),
    ],
)
def test_other_machines_need_a_token(locust: Start, short: Path, arguments: tuple[str, ...]) -> None:
    ended = locust("--scenario", str(short), *arguments)
    assert ended.end() == 2
    assert "BEST_FLEET_TOKEN" in ended.output
    assert "Traceback" not in ended.output


def test_the_web_page_is_on_the_loopback_address_alone(locust: Start, short: Path) -> None:
    port = free_port()
    process = locust("--scenario", str(short), "--web-port", str(port))
    process.wait_for(lambda: listens("127.0.0.1", port))
    assert not listens(ELSEWHERE, port)
    wide = free_port()
    process = locust("--scenario", str(short), "--web-port", str(wide), "--web-host", "0.0.0.0", name="wide")
    process.wait_for(lambda: listens(ELSEWHERE, wide))
    process.wait_for_line("--web-login")
    assert fetch(f"http://{ELSEWHERE}:{wide}/fleet/data")["run"] is None


def test_a_login_without_anybody_who_could_use_it(locust: Start, short: Path) -> None:
    ended = locust("--scenario", str(short), "--web-login", "--web-port", str(free_port()))
    assert ended.end() == 2
    assert "BEST_FLEET_WEB_LOGIN" in ended.output
    assert "secret key" not in ended.output


@pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no Chromium with its driver is installed")
@pytest.mark.parametrize("login", [False, True], ids=["open", "behind a login"])
def test_a_foreign_page_in_a_browser_drives_nothing_and_the_own_page_does(
    locust: Start, short: Path, tmp_path: Path, login: bool
) -> None:
    port = free_port()
    (tmp_path / "login").write_text("ada:correct:horse\n")
    # Who names a login wants one, with or without --web-login.
    options = ("--web-login-file", str(tmp_path / "login")) if login else ()
    process = locust("--scenario", str(short), "--web-port", str(port), *options)
    fleet = f"http://127.0.0.1:{port}"
    process.wait_for(lambda: listens("127.0.0.1", port))
    with ForeignSite() as foreign, Browser(tmp_path) as browser:
        browser.open(f"{fleet}/")
        if login:
            assert browser.address == f"{fleet}/login"
            browser.run(LOG_IN, "ada", "correct:horse")
        process.wait_for(lambda: browser.address == f"{fleet}/")
        browser.open(foreign.url)
        assert browser.run(EVIL_PAGE, fleet) == "unreadable"
        browser.open(f"{fleet}/fleet")
        told = browser.run("return (await fetch('fleet/data')).json()")
        assert (told["state"], told["run"], told["actions"]) == ("ready", None, [])
        answer = browser.run(OWN_PAGE, "http://127.0.0.1:9")
        assert answer["success"], answer
        assert answer["host"] == "http://127.0.0.1:9"
        process.wait_for(lambda: browser.run("return (await fetch('fleet/data')).json()")["run"])
    assert "horse" not in process.output
