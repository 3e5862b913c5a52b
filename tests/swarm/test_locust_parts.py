"""What Locust sees of us, without a run: users and their handles, the shape, rounding, the order's wire form."""

import subprocess
import sys
import textwrap
from argparse import Namespace
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pool import Group

from simulator.scenario.ramp import RampPlan
from simulator.scenario.scenario import load_scenario
from simulator.swarm import open_files
from simulator.swarm.locust.percentiles import rounded_ms
from simulator.swarm.locust.shape import ScenarioShape
from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers
from simulator.swarm.open_files import OpenFilesError, allow_open_files, port_shortage
from simulator.swarm.run import order as order_module
from simulator.swarm.run.order import RunOrder, make_order, scenario_of
from simulator.wire.files import OpenFileLimit


class Hall:
    """A provider that takes everybody, up to a number."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.left: list[UserHandle] = []

    def take(self, handle: UserHandle) -> bool:
        self.places -= 1
        return self.places >= 0

    def leave(self, handle: UserHandle) -> None:
        self.left.append(handle)


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    hall = Hall(2)
    monkeypatch.setattr(MeetingDevice, "provider", hall)
    return hall


def test_users_are_members_of_the_runners_group_as_greenlets_are(hall: Hall) -> None:
    group = Group()
    users = [MeetingDevice(None) for _ in range(2)]
    for user in users:
        user.start(group)
    assert len(group) == 2
    assert {greenlet.args[0] for greenlet in group} == set(users)
    users[0].stop(force=True)
    assert group.greenlets
    assert hall.left == [users[0].greenlet]
    gevent.sleep(0)
    assert len(group) == 1
    group.kill(block=True, timeout=5)
    assert len(group) == 0
    assert group.join(timeout=5)
    assert len(hall.left) == 2
    assert not group.dying


def test_a_user_without_a_device_ends_at_once(hall: Hall) -> None:
    group = Group()
    for _ in range(3):
        handle = MeetingDevice(None).start(group)
    assert len(group) == 2
    assert handle.dead


def test_before_a_run_users_wait_in_the_lobby() -> None:
    waiting, user = WaitingUsers(), MeetingDevice(None)
    handle = UserHandle(user)
    assert waiting.take(handle)
    assert waiting.handles == [handle]
    waiting.leave(handle)
    assert waiting.handles == []


def test_the_shape_follows_the_scenario_until_somebody_asks_for_other_numbers() -> None:
    options = Namespace(num_users=100, spawn_rate=10.0, run_time=60)
    shape = ScenarioShape(RampPlan.even(100, 10.0, 60.0), options)
    moment = 0.0

    def now() -> float:
        return moment

    shape.get_run_time = now  # type: ignore[method-assign]
    assert shape.tick() == (100, 10.0)
    moment = 59.0
    assert shape.tick() == (100, 10.0)
    moment = 61.0
    assert shape.tick() is None
    options.num_users, options.run_time = 150, 90
    assert not shape.follows_scenario
    assert shape.tick() == (150, 10.0)
    moment = 91.0
    assert shape.tick() is None
    options.run_time = None
    assert shape.tick() == (150, 10.0)


@pytest.mark.parametrize(
    ("ms", "rounded"),
    [
        (0.1234, 0.12),
        (9.876, 9.88),
        (12.345, 12.3),
        (123.4, 123),
        (1234.0, 1230),
        (12345.0, 12300),
        (99_999.0, 100_000),
    ],
)
def test_three_digits_of_a_latency_are_kept(ms: float, rounded: float) -> None:
    assert rounded_ms(ms) == rounded


def test_an_order_travels_and_shows_no_secret() -> None:
    order = RunOrder(
        run_id="1",
        scenario_file="a.yaml",
        scenario_text="groups: []",
        total=10,
        share=5,
        dispatch_urls=("http://a", "http://b"),
        drain_s=3.0,
        identities="sn,secretKey\nA,hidden-key",
        logins={"A": ("hidden-code", "hidden-secret")},
        files={"ca.pem": b"hidden-pem"},
    )
    wire: dict[str, Any] = order.to_wire()
    assert RunOrder.from_wire(wire) == order
    assert "hidden" not in repr(order)


def test_a_workers_scenario_is_not_checked_for_what_the_master_alone_has() -> None:
    order = RunOrder(
        run_id="1",
        scenario_file="nowhere/warm.yaml",
        # The identities come from the master's command line.
        scenario_text="groups: [{name: a, count: 1}]\ndefaults: {start: warm}\ntls: {ca: tls/ca.pem}\n",
        total=1,
        share=1,
        dispatch_urls=("http://a",),
        drain_s=1.0,
        identities="sn,secretKey,productId,devKey,authCode,secret\nA,k,p,d,c,s",
        files={"tls/ca.pem": b"certificate"},
    )
    ca = scenario_of(order).tls.ca
    assert ca is not None
    assert ca.read_bytes() == b"certificate"


def test_the_files_of_tls_travel_from_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "scenarios" / "inner").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "ca.pem").write_bytes(b"authority")
    (elsewhere / "device.key").write_bytes(b"private")
    (tmp_path / "scenarios" / "device.pem").write_bytes(b"certificate")
    file = tmp_path / "scenarios" / "inner" / "a.yaml"
    file.write_text(
        "groups: [{name: a, count: 1}]\ntarget: https://platform.example\nidentities: {csv: devices.csv}\n"
        f"tls: {{ca: {elsewhere / 'ca.pem'}, client_cert: ../device.pem, client_key: ../../elsewhere/device.key}}\n"
    )
    (file.parent / "devices.csv").write_text("sn,secretKey,productId,devKey\nA,k,p,d\nB,unused,p,d\n")
    order = make_order(
        load_scenario(file), run_id="1", total=1, dispatch_urls=["https://platform.example"], travels=True
    )
    # A worker is sent what its devices need and nothing else of the master's.
    assert sorted(order.files.values()) == [b"authority", b"certificate", b"private"]
    assert "unused" not in str(order.identities)
    for child in (elsewhere, tmp_path / "scenarios"):
        child.rename(tmp_path / f"{child.name}-of-the-master")
    tls = scenario_of(RunOrder.from_wire(order.to_wire())).tls
    assert tls.ca is not None
    assert tls.client_cert is not None
    assert tls.client_key is not None
    assert [path.read_bytes() for path in (tls.ca, tls.client_cert, tls.client_key)] == [
        *(b"authority", b"certificate", b"private")
    ]


@pytest.mark.parametrize(
    "name", ["../outside", "a/../../outside", "{absolute}", "../{folder}-sibling/outside", "a/../../../outside"]
)
def test_a_file_that_would_leave_the_workers_folder_is_refused(tmp_path: Path, name: str) -> None:
    program = textwrap.dedent("""
        import sys, tempfile
        from pathlib import Path
        from simulator.swarm.run import order
        tempfile.tempdir, name = sys.argv[1:]
        folder = order._directory()
        (folder.parent / f"{folder.name}-sibling").mkdir()
        order._directory = lambda: folder
        try:
            order._unpack({"good": b"1", name.replace("{folder}", folder.name): b"2"})
        except ValueError as error:
            print(error)
    """)
    inner = tmp_path / "inner"
    inner.mkdir()
    name = name.replace("{absolute}", str(tmp_path / "outside"))
    ended = subprocess.run(
        [sys.executable, "-c", program, str(inner), name], capture_output=True, text=True, check=True
    )
    assert "outside the scenario's directory" in ended.stdout
    assert list(tmp_path.rglob("outside")) == []


def test_a_link_in_the_workers_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "file").symlink_to(outside / "file")
    monkeypatch.setattr(order_module, "_directory", lambda: folder)
    for name in ("link/file", "file"):
        with pytest.raises((ValueError, OSError)):
            order_module._unpack({name: b"planted"})
    assert list(outside.iterdir()) == []


def test_files_that_travelled_are_ours_alone_and_go_with_the_process() -> None:
    program = textwrap.dedent("""
        import os
        from simulator.swarm.run.order import _unpack
        directory = _unpack({"tls/client.key": b"private"})
        key = directory / "tls" / "client.key"
        assert key.read_bytes() == b"private"
        if os.fork() == 0:
            raise SystemExit  # as a worker that was forked: what it inherited is not its own
        assert os.wait()[1] == 0
        assert key.exists()
        print(directory, oct(directory.stat().st_mode & 0o777), oct(key.stat().st_mode & 0o777))
    """)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    directory, directory_mode, file_mode = ended.stdout.split()
    assert (directory_mode, file_mode) == ("0o700", "0o600")
    assert not Path(directory).exists()


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
