"""Which process a device belongs to, and how many a fleet asks for."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from simulator.platform.split import MOST_PROCESSES, Share, ShareDirectory, owner_of, processes_needed
from tests.platform.harness import IDENTITIES
from tests.platform.parts import ListedDirectory


@given(st.text(), st.integers(1, MOST_PROCESSES))
def test_each_device_belongs_to_exactly_one_process(sn: str, processes: int) -> None:
    owners = [number for number in range(processes) if Share(number, processes, Path()).owns(sn)]
    assert owners == [owner_of(sn, processes)]


def test_the_split_is_the_same_everywhere_and_always() -> None:
    """Ledgers are kept by it: another hash would lose every device its records."""
    assert [owner_of(f"TDB0900{number:04d}", 5) for number in range(8)] == [1, 1, 0, 3, 4, 4, 1, 3]


def test_the_split_is_even() -> None:
    counts = [0] * 14
    for number in range(50_000):
        counts[owner_of(f"SN{number:08d}", 14)] += 1
    assert max(counts) < 1.07 * 50_000 / 14


def test_how_many_processes_a_fleet_asks_for() -> None:
    assert processes_needed(0, 20_000) == 1
    assert processes_needed(18_000, 20_000) == 1
    assert processes_needed(19_700, 20_000) == 2
    assert processes_needed(250_000, 20_000) == 14
    assert processes_needed(10**9, 300) == MOST_PROCESSES


def test_a_process_knows_its_own_devices_alone() -> None:
    directories = [ShareDirectory(ListedDirectory(IDENTITIES), Share(number, 2, Path())) for number in range(2)]
    for identity in IDENTITIES:
        known = [directory.lookup(identity.sn) for directory in directories]
        assert known[owner_of(identity.sn, 2)] is identity
        assert known.count(None) == 1
    assert directories[0].lookup("nobody") is None
