"""The order of a run: what travels to the workers, what does not, and where its files are kept there."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.device.settings import Credentials
from simulator.fleet.identities import ListedIdentities
from simulator.scenario.scenario import load_scenario
from simulator.swarm.run import order as order_module
from simulator.swarm.run.order import RunOrder, make_order, scenario_of


def test_an_order_travels_and_shows_no_secret() -> None:
    order = RunOrder(
        run_id="1",
        scenario_file="a.yaml",
        scenario_text="groups: []",
        total=10,
        share=5,
        dispatch_urls=("http://a", "http://b"),
        drain_s=3.0,
        listed=True,
        identities=ListedIdentities(
            "a.csv", [Credentials(sn="A", secret_key="hidden-key", product_id="p", dev_key="d")]
        ),
        logins={"A": ("hidden-code", "hidden-secret")},
        files={"ca.pem": b"hidden-pem"},
    )
    wire: dict[str, Any] = order.to_wire()
    # Identities and logins reach workers with their indexes.
    assert RunOrder.from_wire(wire) == replace(order, identities=None, logins={})
    assert "hidden-" not in repr(order) + str(wire).replace("hidden-pem", "")


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
        listed=True,
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
    assert order.listed
    assert "unused" not in str(order.to_wire())
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
