"""Who may act on devices from the page, what is asked for, and what is answered."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulator.measurements.actions import Action
from simulator.swarm.process.coordinator import Coordinator
from simulator.swarm.process.operations import Order, Outcome
from simulator.swarm.web.control import control_allowed, told_of_control
from simulator.weather.kinds import How
from tests.swarm.web_ui import HERE, Ui

pytestmark = pytest.mark.usefixtures("no_command_line")
OURS = {"X_Best_Fleet": "1"}


class Role(Coordinator):
    """Takes orders."""

    def __init__(self, prefix: str) -> None:
        self.options = SimpleNamespace(web_base_path=prefix)
        self.control = True
        self.orders: list[Order] = []
        self.outcome = Outcome()

    def view(self) -> Any:
        return SimpleNamespace(groups={"rooms": 2, "halls": 1})

    def operate(self, order: Order) -> Outcome:
        self.orders.append(order)
        return self.outcome

    def test_start(self) -> None: ...

    def test_stopping(self) -> None: ...

    def test_stop(self) -> None: ...


@pytest.fixture
def role(prefix: str) -> Role:
    return Role(prefix)


@pytest.fixture
def ui(prefix: str, role: Role) -> Ui:
    return Ui(prefix, role=role)


def post(ui: Ui, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    answer = ui.post(path, body, **(OURS if headers is None else headers))
    return answer.status_code, answer.get_json(silent=True)


def test_a_device_is_told_what_to_do(ui: Ui, role: Role) -> None:
    assert post(ui, "/fleet/devices/SN1/actions", {"action": "verify"}) == (
        200,
        {"done": True, "text": "SN1: verify now"},
    )
    assert post(ui, "/fleet/devices/SN1/actions", {"action": "offline", "seconds": 5})[0] == 200
    assert post(ui, "/fleet/devices/SN1/actions", {"action": "offline"})[0] == 200
    assert role.orders == [
        Order(action="verify", sn="SN1"),
        Order(action="offline", sn="SN1", seconds=5.0),
        Order(action="offline", sn="SN1", seconds=30.0),
    ]


def test_the_fleet_and_a_group_lose_their_network(ui: Ui, role: Role) -> None:
    assert post(ui, "/fleet/actions", {"action": "outage", "seconds": 20, "how": "silent"})[1]["done"]
    assert post(ui, "/fleet/actions", {"action": "outage", "seconds": 20, "group": "halls"})[1] == {
        "done": True,
        "text": "halls: outage",
    }
    assert role.orders == [
        Order(action="outage", seconds=20.0, how=How.SILENT),
        Order(action="outage", seconds=20.0, group="halls"),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fleet/devices/SN1/actions", {"action": "explode"}),
        ("/fleet/devices/SN1/actions", {"action": "outage", "seconds": 5}),
        ("/fleet/devices/SN1/actions", {}),
        *(("/fleet/devices/SN1/actions", {"action": "offline", "seconds": s}) for s in (0, -1, 1e9, "5", True, None)),
        ("/fleet/actions", {"action": "verify", "seconds": 5}),
        ("/fleet/actions", {"action": "outage", "seconds": 5, "group": "cellars"}),
        ("/fleet/actions", {"action": "outage", "seconds": 5, "how": "slowly"}),
    ],
)
def test_what_cannot_be_meant_is_refused_with_words(ui: Ui, role: Role, path: str, body: Any) -> None:
    code, said = post(ui, path, body)
    assert (code, said["done"]) == (400, False)
    assert len(said["error"]) > 10
    assert role.orders == []


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_what_is_no_object_is_refused(ui: Ui, role: Role, body: Any) -> None:
    assert post(ui, "/fleet/actions", body)[0] == 415
    assert role.orders == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Best_Fleet": "0"},
        OURS | {"Origin": "https://evil.example"},
        OURS | {"Sec_Fetch_Site": "cross-site"},
        OURS | {"Sec_Fetch_Site": "same-site"},
        OURS | {"Referer": "https://evil.example/"},
        OURS | {"Host": "evil.example"},
    ],
)
def test_only_our_own_page_may_ask(ui: Ui, role: Role, headers: dict[str, str]) -> None:
    for path in ("/fleet/devices/SN1/actions", "/fleet/actions"):
        assert post(ui, path, {"action": "outage", "seconds": 5}, headers)[0] == 403
    assert role.orders == []


def test_a_form_is_no_json(ui: Ui, role: Role) -> None:
    answer = ui.client.post(
        f"{ui.prefix}/fleet/actions",
        data={"action": "outage", "seconds": "5"},
        headers={"Host": HERE, "X-Best-Fleet": "1"},
        base_url=f"http://{HERE}",
    )
    assert answer.status_code == 415
    assert ui.ask("GET", f"{ui.prefix}/fleet/actions", X_Best_Fleet="1").status_code == 405
    assert role.orders == []


def test_with_no_control_nobody_acts(ui: Ui, role: Role) -> None:
    assert told_of_control(role)["control"]
    role.control = False
    code, said = post(ui, "/fleet/devices/SN1/actions", {"action": "verify"})
    assert (code, said["done"]) == (403, False)
    assert "--no-control" in said["error"]
    assert not control_allowed(role)
    assert ui.ask("GET", f"{ui.prefix}/fleet/data").get_json()["control"] is False
    assert role.orders == []


@pytest.mark.parametrize(
    ("outcome", "code", "error"),
    [
        (Outcome(known=False), 404, "The fleet has no device SN1."),
        (Outcome(problem="not_online"), 409, "The device is not online"),
        (Outcome(problem="no_run"), 409, "No run is going on"),
    ],
)
def test_what_was_not_done_says_why(ui: Ui, role: Role, outcome: Outcome, code: int, error: str) -> None:
    role.outcome = outcome
    assert post(ui, "/fleet/devices/SN1/actions", {"action": "reboot"}) == (code, {"done": False, "error": error})


def test_what_was_done_is_told_with_the_pages_data_the_latest_last(role: Role) -> None:
    done = [Action(at=float(number), action="verify", device=f"SN{number}") for number in range(150)]
    run: Any = SimpleNamespace(weather=SimpleNamespace(actions=done))
    role.run = run
    told = told_of_control(role)["actions"]
    assert len(told) == 100
    assert told[-1] == {
        "at": 149.0,
        "action": "verify",
        "device": "SN149",
        "group": None,
        "seconds": None,
        "done": True,
    }


def test_who_has_not_logged_in_does_nothing(prefix: str, role: Role) -> None:
    from tests.swarm.web_ui import LOGIN

    ui = Ui(prefix, login=LOGIN, role=role)
    code, _ = post(ui, "/fleet/devices/SN1/actions", {"action": "verify"})
    assert code in (302, 401, 403)
    assert role.orders == []
    ui.log_in()
    assert post(ui, "/fleet/devices/SN1/actions", {"action": "verify"})[0] == 200
