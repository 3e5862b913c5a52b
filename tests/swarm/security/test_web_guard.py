"""Foreign pages on every route of the web UI, Locust's and ours: none is answered, and none can read an answer."""

import pytest

from simulator.swarm.security.web_guard import HostRule, refusal
from tests.swarm.web_ui import HERE, Ui

pytestmark = pytest.mark.usefixtures("no_command_line")

LOCAL = HostRule("127.0.0.1")
OPEN = HostRule("", ("fleet.example",))


@pytest.fixture(scope="module")
def ui(prefix: str) -> Ui:
    return Ui(prefix)


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
            assert "frame-ancestors 'none'" in answer.headers.getlist("Content-Security-Policy")


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
