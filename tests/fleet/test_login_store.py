"""Logins on their way from the devices to the state file."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.login_store import LoginCollector, LoginStore
from simulator.fleet.warm_state import Login, WarmState, WarmStateError

SNS = ["a", "b", "c"]
CHANGES = st.lists(st.tuples(st.sampled_from("ABC"), st.none() | st.tuples(st.text("xyz", min_size=1), st.just("s"))))


def stored(path: Path, dispatch: str = "d") -> dict[str, tuple[str, str]]:
    with WarmState(path) as state:
        return {sn: (login.auth_code, login.secret) for sn, login in state.load_many(dispatch, SNS).items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_nothing_is_written_before_save(path: Path) -> None:
    store = LoginStore(path, "d")
    store.granted("a", "1", "2")
    assert stored(path) == {}
    assert store.save() is None
    assert stored(path) == {"a": ("1", "2")}
    store.close()


def test_the_last_word_counts(path: Path) -> None:
    store = LoginStore(path, "d")
    store.granted("a", "1", "1")
    store.granted("b", "1", "1")
    store.save()
    store.forgotten("a")
    store.granted("a", "2", "2")
    store.granted("c", "3", "3")
    store.forgotten("c")
    store.forgotten("b")
    assert store.save() is None
    assert stored(path) == {"a": ("2", "2")}
    store.close()


def test_dispatch_servers_are_kept_apart(path: Path) -> None:
    one, other = LoginStore(path, "d"), LoginStore(path, "e")
    one.granted("a", "1", "1")
    other.granted("a", "2", "2")
    assert (one.save(), other.save()) == (None, None)
    other.forgotten("a")
    other.save()
    assert stored(path) == {"a": ("1", "1")}
    assert stored(path, "e") == {}
    one.close()
    other.close()


def test_what_could_not_be_written_is_tried_again_and_the_text_holds_no_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LoginStore(path, "d")
    store.granted("b", "1", "1")
    store.save()
    store.granted("a", "code", "topsecret")
    store.forgotten("b")

    def fail(self: WarmState, dispatch: str, logins: dict[str, Login]) -> None:
        raise WarmStateError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(WarmState, "save", fail)
        assert store.save() == "the disk is full"
        assert store.save() == "the disk is full"
    assert store.save() is None
    assert stored(path) == {"a": ("code", "topsecret")}
    store.close()
    assert "topsecret" not in (store.save() or "")


def test_saving_nothing_writes_nothing(path: Path) -> None:
    store = LoginStore(path, "d")
    before = path.stat().st_mtime_ns
    assert store.save() is None
    assert path.stat().st_mtime_ns == before
    store.close()


def test_a_file_that_is_none_of_ours(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(WarmStateError, match="no state file"):
        LoginStore(path, "d")


# --- From the devices of a worker ---


def test_changes_come_in_their_order_and_once() -> None:
    collector = LoginCollector()
    collector.granted("A", "code", "secret")
    collector.forgotten("A")
    collector.granted("B", "code", "secret")
    assert collector.drain() == [("A", "code", "secret"), ("A",), ("B", "code", "secret")]
    assert collector.drain() == []


@given(CHANGES)
def test_the_state_file_holds_what_the_devices_hold(changes: list[tuple[str, tuple[str, str] | None]]) -> None:
    collector = LoginCollector()
    held: dict[str, Login] = {}
    for sn, login in changes:
        if login is None:
            collector.forgotten(sn)
            held.pop(sn, None)
        else:
            collector.granted(sn, *login)
            held[sn] = Login(*login)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "state.sqlite")
        store = LoginStore(path, "here")
        store.apply(collector.drain())
        assert store.save() is None
        store.close()
        with WarmState(path) as state:
            assert state.load_many("here", "ABC") == held


def test_what_another_process_drained_is_saved(tmp_path: Path) -> None:
    store = LoginStore(tmp_path / "state.sqlite", "here")
    store.apply([["A", "code", "secret"], ["B", "code", "secret"], ["B"]])
    assert store.save() is None
    store.close()
    with WarmState(tmp_path / "state.sqlite") as state:
        assert state.load_many("here", ["A", "B"]) == {"A": Login("code", "secret")}
