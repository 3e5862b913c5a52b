"""Foreign pages and people without the login, on every route of the web UI: Locust's and ours."""

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from locust.env import Environment
from locust.event import Events
from locust.web import WebUI
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from simulator.swarm.security.access import Access
from simulator.swarm.security.web_guard import HostRule, refusal
from simulator.swarm.security.web_login import WebLogin
from simulator.swarm.web.page import add_pages, protect

HERE = "127.0.0.1:8089"
LOGIN = WebLogin("ada", "correct:horse")
LOCAL = HostRule("127.0.0.1")
OPEN = HostRule("", ("fleet.example",))


class Ui:
    """Locust's web UI as `session` sets it up, without a server."""

    def __init__(self, prefix: str = "", login: WebLogin | None = None, tls: bool = False) -> None:
        environment = Environment(events=Events(), user_classes=[])
        runner = environment.create_local_runner()
        web_ui = WebUI(
            environment,
            "127.0.0.1",
            8089,
            web_base_path=prefix or None,
            web_login=login is not None,
            tls_cert="certificate" if tls else None,
            tls_key="key" if tls else None,
            delayed_start=True,
        )
        role: Any = SimpleNamespace(
            options=SimpleNamespace(web_base_path=prefix), runner=runner, run=None, environment=environment
        )
        add_pages(web_ui, role)
        protect(web_ui, Access(login=login), prefix)
        assert web_ui.app is not None
        self.app = web_ui.app
        self.prefix = prefix
        self.client: FlaskClient = self.app.test_client()
        self.environment = environment

    def ask(self, method: str, path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, headers={"Host": HERE} | named, base_url=f"http://{HERE}")

    def log_in(self, user: str = "ada", password: str = "correct:horse") -> TestResponse:
        form = {"username": user, "password": password}
        return self.client.post(
            f"{self.prefix}/login", data=form, headers={"Host": HERE}, base_url=f"{self.scheme}://{HERE}"
        )

    @property
    def scheme(self) -> str:
        return "https" if self.app.config["SESSION_COOKIE_SECURE"] else "http"

    def calls(self) -> Iterator[tuple[str, str]]:
        """Every method and path that somebody answers, and some that nobody does."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) | {"GET", "POST", "OPTIONS"}):
                yield method, example_of(rule)
        yield "GET", f"{self.prefix}/nowhere"


def example_of(rule: Rule) -> str:
    return rule.rule.replace("<path:path>", "a.js").replace("<path:filename>", "a.js")


@pytest.fixture(scope="module", autouse=True)
def no_command_line() -> Iterator[None]:
    """Locust's page parses the arguments of the process: here they are pytest's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["locust"])
        yield


