"""Our page's routes in Locust's web UI, what a browser makes of them, and a wrong form, which starts nothing."""

import json
from pathlib import Path

import pytest

from reports.colors import STATES
from simulator.measurements.names import DeviceState
from simulator.measurements.short_labels import state_label
from simulator.measurements.weather import PlannedFault
from simulator.swarm.web.page import render
from simulator.texts.language import CHINESE, speaking
from tests.swarm.browser import CHROMIUM, DRIVER, Browser
from tests.swarm.manual_run import PLANNED_S, STARTED, ManualRun
from tests.swarm.web_ui import HERE, LOGIN, Served, Ui

RESTART = "faults: [{what: platform_restart, at: 20s, down: 4s}]\n"
pytestmark = pytest.mark.usefixtures("no_command_line")


@pytest.fixture
def manual(tmp_path: Path) -> ManualRun:
    manual = ManualRun(tmp_path / "report").open()
    manual.tick(5.0)
    manual.tick(1.0)
    return manual


@pytest.mark.parametrize(("since", "points"), [("0", 2), ("", 2), ("-1", 2), ("x", 2), ("9" * 30, 2), ("²", 2)])
def test_the_data_route_takes_whatever_is_asked_for(manual: ManualRun, since: str, points: int) -> None:
    ui = Ui(run=manual.run)
    answer = ui.client.get("/fleet/data", query_string={"since": since}, headers={"Host": HERE})
    assert answer.status_code == 200
    assert len(answer.get_json()["points"]) == points


def test_the_page_needs_nothing_from_the_network_and_locusts_own_links_to_it(prefix: str) -> None:
    ui = Ui(prefix)
    page = ui.ask("GET", f"{prefix}/fleet")
    assert page.mimetype == "text/html"
    text = page.get_data(as_text=True)
    assert 'src="http' not in text
    assert 'href="http' not in text
    assert f'href="{prefix}/fleet"' in ui.ask("GET", f"{prefix}/").get_data(as_text=True)
    assert 'href="/fleet"' not in ui.ask("GET", f"{prefix}/stats/requests").get_data(as_text=True)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"user_count": "0", "spawn_rate": "1"}, ["-u: "]),
        ({"user_count": "1", "spawn_rate": "1", "host": "ftp://platform.example"}, ["Host: "]),
        ({"user_count": "-5", "spawn_rate": "0", "host": "nowhere"}, ["-u: ", "-r: ", "Host: "]),
    ],
)
def test_a_wrong_form_starts_nothing_and_is_answered_as_locust_answers(
    prefix: str, form: dict[str, str], says: list[str]
) -> None:
    ui = Ui(prefix)
    answer = ui.client.post(f"{prefix}/swarm", data=form, headers={"Host": HERE}).get_json()
    assert answer["success"] is False
    told = answer["message"].split("; ")
    assert [text.startswith(start) for text, start in zip(told, says, strict=True)] == [True] * len(says)
    assert ui.environment.runner is not None
    assert ui.environment.runner.state == "ready"
    assert ui.environment.host is None


def test_a_form_with_a_platform_of_ones_own_does_not_go_with_one_that_is_to_be_restarted(tmp_path: Path) -> None:
    run = ManualRun(tmp_path / "report", scenario=RESTART, embedded=True).run
    form = {"user_count": "1", "spawn_rate": "1", "host": "http://platform.example"}
    answer = Ui(run=run).client.post("/swarm", data=form, headers={"Host": HERE}).get_json()
    assert answer["success"] is False
    assert answer["message"].startswith("Host: faults[0] (platform_restart) ")


