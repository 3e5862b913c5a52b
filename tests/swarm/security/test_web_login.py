"""The web page's login: what is given for it, and what it opens on every route, Locust's and ours."""

from pathlib import Path

import pytest

from simulator.swarm.security.access import access_of
from tests.swarm.security.command_line import known, problems
from tests.swarm.web_ui import HERE, LOGIN, Ui

pytestmark = pytest.mark.usefixtures("no_command_line")


@pytest.fixture(scope="module")
def locked(prefix: str) -> Ui:
    made = Ui(prefix, LOGIN)
    made.app.config["WRONG_DELAY_S"] = 0
    return made


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