@pytest.fixture(scope="module", params=["", "/tools/fleet"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def ui(prefix: str) -> Ui:
    return Ui(prefix)


@pytest.fixture(scope="module")
def locked(prefix: str) -> Ui:
    made = Ui(prefix, LOGIN)
    made.app.config["WRONG_DELAY_S"] = 0
    return made


def test_there_are_routes_of_both(ui: Ui) -> None:
    paths = {path.removeprefix(ui.prefix) for _, path in ui.calls()}
    assert {"/", "/swarm", "/stop", "/stats/reset", "/stats/requests", "/user", "/logs", "/login"} <= paths
    assert {"/fleet", "/fleet/data"} <= paths


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8089"},
        {"Host": "127.0.0.1.evil.example:8089"},
        {"Host": "192.0.2.9:8089"},
        {"Host": "127.0.0.1:8089, evil.example"},
        {"Host": ""},
        {"Host": "127.0.0.1:8089@evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Origin": "http://localhost:8089"},
        {"Origin": "http://127.0.0.1:8089.evil.example"},
        {"Origin": "http://evil.example@127.0.0.1:8089"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_a_foreign_page_reaches_no_route(ui: Ui, headers: dict[str, str]) -> None:
    for method, path in ui.calls():
        answer = ui.ask(method, path, **headers)
        assert answer.status_code == 403, (method, path)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]
        assert "evil" not in answer.get_data(as_text=True)
    assert ui.environment.host is None


def test_no_answer_lets_another_origin_read_it_or_frame_it(ui: Ui) -> None:
    for origin in (None, f"http://{HERE}"):
        for method, path in ui.calls():
            answer = ui.ask(method, path, **({"Origin": origin} if origin else {}))
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")], path
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_itself_drives_the_fleet_and_changes_the_host(ui: Ui, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.environment.runner, "start", lambda *_, **__: None)
    own = {"Origin": f"http://{HERE}", "Sec-Fetch-Site": "same-origin", "Host": HERE}
    form = {"user_count": "1", "spawn_rate": "1", "host": "http://192.0.2.1"}
    answer = ui.client.post(f"{ui.prefix}/swarm", data=form, headers=own, base_url=f"http://{HERE}")
    assert answer.get_json()["host"] == "http://192.0.2.1"
    assert ui.environment.host == "http://192.0.2.1"
    ui.environment.host = None


def test_a_program_that_is_no_browser_is_served(ui: Ui) -> None:
    for method, path in (("GET", "/stats/requests"), ("GET", "/fleet/data"), ("POST", "/stop")):
        assert ui.ask(method, ui.prefix + path).status_code == 200, path
        assert ui.ask(method, ui.prefix + path, Referer=f"http://{HERE}/").status_code == 200, path
    refused = ui.ask("POST", f"{ui.prefix}/stop", Referer="https://evil.example/page")
    assert refused.status_code == 403


def test_a_link_on_another_page_leads_to_pages_and_changes_nothing(ui: Ui) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    followed = {
        path.removeprefix(ui.prefix) for method, path in ui.calls() if ui.ask(method, path, **link).status_code != 403
    }
    assert followed <= {"/", "/fleet", "/login", "/stats/report"}
    assert {"/", "/fleet"} <= followed
    assert {ui.ask("POST", path, **link).status_code for _, path in ui.calls()} == {403}


@pytest.mark.parametrize(
    ("rule", "host", "served"),
    [
        (LOCAL, "127.0.0.1:8089", True),
        (LOCAL, "127.0.0.1", True),
        (LOCAL, "LocalHost:9000", True),
        (LOCAL, "localhost.:8089", True),
        (LOCAL, "[::1]:8089", True),
        (LOCAL, "[::1", False),
        (LOCAL, "10.0.0.5:8089", False),
        (LOCAL, "fleet.example", False),
        (HostRule("127.0.0.1", ("fleet.example",)), "Fleet.Example:443", True),
        (HostRule("127.0.0.1", ("fleet.example",)), "a.fleet.example", False),
        (OPEN, "fleet.example", True),
        (OPEN, "10.0.0.5:8089", True),
        (OPEN, "[2001:db8::5]:8089", True),
        (OPEN, "localhost", True),
        (OPEN, "evil.example", False),
        (OPEN, "10.0.0.5.evil.example", False),
        (OPEN, "1.2.3", False),
        (HostRule("box.lan"), "box.lan:8089", True),
        (HostRule("box.lan"), "evil.example", False),
    ],
)
def test_under_which_names_the_page_answers(rule: HostRule, host: str, served: bool) -> None:
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": host}
    assert (refusal(request, rule) is None) is served


@pytest.mark.parametrize(
    ("host", "origin", "same"),
    [
        ("fleet.example", "https://fleet.example", True),
        ("fleet.example", "http://fleet.example", True),
        ("fleet.example:443", "https://fleet.example", True),
        ("fleet.example", "https://fleet.example:444", False),
        ("fleet.example:8089", "http://fleet.example:8089", True),
        ("fleet.example:8089", "http://fleet.example", False),
        ("[::1]:8089", "http://[::1]:8089", True),
        ("[::1]:8089", "http://[::1", False),
    ],
)
def test_what_the_same_origin_is(host: str, origin: str, same: bool) -> None:
    request = {"REQUEST_METHOD": "POST", "PATH_INFO": "/stop", "HTTP_HOST": host, "HTTP_ORIGIN": origin}
    assert (refusal(request, OPEN) is None) is same


def test_without_the_login_only_its_page_and_its_scripts_are_there(locked: Ui) -> None:
    for method, path in locked.calls():
        answer = locked.ask(method, path)
        if path.removeprefix(locked.prefix).startswith(("/login", "/assets/")):
            assert answer.status_code != 401, path
            continue
        assert answer.status_code == 401, (method, path)
        shown = locked.ask(method, path, Accept="text/html,*/*;q=0.8")
        assert shown.status_code == (302 if method == "GET" else 401), (method, path)
        if method == "GET":
            assert shown.headers["Location"] == f"{locked.prefix}/login"


def test_a_path_that_only_begins_like_an_open_one_is_not_open(locked: Ui) -> None:
    for path in (
        "/assets/../fleet/data",
        "/login/../fleet/data",
        "//fleet/data",
        "/assets/%2e%2e/fleet/data",
        "/loginx",
    ):
        answer = locked.ask("GET", locked.prefix + path)
        assert answer.status_code in (401, 404, 308), path
        assert "state" not in answer.get_data(as_text=True)
    for path in ("/loginx", "/login/x", "/assets", "/assetsx"):
        assert locked.ask("GET", locked.prefix + path).status_code == 401, path


@pytest.mark.parametrize(
    ("user", "password"), [("ada", "wrong"), ("", ""), ("ada", ""), ("Ada", "correct:horse"), ("ada:correct", "horse")]
)
def test_a_wrong_login_opens_nothing(locked: Ui, user: str, password: str) -> None:
    answer = locked.log_in(user, password)
    assert answer.headers["Location"] == f"{locked.prefix}/login"
    assert locked.ask("GET", f"{locked.prefix}/fleet/data").status_code == 401
    assert "Wrong user or password" in locked.ask("GET", f"{locked.prefix}/login").get_data(as_text=True)


@pytest.mark.parametrize("tls", [False, True])
def test_the_login_opens_every_route_with_a_cookie_that_no_page_can_read(prefix: str, tls: bool) -> None:
    ui = Ui(prefix, LOGIN, tls=tls)
    answer = ui.log_in()
    assert answer.headers["Location"] == f"{prefix}/"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("best_fleet_8089=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert ("Secure" in cookie) is tls
    base = f"{ui.scheme}://{HERE}"
    assert ui.client.get(f"{prefix}/fleet/data", base_url=base, headers={"Host": HERE}).get_json()["run"] is None
    for method, path in ui.calls():
        answer = ui.client.open(path, method=method, base_url=base, headers={"Host": HERE})
        assert answer.status_code != 401, (method, path)
        assert "correct:horse" not in answer.get_data(as_text=True)
    # Neither a cookie of another process nor one that was made up.
    other = Ui(prefix, LOGIN, tls=tls)
    other.client.set_cookie("best_fleet_8089", cookie.split(";")[0].partition("=")[2], domain="127.0.0.1")
    assert other.client.get(f"{prefix}/fleet/data", base_url=base, headers={"Host": HERE}).status_code == 401
