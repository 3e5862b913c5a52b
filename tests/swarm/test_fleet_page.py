"""The whole fleet page in a real browser: keyboard, tabs, tables that stay where they are, and what axe-core finds."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports import text
from simulator.fleet.device_rows import Query
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.weather import PlannedFault
from tests.swarm.axe import grave_findings
from tests.swarm.browser import CHROMIUM, DRIVER, Browser
from tests.swarm.manual_run import STARTED, ManualRun
from tests.swarm.web_ui import Served, Ui

pytestmark = [
    pytest.mark.usefixtures("no_command_line"),
    pytest.mark.skipif(DRIVER is None or CHROMIUM is None, reason="no Chromium is installed"),
]
EVIL = "<img src=x onerror=\"document.title='owned'\">"
ROWS = 12
WORKER, SILENT = "vm_0a1b2c3d4e5f60718293a4b5c6d7e8f9", "vm_24a6fed5c5884a489d9e209143e4060b"
TABS = ("overview", "devices", "device/SN00007", "messages", "faults", "report")
SEEN = {
    "overview": "document.querySelectorAll('#panel-overview tbody tr').length > 3",
    "devices": "document.querySelectorAll('#panel-devices tbody tr').length === 12",
    "device/SN00007": "document.querySelectorAll('.talk details').length === 2",
    "messages": "document.querySelectorAll('#violations tbody tr').length === 1",
    "faults": "document.getElementById('weather').innerText.includes('outage')",
    "report": "document.querySelector('#panel-report .card').innerText.length > 5",
}


class View:
    """A fleet of a hundred devices that are asked for by the page."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def table(self, query: Query) -> dict[str, Any]:
        self.queries.append(query)
        first = query.page * ROWS
        row = {"group": "rooms", "state": "online", "since": STARTED, "heartbeat": None, "waiting": 2, "reconnects": 0}
        rows = [
            {**row, "sn": f"SN{index:05}", "index": index, "violations": index % 2, "worker": WORKER}
            for index in range(first, first + ROWS)
        ]
        told = {"total": 100, "matching": 100, "page": query.page, "size": ROWS, "rows": rows}
        return {**told, "groups": ["rooms", "halls"], "states": ["online", "waiting"], "missing": [SILENT]}

    def device(self, sn: str) -> dict[str, Any] | None:
        history = [[STARTED, "lookup"], [STARTED + 1, "online"]]
        told = {"sn": sn, "index": 7, "group": EVIL, "state": "online", "since": STARTED + 1, "history": history}
        numbers = {"memory": {"users": 50}, "outbox": {"waiting": 2}, "figures": {"heartbeat": None, "reconnects": 1}}
        return {**told, **numbers, "worker": WORKER}

    def messages(self, sn: str, after: int) -> dict[str, Any] | None:
        told = [
            {
                "id": 1,
                "at": STARTED,
                "direction": "sent",
                "funcId": "dev.heartbeat",
                "mid": "1",
                "bytes": 9,
                "text": "{}",
            },
            {"id": 2, "at": STARTED, "direction": "received", "funcId": EVIL, "mid": EVIL, "bytes": 9, "text": EVIL},
        ]
        return {"watching": True, "messages": [one for one in told if one["id"] > after], "dropped": 0}


def busy(directory: Path) -> ManualRun:
    """A run in which everything has happened once that the page has a place for."""
    manual = ManualRun(directory, scenario="thresholds: [failures == 0, dev.heartbeat p99 < 1 s]\n").open()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    at = manual.time.wall()
    recorder.request("dev.login", at, 0.3, "E0010004", 1, 1, 0.0)
    recorder.flow("init", at, 0.2, "00000000")
    recorder.command("cmd.data.update.user", at, 0.02, "00000000")
    recorder.loop_lag(0.0004, at)
    manual.run.measurements.apply(events)
    manual.run.measurements.violations.add("reply.code", EVIL, STARTED, 0, EVIL, 3)
    manual.run.find("worker_lost", worker="w9", at=STARTED)
    assert manual.run.weather is not None
    manual.run.weather.planned = (PlannedFault(number=0, what="outage", at=2.0, lasts=75.0, devices=1, text="outage"),)
    for _ in range(8):
        manual.tick(1.0)
    return manual


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, str, View]]:
    ui, view = Ui(run=busy(tmp_path_factory.mktemp("run") / "report").run), View()
    ui.role.view = lambda: view
    with Served(ui) as served, Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser, f"{served.url}/fleet", view


