"""What a fault cost stands under the fault, and what the platform did stays the platform's."""

from __future__ import annotations

import pytest

from simulator.clock import ManualClock
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.fleet.faults.windows import Window
from simulator.measurements import weather
from simulator.measurements.names import ACKNOWLEDGED, FLOW_PREFIX, GENERATED, LOST, REBOOT, REFUSED, REJECTED
from simulator.measurements.violation_rules import COMMAND_UNKNOWN, REPLY_LATE, SESSION_CLOSED_UNANNOUNCED
from simulator.protocol.codes import SUCCESS
from tests.device.recording import Recording

HEARTBEAT = "dev.heartbeat"


class Scene:
    """A device's account, and the time."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.recorded = Recording()
        self.account = DeviceAccount(7, self.recorded, self.clock.wall, grace=10.0)
        self._state = "offline"

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def request(self, code: str = SUCCESS, *, lasted: float = 0.1, name: str = HEARTBEAT) -> None:
        """One that ends now."""
        self.account.request(name, self.clock.wall() - lasted, lasted, code, 10, 10, 0.0)

    def flow(self, code: str = SUCCESS, *, lasted: float = 1.0, name: str = "record_delivery") -> None:
        self.account.flow(name, self.clock.wall() - lasted, lasted, code)

    def state(self, state: str) -> None:
        self.account.state(7, self._state, state, self.clock.wall())
        self._state = state

    def outage(self, seconds: float, number: int = 3) -> None:
        """One that takes the device off the network, and is over."""
        self.begin(number)
        self.pass_time(1)
        self.cut()
        self.pass_time(seconds - 1)
        self.end(number)

    def begin(self, number: int = 3) -> None:
        self.account.hit(number)
        self.account.disturbed(number)

    def end(self, number: int = 3) -> None:
        self.account.calm(number)
        self.account.released(number)

    def cut(self) -> None:
        self.account.disconnect("closed 1006", self.clock.wall())
        self.state("waiting")

    def told(self, event: str) -> list[tuple[int, str, str, float]]:
        """What was told of faults: number, name, code and amount."""
        return [
            (number, name, code, round(amount, 6))
            for number, what, name, code, amount in self.recorded.faults
            if what == event
        ]


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.state("connecting")
    made.request(name="connect")
    made.state("online")
    made.pass_time(100)
    return made


# --- Without a fault ---


def test_without_a_fault_all_is_the_platforms(scene: Scene) -> None:
    scene.request()
    scene.request("timeout")
    scene.flow("disconnected")
    scene.account.disconnect("closed 1006", scene.clock.wall())
    assert [request[3] for request in scene.recorded.requests] == [SUCCESS, SUCCESS, "timeout"]
    assert len(scene.recorded.flows) == 1
    assert [reason for reason, _ in scene.recorded.disconnects] == ["closed 1006"]
    assert scene.recorded.faults == []


# --- What is cut ---


def test_a_request_that_fails_while_it_lasts_is_cut_by_it(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    before = len(scene.recorded.requests)
    scene.request("timeout")
    scene.request("dns", name="getBrokerServer")
    assert scene.told(weather.CUT) == [(3, HEARTBEAT, "timeout", 1), (3, "getBrokerServer", "dns", 1)]
    assert len(scene.recorded.requests) == before


def test_a_request_that_began_before_the_end_is_cut_though_it_fails_after_it(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.pass_time(8)
    scene.request("timeout", lasted=10)
    assert scene.told(weather.CUT) == [(3, HEARTBEAT, "timeout", 1)]


def test_a_request_that_began_after_the_end_is_the_platforms(scene: Scene) -> None:
    scene.outage(5)
    scene.pass_time(12)
    scene.request("refused", lasted=1, name="connect")
    assert scene.told(weather.CUT) == []
    assert scene.recorded.requests[-1][3] == "refused"
    assert scene.told(weather.REFUSED) == [(3, "connect", "refused", 1)]


def test_what_the_platform_answers_is_its_answer_whenever_it_comes(scene: Scene) -> None:
    scene.begin()
    scene.request("E0000005")
    assert scene.recorded.requests[-1][3] == "E0000005"
    assert scene.told(weather.CUT) == []
    assert scene.told(weather.REFUSED) == [(3, HEARTBEAT, "E0000005", 1)]


def test_a_flow_that_fails_by_it_is_cut_too(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(2)
    scene.flow("timeout", name="init")
    assert scene.told(weather.CUT) == [(3, "flow:init", "timeout", 1)]
    assert scene.recorded.flows == []


def test_its_texts_are_no_example_of_the_platforms_failures(scene: Scene) -> None:
    scene.begin()
    scene.account.detail("connect", "refused", "the scenario's outage", scene.clock.wall())
    assert scene.recorded.details == {}
    scene.end()
    scene.pass_time(20)
    scene.account.detail("connect", "refused", "nothing listens", scene.clock.wall())
    assert scene.recorded.details == {("connect", "refused"): "nothing listens"}


# --- What is held up ---


def test_a_request_that_it_held_up_is_in_no_percentile(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    before = len(scene.recorded.requests)
    scene.request(lasted=4.5)
    assert scene.told(weather.DELAYED) == [(3, HEARTBEAT, "", 4.5)]
    assert len(scene.recorded.requests) == before


def test_a_flow_is_held_up_until_the_device_is_back(scene: Scene) -> None:
    scene.outage(5)
    scene.pass_time(3)
    scene.flow(lasted=2, name="record_delivery")
    scene.pass_time(1)
    scene.state("online")
    scene.pass_time(20)
    scene.flow(lasted=21, name="photo_delivery")
    assert [name for _, name, _, _ in scene.told(weather.DELAYED)] == ["flow:record_delivery", "flow:photo_delivery"]
    scene.flow(lasted=15)
    assert len(scene.recorded.flows) == 1


def test_an_initial_flow_after_it_is_the_platforms_to_be_fast_in(scene: Scene) -> None:
    scene.outage(5)
    scene.flow(lasted=2, name="init")
    scene.pass_time(3)
    scene.flow(lasted=2, name="init")
    assert [name for _, name, _, _ in scene.told(weather.DELAYED)] == ["flow:init"]
    assert len(scene.recorded.flows) == 1


def test_in_calm_no_window_of_the_hours_before_is_looked_at(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(70):
        scene.outage(5, number)
        scene.pass_time(1)
        scene.state("online")
        scene.pass_time(60)
    looked: list[Window] = []
    monkeypatch.setattr(Window, "overlaps", lambda window, *_: looked.append(window))
    monkeypatch.setattr(Window, "holds_up", lambda window, *_: looked.append(window))
    scene.request(lasted=1)
    scene.request("timeout", lasted=10)
    scene.flow(lasted=30)
    scene.flow(lasted=49)
    assert looked == []
    scene.flow(lasted=61)
    assert looked


def test_misbehaviour_holds_nothing_up(scene: Scene) -> None:
    scene.account.hit(3, overtakes=False)
    scene.account.disturbed(3, delays=False, blocks=False)
    scene.pass_time(1)
    before = len(scene.recorded.requests)
    scene.request()
    scene.request("disconnected")
    assert len(scene.recorded.requests) == before + 1
    assert len(scene.told(weather.CUT)) == 1


# --- Two at a time ---


def test_a_return_over_a_slow_link_is_the_outages(scene: Scene) -> None:
    scene.account.hit(1, overtakes=False)
    scene.account.disturbed(1, held=lambda *_, **__: 1.0, blocks=False)
    scene.outage(5, 2)
    scene.pass_time(20)
    scene.state("online")
    assert scene.told(weather.BACK) == [(2, "", "", 20)]
    assert scene.told(weather.OVERTAKEN) == []
    scene.end(1)
    scene.pass_time(1)
    scene.request()
    assert scene.told(weather.BACK) == [(2, "", "", 20), (1, "", "", 0)]


# --- The run's end ---


def test_an_end_before_any_answer_is_no_word_against_the_connection(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.account.disconnect("stopped", scene.clock.wall())
    scene.state("stopped")
    assert [amount for *_, amount in scene.told(weather.BACK)] == [0]


# --- What it cannot have done ---


@pytest.mark.parametrize("code", ["malformed reply", "bad key", "internal error", "no proper MQTT"])
def test_no_weather_makes_an_answer_wrong(scene: Scene, code: str) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.request(code)
    scene.flow(code)
    assert scene.told(weather.CUT) == []
    assert [scene.recorded.requests[-1][3], scene.recorded.flows[-1][3]] == [code, code]


def test_a_platform_that_hangs_is_no_misbehaviour_of_a_device(scene: Scene) -> None:
    scene.account.hit(3, overtakes=False)
    scene.account.disturbed(3, delays=False, blocks=False)
    scene.pass_time(5)
    scene.request("timeout")
    scene.account.disconnect("timeout", scene.clock.wall())
    assert scene.told(weather.CUT) == scene.told(weather.DISCONNECTED) == []
    assert [reason for reason, _ in scene.recorded.disconnects] == ["timeout"]
    scene.account.disconnect("closed 1008", scene.clock.wall())
    assert scene.told(weather.DISCONNECTED) == [(3, "closed 1008", "", 1)]


class Slow:
    """What a slow line held: from and until when, seconds, and whether of openings alone."""

    def __init__(self, begin: float, end: float, *, of_openings: bool = False) -> None:
        self._held = begin, end
        self._of_openings = of_openings

    def __call__(self, begin: float, end: float, *, opening: bool) -> float:
        since, until = self._held
        return 0.0 if self._of_openings and not opening else max(0.0, min(end, until) - max(begin, since))


def slow(scene: Scene, begin: float, end: float, *, of_openings: bool = False) -> None:
    """A slow link begins that holds something up from and until so many seconds from now."""
    now = scene.clock.wall()
    scene.account.hit(3, overtakes=False)
    scene.account.disturbed(3, held=Slow(now + begin, now + end, of_openings=of_openings), blocks=False)


@pytest.mark.parametrize(("held", "explained"), [(0.0, False), (4.8, False), (5.2, True), (12.0, True)])
def test_a_slow_link_explains_a_time_out_by_what_it_really_held(scene: Scene, held: float, explained: bool) -> None:
    slow(scene, 10, 10 + held)
    scene.pass_time(20)
    scene.request("timeout", lasted=10)
    scene.pass_time(0.05)
    # The connection is given up for it: so end what else waited, and the flow that it was part of.
    scene.account.detail(HEARTBEAT, "timeout", "no reply", scene.clock.wall())
    scene.request("disconnected", lasted=0.5)
    scene.flow("timeout", lasted=40)
    scene.account.disconnect("timeout", scene.clock.wall())
    cut = [(HEARTBEAT, "timeout"), (HEARTBEAT, "disconnected"), (FLOW_PREFIX + "record_delivery", "timeout")]
    if explained:
        assert [(name, code) for _, name, code, _ in scene.told(weather.CUT)] == cut
        assert scene.told(weather.DISCONNECTED) == [(3, "timeout", "", 1)]
        assert scene.recorded.disconnects == []
    else:
        assert scene.told(weather.CUT) == scene.told(weather.DISCONNECTED) == []
        assert [request[3] for request in scene.recorded.requests[-2:]] == ["timeout", "disconnected"]
        assert [flow[3] for flow in scene.recorded.flows] == ["timeout"]
        assert [reason for reason, _ in scene.recorded.disconnects] == ["timeout"]


def test_what_succeeds_over_a_slow_link_is_delayed_whatever_it_held(scene: Scene) -> None:
    slow(scene, 0, 0)
    scene.pass_time(5)
    scene.request()
    assert scene.told(weather.DELAYED) == [(3, HEARTBEAT, "", 0.1)]


@pytest.mark.parametrize("name", ["connect", "getBrokerServer"])
def test_what_held_an_opening_up_is_no_word_for_an_open_connection(scene: Scene, name: str) -> None:
    slow(scene, 0, 8, of_openings=True)
    scene.pass_time(10)
    scene.request("timeout", lasted=10)
    assert scene.told(weather.CUT) == []
    scene.request("timeout", lasted=10, name=name)
    assert scene.told(weather.CUT) == [(3, name, "timeout", 1)]


@pytest.mark.parametrize("code", ["refused", "dns", "tls"])
def test_a_slow_link_refuses_nobody(scene: Scene, code: str) -> None:
    slow(scene, 0, 10)
    scene.pass_time(10)
    scene.request(code, lasted=10, name="connect")
    assert scene.told(weather.CUT) == []


@pytest.mark.parametrize(("reason", "held"), [("closed 1006", 4.0), ("no pong", 4.0), ("closed 1006", 6.0)])
def test_a_connection_ends_by_a_slow_link_where_that_held_much(scene: Scene, reason: str, held: float) -> None:
    slow(scene, 0, held)
    scene.pass_time(10)
    scene.account.violation(REPLY_LATE, HEARTBEAT, "late", scene.clock.wall(), 7)
    scene.account.disconnect(reason, scene.clock.wall())
    told = scene.told(weather.DISCONNECTED), len(scene.recorded.violations)
    assert told == (([(3, reason, "", 1)], 0) if held > 5 else ([], 1))


@pytest.mark.parametrize("held", [4.0, 6.0])
def test_a_request_that_outlives_its_connection_shares_the_fate_of_that(scene: Scene, held: float) -> None:
    slow(scene, 0, held)
    scene.pass_time(10)
    scene.request("timeout", lasted=10)
    scene.account.disconnect("timeout", scene.clock.wall())
    scene.pass_time(7)
    # Over MQTT it waits on, over the next connection.
    scene.request("timeout", lasted=10)
    scene.pass_time(7)
    scene.request("timeout", lasted=6)
    assert len(scene.told(weather.CUT)) == (2 if held > 5 else 0)


def test_what_a_slow_link_holds_outlasts_its_end(scene: Scene) -> None:
    slow(scene, 0, 18)
    scene.pass_time(8)
    scene.end()
    scene.pass_time(11)
    scene.request("timeout", lasted=10)
    assert scene.told(weather.CUT) == [(3, HEARTBEAT, "timeout", 1)]
    scene.pass_time(11)
    scene.request("timeout", lasted=10)
    assert len(scene.told(weather.CUT)) == 1


def test_another_fault_explains_what_the_slow_link_does_not(scene: Scene) -> None:
    scene.begin(1)
    slow(scene, 0, 0)
    scene.pass_time(10)
    scene.request("timeout", lasted=10)
    assert scene.told(weather.CUT) == [(1, HEARTBEAT, "timeout", 1)]


def test_a_long_fault_is_remembered_over_many_short_ones(scene: Scene) -> None:
    scene.begin(1)
    for _ in range(100):
        scene.account.disturbed(2)
        scene.pass_time(1)
        scene.account.calm(2)
        scene.pass_time(1)
    scene.request("timeout", lasted=0.5)
    assert scene.told(weather.CUT) == [(1, HEARTBEAT, "timeout", 1)]


# --- Connections ---


def test_a_connection_that_it_ends_is_not_lost(scene: Scene) -> None:
    scene.begin()
    scene.account.violation(SESSION_CLOSED_UNANNOUNCED, "", "no close frame", scene.clock.wall(), 7)
    scene.account.disconnect("closed 1006", scene.clock.wall())
    assert scene.told(weather.DISCONNECTED) == [(3, "closed 1006", "", 1)]
    assert scene.recorded.disconnects == []
    assert scene.recorded.violations == []


def test_a_connection_that_lived_through_it_may_still_end_by_it(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.pass_time(9)
    scene.account.disconnect("closed 1006", scene.clock.wall())
    assert len(scene.told(weather.DISCONNECTED)) == 1


def test_but_not_for_ever(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.pass_time(11)
    scene.account.disconnect("closed 1006", scene.clock.wall())
    assert len(scene.recorded.disconnects) == 1


def test_the_next_connection_is_the_platforms_to_keep(scene: Scene) -> None:
    scene.outage(5)
    scene.pass_time(1)
    scene.request(name="connect")
    scene.state("online")
    scene.pass_time(1)
    scene.account.disconnect("closed 1006", scene.clock.wall())
    assert len(scene.recorded.disconnects) == 1


def test_an_end_that_somebody_asked_for_stays_one(scene: Scene) -> None:
    scene.begin()
    scene.account.disconnect(REBOOT, scene.clock.wall())
    assert [reason for reason, _ in scene.recorded.disconnects] == [REBOOT]


def test_other_violations_are_told(scene: Scene) -> None:
    scene.begin()
    scene.account.violation(REPLY_LATE, HEARTBEAT, "late", scene.clock.wall(), 7)
    assert scene.recorded.violations == []
    scene.account.violation(COMMAND_UNKNOWN, "cmd.x", "unknown", scene.clock.wall(), 7)
    assert len(scene.recorded.violations) == 1


# --- Who is back when ---


def test_back_is_counted_from_when_the_fault_let_go(scene: Scene) -> None:
    scene.outage(5)
    scene.pass_time(2.5)
    scene.state("online")
    assert scene.told(weather.HIT) == [(3, "online", "", 1)]
    assert scene.told(weather.BACK) == [(3, "", "", 2.5)]


def test_who_comes_online_while_it_lasts_is_not_back_yet(scene: Scene) -> None:
    scene.begin()
    scene.cut()
    scene.pass_time(1)
    scene.state("online")
    assert scene.told(weather.BACK) == []


def test_a_connection_that_lived_through_it_proves_itself_by_an_answer(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.pass_time(1)
    scene.request(lasted=3)
    assert scene.told(weather.BACK) == []
    scene.pass_time(30)
    scene.request()
    assert scene.told(weather.BACK) == [(3, "", "", 0)]


def test_or_it_proves_dead_and_the_device_comes_back_later(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.pass_time(4)
    scene.cut()
    scene.pass_time(2)
    scene.state("online")
    assert scene.told(weather.BACK) == [(3, "", "", 6)]


def test_what_does_not_disturb_leaves_a_device_where_it_is(scene: Scene) -> None:
    scene.account.hit(3, overtakes=False)
    scene.account.released(3)
    assert scene.told(weather.BACK) == [(3, "", "", 0)]


def test_the_run_may_end_before_a_living_connection_has_said_a_word(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(5)
    scene.end()
    scene.state("stopped")
    assert scene.told(weather.BACK) == [(3, "", "", 0)]


def test_a_device_that_is_still_away_at_the_end_of_the_run_never_came_back(scene: Scene) -> None:
    scene.outage(5)
    scene.state("stopped")
    assert scene.told(weather.BACK) == scene.told(weather.ENDED) == []


def test_one_that_is_told_to_stop_before_is_nobodys_fault(scene: Scene) -> None:
    scene.outage(5)
    scene.account.leaves()
    scene.state("stopped")
    assert len(scene.told(weather.ENDED)) == 1


def settled(scene: Scene) -> tuple[int, int, int]:
    """Of the faults: how many the device was hit by, came back after, and left before."""
    hits, back, ended = (len(scene.told(event)) for event in (weather.HIT, weather.BACK, weather.ENDED))
    assert back + ended + len(scene.told(weather.OVERTAKEN)) <= hits
    delivered, left = len(scene.told(weather.DELIVERED)), len(scene.told(weather.BACKLOG_LEFT))
    assert hits - delivered - left == hits - back - ended - len(scene.told(weather.OVERTAKEN)), "no records waited"
    return hits, back, ended


def test_one_that_leaves_is_not_waited_for_after_a_fault_that_finds_it_on_its_way_out(scene: Scene) -> None:
    """By hand: offline, stop, a power cut while it waits for the network to deliver, and a start."""
    scene.begin(9)
    scene.cut()
    scene.pass_time(7)
    scene.account.leaves()
    scene.pass_time(8)
    scene.begin(3)
    scene.state("stopped")
    assert settled(scene) == (2, 0, 2)
    scene.pass_time(2)
    scene.end(9)
    scene.account.arrives()
    scene.state("connecting")
    scene.state("online")
    scene.end(3)
    assert settled(scene) == (2, 0, 2)


def test_one_that_was_started_again_is_waited_for_after_the_faults_that_come_then(scene: Scene) -> None:
    scene.account.leaves()
    scene.state("stopped")
    scene.account.arrives()
    scene.state("online")
    scene.outage(5, 4)
    scene.pass_time(2)
    scene.state("online")
    assert settled(scene) == (1, 1, 0)
    scene.outage(5, 5)
    scene.state("stopped")
    assert settled(scene) == (2, 1, 0), "it really is not back"


def test_one_whose_living_connection_proves_dead_while_it_leaves_is_not_waited_for(scene: Scene) -> None:
    scene.begin()
    scene.pass_time(1)
    scene.end()
    scene.account.leaves()
    assert settled(scene) == (1, 0, 0), "it may have been online all along"
    scene.cut()
    scene.state("stopped")
    assert settled(scene) == (1, 0, 1)


@pytest.mark.parametrize("leaves", [True, False])
def test_records_of_one_that_leaves_are_waited_for_no_longer(scene: Scene, leaves: bool) -> None:
    scene.outage(5)
    scene.account.record(GENERATED, 2)
    scene.state("online")
    if leaves:
        scene.account.leaves()
    scene.state("stopped")
    assert (len(scene.told(weather.BACK)), len(scene.told(weather.ENDED))) == (1, 0)
    assert len(scene.told(weather.BACKLOG_LEFT)) == leaves


def test_the_next_fault_takes_over_who_is_not_back(scene: Scene) -> None:
    scene.outage(5, 3)
    scene.pass_time(1)
    scene.outage(5, 4)
    scene.pass_time(2)
    scene.state("online")
    assert [number for number, *_ in scene.told(weather.OVERTAKEN)] == [3]
    assert scene.told(weather.BACK) == [(4, "", "", 2)]


def test_a_fault_that_ends_within_another_is_overtaken_by_it(scene: Scene) -> None:
    scene.begin(3)
    scene.begin(4)
    scene.cut()
    scene.pass_time(1)
    scene.end(3)
    scene.pass_time(5)
    scene.end(4)
    scene.pass_time(2)
    scene.state("online")
    assert [number for number, *_ in scene.told(weather.OVERTAKEN)] == [3]
    assert scene.told(weather.BACK) == [(4, "", "", 2)]


def test_a_jump_of_the_clock_takes_nobody_over(scene: Scene) -> None:
    scene.outage(5, 3)
    scene.account.hit(4, overtakes=False)
    scene.account.released(4)
    scene.pass_time(2)
    scene.state("online")
    assert {number for number, *_ in scene.told(weather.BACK)} == {3, 4}


# --- Records that wait ---


def test_the_backlog_grows_while_it_lasts_and_is_delivered_after(scene: Scene) -> None:
    scene.begin()
    scene.cut()
    scene.account.record(GENERATED, 3)
    scene.pass_time(5)
    scene.end()
    scene.pass_time(1)
    scene.state("online")
    assert scene.told(weather.DELIVERED) == []
    scene.pass_time(2)
    scene.account.record(ACKNOWLEDGED, 2)
    scene.account.record(ACKNOWLEDGED, 1)
    assert [amount for *_, amount in scene.told(weather.BACKLOG)] == [3, -2, -1]
    assert scene.told(weather.DELIVERED) == [(3, "", "", 3)]
    scene.account.record(GENERATED, 1)
    assert len(scene.told(weather.BACKLOG)) == 3
    assert scene.recorded.records == {GENERATED: 4, ACKNOWLEDGED: 3}


def test_who_has_nothing_waiting_is_done_when_it_is_back(scene: Scene) -> None:
    scene.outage(5)
    scene.pass_time(2)
    scene.state("online")
    assert scene.told(weather.DELIVERED) == [(3, "", "", 2)]


def test_fewer_than_before_is_no_debt(scene: Scene) -> None:
    scene.begin()
    scene.account.record(ACKNOWLEDGED, 2)
    scene.cut()
    scene.end()
    scene.state("online")
    assert [amount for *_, amount in scene.told(weather.BACKLOG)] == [-2, 2]


@pytest.mark.parametrize("gone", [REFUSED, REJECTED, LOST])
def test_a_record_that_goes_in_another_way_waits_no_more(scene: Scene, gone: str) -> None:
    """It was once waited for until the end of the run: with a full store no backlog was ever delivered."""
    scene.begin()
    scene.cut()
    for _ in range(2):
        scene.account.record(GENERATED, 1)
    scene.account.record(gone, 1)
    scene.end()
    scene.state("online")
    assert scene.told(weather.DELIVERED) == []
    scene.account.record(ACKNOWLEDGED, 1)
    assert len(scene.told(weather.DELIVERED)) == 1


def test_a_backlog_that_another_fault_takes_over_is_counted_no_more(scene: Scene) -> None:
    scene.begin(3)
    scene.cut()
    scene.account.record(GENERATED, 3)
    scene.end(3)
    scene.state("online")
    scene.begin(4)
    assert [amount for *_, amount in scene.told(weather.BACKLOG)] == [3, -3]
    assert [number for number, *_ in scene.told(weather.BACKLOG_LEFT)] == [3]
    assert scene.told(weather.OVERTAKEN) == scene.told(weather.DELIVERED) == []


def test_records_lost_with_a_store_are_told_with_the_fault(scene: Scene) -> None:
    scene.begin()
    scene.account.lost(3, 4)
    scene.account.lost(3, 0)
    assert scene.told(weather.UNSENT_LOST) == [(3, "", "", 4)]
