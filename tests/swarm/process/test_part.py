"""What a worker has of one run."""

from simulator.measurements.violation_rules import SESSION_CLOSED_UNANNOUNCED
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.leases import LeaseTable
from simulator.swarm.process.part import Part
from simulator.swarm.run.order import RunOrder, make_order
from tests.swarm.fake_locust import SCENARIO

ROW = ["SN1", "hidden-key", "p", "d", None, None, None]


def order() -> RunOrder:
    return make_order(parse_scenario(SCENARIO, "a.yaml"), run_id="1", total=3, dispatch_urls=["http://127.0.0.1:9"])


def test_who_gives_indexes_back_keeps_no_secret_of_them() -> None:
    wire = order().to_wire() | {"listed": True}
    part = Part(RunOrder.from_wire(wire), "w1")
    answer = LeaseTable(3).answer("w1", part.holder.question(3, 0.0), 0.0)
    assert answer is not None
    granted, _ = part.holder.accept(answer, 0.0)
    part.travelled.unpack({"identities": [[index, *ROW] for index in range(3)]}, granted)
    part.give_back(Ranges([(0, 2)]))
    assert part.holder.held == Ranges([(2, 3)])
    identities = part.travelled.identities
    assert identities is not None
    assert list(identities._values) == [2]


def test_a_fleet_of_the_seed_is_known_without_being_told() -> None:
    part = Part(RunOrder.from_wire(order().to_wire()), "w1")
    assert part.travelled.identities is None


def test_ends_without_a_word_wait_for_whoever_watches_the_embedded_platform() -> None:
    """A platform that is somebody else's answers for them at once."""
    for embedded, counted in ((True, 0), (False, 1)):
        part = Part(RunOrder.from_wire(order().to_wire() | {"embedded": embedded}), "w1")
        part.measurements.violations.add(SESSION_CLOSED_UNANNOUNCED, "no close frame", 1.0, 0)
        assert part.measurements.violations.total == counted