def show(browser: Browser, url: str, tab: str) -> None:
    browser.open("about:blank")
    browser.open(f"{url}#{tab}")
    browser.until(f"return {SEEN[tab]}")


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (390, True),
        pytest.param(1280, False, marks=pytest.mark.long),
        pytest.param(1280, True, marks=pytest.mark.long),
        pytest.param(390, False, marks=pytest.mark.long),
    ],
)
def test_nothing_serious_is_found_nothing_scrolls_sideways_and_nothing_is_run(
    fleet: tuple[Browser, str, View], width: int, dark: bool
) -> None:
    browser, url, _ = fleet
    browser.look(width, dark=dark)
    for tab in TABS:
        show(browser, url, tab)
        assert grave_findings(browser) == [], tab
        assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), tab
        assert browser.run("return [document.title, document.images.length]") == ["tiny – Fleet", 0]


def test_the_ticks_of_charts_are_evenly_spaced(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "overview")
    drawn = (
        "[...document.querySelectorAll('#panel-overview .chart')].map((each) => [each.ariaLabel, "
        "echarts.getInstanceByDom(each)]).filter(([, chart]) => chart)"
    )
    browser.until(f"return {drawn}.length >= 4")
    ticks = "chart.getModel().getComponent('yAxis', 0).axis.scale.getTicks().map((tick) => tick.value)"
    found = dict(browser.run(f"return {drawn}.map(([name, chart]) => [name, {ticks}])"))
    for name, each in found.items():
        assert len({round(after - before, 9) for before, after in itertools.pairwise(each)}) == 1, name
    (lag,) = (each for name, each in found.items() if name.startswith("Event loop lag"))
    assert lag == [0, 0.25, 0.5, 0.75, 1]


