"""Logins between runs: kept by dispatch server, private, and shared by processes."""

import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest

from simulator.device.unsent import Unsent
from simulator.fleet.warm_state import Held, Login, WarmState, WarmStateError, held_in


def test_logins_are_kept_by_dispatch_server_and_serial_number(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with WarmState(path) as state:
        state.save("http://a", {"A": Login("1", "s1"), "B": Login("2", "s2")})
        state.save("http://b", {"A": Login("3", "s3")})
        state.save("http://a", {"B": Login("4", "s4")})
        state.save("http://a", {})
    with WarmState(path) as state:
        assert state.load_many("http://a", ["A", "B", "C"]) == {"A": Login("1", "s1"), "B": Login("4", "s4")}
        assert state.load_many("http://b", ["A", "B"]) == {"A": Login("3", "s3")}
        assert state.load_many("http://a", []) == {}
        state.forget("http://a", ["A", "nobody"])
        assert state.load_many("http://a", ["A", "B"]) == {"B": Login("4", "s4")}
        assert state.load_many("http://b", ["A"]) == {"A": Login("3", "s3")}


def test_many_logins_take_several_queries(tmp_path: Path) -> None:
    logins = {f"D{number}": Login(str(number), "s") for number in range(3000)}
    with WarmState(tmp_path / "state.sqlite") as state:
        state.save("d", logins)
        assert state.load_many("d", logins) == logins


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.touch(0o644)
    with WarmState(path) as state:
        state.save("d", {"A": Login("1", "s")})
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_secrets_are_not_shown() -> None:
    assert "s3cret" not in repr(Login("s3cret", "s3cret"))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    text, directory, newer = tmp_path / "notes.txt", tmp_path / "nowhere/s.sqlite", tmp_path / "newer.sqlite"
    text.write_text("these are my notes, which nobody may touch\n" * 20)
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    for path, says in ((text, "no state file"), (directory, "cannot be opened"), (newer, "another version")):
        with pytest.raises(WarmStateError, match=says):
            WarmState(path)
    assert text.read_text().startswith("these are my notes")


def test_a_closed_or_broken_file_gives_our_error(tmp_path: Path) -> None:
    with WarmState(tmp_path / "state.sqlite") as state:
        pass
    with pytest.raises(WarmStateError, match="cannot be read"):
        state.load_many("d", ["A"])
    with pytest.raises(WarmStateError, match="cannot be written"):
        state.save("d", {"A": Login("1", "s")})


def _save_many(path: Path, worker: int) -> None:
    with WarmState(path) as state:
        for batch in range(20):
            state.save("d", {f"{worker}-{batch}-{number}": Login("a", "s") for number in range(20)})


def test_several_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_save_many, args=(path, worker)) for worker in range(3)]
    for process in workers:
        process.start()
    for process in workers:
        process.join(60)
    assert [process.exitcode for process in workers] == [0, 0, 0]
    wanted = [f"{worker}-{batch}-{number}" for worker in range(3) for batch in range(20) for number in range(20)]
    with WarmState(path) as state:
        assert len(state.load_many("d", wanted)) == len(wanted)


