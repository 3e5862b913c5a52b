"""Who had each device last."""

from simulator.swarm.process.holders import Holders
from simulator.swarm.process.index_ranges import Ranges


def test_what_a_worker_had_stays_its_own_until_another_has_it() -> None:
    holders = Holders(10)
    holders.held("a", Ranges([(0, 4)]))
    holders.held("b", Ranges([(4, 6)]))
    # `a` has given 2 and 3 back, and `b` was granted one of them.
    holders.held("a", Ranges([(0, 2)]))
    assert holders.of("a") == Ranges([(0, 4)])
    holders.held("b", Ranges([(3, 6)]))
    assert (holders.of("a"), holders.of("b"), holders.nobodys) == (
        Ranges([(0, 3)]),
        Ranges([(3, 6)]),
        Ranges([(6, 10)]),
    )
    assert [holders.holder(index) for index in (2, 3, 6)] == ["a", "b", None]


def test_who_has_nothing_left_is_not_asked() -> None:
    holders = Holders(2)
    holders.held("a", Ranges([(0, 2)]))
    holders.held("b", Ranges([(0, 2)]))
    assert holders.workers() == ["b"]
    assert holders.of("nobody") == Ranges()