def test_the_keyboard_leads_through_the_tabs_and_the_address_remembers(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    browser.look(1280)
    show(browser, url, "overview")
    browser.run("document.getElementById('tab-overview').focus()")
    for key, tab in (("ArrowRight", "devices"), ("End", "report"), ("ArrowRight", "overview"), ("ArrowLeft", "report")):
        browser.press(key)
        browser.until(f"return location.hash === '#{tab}' && !document.getElementById('panel-{tab}').hidden")
        assert browser.run("return document.activeElement.id") == f"tab-{tab}"
    browser.run("history.back()")
    browser.until("return !document.getElementById('panel-overview').hidden")
    assert browser.run("return document.querySelectorAll('[role=tabpanel]:not([hidden])').length") == 1


def test_the_verdict_stands_once_in_the_report_tab_and_above_every_other(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "overview")
    ended = "{verdict: 'failed', headline: 'FAILED: it broke', reasons: ['it broke'], notes: [], files: []}"
    browser.run(
        "const ask = window.fetch; window.fetch = async (...asked) => { const answer = await ask(...asked); "
        "if (!String(asked[0]).startsWith('fleet/data')) return answer; const data = await answer.json(); "
        f"Object.assign(data.run, {ended}); return new Response(JSON.stringify(data)); }};"
    )
    browser.until("return document.getElementById('banner').innerText.includes('FAILED: it broke')")
    browser.run("document.getElementById('tab-report').click()")
    browser.until("return document.querySelector('#panel-report .verdict')?.innerText === 'FAILED: it broke'")
    assert "FAILED" not in browser.run("return document.getElementById('banner').innerText")


def test_enter_on_a_row_filters_the_charts_and_the_choice_stays(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "overview")
    browser.run("[...document.querySelectorAll('button.pick')].find((one) => one.innerText === 'dev.login').focus()")
    browser.press("Enter")
    heading = "document.querySelectorAll('.chart-card h2')[1].innerText"
    browser.until(f"return {heading} === 'Latency of dev.login, ms'")
    browser.run("window.row = document.activeElement")
    browser.until("return performance.now() > (window.begun ??= performance.now()) + 1200")
    assert browser.run(f"return [document.activeElement === window.row, window.row.ariaPressed, {heading}]") == [
        True,
        "true",
        "Latency of dev.login, ms",
    ]
    assert "dev.login" in browser.run("return document.querySelectorAll('.chart[role=img]')[1].ariaLabel")


def test_what_decides_the_verdict_stands_above_every_tab(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "messages")
    assert browser.run("return document.getElementById('banner').innerText").startswith("worker w9 was lost")


def test_the_table_is_sorted_filtered_and_paged_by_the_server(fleet: tuple[Browser, str, View]) -> None:
    browser, url, view = fleet
    show(browser, url, "devices")
    browser.run("[...document.querySelectorAll('th button')].find((one) => one.innerText === 'violations').click()")
    browser.until("return document.querySelector('th[aria-sort=ascending]')?.innerText.startsWith('violations')")
    browser.run(
        "const one = document.getElementById('group'); one.value = 'halls'; one.dispatchEvent(new Event('change'))"
    )
    browser.run(
        "[...document.querySelectorAll('#panel-devices button')].find((one) => one.innerText === 'Next page').click()"
    )
    browser.until("return document.querySelector('#panel-devices tbody a').innerText === 'SN00012'")
    panel = browser.run("return document.getElementById('panel-devices').innerText")
    assert "vm_24a6fe" in panel
    assert "vm_0a1b2c" in panel
    assert not [name for name in (WORKER, SILENT) if name in panel]
    last = view.queries[-1]
    assert (last.sort.value, last.descending, last.group, last.page) == ("violations", False, "halls", 1)


def test_one_devices_messages_are_shown_as_text_filtered_and_paused(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "device/SN00007")
    browser.run("document.querySelector('.talk details').open = true")
    browser.until(f"return document.querySelector('.talk pre').innerText === {EVIL!r}")
    browser.run(
        "const one = document.getElementById('filter'); one.value = 'heart'; one.dispatchEvent(new Event('input'))"
    )
    browser.until("return document.querySelectorAll('.talk details').length === 1")
    assert "1 of 2 shown" in browser.run("return document.getElementById('panel-devices').innerText")
    assert browser.run("return [...document.querySelectorAll('[data-action]')].every((one) => !one.offsetParent)")
    browser.run("location.hash = 'devices'")
    browser.until(f"return {SEEN['devices']}")


def test_what_disturbs_is_asked_first_and_what_came_of_it_is_said(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "device/SN00007")
    browser.run(
        "const real = window.fetch; window.posted = [];"
        "window.fetch = async (path, options) => {"
        "  if (options?.method === 'POST') {"
        "    window.posted.push([path, options.headers['X-Best-Fleet'], JSON.parse(options.body)]);"
        "    return {json: async () => ({done: window.posted.length < 2, text: 'well done', error: 'it is off'})};"
        "  }"
        "  const answer = await real(path, options);"
        "  if (!path.startsWith('fleet/data')) return answer;"
        "  const data = await answer.json();"
        "  return {ok: true, status: 200, json: async () => ({...data, control: true})};"
        "};"
    )
    browser.until("return document.querySelector('[data-action=verify]').offsetParent")
    browser.run("document.querySelector('[data-action=verify]').click()")
    browser.until("return document.getElementById('said').innerText === 'well done'")
    assert grave_findings(browser) == []
    for answer, posted in (("no", 1), ("yes", 2)):
        browser.run("document.querySelector('[data-action=offline]').click()")
        browser.until("return document.getElementById('confirm').open")
        assert browser.run("return document.activeElement.id") == "confirm-no"
        browser.run(f"document.getElementById('confirm-{answer}').click()")
        browser.until(f"return !document.getElementById('confirm').open && window.posted.length === {posted}")
    browser.until("return document.getElementById('said').innerText === 'Not done: it is off'")
    verify, offline = browser.run("return window.posted")
    assert verify == ["fleet/devices/SN00007/actions", "1", {"action": "verify"}]
    assert offline[2] == {"action": "offline", "seconds": 30}
    disabled = "[...document.querySelectorAll('[data-action]:disabled')].map((one) => one.dataset.action)"
    assert browser.run(f"return {disabled}") == ["start"], "it is online"


def test_each_question_has_its_own_answer_however_soon_the_next_is_asked(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "device/SN00007")
    # A browser tells that a dialog was closed in its own time: on a busy machine after the next one was opened.
    answers = browser.run(
        "const {confirmed} = await import('./fleet/assets/control.js');"
        "const asked = [];"
        "for (const answer of ['no', 'yes', 'no']) {"
        "  asked.push(confirmed(answer));"
        "  document.getElementById(`confirm-${answer}`).click();"
        "}"
        "const left = confirmed('left open');"
        "asked.push(left, confirmed('asked meanwhile'));"
        "document.getElementById('confirm-yes').click();"
        "return await Promise.all(asked);"
    )
    assert answers == [False, True, False, False, True]


def test_a_question_that_is_escaped_from_is_answered_no(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "device/SN00007")
    browser.run(
        "const {confirmed} = await import('./fleet/assets/control.js');"
        "window.answers = [];"
        "window.question = () => confirmed('really?').then((answer) => window.answers.push(answer));"
    )
    # Who presses it twice without touching the page is not even asked by the browser whether to cancel.
    for count in (1, 2):
        browser.run("window.question()")
        browser.press("Escape")
        browser.until(f"return !document.getElementById('confirm').open && window.answers.length === {count}")
    assert browser.run("return window.answers") == [False, False]


def test_back_from_a_device_leads_to_its_row(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "devices")
    sn = browser.run("const one = document.querySelector('#panel-devices tbody a'); one.click(); return one.innerText")
    browser.until("return document.activeElement.tagName === 'H2'")
    browser.run("history.back()")
    browser.until("return document.activeElement.tagName === 'A'")
    assert browser.run("return document.activeElement.innerText") == sn
    browser.run("document.activeElement.click()")
    browser.until("return document.activeElement.tagName === 'H2'")
    browser.run("document.getElementById('tab-devices').click()")
    browser.until(f"return {SEEN['devices']} && document.querySelector('#panel-devices table').offsetParent")
    assert browser.run("return document.activeElement.id") == "tab-devices"


def test_before_a_run_the_page_says_where_to_start_one(fleet: tuple[Browser, str, View], prefix: str) -> None:
    browser, *_ = fleet
    with Served(Ui(prefix)) as served:
        browser.open(f"{served.url}/fleet")
        browser.until("return document.getElementById('no-run').offsetParent")
        assert browser.run("return document.querySelector('#no-run a').href") == f"{served.url}/"
        assert browser.run("return document.querySelector('main').offsetParent") is None
        assert grave_findings(browser) == []


def test_figures_are_rounded_as_in_the_report(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "overview")
    durations, sizes = (0.126, 9.994, 9.996, 12.3, 99.94, 99.96, 1234.4), (10, 1000, 1023, 2048, 102_000, 5e6, 3e11)
    ours = "const {milliseconds, bytes} = await import('./fleet/assets/texts.js');"
    assert browser.run(f"{ours} return args[0].map(milliseconds)", durations) == list(map(text.milliseconds, durations))
    assert browser.run(f"{ours} return args[0].map(bytes)", sizes) == list(map(text.size, sizes))


def test_the_switch_turns_the_page_into_the_other_language(fleet: tuple[Browser, str, View]) -> None:
    browser, url, _ = fleet
    show(browser, url, "devices")
    browser.run("document.querySelector('[data-language=zh]').click()")
    browser.until("return document.documentElement.lang === 'zh-CN'")
    browser.until(f"return {SEEN['devices']}")
    assert "序列号" in browser.run("return document.getElementById('panel-devices').innerText")
    assert grave_findings(browser) == []
    browser.run("document.querySelector('[data-language=en]').click()")
    browser.until("return document.documentElement.lang === 'en'")
