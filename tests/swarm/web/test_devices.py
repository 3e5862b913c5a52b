"""The routes about devices: what the table, one device and its messages answer, with and without a run."""

from typing import Any

import pytest

from simulator.fleet.device_rows import Query, Sort
from simulator.swarm.process.fleet_view import NoAnswerError
from tests.swarm.web_ui import Ui

pytestmark = pytest.mark.usefixtures("no_command_line")


class View:
    """Devices that answer as they are told."""

    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.after: list[int] = []
        self.silent = False

    def table(self, query: Query) -> dict[str, Any]:
        self.queries.append(query)
        return {"total": 1, "rows": [{"sn": "SN1"}]}

    def device(self, sn: str) -> dict[str, Any] | None:
        if self.silent:
            raise NoAnswerError("vm_24a6fed5c5884a489d9e209143e4060b")
        return {"sn": sn} if sn == "SN1" else None

    def messages(self, sn: str, after: int) -> dict[str, Any] | None:
        self.after.append(after)
        return None if self.device(sn) is None else {"watching": True, "messages": [], "dropped": 0}


@pytest.fixture(scope="module")
def ui(prefix: str) -> Ui:
    return Ui(prefix)


@pytest.fixture
def view(ui: Ui) -> View:
    ui.role.view = View
    view = View()
    ui.role.view = lambda: view
    return view


def get(ui: Ui, path: str) -> tuple[int, Any]:
    answer = ui.ask("GET", f"{ui.prefix}{path}")
    return answer.status_code, answer.get_json()


def test_without_a_run_there_are_no_devices(ui: Ui) -> None:
    ui.role.view = lambda: None
    code, table = get(ui, "/fleet/devices?size=10")
    assert code == 200
    assert (table["total"], table["matching"], table["rows"], table["size"]) == (0, 0, [], 10)
    assert get(ui, "/fleet/devices/SN1")[0] == get(ui, "/fleet/devices/SN1/messages")[0] == 404


def test_the_table_is_asked_as_the_address_says(ui: Ui, view: View) -> None:
    path = "/fleet/devices?search=SN&state=online&group=halls&sort=waiting&order=desc&page=2&size=20"
    assert get(ui, path) == (200, {"total": 1, "rows": [{"sn": "SN1"}]})
    assert view.queries == [
        Query(search="sn", state="online", group="halls", sort=Sort.WAITING, descending=True, page=2, size=20)
    ]


def test_one_device_and_its_messages(ui: Ui, view: View) -> None:
    assert get(ui, "/fleet/devices/SN1") == (200, {"sn": "SN1"})
    assert get(ui, "/fleet/devices/SN1/messages?after=12")[1]["watching"]
    get(ui, "/fleet/devices/SN1/messages?after=x")
    assert view.after == [12, 0]


def test_whom_the_fleet_does_not_have_is_not_found(ui: Ui, view: View) -> None:
    for path in ("/fleet/devices/SN%3Cb%3E", "/fleet/devices/SN%3Cb%3E/messages"):
        code, said = get(ui, path)
        assert code == 404
        assert said == {"error": "The fleet has no device SN<b>."}


def test_a_process_that_does_not_answer_is_named_in_the_readers_language(ui: Ui, view: View) -> None:
    view.silent = True
    assert get(ui, "/fleet/devices/SN1") == (503, {"error": "vm_24a6fe does not answer."})
    code, said = get(ui, "/fleet/devices/SN1/messages?lang=zh")
    assert code == 503
    assert "vm_24a6fe" in said["error"]
    assert "does not" not in said["error"]
