"""Where the metrics are served: on a port of their own and beside the web page, behind the same guards and login."""

import base64
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from simulator.swarm.metrics import server as module
from simulator.swarm.metrics.prometheus import application
from simulator.swarm.metrics.readings import Readings
from simulator.swarm.metrics.server import MetricsServer
from simulator.swarm.security.access import Access
from simulator.swarm.security.web_login import WebLogin
from tests.swarm.manual_run import ManualRun
from tests.swarm.web_ui import LOGIN, Ui

NOTHING = application(Readings(lambda: None))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetricsServer]:
    made = MetricsServer("127.0.0.1", 0, NOTHING, Access())
    yield made
    made.stop()


def ask(url: str, **headers: str) -> tuple[int, str]:
    """The status and text of an answer; the server works in this thread's hub meanwhile."""
    asked = urllib.request.Request(url, headers=headers)

    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return gevent.get_hub().threadpool.apply(fetch)  # type: ignore[no-any-return]


def test_port_0_is_a_free_one_and_the_url_names_it(served: MetricsServer) -> None:
    status, text = ask(served.url)
    assert status == 200
    assert "best_fleet_build_info" in text
    assert not served.url.endswith(":0/metrics")


def test_other_paths_and_foreign_host_names_get_nothing(served: MetricsServer) -> None:
    assert ask(served.url.removesuffix("metrics"))[0] == 404
    assert ask(served.url, Host="evil.example.com")[0] == 403


def test_a_name_that_is_allowed_is_answered() -> None:
    served = MetricsServer("127.0.0.1", 0, NOTHING, Access(allowed_hosts=("fleet.example.com",)))
    assert ask(served.url, Host="fleet.example.com:9646")[0] == 200
    served.stop()


def test_a_port_that_is_taken_is_an_error(served: MetricsServer) -> None:
    port = int(served.url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        MetricsServer("127.0.0.1", port, NOTHING, Access())


def test_with_a_login_a_scrape_brings_it_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRONG_DELAY_S", 0)
    served = MetricsServer("127.0.0.1", 0, NOTHING, Access(login=WebLogin("ada", "correct:horse")))
    assert ask(served.url)[0] == 401
    assert ask(served.url, Authorization=basic("ada", "wrong"))[0] == 401
    assert ask(served.url, Authorization="Basic !")[0] == 401
    status, text = ask(served.url, Authorization=basic("ada", "correct:horse"))
    assert status == 200
    assert "horse" not in text
    served.stop()


def test_the_last_scrape_is_awaited_where_there_was_one(served: MetricsServer) -> None:
    assert served.await_scrape(60.0) is False, "nobody scrapes"
    assert ask(served.url)[0] == 200
    assert served.await_scrape(0.0) is False, "nobody wants to wait"
    waiting = gevent.spawn(served.await_scrape, 60.0)
    gevent.sleep(0)
    assert ask(served.url)[0] == 200
    assert waiting.get(timeout=10) is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_last_scrape(served: MetricsServer, number: int) -> None:
    former = signal.getsignal(number)
    assert ask(served.url)[0] == 200
    waiting = gevent.spawn(served.await_scrape, 60.0)
    gevent.sleep(0)
    os.kill(os.getpid(), number)
    assert waiting.get(timeout=10) is False
    assert signal.getsignal(number) is former


def test_who_binds_an_open_address_without_a_login_is_told(caplog: pytest.LogCaptureFixture) -> None:
    MetricsServer("0.0.0.0", 0, NOTHING, Access()).stop()
    assert "ask for no login" in caplog.text
    caplog.clear()
    MetricsServer("127.0.0.1", 0, NOTHING, Access()).stop()
    assert caplog.text == ""


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        MetricsServer("192.0.2.1", 0, NOTHING, Access())


@pytest.fixture(autouse=True)
def command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # Locust's web page reads the process' own, which is pytest's here.
    monkeypatch.setattr(sys, "argv", ["locust"])


@pytest.mark.parametrize("path", ["", "/fleet-1"])
def test_the_web_page_serves_them_behind_its_guards(path: str, tmp_path: Path) -> None:
    ui = Ui(path, run=ManualRun(tmp_path).open().run)
    answer = ui.ask("GET", f"{path}/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert "best_fleet_requests_total" in answer.get_data(as_text=True)
    assert ui.ask("GET", f"{path}/metrics", Host="evil.example.com").status_code == 403
    assert ui.ask("POST", f"{path}/metrics").status_code == 405


def test_the_web_pages_login_is_taken_from_a_scrape_itself() -> None:
    ui = Ui("", LOGIN)
    ui.app.config["WRONG_DELAY_S"] = 0
    refused = ui.ask("GET", "/metrics")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert ui.ask("GET", "/metrics", Authorization=basic("ada", "wrong")).status_code == 401
    assert ui.ask("GET", "/metrics", Authorization=basic("ada", "correct:horse")).status_code == 200
    assert ui.ask("GET", "/fleet/data", Authorization=basic("ada", "correct:horse")).status_code == 401, "by form alone"
    assert "WWW-Authenticate" not in ui.ask("GET", "/fleet/data").headers


def test_ipv6_is_written_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    served = MetricsServer("::1", 0, NOTHING, Access())
    assert served.url.startswith("http://[::1]:")
    assert ask(served.url)[0] == 200
    served.stop()
