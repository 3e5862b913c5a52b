"""A fleet that the machine has too few open files or local ports for is refused with what to do."""

import pytest

from simulator.swarm import open_files
from simulator.swarm.open_files import OpenFilesError, allow_open_files, port_shortage
from simulator.wire.files import OpenFileLimit


def test_a_fleet_that_the_file_limit_does_not_carry_is_told_how_large_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limited(needed: int) -> OpenFileLimit:
        return OpenFileLimit(soft=20_000, hard=20_000, needed=needed)

    monkeypatch.setattr(open_files, "raise_open_file_limit", limited)
    allow_open_files(19_800)
    with pytest.raises(OpenFilesError) as caught:
        allow_open_files(20_000)
    text = str(caught.value)
    assert "20200 open files are needed and 20000 allowed" in text
    assert "-u 19800" in text
    assert "--processes" in text


def test_a_limit_that_leaves_no_file_for_a_device_advises_nothing_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limited(needed: int) -> OpenFileLimit:
        return OpenFileLimit(soft=200, hard=200, needed=needed)

    monkeypatch.setattr(open_files, "raise_open_file_limit", limited)
    with pytest.raises(OpenFilesError) as caught:
        allow_open_files(1)
    text = str(caught.value)
    assert "none for devices" in text
    assert "ulimit -Hn 201" in text
    assert "-u " not in text


@pytest.mark.parametrize(
    ("devices", "addresses", "says"),
    [
        (800, 0, None),
        (
            801,
            0,
            "801 devices need as many local ports towards their broker, and 1 local address of this machine have 800",
        ),
        (801, 1, "give `network.source_ips` 2 local addresses (the embedded platform takes 127.0.1.0/30)"),
        (1600, 2, None),
        (1601, 2, "use fewer devices (-u 1600)"),
        (5000, 2, "give `network.source_ips` 7 local addresses (the embedded platform takes 127.0.1.0/28)"),
    ],
)
def test_too_few_local_ports_are_told_with_how_to_mend_it(devices: int, addresses: int, says: str | None) -> None:
    told = port_shortage(devices, ["127.0.1.1"] * addresses, range(32_000, 33_000))
    assert told is None if says is None else says in str(told)


def test_a_machine_that_does_not_tell_its_ports_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "system_range", lambda: None)
    assert port_shortage(10**9, []) is None