def test_the_page_brings_only_its_own_files_and_says_so(prefix: str) -> None:
    ui = Ui(prefix)
    page = ui.ask("GET", f"{prefix}/fleet")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    for name in ("main.js", "page.css", "palette.css", "echarts.js", "favicon.svg"):
        assert ui.ask("GET", f"{prefix}/fleet/assets/{name}").status_code == 200, name
    first = ui.ask("GET", f"{prefix}/fleet/assets/main.js")
    assert first.mimetype == "text/javascript"
    again = ui.ask("GET", f"{prefix}/fleet/assets/main.js", If_None_Match=first.headers["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "fleet.html.j2", "../page.py", "..%2fpage.py", "__init__.py", "main"])
def test_no_other_file_can_be_asked_for(name: str) -> None:
    assert Ui().ask("GET", f"/fleet/assets/{name}").status_code == 404


def test_the_report_of_a_run_that_is_over_is_served_and_nothing_beside_it(manual: ManualRun) -> None:
    ui = Ui(run=manual.run)
    assert ui.ask("GET", "/fleet/report/report.html").status_code == 404, "it goes on"
    manual.end(PLANNED_S)
    (manual.run.directory / "state.json").write_text("secret")
    answer = ui.ask("GET", "/fleet/report/report.html")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert any(policy.startswith("sandbox") for policy in answer.headers.getlist("Content-Security-Policy"))
    for name in ("state.json", "../tiny.yaml", "checkpoint.json", "platform.log"):
        assert ui.ask("GET", f"/fleet/report/{name}").status_code == 404


def test_the_report_is_behind_the_login(manual: ManualRun) -> None:
    manual.end(PLANNED_S)
    ui = Ui(run=manual.run, login=LOGIN)
    for path in ("/fleet", "/fleet/data", "/fleet/assets/main.js", "/fleet/report/report.html"):
        assert ui.ask("GET", path).status_code == 401
    ui.log_in()
    assert ui.ask("GET", "/fleet/report/report.html").status_code == 200


def test_the_page_is_in_the_language_it_is_asked_in() -> None:
    english, chinese = (Ui().ask("GET", f"/fleet?lang={tag}") for tag in ("en", "zh"))
    assert '<html lang="en">' in english.get_data(as_text=True)
    assert '<html lang="zh-CN">' in chinese.get_data(as_text=True)
    assert "总览" in chinese.get_data(as_text=True)


def test_every_state_has_the_report_s_name_and_colour() -> None:
    page = render("tiny")
    told = json.loads(page.partition('id="states">')[2].partition("</script>")[0])
    assert {state: told[state][1] for state in STATES} == dict(STATES)
    assert set(told) == {state.value for state in DeviceState}
    assert told["waiting"][0] == state_label("waiting")


def test_a_name_or_a_translation_ends_no_element_of_the_page() -> None:
    with speaking(CHINESE):
        page = render("</title><script>alert(1)</script>")
    assert "<script>alert" not in page
    assert page.count("</script>") == 5


browser_wanted = pytest.mark.skipif(DRIVER is None or CHROMIUM is None, reason="no Chromium is installed")


@browser_wanted
def test_the_page_shows_what_the_platform_wrote_as_text_alone(manual: ManualRun, tmp_path: Path) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    manual.run.measurements.violations.add("reply.code", evil, STARTED, 0, evil, 3)
    assert manual.run.weather is not None
    manual.run.weather.planned = (PlannedFault(number=0, what="outage", at=2.0, lasts=75.0, devices=1, text=evil),)
    with Served(Ui(run=manual.run)) as served, Browser(tmp_path) as browser:
        browser.open(f"{served.url}/fleet#messages")
        browser.until("return document.querySelector('#violations tbody tr') !== null")
        title, images, violations = browser.run(
            "return [document.title, document.querySelectorAll('img').length,"
            " document.getElementById('violations').innerText]"
        )
        browser.run("document.getElementById('tab-faults').click()")
        browser.until("return document.getElementById('weather').innerText.includes('Fault under way')")
        weather = browser.run("return document.getElementById('weather').innerText")
    assert (title, images) == ("tiny – Fleet", 0)
    assert violations.startswith("Violations: 3")
    assert f"{evil} 3" in violations
    assert f"Fault under way: {evil}, 1:11 left, 0 devices hit, 0 requests cut off" in weather