def test_another_process_leaves_the_write_ahead_log_to_a_run_that_has_the_file_open_twice(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with WarmState(path) as logins, WarmState(path) as records:
        records.save_unsent("d", [("A", Unsent(1, b"{}", None))], [])
        other = multiprocessing.get_context("spawn").Process(target=_save_many, args=(path, 0))
        other.start()
        other.join(60)
        assert other.exitcode == 0
        # The last one to close a file takes its log away; who does it while others write ruins the file.
        log = path.with_name("state.sqlite-wal")
        assert log.exists()
        logins.save("d", {"A": Login("1", "s1")})
        records.save_unsent("d", [("A", Unsent(2, b"{}", None))], [])
    assert not log.exists()
    assert [(found.logins, found.records) for found in held_in(path)] == [(401, 2)]


def test_a_link_to_a_file_that_is_not_there_yet_makes_it_private(tmp_path: Path) -> None:
    path, target = tmp_path / "link.sqlite", tmp_path / "state.sqlite"
    path.symlink_to(target)
    with WarmState(path):
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("auth_code", "secret", "says"),
    [
        ("HIDDEN\n2026 INFO all is well", "s", "authCode holds characters that cannot be seen"),
        ("a", "HIDDEN\x00", "secret holds characters that cannot be seen"),
        ("a", "", "secret is no text, or empty"),
        (b"HIDDEN", "s", "authCode is no text, or empty"),
        ("a", "HIDDEN" * 20_000, "secret has 120,000 characters"),
    ],
)
def test_a_login_that_no_platform_gave_is_refused_and_not_shown(
    auth_code: object, secret: object, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "state.sqlite"
    with WarmState(path) as state:
        state.save("http://a", {"A": Login("“1”", "ключ")})
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO login VALUES ('http://a', 'B', ?, ?)", (auth_code, secret))
    with WarmState(path) as state:
        assert state.load_many("http://a", ["A"]) == {"A": Login("“1”", "ключ")}
        with pytest.raises(WarmStateError) as caught:
            state.load_many("http://a", ["A", "B"])
    assert f"the login of B cannot be used: {says}" in str(caught.value)
    assert "HIDDEN" not in str(caught.value)


def test_a_full_disk_leaves_no_transaction_open(tmp_path: Path) -> None:
    with WarmState(tmp_path / "state.sqlite") as state:
        state.save("http://a", {"A": Login("1", "1")})
        connection = state._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        many = {f"S{number}": Login("code" * 20, "secret" * 20) for number in range(2_000)}
        for _ in range(2):
            with pytest.raises(WarmStateError, match="disk is full"):
                state.save("http://a", many)
            assert not connection.in_transaction
        assert state.load_many("http://a", ["A", "S1"]) == {"A": Login("1", "1")}
        connection.execute("PRAGMA max_page_count = 100000")
        state.save("http://a", many)
        assert len(state.load_many("http://a", many)) == 2_000


# --- Unsent records ---


def test_unsent_records_are_kept_in_order_by_dispatch_server_and_serial_number(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first, second = Unsent(1_700_000_000_001, b'{"pin": "1"}', None), Unsent(1_700_000_000_002, b"{}", b"{}")
    with WarmState(path) as state:
        state.save_unsent("a", [("A", second), ("A", first), ("B", first)], [])
        state.save_unsent("b", [("A", first)], [("A", 5)])
    with WarmState(path) as state:
        assert state.load_unsent("a") == {"A": [first, second], "B": [first]}
        assert state.load_unsent("c") == {}
        assert state.unsent_elsewhere("a") == 1
        acknowledged = second._replace(record=None)
        state.save_unsent("a", [("A", acknowledged)], [("A", first.log_id), ("B", first.log_id)])
        assert state.load_unsent("a") == {"A": [acknowledged]}
        assert state.load_unsent("b") == {"A": [first]}


def test_a_file_of_the_first_version_keeps_its_logins_and_takes_records(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE login (dispatch TEXT NOT NULL, sn TEXT NOT NULL, auth_code TEXT NOT NULL, secret TEXT NOT NULL, "
        "PRIMARY KEY (dispatch, sn)) WITHOUT ROWID; INSERT INTO login VALUES ('d', 'A', '1', 's'); "
        "PRAGMA user_version = 1;"
    )
    old.close()
    for _ in range(2):
        with WarmState(path) as state:
            assert state.load_many("d", ["A"]) == {"A": Login("1", "s")}
            state.save_unsent("d", [("A", Unsent(1, b"{}", None))], [])
            assert state.load_unsent("d") == {"A": [Unsent(1, b"{}", None)]}


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with WarmState(path) as state:
        state.save_unsent("d", [("A", Unsent(1, b"{}", None))], [])
        with pytest.raises(WarmStateError, match="cannot be written"):
            state.save_unsent("d", [("A", Unsent(2, b"{}", None))], [("A", 1), ("A", [])])  # type: ignore[list-item]
        assert state.load_unsent("d") == {"A": [Unsent(1, b"{}", None)]}
        state.save_unsent("d", [], [("A", 1)])
        assert state.load_unsent("d") == {}


def test_what_a_file_holds_is_told_by_dispatch_server(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with WarmState(path) as state:
        state.save("a", {"A": Login("1", "s"), "B": Login("2", "s")})
        rows = [Unsent(1, b"r", b"p"), Unsent(2, None, b"p"), Unsent(3, b"r", None)]
        state.save_unsent("a", [("A", rows[0]), ("A", rows[1]), ("C", rows[2])], [])
        state.save_unsent("b", [("A", rows[2])], [])
    before = path.read_bytes()
    assert held_in(path) == [Held("a", 2, 2, 2, 2), Held("b", 0, 1, 0, 1)]
    assert path.read_bytes() == before


def test_what_a_file_of_the_first_version_holds_is_told_without_a_change(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE login (dispatch TEXT, sn TEXT, auth_code TEXT, secret TEXT); "
        "INSERT INTO login VALUES ('d', 'A', '1', 's'); PRAGMA user_version = 1;"
    )
    old.close()
    before = path.read_bytes()
    assert held_in(path) == [Held("d", 1, 0, 0, 0)]
    assert path.read_bytes() == before
    path.write_bytes(b"these are my notes" * 300)
    with pytest.raises(WarmStateError, match="is no state file"):
        held_in(path)
    path.write_bytes(b"")
    assert held_in(path) == []
