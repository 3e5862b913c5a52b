"""Index → group, serial number, settings and seed, for fleets of any size."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.identities import parse_identities
from simulator.fleet.plan import FleetPlan, device_seed, first_index, scale_counts
from simulator.fleet.warm_state import Login
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import Scenario, parse_scenario

counts_of_groups = st.lists(st.integers(0, 5000), min_size=1, max_size=8).filter(any)


def scenario_of(*counts: int, more: str = "") -> Scenario:
    groups = "".join(f"  - {{name: g{number}, count: {count}}}\n" for number, count in enumerate(counts))
    return parse_scenario(f"seed: 3\ngroups:\n{groups}{more}")


@given(counts_of_groups, st.integers(0, 20_000))
def test_scaling_is_proportional_exact_and_leaves_no_group_out(counts: list[int], total: int) -> None:
    scaled = scale_counts(counts, total)
    assert sum(scaled) == total
    assert scale_counts(counts, sum(counts)) == tuple(counts)
    groups = sum(count > 0 for count in counts)
    for count, got in zip(counts, scaled, strict=True):
        assert (got == 0) if count == 0 else (got >= 1 or total < groups)
        assert abs(got - total * count / sum(counts)) < 1 + groups


def test_scaling_gives_the_largest_remainders_the_rest() -> None:
    assert scale_counts([12, 6, 2], 10) == (6, 3, 1)
    assert scale_counts([1, 1, 1], 4) == (2, 1, 1)
    assert scale_counts([1, 1, 1000], 3) == (1, 1, 1)
    with pytest.raises(ValueError, match="cannot share"):
        scale_counts([0], 3)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=5).filter(any))
def test_any_first_part_of_the_fleet_holds_all_groups_in_proportion(counts: list[int]) -> None:
    plan = FleetPlan(scenario_of(*counts))
    seen: Counter[int] = Counter()
    for index in range(plan.total):
        seen[plan.group(index)] += 1
        for group, count in enumerate(counts):
            assert abs(seen[group] - (index + 1) * count / plan.total) <= len(counts) / 2 + 0.5
    assert [seen[group] for group in range(len(counts))] == counts
    groups = [plan.group(index) for index in range(plan.total)]
    assert all(first_index(counts, group) == groups.index(group) for group, count in enumerate(counts) if count)


def test_a_spec_is_the_same_in_every_process_and_shares_its_groups_settings() -> None:
    first, again = FleetPlan(scenario_of(3, 2)), FleetPlan(scenario_of(3, 2))
    specs = [first.spec(index) for index in range(5)]
    assert specs == [again.spec(index) for index in range(5)]
    assert len({spec.seed for spec in specs}) == 5
    assert specs[0].seed == device_seed(3, specs[0].credentials.sn)
    assert len({id(spec.settings) for spec in specs}) == 2
    assert [spec.credentials.sn for spec in specs] == [first.sn(index) for index in range(5)]
    assert len({spec.credentials.sn for spec in specs}) == 5


def test_seeds_differ_by_scenario_and_device() -> None:
    assert len({device_seed(1, "A"), device_seed(2, "A"), device_seed(1, "B"), device_seed(11, "A")}) == 4


def test_a_serial_number_stays_with_its_index_at_any_size() -> None:
    small, large = FleetPlan(scenario_of(3, 2), total=5), FleetPlan(scenario_of(3, 2), total=500)
    assert [small.sn(index) for index in range(5)] == [large.sn(index) for index in range(5)]


def test_an_index_beyond_the_fleet_is_an_error() -> None:
    for index in (-1, 5):
        with pytest.raises(IndexError):
            FleetPlan(scenario_of(3, 2)).spec(index)


def test_too_few_identities_are_an_error_before_anything_starts() -> None:
    source = parse_identities("sn,secretKey,productId,devKey\nA,k,p,d\n", "ids.csv")
    with pytest.raises(ScenarioError, match="holds 1 identities, but the fleet has 5 devices"):
        FleetPlan(scenario_of(3, 2), identities=source)


def test_devices_are_spread_over_the_dispatch_servers() -> None:
    plan = FleetPlan(scenario_of(4), dispatch_url=["http://a", "http://b"])
    assert [plan.dispatch_url(index) for index in range(4)] == ["http://a", "http://b"] * 2
    assert FleetPlan(scenario_of(4), dispatch_url="http://a").dispatch_url(3) == "http://a"


@pytest.mark.parametrize(
    ("start", "login"), [("cold", (None, None)), ("warm", ("new", "new-secret")), ("as listed", ("old", "old-secret"))]
)
def test_a_warm_device_gets_its_newest_login_and_a_cold_one_none(start: str, login: tuple[str | None, ...]) -> None:
    text = "sn,secretKey,productId,devKey,authCode,secret\nA,k,p,d,old,old-secret\nB,k,p,d,old,old-secret\n"
    scenario = scenario_of(2, more=f"defaults: {{start: {start}}}\nidentities: {{csv: x.csv}}\n")
    plan = FleetPlan(scenario, identities=parse_identities(text, "x"), logins={"A": Login("new", "new-secret")})
    first, second = plan.spec(0).credentials, plan.spec(1).credentials
    assert (first.auth_code, first.secret) == login
    assert second.auth_code == (None if start == "cold" else "old")


def test_twenty_thousand_devices_are_cheap() -> None:
    started = time.perf_counter()
    plan = FleetPlan(scenario_of(18_000, 1_500, 500))
    specs = [plan.spec(index) for index in range(plan.total)]
    assert len({spec.credentials.sn for spec in specs}) == 20_000
    assert time.perf_counter() - started < 10  # about 0.4 s; the bound only catches a quadratic plan
