"""Locust's own page: our row above it, its title and icon, and a host that stands there already."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulator.scenario.scenario import parse_scenario
from simulator.swarm.web.locust_page import dressed, preset
from simulator.texts.language import CHINESE, speaking
from tests.swarm.manual_run import SCENARIO
from tests.swarm.web_ui import HERE, Ui

pytestmark = pytest.mark.usefixtures("no_command_line")
PAGE = """<html lang="en"><head>
<link rel="shortcut icon" href="./assets/favicon-light.png" media="(prefers-color-scheme: light)">
<title>Locust</title></head><body><div id="root"></div></body></html>"""


def test_the_row_stands_before_locusts_own_and_covers_nothing() -> None:
    scenario = parse_scenario(SCENARIO.replace("tiny", "'<b> & co'"), "tiny.yaml")
    page = dressed(PAGE, "/load", scenario)
    assert page.index("<nav") < page.index('id="root"')
    assert "position" not in page
    assert "<title>&lt;b&gt; &amp; co – Locust</title>" in page
    assert 'href="/load/fleet"' in page
    assert 'href="/load/fleet/assets/favicon.svg"' in page
    assert 'src="/load/fleet/assets/locust.js"' in page
    assert "favicon-light" not in page
    with speaking(CHINESE):
        assert ">设备群</a>" in dressed(PAGE, "", None)


def test_locust_really_has_what_is_looked_for_there() -> None:
    page = Ui().ask("GET", "/").get_data(as_text=True)
    assert "<title>best-fleet – Locust</title>" in page
    assert "shortcut icon" not in page
    assert page.count('class="best-fleet"') == 1


@pytest.mark.parametrize("before", ["ready", "stopped"])
def test_while_a_run_starts_the_page_is_told_that_it_comes_and_starts_no_second_one(before: str, prefix: str) -> None:
    ui = Ui(prefix)
    runner: Any = ui.environment.runner

    def told() -> tuple[str, str]:
        pages = [ui.ask("GET", f"{prefix}{page}").get_json() for page in ("/stats/requests", "/fleet/data")]
        assert pages[0]["stats"], "the rest of it is Locust's"
        return pages[0]["state"], pages[1]["state"]

    runner.state = before
    ui.ask("GET", f"{prefix}/stats/requests")
    ui.role.starting = True
    assert told() == ("spawning", "spawning"), "though Locust keeps its answer for two seconds"
    form = {"user_count": "1", "spawn_rate": "1"}
    again = ui.client.post(f"{prefix}/swarm", data=form, headers={"Host": HERE}).get_json()
    assert (again["success"], "still starting" in again["message"]) == (False, True)
    assert runner.spawning_greenlet is None
    ui.role.starting = False
    assert told() == (before, before), "it could not start"
    ui.role.starting, runner.state = True, "running"
    assert told()[1] == "running"


def test_the_form_shows_the_host_and_asks_for_none() -> None:
    args: dict[str, Any] = {}
    web_ui: Any = SimpleNamespace(template_args=args)

    def update(host: str) -> None:
        args.update(host=host, missing_host_warning=True, override_host_warning=True)

    web_ui.update_template_args = lambda: update("")
    preset(web_ui, "embedded platform")
    web_ui.update_template_args()
    assert args == {"host": "embedded platform", "missing_host_warning": False, "override_host_warning": False}
    web_ui.update_template_args = lambda: update("https://one.example")
    preset(web_ui, "embedded platform")
    web_ui.update_template_args()
    assert args["host"] == "https://one.example"
